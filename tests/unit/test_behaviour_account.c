#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "behaviour_rig.h"

/* 198.51.N.x is the network 64496 + N / 10; its country is the N-th of these. */
static const char *const countries[] = { "JP", "JP", "NL", "BR", "US", "", "", "", "", "" };

enum { HOME = 0, PHONE = 10, ABROAD = 2, FAR = 13, UNKNOWN_COUNTRY = 5 };

/* N: network N / 10, country N % 10 */
static void
place(void *to, const struct addr *a, struct place *out)
{
	(void)to;
	memset(out, 0, sizeof *out);
	if (a->b[13] == 250)
		return;
	out->asn = 64496u + a->b[14] / 10;
	snprintf(out->organisation, sizeof out->organisation, "Network %u", a->b[14] / 10u);
	snprintf(out->country, sizeof out->country, "%s", countries[a->b[14] % 10]);
}

static void
begin_with_places(void)
{
	begin();
	behaviour_set_place(behaviour, place, NULL);
}

static void
from(enum observation_kind kind, double sec, const char *user, unsigned network, unsigned host)
{
	char address[32];

	snprintf(address, sizeof address, "198.51.%u.%u", network, host);
	rig_observation(&b, kind, sec);
	b.o.app = APP_IMAP;
	b.o.key.addr[ORIGINATOR] = rig_addr(address);
	b.o.key.addr[RESPONDER] = rig_addr("10.0.0.25");
	b.o.key.port[RESPONDER] = 143;
	b.o.host_side = RESPONDER;
	b.o.home = 2;
	rig_text(&b, TEXT_USER, user);
}

static void
logs_in(double sec, const char *user, unsigned network, unsigned host)
{
	from(OBSERVE_LOGIN, sec, user, network, host);
	b.o.detail = LOGIN_PASSWORD;
	b.o.outcome = OUTCOME_SUCCESS;
	note();
}

static void
is_refused(double sec, const char *user, unsigned network, unsigned host)
{
	from(OBSERVE_LOGIN, sec, user, network, host);
	b.o.outcome = OUTCOME_FAILURE;
	note();
}

static void
sends(double sec, const char *user, unsigned network, unsigned host, unsigned recipients)
{
	from(OBSERVE_MAIL, sec, user, network, host);
	b.o.app = APP_SMTP;
	b.o.flags = OBSERVED_AUTHENTICATED;
	b.o.count = recipients;
	note();
}

static const double hour = 3600, day = 86400;

static void
test_two_countries_at_once(void **state)
{
	(void)state;
	begin_with_places();
	logs_in(0, "anna", HOME, 1);
	logs_in(hour / 2, "Anna ", 12, 1);
	assert_int_equal(kept.count, 1);
	assert_string_equal(kept.f[0].n.name, "stolen-account");
	assert_string_equal(kept.f[0].subject, "Anna");
	assert_string_equal(kept.f[0].n.technique, "T1078");
	assert_int_equal(kept.f[0].n.confidence, 65);
	assert_int_equal(kept.f[0].severity, SEVERITY_MEDIUM);
	assert_string_equal(kept.f[0].reason, "lets Anna in by IMAP from 2 networks in 2 countries (JP, NL) within 30 min, "
	    "two countries 30 min apart; latest from 198.51.12.1 (Network 1) in NL");
	logs_in(hour / 2 + 10, "anna", 12, 1);	/* the same again */
	assert_int_equal(kept.count, 1);
	sends(hour, "anna", 12, 1, 60);		/* surer */
	assert_int_equal(kept.count, 2);
	assert_int_equal(kept.f[1].severity, SEVERITY_HIGH);
	assert_non_null(strstr(kept.f[1].reason, "; 1 mails to 60 recipients followed"));
}

static void
test_time_between_and_refusals(void **state)
{
	unsigned i;

	(void)state;
	begin_with_places();
	logs_in(0, "anna", HOME, 1);
	logs_in(12 * hour, "anna", 12, 1);	/* by plane */
	assert_int_equal(kept.count, 0);
	begin_with_places();
	logs_in(0, "anna", HOME, 1);
	for (i = 0; i < 12; i++)
		is_refused(5 * hour + i, "anna", 12, 1);
	logs_in(5 * hour + 20, "anna", 12, 1);	/* guessed */
	assert_int_equal(kept.count, 1);
	assert_int_equal(kept.f[0].n.confidence, 35 + 10 + 25);
	assert_non_null(strstr(kept.f[0].reason, "two countries 300 min apart, after 12 refusals"));
	begin_with_places();
	for (i = 0; i < 12; i++)
		is_refused(i, "anna", 12, 2);	/* somebody else's guesses */
	logs_in(100, "anna", HOME, 1);
	logs_in(5 * hour + 20, "anna", 12, 1);
	assert_int_equal(kept.count, 0);
}

