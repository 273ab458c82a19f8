#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

enum { TCP = 6, UDP = 17 };

static struct novelty past;

static void
ask(void *to, const struct novelty_question *q, struct novelty *out)
{
	(void)q;
	*out = *(const struct novelty *)to;
}

/* A flow that ends at `sec` after `lasted`. */
static void
flow(enum observation_kind kind, double sec, double lasted, const char *peer, uint16_t port, uint8_t protocol, uint64_t out, uint64_t in)
{
	rig_observation(&b, kind, sec);
	to(peer, port);
	b.o.key.protocol = protocol;
	b.o.flow_first_ns = b.o.ts_ns - (int64_t)(lasted * 1e9);
	b.o.packets[ORIGINATOR] = out;
	b.o.packets[RESPONDER] = in;
	b.o.flow_state = in > 1 ? FLOW_ESTABLISHED : in == 1 ? FLOW_RESET : FLOW_NEW;
	b.o.payload_bytes[ORIGINATOR] = protocol == UDP ? out * 500 : 0;
	note();
}

static const char *
nth(unsigned i, char text[32])
{
	snprintf(text, 32, "198.%u.%u.%u", 18 + (i >> 16 & 1), i >> 8 & 255, i & 255);
	return text;
}

/* As many connections as come, from as many ports; the victim's answers are not waited for. */
static void
test_syn_flood(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 9999; i++)
		flow(OBSERVE_FLOW, i * .001, 0, "203.0.113.9", 80, TCP, 1, 0);
	assert_int_equal(kept.count, 0);
	for (; i < 20000; i++)
		flow(OBSERVE_FLOW, i * .001, 0, "203.0.113.9", 80, TCP, 1, 1);
	assert_true(rang("attack-participation") >= 1);
	assert_int_equal(kept.f[0].n.confidence, 70);
	assert_string_equal(kept.f[0].n.technique, "T1498");
	assert_string_equal(kept.f[0].reason, "sent 10000 packets to 203.0.113.9 port 80 that nobody answered, in 10000 connections, within 9 s");
}

/* One flow that goes on: told while it does, counted once. */
static void
test_udp_flood(void **state)
{
	uint64_t n;

	(void)state;
	begin();
	for (n = 8192; n <= 262144; n *= 2)
		flow(OBSERVE_UNANSWERED, (double)n / 5000, (double)n / 5000, "203.0.113.9", 53211, UDP, n, 0);
	assert_true(rang("attack-participation") >= 1);
	assert_int_equal(kept.f[kept.count - 1].n.confidence, 65);
	assert_int_equal(kept.f[kept.count - 1].n.evidence[2].number, 262144);
	flow(OBSERVE_FLOW, 60, 60, "203.0.113.9", 53211, UDP, 300000, 0);
	limits.language = LANGUAGE_JA;
	begin();
	flow(OBSERVE_FLOW, 60, 60, "203.0.113.9", 53211, UDP, 300000, 0);
	assert_int_equal(kept.count, 0);	/* what was told while it went on is not told again: here nothing was */
	flow(OBSERVE_UNANSWERED, 61, 10, "203.0.113.10", 53211, UDP, 1 << 20, 0);
	assert_string_equal(kept.f[0].reason, "203.0.113.10 のポート 53211 へ応答のないパケットを 524288 個送った。10 秒間。");
}

static void
test_scan(void **state)
{
	char peer[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 150; i++)
		flow(OBSERVE_FLOW, i * .1, 0, nth(i, peer), 23, TCP, 3, 0);
	assert_int_equal(kept.count, 0);
	for (; i < 1500; i++)
		flow(OBSERVE_FLOW, i * .1, 0, nth(i, peer), 23, TCP, 3, 0);
	assert_true(rang("attack-participation") >= 1);
	assert_int_equal(kept.f[0].n.confidence, 75);
	assert_int_equal(kept.f[0].severity, SEVERITY_MEDIUM);
	assert_non_null(strstr(kept.f[0].reason, "knocked at tcp port 23 of "));
	assert_int_equal(kept.f[kept.count - 1].n.confidence, 90);
}

