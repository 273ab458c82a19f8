/* When does the sensor see too little? Each trouble with its twin: what is bad is told once and when it is over, what is well is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/when.h"
#include "health/blindness.h"

static const struct blindness_limits limits = { .window_sec = 10, .quiet_sec = 30, .one_sided_percent = 80, .checksum_percent = 50,
	.truncated_percent = 5, .drop_percent = 1, .ring_percent = 1, .silent_flows = 500, .clock_sec = 10, .sink_lag_sec = 60, .memory_percent = 90 };

static struct {
	unsigned begun[TROUBLE_KINDS], over[TROUBLE_KINDS];
	char subject[128], note[SENSOR_NOTE_MAX];
} told;

static struct blindness_sample s;
static struct blindness *b;

static void
tell(void *to, enum trouble t, bool over, const char *subject, const struct note_words *note)
{
	(void)to;
	if (over)
		told.over[t]++;
	else
		told.begun[t]++;
	snprintf(told.subject, sizeof told.subject, "%s", subject);
	snprintf(told.note, sizeof told.note, "%s", note->text[LANGUAGE_EN]);
}

static void
begin(const struct blindness_limits *l)
{
	blindness_free(b);
	memset(&told, 0, sizeof told);
	memset(&s, 0, sizeof s);
	s.wall_ns = 1800000000 * NS_PER_SEC;
	s.clock_ns = 7 * NS_PER_SEC;
	b = blindness_new(l, 1000, tell, NULL);
	assert_non_null(b);
	blindness_look(b, &s);
}

/* A second of an ordinary network. */
static void
add_good(void)
{
	s.frames += 1000;
	s.kernel_seen += 1000;
	s.packets += 1000;
	s.flows += 100;
	s.spoken += 80;
	s.tls += 40;
	s.dns += 30;
	s.observations += 200;
}

static void
pass(unsigned seconds, void (*bad)(void))
{
	unsigned i;

	for (i = 0; i < seconds; i++) {
		s.wall_ns += NS_PER_SEC;
		s.clock_ns += NS_PER_SEC;
		add_good();
		if (bad != NULL)
			bad();
		blindness_look(b, &s);
	}
}

static unsigned
all(const unsigned *counts)
{
	unsigned i, n = 0;

	for (i = 0; i < TROUBLE_KINDS; i++)
		n += counts[i];
	return n;
}

/* Bad for a while, then good: told once, over once, and nothing else. */
static void
expect(enum trouble t, void (*bad)(void))
{
	begin(&limits);
	pass(60, bad);
	assert_int_equal(told.begun[t], 1);
	assert_int_equal(told.over[t], 0);
	assert_string_equal(told.subject, trouble_subject(t));
	pass(30, NULL);
	assert_int_equal(told.over[t], 1);
	assert_int_equal(all(told.begun), 1);
	assert_int_equal(all(told.over), 1);
}

static void bad_one_sided(void) { s.unanswered += 70; }
static void bad_checksums(void) { s.bad_checksum += 600; }
static void bad_snaplen(void) { s.truncated += 100; }
static void bad_kernel(void) { s.kernel_dropped += 20; }
static void bad_ring(void) { s.ring_dropped += 5; }
static void bad_tls(void) { s.tls -= 40; }
static void bad_dns(void) { s.dns -= 30; }
/* Just below their limits. */
static void
nearly_bad(void)
{
	s.unanswered += 63;
	s.bad_checksum += 490;
	s.truncated += 49;
	s.kernel_dropped += 9;
	s.ring_dropped += 1;
	s.tls -= 39;
	s.dns -= 29;
}

static void
test_shares(void **state)
{
	(void)state;
	expect(TROUBLE_ONE_SIDED, bad_one_sided);
	expect(TROUBLE_CHECKSUMS, bad_checksums);
	expect(TROUBLE_SNAPLEN, bad_snaplen);
	expect(TROUBLE_KERNEL_DROPS, bad_kernel);
	expect(TROUBLE_RING_DROPS, bad_ring);
	expect(TROUBLE_NO_TLS, bad_tls);
	expect(TROUBLE_NO_DNS, bad_dns);
	begin(&limits);
	pass(100, nearly_bad);
	assert_int_equal(all(told.begun), 0);
}

