#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

#define MIB (1ULL << 20)
#define HOURS 3600.0

static struct novelty past;

static void
ask(void *to, const struct novelty_question *q, struct novelty *out)
{
	(void)q;
	*out = *(const struct novelty *)to;
}

static void
begin_with_past(bool known, bool never, uint32_t days, uint32_t since_days)
{
	begin();
	past = (struct novelty){ known, never, days, since_days };
	behaviour_set_novelty(behaviour, ask, &past);
}

/* A connection that ends at `sec` after `lasted` seconds. */
static void
sent(double sec, double lasted, const char *peer, const char *name, uint64_t out, uint64_t in)
{
	rig_observation(&b, OBSERVE_FLOW, sec);
	to(peer, 443);
	b.o.flow_first_ns = b.o.ts_ns - (int64_t)(lasted * 1e9);
	b.o.payload_bytes[ORIGINATOR] = out;
	b.o.payload_bytes[RESPONDER] = in;
	if (name != NULL)
		rig_text(&b, TEXT_SERVICE, name);
	note();
}

static void
test_large_to_a_new_service(void **state)
{
	(void)state;
	begin_with_past(true, true, 30, 0);
	sent(10, 5, "203.0.113.9", "drop.example", 60 * MIB, 40000);
	assert_int_equal(kept.count, 0);
	sent(100, 50, "203.0.113.9", "drop.example", 60 * MIB, 40000);
	assert_int_equal(rang("theft"), 1);
	assert_int_equal(kept.f[0].n.confidence, 65);
	assert_int_equal(kept.f[0].severity, SEVERITY_MEDIUM);
	assert_string_equal(kept.f[0].n.technique, "T1048");
	assert_string_equal(kept.f[0].reason, "sent 120.0 MiB to drop.example at 203.0.113.9 port 443 within a day, in 1 hours of "
	    "it, and got 78 KiB back; on the 30 days of history before, the service was never called");
	sent(200, 50, "203.0.113.9", "drop.example", 500 * MIB, 40000);
	assert_int_equal(rang("theft"), 2);
	assert_int_equal(kept.f[1].n.confidence, 75);
	limits.language = LANGUAGE_JA;
	begin_with_past(true, true, 30, 0);
	sent(10, 5, "203.0.113.9", NULL, 3000 * MIB, 40000);
	assert_int_equal(kept.f[0].n.confidence, 99);
	assert_int_equal(kept.f[0].severity, SEVERITY_HIGH);
	assert_string_equal(kept.f[0].reason, "203.0.113.9のポート 443 へ一日のうちに 3000.0 MiB（まとまった送信は 1 時間分）を送り、"
	    "受け取ったのは 39 KiB。それ以前の履歴 30 日分で、この相手は一度も通信がない。");
}

static void
test_steady_to_a_new_service(void **state)
{
	unsigned i;

	(void)state;
	begin_with_past(true, true, 20, 0);
	for (i = 0; i < 16; i++) {	/* two a quarter of an hour apart, each of 700 KiB */
		sent(i * HOURS / 2, 2, "203.0.113.9", "api.example", 700 << 10, 3000);
		if (i < 6)
			assert_int_equal(kept.count, 0);
	}
	assert_true(rang("theft") >= 1);
	begin_with_past(true, true, 20, 0);
	sent(9 * HOURS, 8 * HOURS, "203.0.113.9", "api.example", 9 * MIB, 3000);	/* one connection all day */
	assert_int_equal(rang("theft"), 1);
	assert_int_equal(kept.f[0].n.evidence[7].number, 9);
	begin_with_past(true, true, 20, 0);
	for (i = 0; i < 60; i++)	/* a day for each: nothing to speak of */
		sent(i * 25 * HOURS, 2, "203.0.113.9", "api.example", 3 * MIB, 3000);
	assert_int_equal(kept.count, 0);
}

/* What is not known weighs nothing: only what is bare and large rings. */
static void
test_without_history(void **state)
{
	(void)state;
	begin_with_past(false, false, 13, 0);
	sent(10, 5, "203.0.113.9", "drop.example", 5000 * MIB, 40000);
	assert_int_equal(kept.count, 0);
	sent(20, 5, "203.0.113.10", NULL, 400 * MIB, 40000);
	assert_int_equal(kept.count, 0);
	sent(30, 5, "203.0.113.10", NULL, 400 * MIB, 40000);
	assert_int_equal(rang("theft"), 1);
	assert_int_equal(kept.f[0].n.confidence, 65);
	assert_non_null(strstr(kept.f[0].reason, "on the 13 days of history before, the service cannot be called new or old: too few days"));
	begin();			/* nobody to ask */
	sent(10, 5, "203.0.113.10", NULL, 800 * MIB, 40000);
	assert_int_equal(rang("theft"), 1);
	assert_non_null(strstr(kept.f[0].reason, "on the 0 days of history"));
}

/* While it goes on it is told at a pause; the end does not count it twice. */
static void
test_a_long_connection(void **state)
{
	unsigned i;

	(void)state;
	begin_with_past(true, true, 30, 0);
	for (i = 1; i <= 4; i++) {
		rig_observation(&b, OBSERVE_CONTACT, i * 60);
		to("203.0.113.9", 443);
		b.o.burst = 1;
		b.o.payload_bytes[ORIGINATOR] = i * 40 * MIB;
		b.o.payload_bytes[RESPONDER] = 5000;
		note();
		assert_int_equal(rang("theft"), i < 3 ? 0 : i - 2);
	}
	sent(300, 290, "203.0.113.9", NULL, 160 * MIB, 5000);
	assert_int_equal(kept.f[kept.count - 1].n.evidence[2].number, 160 * MIB);
}