static void
test_many_networks_of_one_country(void **state)
{
	unsigned i;

	(void)state;
	begin_with_places();
	for (i = 0; i < 12; i++) {
		logs_in(i * 100, "anna", i * 10, 1);
		assert_int_equal(kept.count, i == 11);
	}
	assert_non_null(strstr(kept.f[0].reason, "from 12 networks in 1 countries (JP)"));
	begin_with_places();	/* three countries in a day */
	logs_in(0, "anna", HOME, 1);
	logs_in(9 * hour, "anna", 12, 1);
	logs_in(18 * hour, "anna", 23, 1);
	assert_int_equal(kept.count, 1);
}

/* Home and phone; a phone abroad; one network in many countries; two days; two users; another's server. */
static void
test_twins(void **state)
{
	unsigned i;

	(void)state;
	begin_with_places();
	for (i = 0; i < 100; i++) {
		logs_in(i * 60, "anna", i % 2 ? HOME : PHONE, i + 1);	/* two networks of one country */
		logs_in(i * 60 + 1, "ben", i % 5, i + 1);		/* one network, wherever it is */
	}
	logs_in(0, "carl", HOME, 1);
	logs_in(30 * hour, "carl", 12, 1);
	logs_in(0, "dora", HOME, 1);
	logs_in(60, "emil", 12, 1);
	logs_in(0, "fred", UNKNOWN_COUNTRY, 1);
	logs_in(60, "fred", 15, 1);
	sends(61, "nobody", 12, 1, 500);
	assert_int_equal(kept.count, 0);
	from(OBSERVE_LOGIN, 100, "dora", 12, 1);	/* one of ours logs in somewhere */
	b.o.outcome = OUTCOME_SUCCESS;
	b.o.host_side = ORIGINATOR;
	b.o.home = 1;
	note();
	is_refused(101, "dora", 12, 1);
	from(OBSERVE_LOGIN, 102, "dora", 12, 1);
	b.o.detail = LOGIN_ANONYMOUS;
	b.o.outcome = OUTCOME_SUCCESS;
	note();
	assert_int_equal(kept.count, 0);
}

/* From where somebody logs in on three days is where he works. */
static void
test_usual_places(void **state)
{
	unsigned i;

	(void)state;
	begin_with_places();
	for (i = 0; i < 10; i++) {
		logs_in(i * day, "anna", HOME, 1);
		logs_in(i * day + 12 * hour, "anna", 12, 1);
	}
	assert_int_equal(kept.count, 0);
	house_restarts();
	behaviour_set_place(behaviour, place, NULL);
	logs_in(10 * day, "anna", HOME, 1);
	logs_in(10 * day + 60, "anna", 12, 1);		/* at once, but both are usual */
	assert_int_equal(kept.count, 0);
	logs_in(10 * day + 120, "anna", 23, 1);		/* this one is not */
	assert_int_equal(kept.count, 1);
	assert_non_null(strstr(kept.f[0].reason, "from 2 networks in 2 countries (JP, NL, BR)"));
	logs_in(60 * day, "ben", HOME, 1);
	logs_in(100 * day, "anna", HOME, 1);		/* forgotten meanwhile */
	logs_in(100 * day + 60, "anna", 12, 1);
	assert_int_equal(kept.count, 2);
}

static void
test_without_databases(void **state)
{
	(void)state;
	begin();
	logs_in(0, "anna", HOME, 1);
	logs_in(1, "anna", 12, 1);
	assert_int_equal(kept.count, 0);
	behaviour_set_place(behaviour, place, NULL);
	from(OBSERVE_LOGIN, 2, "anna", 12, 1);
	b.o.key.addr[ORIGINATOR] = rig_addr("198.250.0.1");	/* not in the databases */
	b.o.outcome = OUTCOME_SUCCESS;
	note();
	logs_in(3, "anna", HOME, 1);
	assert_int_equal(kept.count, 0);
}

static void
test_bounds(void **state)
{
	char user[32];
	unsigned i;

	(void)state;
	limits.flood_hosts = 1;
	begin_with_places();
	for (i = 0; i < 40; i++) {	/* 32 have an incident each, the rest share one */
		snprintf(user, sizeof user, "user%u", i);
		logs_in(i * 2, user, HOME, 1);
		logs_in(i * 2 + 1, user, 12, 1);
	}
	assert_int_equal(kept.count, 32);
	logs_in(200, "user39", 12, 1);
	assert_int_equal(kept.count, 33);
	assert_int_equal(rang("stolen-account"), 1);
	for (i = 0; i < 100000; i++) {
		snprintf(user, sizeof user, "guess%u", i);
		is_refused(300, user, 12, 1);
	}
	for (i = 0; i < 20000; i++) {
		snprintf(user, sizeof user, "many%u", i);
		logs_in(300, user, i % 250, 1);
	}
	for (i = 0; i < 20; i++)
		logs_in(400 + i, "anna", i * 10, 1);
	assert_string_equal(kept.f[33].subject, "stolen-account");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_two_countries_at_once),
		TEST(test_time_between_and_refusals),
		TEST(test_many_networks_of_one_country),
		TEST(test_twins),
		TEST(test_usual_places),
		TEST(test_without_databases),
		TEST(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