static void
test_twins(void **state)
{
	static struct cidr scanner;
	char peer[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 300; i++)		/* a program that calls its dead server again and again */
		flow(OBSERVE_FLOW, i, 0, "203.0.113.9", 443, TCP, 6, 0);
	for (i = 0; i < 3000; i++) {		/* sharing files: many ports, and every second one answers */
		flow(OBSERVE_FLOW, 300 + i * .1, 0, nth(i, peer), i % 3 == 0 ? 6881 : (uint16_t)(20000 + i * 7 % 30000), UDP, 2, i % 2);
		flow(OBSERVE_FLOW, 300 + i * .1, 0, nth(i, peer), 6881, TCP, 5, i % 2 * 4);
	}
	for (i = 0; i < 100; i++)		/* monitoring of services outside, some are down */
		flow(OBSERVE_FLOW, 700 + i, 0, nth(i, peer), 443, TCP, 3, 0);
	if (kept.count > 0)
		fail_msg("%s", kept.f[0].reason);
	begin();
	flow(OBSERVE_UNANSWERED, 100, 90, "203.0.113.9", 514, UDP, 1 << 20, 0);	/* logs to a collector */
	flow(OBSERVE_UNANSWERED, 80000, 79000, "203.0.113.10", 9000, UDP, 1 << 20, 0);	/* little, for a day */
	flow(OBSERVE_FLOW, 80300, 80000, "203.0.113.10", 9000, UDP, (1 << 20) + 5000, 0);
	flow(OBSERVE_FLOW, 80400, 100, "203.0.113.11", 5004, UDP, 400000, 300000);	/* a meeting */
	assert_int_equal(kept.count, 0);
	for (i = 0; i < 4000; i++) {		/* a load test of one's own */
		rig_observation(&b, OBSERVE_FLOW, i * .001);
		to("10.0.1.1", 80);
		b.o.home = 3;
		b.o.flow_state = FLOW_NEW;
		b.o.packets[ORIGINATOR] = 100;
		b.o.packets[RESPONDER] = 0;
		note();
	}
	assert_int_equal(rang("attack-participation"), 0);
	assert_true(cidr_parse("10.0.0.0/29", 11, &scanner));
	limits.admin_hosts = &scanner;
	limits.admin_hosts_count = 1;
	begin();
	for (i = 0; i < 5000; i++)		/* a vulnerability scanner that has the right to */
		flow(OBSERVE_FLOW, i * .01, 0, nth(i, peer), 445, TCP, 3, 0);
	assert_int_equal(kept.count, 0);
	limits.admin_hosts = NULL;
	limits.admin_hosts_count = 0;
}

/* Where the capture has one direction alone, nobody answers anybody. */
static void
test_one_direction(void **state)
{
	unsigned i, way;

	(void)state;
	for (way = 0; way < 2; way++) {
		begin();
		for (i = 0; i < 10; i++) {
			rig_observation(&b, OBSERVE_FLOW, i);
			b.o.payload_bytes[ORIGINATOR] = 500;
			if (way == 0)
				b.o.packets[RESPONDER] = 0;
			note();
		}
		flow(OBSERVE_UNANSWERED, 100, 20, "203.0.113.9", 53211, UDP, 1 << 20, 0);
		assert_int_equal(rang("attack-participation"), way);
	}
}

/* What the house knows for long is no victim. */
static void
test_history(void **state)
{
	(void)state;
	begin();
	behaviour_set_novelty(behaviour, ask, &past);
	past = (struct novelty){ true, false, 30, 20 };
	flow(OBSERVE_UNANSWERED, 100, 20, "203.0.113.9", 53211, UDP, 1 << 20, 0);
	assert_int_equal(kept.count, 0);
	past = (struct novelty){ true, true, 30, 0 };
	flow(OBSERVE_UNANSWERED, 100, 20, "203.0.113.10", 53211, UDP, 1 << 20, 0);
	assert_int_equal(rang("attack-participation"), 1);
	assert_int_equal(kept.f[0].n.confidence, 80);
	assert_non_null(strstr(kept.f[0].reason, "; on the 30 days of history before, it was never called"));
}

static void
test_odd_input(void **state)
{
	char peer[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 1000; i++)
		flow(OBSERVE_FLOW, i % 7, i % 5 * 1e6, nth(i * 77, peer), (uint16_t)(i % 50), i % 2 ? TCP : UDP, UINT64_MAX, 0);
	flow(OBSERVE_FLOW, -100000, -5000, "203.0.113.9", 80, TCP, 0, 0);
	flow(OBSERVE_UNANSWERED, 1e8, 1e9, "203.0.113.9", 80, TCP, 1, 0);
	assert_true(kept.count < KEPT);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_syn_flood), TEST(test_udp_flood), TEST(test_scan), TEST(test_twins), TEST(test_one_direction),
		TEST(test_history), TEST(test_odd_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