static void
test_off(void **state)
{
	const struct blindness_limits off = { .window_sec = 10 };

	(void)state;
	begin(&off);
	pass(20, bad_one_sided);
	pass(20, bad_checksums);
	pass(20, bad_kernel);
	pass(20, bad_tls);
	s.wall_ns += 1000 * NS_PER_SEC;
	s.clock_ns += 500 * NS_PER_SEC;
	blindness_look(b, &s);
	assert_int_equal(all(told.begun), 0);
}

/* From next to nothing nothing is concluded, in neither direction. */
static void
test_too_little(void **state)
{
	unsigned i;

	(void)state;
	begin(&limits);
	for (i = 0; i < 100; i++) {
		s.wall_ns += NS_PER_SEC;
		s.clock_ns += NS_PER_SEC;
		s.frames++, s.kernel_seen++, s.packets++;
		s.spoken++, s.unanswered++, s.flows++;
		s.bad_checksum++, s.truncated++, s.kernel_dropped++;
		blindness_look(b, &s);
	}
	assert_int_equal(all(told.begun), 0);
}

static void
wait_quietly(unsigned seconds)
{
	for (; seconds > 0; seconds--) {
		s.wall_ns += NS_PER_SEC;
		s.clock_ns += NS_PER_SEC;
		blindness_look(b, &s);
	}
}

static void
test_silence(void **state)
{
	(void)state;
	begin(&limits);
	wait_quietly(29);
	assert_int_equal(all(told.begun), 0);
	wait_quietly(1);
	assert_int_equal(told.begun[TROUBLE_NO_PACKETS], 1);
	assert_non_null(strstr(told.note, "for 30 s"));
	wait_quietly(500);
	assert_int_equal(told.begun[TROUBLE_NO_PACKETS], 1);
	pass(1, NULL);
	assert_int_equal(told.over[TROUBLE_NO_PACKETS], 1);
	wait_quietly(29);
	assert_int_equal(told.begun[TROUBLE_NO_PACKETS], 1);
	/* What goes on is said again, with the words of its beginning. */
	wait_quietly(2000);
	assert_int_equal(told.begun[TROUBLE_NO_PACKETS], 3);
	assert_non_null(strstr(told.note, "for 30 s"));
}

static void
test_clock(void **state)
{
	(void)state;
	begin(&limits);
	pass(15, NULL);
	s.wall_ns += 9 * NS_PER_SEC;
	pass(1, NULL);
	assert_int_equal(all(told.begun), 0);
	s.wall_ns -= 30 * NS_PER_SEC;
	pass(1, NULL);
	assert_int_equal(told.begun[TROUBLE_CLOCK], 1);
	assert_non_null(strstr(told.note, "set back by 30 s"));
	pass(30, NULL);
	assert_int_equal(told.over[TROUBLE_CLOCK], 1);
	s.set_back++;
	pass(1, NULL);
	assert_int_equal(told.begun[TROUBLE_CLOCK], 2);
	pass(30, NULL);
	assert_int_equal(told.over[TROUBLE_CLOCK], 2);
	assert_int_equal(all(told.begun), 2);
}

static void
test_sinks(void **state)
{
	(void)state;
	begin(&limits);
	s.sinks = 2;
	s.sink[0] = (struct blindness_sink){ "eve", 0, 0, 0 };
	s.sink[1] = (struct blindness_sink){ "hook", 59, 10, 0 };
	pass(1, NULL);
	assert_int_equal(all(told.begun), 0);
	s.sink[1] = (struct blindness_sink){ "hook", 60, 12, 0 };
	pass(5, NULL);
	assert_int_equal(told.begun[TROUBLE_SINK], 1);
	assert_string_equal(told.subject, "sink hook is too far behind");
	assert_non_null(strstr(told.note, "12 wait"));
	/* Another sink fails too: an incident of its own. */
	s.sink[0].lag_sec = 100;
	pass(5, NULL);
	assert_int_equal(told.begun[TROUBLE_SINK], 2);
	s.sink[1].lag_sec = 0;
	pass(1, NULL);
	assert_int_equal(told.over[TROUBLE_SINK], 1);
	assert_string_equal(told.subject, "sink hook is too far behind");
}

