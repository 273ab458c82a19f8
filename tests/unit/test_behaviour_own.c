/* A protocol of one's own: what rings, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

static struct novelty past;

static void
ask(void *to_whom, const struct novelty_question *q, struct novelty *out)
{
	(void)to_whom;
	(void)q;
	*out = past;
}

static void
begin_spoken(double sec, const char *peer, uint16_t port)
{
	rig_observation(&b, OBSERVE_FLOW, sec);
	to(peer, port);
	b.o.key.protocol = 6;
	b.o.app = APP_UNKNOWN;
	b.o.payload_bytes[ORIGINATOR] = b.o.payload_bytes[RESPONDER] = 40;
}

/* A connection ends in which both sides said something. */
static void
spoke(double sec, const char *peer, uint16_t port)
{
	begin_spoken(sec, peer, port);
	note();
}

static void
is_regular(double sec, const char *peer, uint16_t port)
{
	struct finding f;

	begin_spoken(sec, peer, port);
	b.o.kind = OBSERVE_CONTACT;
	observation_seal(&b);
	memset(&f, 0, sizeof f);
	f.kind = FINDING_BEACON;
	f.ts_ns = f.first_ns = b.o.ts_ns;
	f.host = b.o.key.addr[ORIGINATOR];
	f.peer = b.o.key.addr[RESPONDER];
	f.peer_port = port;
	f.subject = "x";
	f.severity = SEVERITY_MEDIUM;
	f.because = &b.o;
	behaviour_finding(behaviour, &f);
}

static void
test_again_and_again(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 6; i++) {
		spoke(i * 11, "198.51.100.1", 4444);
		assert_int_equal(kept.count, i < 2 ? 0 : i < 5 ? 1 : 2);	/* surer at the sixth */
	}
	assert_int_equal(kept.f[0].n.confidence, 60);
	assert_int_equal(kept.f[1].n.confidence, 65);
	assert_int_equal(kept.f[1].severity, SEVERITY_LOW);
	assert_string_equal(kept.f[1].n.technique, "T1571");
	assert_string_equal(kept.f[1].reason, "speaks with 198.51.100.1 port 4444 in a protocol that nobody here knows, 6 times in 0 min");
	is_regular(370, "198.51.100.1", 4444);
	assert_int_equal(kept.count, 3);
	assert_int_equal(kept.f[2].n.confidence, 80);
	assert_int_equal(kept.f[2].severity, SEVERITY_MEDIUM);
	assert_non_null(strstr(kept.f[2].reason, ", at even intervals"));
	is_regular(371, "198.51.100.1", 4445);		/* another service */
	assert_int_equal(kept.count, 3);
}

/* Turns in one connection, as they come. */
static void
test_one_connection(void **state)
{
	unsigned i;

	(void)state;
	limits.language = LANGUAGE_JA;
	begin();
	for (i = 0; i < 4; i++) {
		begin_spoken(i * 10, "198.51.100.1", 4444);
		b.o.kind = OBSERVE_CONTACT;
		b.o.burst = i > 0;
		note();
		assert_int_equal(kept.count, i == 3);
	}
	assert_string_equal(kept.f[0].reason, "198.51.100.1のポート 4444 と、ここで知られていないプロトコルで 0 分間に 3 回通信した。");
}

static void
test_twins(void **state)
{
	char peer[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 20; i++) {
		begin_spoken(i, "198.51.100.1", 4444);		/* known */
		b.o.app = APP_HTTP;
		note();
		begin_spoken(i, "198.51.100.1", 4444);		/* joined in the middle: nobody can know it */
		b.o.flags |= OBSERVED_MIDWAY;
		note();
		begin_spoken(i, "198.51.100.1", 4444);		/* bytes were lost */
		b.o.missed_bytes[RESPONDER] = 1;
		note();
		begin_spoken(i, "198.51.100.1", 4444);		/* nobody answers */
		b.o.payload_bytes[RESPONDER] = 0;
		note();
		begin_spoken(i, "198.51.100.1", 4444);		/* calls, games */
		b.o.key.protocol = 17;
		note();
		begin_spoken(i, "198.51.100.1", 4444);		/* one calls us */
		b.o.host_side = RESPONDER;
		note();
		begin_spoken(i, "10.0.0.9", 4444);		/* inside */
		b.o.home = 3;
		note();
		spoke(i, "198.51.100.1", 443);			/* a messenger */
		spoke(i, "198.51.100.1", 1194);			/* VPN */
		begin_spoken(i, "198.51.100.2", 4444);		/* a service with a name */
		rig_text(&b, TEXT_SERVICE, "game.example");
		note();
	}
	assert_int_equal(rang("own-protocol"), 0);
	begin();
	for (i = 0; i < 200; i++) {				/* files are shared: many at a time */
		snprintf(peer, sizeof peer, "198.51.100.%u", i % 50);
		spoke(i, peer, 6881);
	}
	assert_int_equal(rang("own-protocol"), 0);
}

/* A name takes the weight of the bare address away; with a clock, and nobody else who calls it, it rings. */
static void
test_under_a_name(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 6; i++) {
		rig_observation(&b, OBSERVE_CONTACT, i);
		b.o.key.addr[ORIGINATOR].b[15] = (uint8_t)(100 + i);
		to("198.51.100.9", 443);
		note();
	}
	for (i = 0; i < 6; i++) {
		begin_spoken(10 + i, "198.51.100.1", 4444);
		rig_text(&b, TEXT_SERVICE, "dyn.example");
		note();
	}
	assert_int_equal(kept.count, 0);
	begin_spoken(100, "198.51.100.1", 4444);
	is_regular(100, "198.51.100.1", 4444);
	assert_int_equal(rang("own-protocol"), 1);
}

static void
test_history(void **state)
{
	unsigned i;

	(void)state;
	begin();
	behaviour_set_novelty(behaviour, ask, NULL);
	past = (struct novelty){ .known = true, .days = 20, .never = false, .since_days = 9 };
	for (i = 0; i < 10; i++)
		spoke(i * 61, "198.51.100.1", 4444);
	assert_int_equal(kept.count, 0);
	past.never = true;
	spoke(700, "198.51.100.1", 4444);
	assert_int_equal(kept.count, 1);
	assert_int_equal(kept.f[0].n.confidence, 75);
	assert_non_null(strstr(kept.f[0].reason, "nobody here called it on the 20 days"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_again_and_again), TEST(test_one_connection), TEST(test_twins), TEST(test_under_a_name), TEST(test_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
