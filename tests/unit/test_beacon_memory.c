/* Beacons over a restart: what was saved and loaded goes on as if nothing had been. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/state_file.h"
#include "base/when.h"
#include "beacon/beacon.h"

#define START_NS (1700000000LL * NS_PER_SEC)

enum { HALF_HOURS = 48, SOME_BYTES = 64 << 20 };

static const struct beacon_limits limits = {
	.max_keys = 1000, .min_contacts = 6, .alert_score = 0.8, .record_score = 0, .burst_ms = 500,
};

struct told {
	unsigned count;
	char text[4096][160];
};

static void
note(void *to, const struct finding *f)
{
	struct told *t = to;

	assert_true(t->count < 4096);
	snprintf(t->text[t->count++], sizeof t->text[0], "%s %.9g %.9g %.9g %u %u %u %u %u", f->subject, f->beacon->score,
	    f->beacon->interval_sec, f->beacon->jitter, f->beacon->contacts, f->beacon->first_alert_contact,
	    f->beacon->peers, f->beacon->signs, f->plot != NULL ? f->plot->times : 0);
}

static void
call(struct beacon *b, unsigned host, const char *peer, const char *service, int64_t at_sec)
{
	static struct observation_buffer o;
	char text[32];

	memset(&o.o, 0, sizeof o.o);
	o.o.kind = OBSERVE_CONTACT;
	o.o.app = APP_TLS;
	o.o.number = 7;
	o.o.key.protocol = 6;
	snprintf(text, sizeof text, "10.0.0.%u", host);
	assert_true(addr_parse(text, strlen(text), &o.o.key.addr[ORIGINATOR]));
	assert_true(addr_parse(peer, strlen(peer), &o.o.key.addr[RESPONDER]));
	o.o.key.port[RESPONDER] = 443;
	o.o.ts_ns = o.o.flow_last_ns = START_NS + at_sec * NS_PER_SEC;
	if (service != NULL)
		observation_add(&o, TEXT_SERVICE, span_text(service), 255);
	observation_seal(&o);
	beacon_note(b, &o.o);
}

/* A beacon with a name, one that changes its address, one of three calls a day, and people. */
static void
half_hour(struct beacon *b, unsigned at)
{
	static const char *const turns[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4" };
	int64_t t = (int64_t)at * 1800;
	char name[32];
	unsigned i;

	for (i = 0; i < 6; i++)
		call(b, 5, "198.51.100.7", "c2.example", t + i * 300 + i * 7 % 5);
	call(b, 6, turns[at % 4], NULL, t + 11);
	if (at % 16 == 0)
		call(b, 7, "203.0.113.9", "slow.example", t + 60);
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof name, "site%u.example", (at * 7 + i * 3) % 29);
		call(b, 8, "198.51.100.80", name, t + (int64_t)(at * 37 + i * 211) % 1800);
	}
}

static struct beacon *
reborn(struct beacon *b, const struct beacon_limits *with, struct told *told, const char *path)
{
	struct beacon *next = beacon_new(with, note, told);
	struct state_out *out = state_out_new();
	struct state_in *in = NULL;
	struct fault fault;

	assert_non_null(next);
	assert_non_null(out);
	beacon_save(b, out);
	assert_int_equal(state_out_write(out, path, BEACON_STATE_VERSION, false, &fault), 0);
	state_out_free(out);
	assert_int_equal(state_in_open(path, BEACON_STATE_VERSION, SOME_BYTES, &in, &fault), 0);
	assert_non_null(in);
	beacon_load(next, in);
	state_in_close(in);
	unlink(path);
	beacon_free(b);
	return next;
}

static void
run(struct told *told, unsigned reborn_each)
{
	struct beacon *b = beacon_new(&limits, note, told);
	char path[64];
	unsigned at;

	snprintf(path, sizeof path, "/tmp/test_beacon_memory.%ld", (long)getpid());
	told->count = 0;
	for (at = 0; at < HALF_HOURS; at++) {
		half_hour(b, at);
		if (reborn_each > 0 && at % reborn_each == reborn_each - 1)
			b = reborn(b, &limits, told, path);
	}
	beacon_each(b, note, told);
	beacon_free(b);
}

static void
goes_on_as_if_nothing_had_been(void **state)
{
	static struct told whole, broken;
	unsigned i;

	(void)state;
	run(&whole, 0);
	assert_true(whole.count > 20);
	for (i = 0; i < 3; i++) {
		run(&broken, (unsigned[]){ 1, 5, 24 }[i]);
		assert_int_equal(broken.count, whole.count);
		for (unsigned k = 0; k < whole.count; k++)
			assert_string_equal(broken.text[k], whole.text[k]);
	}
}

/* What the new limits do not hold is left out, and nothing else goes wrong. */
static void
takes_what_fits(void **state)
{
	static struct told told;
	struct beacon_limits few = limits;
	struct beacon *b = beacon_new(&limits, note, &told);
	unsigned at;

	(void)state;
	for (at = 0; at < HALF_HOURS; at++)
		half_hour(b, at);
	few.max_keys = 3;
	b = reborn(b, &few, &told, "/tmp/test_beacon_memory.few");
	assert_true(beacon_counts(b)->keys <= 3);
	for (; at < 2 * HALF_HOURS; at++)
		half_hour(b, at);
	beacon_free(b);
}

static void
an_empty_one_is_loaded_as_one(void **state)
{
	static struct told told;
	struct beacon *b = beacon_new(&limits, note, &told);

	(void)state;
	b = reborn(b, &limits, &told, "/tmp/test_beacon_memory.empty");
	assert_int_equal(beacon_counts(b)->keys, 0);
	half_hour(b, 0);
	assert_true(beacon_counts(b)->keys > 0);
	beacon_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on_as_if_nothing_had_been),
		cmocka_unit_test(takes_what_fits),
		cmocka_unit_test(an_empty_one_is_loaded_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
