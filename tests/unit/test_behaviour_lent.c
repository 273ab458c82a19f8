/* A machine that lends itself as a proxy: what rings, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

static void
asks(double sec, const char *peer, const char *target, enum outcome outcome, uint32_t flags)
{
	rig_observation(&b, OBSERVE_PROXY, sec);
	to(peer, 4001);
	b.o.app = APP_SOCKS;
	b.o.detail = PROXY_CONNECT;
	b.o.outcome = (uint8_t)outcome;
	b.o.flags = flags;
	observation_add(&b, TEXT_URL, span_text(target), 256);
	note();
}

/* Asked through the connection that the host itself opened, and answered. */
static void
lends(double sec, const char *target, enum outcome outcome)
{
	asks(sec, "198.51.100.95", target, OUTCOME_UNKNOWN, OBSERVED_RESPONSE);
	asks(sec + 0.1, "198.51.100.95", target, outcome, OBSERVED_RESPONSE);
}

static void
test_lent(void **state)
{
	(void)state;
	begin();
	lends(1, "shop.example:443", OUTCOME_SUCCESS);
	assert_int_equal(rang("back-connect-proxy"), 1);
	assert_int_equal(kept.f[0].n.confidence, 75);	/* served 65, bare 10 */
	assert_int_equal(kept.f[0].severity, SEVERITY_MEDIUM);
	assert_string_equal(kept.f[0].n.technique, "T1090");
	assert_string_equal(kept.f[0].reason,
	    "called 198.51.100.95 port 4001 and was asked from there, through its own connections, to connect elsewhere (SOCKS), "
	    "latest to shop.example:443: requests 1, targets 1, granted 1");
	lends(20, "mail.example:25", OUTCOME_FAILURE);
	assert_int_equal(rang("back-connect-proxy"), 1);	/* no surer, within a minute */
	lends(30, "shop.example:443", OUTCOME_SUCCESS);
	assert_int_equal(rang("back-connect-proxy"), 2);	/* three of them */
	assert_int_equal(kept.f[1].severity, SEVERITY_HIGH);
	assert_int_equal(kept.f[1].n.confidence, 85);
}

static void
test_japanese(void **state)
{
	(void)state;
	limits.language = LANGUAGE_JA;
	begin();
	lends(1, "shop.example:443", OUTCOME_FAILURE);
	assert_string_equal(kept.f[0].n.title, "外部からの踏み台（プロキシ）利用");
	assert_string_equal(kept.f[0].reason,
	    "自ら 198.51.100.95 のポート 4001 へ接続し、その接続を通じて相手から他への中継（SOCKS）を求められた。要求 1 件、"
	    "宛先 1 種、最新は shop.example:443。");
}

/* An hour without a request begins anew. */
static void
test_pause(void **state)
{
	(void)state;
	begin();
	lends(1, "shop.example:443", OUTCOME_SUCCESS);
	lends(5, "shop.example:443", OUTCOME_SUCCESS);
	lends(4000, "shop.example:443", OUTCOME_SUCCESS);
	assert_int_equal(rang("back-connect-proxy"), 2);
	assert_int_equal(kept.f[1].n.confidence, 75);
}

static void
test_twins(void **state)
{
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 20; i++) {	/* a user of a proxy outside */
		asks(i * 100, "198.51.100.95", "shop.example:443", OUTCOME_UNKNOWN, 0);
		asks(i * 100 + 1, "198.51.100.95", "shop.example:443", OUTCOME_SUCCESS, 0);
	}
	assert_int_equal(kept.count, 0);
	begin();
	for (i = 0; i < 20; i++)	/* asked, but the host never said a word of SOCKS */
		asks(i, "198.51.100.95", "shop.example:443", OUTCOME_UNKNOWN, OBSERVED_RESPONSE);
	assert_int_equal(kept.count, 0);
	begin();
	for (i = 0; i < 20; i++)	/* who opened it is a guess */
		asks(i, "198.51.100.95", "shop.example:443", OUTCOME_SUCCESS, OBSERVED_RESPONSE | OBSERVED_MIDWAY);
	assert_int_equal(kept.count, 0);
	begin();
	for (i = 0; i < 20; i++) {	/* between machines here */
		rig_observation(&b, OBSERVE_PROXY, i);
		to("10.0.0.9", 4001);
		b.o.home = 3;
		b.o.outcome = OUTCOME_SUCCESS;
		b.o.flags = OBSERVED_RESPONSE;
		note();
	}
	assert_int_equal(kept.count, 0);
}

/* Somebody outside tries whether a machine here is a proxy: he opened the connection. */
static void
test_probed(void **state)
{
	struct addr outside = rig_addr("198.51.100.240");
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 20; i++) {
		rig_observation(&b, OBSERVE_PROXY, i);
		b.o.key.addr[RESPONDER] = b.o.key.addr[ORIGINATOR];
		b.o.key.addr[ORIGINATOR] = outside;
		b.o.home = 1u << RESPONDER;
		b.o.host_side = RESPONDER;
		b.o.outcome = OUTCOME_SUCCESS;
		note();
	}
	assert_int_equal(kept.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lent),
		TEST(test_japanese),
		TEST(test_pause),
		TEST(test_twins),
		TEST(test_probed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