static const char *
harmless(void *what, const struct observation *o, struct span name, bool upload)
{
	(void)o;
	return upload && name.left > strlen(what) && memcmp(name.at + name.left - strlen(what), what, strlen(what)) == 0 ? "files" : NULL;
}

static void
test_twins(void **state)
{
	static char cloud[] = "cloud.example";
	unsigned i;

	(void)state;
	begin_with_past(true, false, 30, 25);
	for (i = 0; i < 5; i++)		/* backup, each night to the same place */
		sent(i * 24 * HOURS + 7200, 7200, "203.0.113.9", NULL, 20000 * MIB, 1 * MIB);
	assert_int_equal(kept.count, 0);
	begin_with_past(true, true, 30, 0);
	sent(3600, 3600, "203.0.113.20", NULL, 900 * MIB, 1100 * MIB);	/* a meeting, both ways */
	sent(9000, 3600, "203.0.113.21", "meet.example", 900 * MIB, 300 * MIB);
	sent(9100, 20, "203.0.113.22", "speed.example", 10000, 300 * MIB);	/* a speed test: there ... */
	sent(9120, 20, "203.0.113.22", "speed.example", 120 * MIB, 10000);	/* ... and back */
	assert_int_equal(kept.count, 0);
	for (i = 0; i < 500; i++)	/* pages, mails with attachments */
		sent(10000 + i, 1, "203.0.113.23", "www.example", 60000, 900000);
	sent(10600, 10, "203.0.113.24", "mail.example", 30 * MIB, 20000);
	assert_int_equal(kept.count, 0);
	behaviour_set_harmless(behaviour, harmless, cloud);
	sent(11000, 600, "203.0.113.25", "eu.cloud.example", 9000 * MIB, 20000);
	assert_int_equal(kept.count, 0);
	sent(12000, 600, "203.0.113.25", "eu.other.example", 9000 * MIB, 20000);
	assert_int_equal(rang("theft"), 1);
}

/* Somebody outside asks a server here; inside; a flood that nobody answers; one direction alone. */
static void
test_other_ways_of_sending(void **state)
{
	(void)state;
	begin_with_past(true, true, 30, 0);
	rig_observation(&b, OBSERVE_FLOW, 10);
	b.o.key.addr[ORIGINATOR] = rig_addr("203.0.113.9");
	b.o.key.addr[RESPONDER] = rig_addr("10.0.0.5");
	b.o.home = 2;
	b.o.host_side = RESPONDER;
	b.o.payload_bytes[RESPONDER] = 9000 * MIB;
	note();
	rig_observation(&b, OBSERVE_FLOW, 20);
	to("10.0.0.9", 445);
	b.o.home = 3;
	b.o.payload_bytes[ORIGINATOR] = 9000 * MIB;
	note();
	rig_observation(&b, OBSERVE_FLOW, 30);
	to("203.0.113.9", 80);
	b.o.key.protocol = 17;
	b.o.packets[RESPONDER] = 0;
	b.o.payload_bytes[ORIGINATOR] = 9000 * MIB;
	note();
	assert_int_equal(kept.count, 0);
	rig_observation(&b, OBSERVE_FLOW, 40);
	to("203.0.113.9", 443);
	b.o.packets[RESPONDER] = 0;
	b.o.payload_bytes[ORIGINATOR] = 9000 * MIB;
	note();
	assert_int_equal(rang("theft"), 1);
	assert_int_equal(kept.f[0].n.evidence[4].points, 0);	/* what came back is not known */
}

/* Many services, clocks that jump, the largest numbers. */
static void
test_odd_input(void **state)
{
	char peer[32];
	unsigned i;

	(void)state;
	begin_with_past(true, true, 30, 0);
	sent(100, 10, "203.0.113.9", NULL, 90 * MIB, 100);
	for (i = 0; i < 50; i++) {	/* smaller ones take no place of a larger one */
		snprintf(peer, sizeof peer, "198.51.100.%u", i + 1);
		sent(101 + i, 1, peer, NULL, (1 + i) << 17, 100);
	}
	sent(200, 10, "203.0.113.9", NULL, 20 * MIB, 100);
	assert_int_equal(rang("theft"), 1);
	sent(-90000, 10, "203.0.113.9", NULL, 20 * MIB, 100);
	sent(5, -1000, "203.0.113.9", NULL, 20 * MIB, 100);
	sent(1e8, 3e7, "203.0.113.9", NULL, UINT64_MAX, UINT64_MAX);
	sent(1e8, 3e7, "203.0.113.9", NULL, UINT64_MAX / 2, 0);
	sent(2e8, 3e7, "203.0.113.9", NULL, 200 * MIB, 0);
	assert_true(rang("theft") >= 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_large_to_a_new_service), TEST(test_steady_to_a_new_service), TEST(test_without_history),
		TEST(test_a_long_connection), TEST(test_twins), TEST(test_other_ways_of_sending), TEST(test_odd_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