/* What a receiver does not take is told once, and over when it takes all for a window; a new courier counts from nothing. */
static void
test_sink_refuses(void **state)
{
	(void)state;
	begin(&limits);
	s.sinks = 1;
	s.sink[0] = (struct blindness_sink){ "hook", 0, 0, 0 };
	pass(1, NULL);
	assert_int_equal(all(told.begun), 0);
	s.sink[0].refused = 3;
	pass(1, NULL);
	assert_int_equal(told.begun[TROUBLE_REFUSED], 1);
	assert_string_equal(told.subject, "sink hook refuses records");
	assert_non_null(strstr(told.note, "attempts: 3; they are not sent again"));
	pass(limits.window_sec - 2, NULL);
	assert_int_equal(told.over[TROUBLE_REFUSED], 0);
	s.sink[0].refused = 1;			/* of a new courier */
	pass(limits.window_sec - 1, NULL);
	assert_int_equal(told.over[TROUBLE_REFUSED], 0);
	pass(2, NULL);
	assert_int_equal(told.over[TROUBLE_REFUSED], 1);
	assert_non_null(strstr(told.note, "has refused nothing"));
	assert_int_equal(told.begun[TROUBLE_SINK], 0);
}

static void
test_memory(void **state)
{
	(void)state;
	begin(&limits);
	s.memory_used = 1000;
	pass(1, NULL);			/* there is no limit */
	s.memory_limit = 1000;
	s.memory_used = 899;
	pass(1, NULL);
	assert_int_equal(all(told.begun), 0);
	s.memory_used = 900;
	pass(1, NULL);
	s.memory_used = 870;		/* not over yet: no coming and going at the edge */
	pass(1, NULL);
	assert_int_equal(told.begun[TROUBLE_MEMORY], 1);
	assert_int_equal(told.over[TROUBLE_MEMORY], 0);
	s.memory_used = 840;
	pass(1, NULL);
	assert_int_equal(told.over[TROUBLE_MEMORY], 1);
	assert_int_equal(all(told.begun), 1);
}

/* Each step up is a revision of the same alert. */
static void
test_overload(void **state)
{
	(void)state;
	begin(&limits);
	s.shed_level = 1;
	pass(5, NULL);
	assert_int_equal(told.begun[TROUBLE_OVERLOAD], 1);
	s.shed_level = 3;
	pass(5, NULL);
	assert_int_equal(told.begun[TROUBLE_OVERLOAD], 2);
	assert_non_null(strstr(told.note, "nothing is parsed but DNS"));
	assert_string_equal(told.subject, trouble_subject(TROUBLE_OVERLOAD));
	s.shed_level = 1;
	pass(5, NULL);
	assert_int_equal(told.begun[TROUBLE_OVERLOAD], 2);
	s.shed_level = 0;
	pass(5, NULL);
	assert_int_equal(told.over[TROUBLE_OVERLOAD], 1);
	assert_int_equal(all(told.over), 1);
}

/* A new worker counts from 0: that is no change of anything. */
static void
test_birth(void **state)
{
	(void)state;
	begin(&limits);
	pass(25, NULL);
	s.births++;
	s.frames = s.kernel_seen = s.packets = s.flows = s.spoken = s.tls = s.dns = s.observations = 0;
	pass(25, NULL);
	assert_int_equal(all(told.begun), 0);
	blindness_free(b);
	b = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares), cmocka_unit_test(test_off), cmocka_unit_test(test_too_little),
		cmocka_unit_test(test_silence), cmocka_unit_test(test_clock), cmocka_unit_test(test_sinks), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_silence), cmocka_unit_test(test_clock), cmocka_unit_test(test_sink_refuses), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_overload),
		cmocka_unit_test(test_birth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
