#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alert_rig.h"
#include "analyst/census.h"
#include "base/state_file.h"

enum { ROWS = 256, DAY = 86400 };

static struct observation_buffer b;
static struct census *census;

static struct {
	unsigned count;
	struct census_row row[ROWS];
} kept;

static int
setup(void **state)
{
	(void)state;
	kept.count = 0;
	census = census_new();
	return census == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	census_free(census);
	return 0;
}

static void
keep(void *to, const struct census_row *row)
{
	(void)to;
	assert_true(kept.count < ROWS);
	kept.row[kept.count++] = *row;
}

static void
note(void)
{
	observation_seal(&b);
	assert_true(observation_valid(&b.o, b.o.bytes));
	census_take(census, &b.o);
}

static void
begin(enum observation_kind kind, double sec, const char *host, const char *server, uint64_t flow, uint64_t answer)
{
	rig_observation(&b, kind, sec);
	b.o.key.addr[ORIGINATOR] = rig_addr(host);
	b.o.key.addr[RESPONDER] = rig_addr(server);
	b.o.flow_id = flow;
	b.o.app = APP_TLS;
	b.o.payload_bytes[RESPONDER] = answer;
}

static void
listed(enum indicator_role role, enum indicator_type type, const char *malware)
{
	b.o.indicator_role = (uint8_t)role;
	b.o.indicator_type = (uint8_t)type;
	rig_text(&b, TEXT_INDICATOR_VALUE, "value");
	rig_text(&b, TEXT_INDICATOR_FEED, "threatfox");
	rig_text(&b, TEXT_INDICATOR_MALWARE, malware);
	note();
}

static void
match(double sec, const char *host, const char *server, uint64_t flow, const char *malware, uint64_t answer)
{
	begin(OBSERVE_MATCH, sec, host, server, flow, answer);
	listed(ROLE_C2, INDICATOR_ADDRESS, malware);
}

static void
ends(double sec, const char *host, const char *server, uint64_t flow, uint64_t answer)
{
	begin(OBSERVE_FLOW, sec, host, server, flow, answer);
	note();
}

static void
expect(unsigned i, const char *family, int32_t day, uint64_t servers, uint64_t hosts)
{
	assert_true(i < kept.count);
	assert_string_equal(kept.row[i].family, family);
	assert_int_equal(kept.row[i].day - kept.row[0].day, day);
	assert_int_equal(kept.row[i].servers, servers);
	assert_int_equal(kept.row[i].hosts, hosts);
}

static void
test_who_answered(void **state)
{
	struct census_now now;

	(void)state;
	match(1, "10.0.0.5", "192.0.2.1", 11, "Heodo", 0);
	match(2, "10.0.0.5", "192.0.2.2", 12, "Emotet", 0);
	match(3, "10.0.0.6", "192.0.2.2", 13, "Win.Trojan.Emotet", 0);
	match(4, "10.0.0.6", "192.0.2.3", 14, "Emotet", 0);		/* never answers */
	match(5, "10.0.0.6", "192.0.2.9", 15, "", 500);			/* already has */
	census_latest(census, &now);
	assert_int_equal(now.rows, 1);
	ends(10, "10.0.0.5", "192.0.2.1", 11, 900);
	begin(OBSERVE_CONTACT, 11, "10.0.0.5", "192.0.2.2", 12, 900);	/* while it is open */
	b.o.burst = 1;
	note();
	ends(12, "10.0.0.5", "192.0.2.2", 12, 1900);
	ends(12, "10.0.0.6", "192.0.2.2", 13, 10);
	ends(12, "10.0.0.6", "192.0.2.3", 14, 0);
	ends(13, "10.0.0.6", "192.0.2.3", 14, 10);			/* that flow is over */
	ends(14, "10.0.0.7", "192.0.2.7", 77, 10);			/* nobody's */
	census_hand_on(census, CENSUS_KEEPER, INT32_MAX, keep, NULL);
	assert_int_equal(kept.count, 2);
	expect(0, "unnamed", 0, 1, 1);
	expect(1, "emotet", 0, 2, 2);
	assert_false(kept.row[1].estimated);
	census_latest(census, &now);
	assert_int_equal(now.rows, 2);
	assert_string_equal(now.row[0].family, "emotet");
	census_hand_on(census, CENSUS_KEEPER, INT32_MAX, keep, NULL);				/* nothing new */
	assert_int_equal(kept.count, 2);
	kept.count = 0;
	census_hand_on(census, CENSUS_RECORDS, kept.row[0].day, keep, NULL);	/* the other reader: the day is not over */
	assert_int_equal(kept.count, 0);
	census_hand_on(census, CENSUS_RECORDS, kept.row[0].day + 1, keep, NULL);
	assert_int_equal(kept.count, 2);
	ends(20, "10.0.0.5", "192.0.2.1", 11, 900);
	census_hand_on(census, CENSUS_KEEPER, INT32_MAX, keep, NULL);
	assert_int_equal(kept.count, 2);
}

/* The twin: what is looked up, listed as something else, or an old story. */
static void
test_what_does_not_count(void **state)
{
	(void)state;
	begin(OBSERVE_MATCH, 1, "10.0.0.5", "10.0.0.2", 21, 300);
	b.o.app = APP_DNS;
	listed(ROLE_C2, INDICATOR_DOMAIN, "Emotet");
	begin(OBSERVE_MATCH, 2, "10.0.0.5", "192.0.2.1", 22, 300);
	listed(ROLE_SINKHOLE, INDICATOR_ADDRESS, "Emotet");
	begin(OBSERVE_MATCH, 3, "10.0.0.5", "192.0.2.1", 23, 300);
	b.o.flags |= OBSERVED_RETRO;
	listed(ROLE_C2, INDICATOR_ADDRESS, "Emotet");
	begin(OBSERVE_MATCH, 4, "10.0.0.5", "192.0.2.1", 24, 300);
	listed(ROLE_C2, INDICATOR_JA3, "Emotet");
	begin(OBSERVE_MATCH, 5, "10.0.0.5", "192.0.2.1", 25, 300);
	listed(ROLE_C2, INDICATOR_CIDR, "Emotet");
	census_hand_on(census, CENSUS_KEEPER, INT32_MAX, keep, NULL);
	assert_int_equal(kept.count, 0);
}

static void
test_days(void **state)
{
	struct census_now now;
	char server[32];
	unsigned day, i;

	(void)state;
	for (day = 0; day < 40; day++)		/* a curve that falls to nothing */
		for (i = 0; i < 40 - day; i++) {
			snprintf(server, sizeof server, "192.0.2.%u", i + 1);
			match(day * DAY, "10.0.0.5", server, 1000 * (day + 1) + i, "Emotet", 10);
			match(day * DAY, "10.0.0.5", server, 1000 * (day + 1) + i, "TrickBot", 10);
		}
	census_latest(census, &now);
	assert_int_equal(now.rows, 2);
	assert_int_equal(now.row[0].servers, 1);
	census_hand_on(census, CENSUS_KEEPER, INT32_MAX, keep, NULL);
	assert_int_equal(kept.count, 64);	/* of 80: nobody was there yet to take the oldest */
	expect(63, kept.row[63].family, 31, 1, 1);
	kept.count = 0;
	match(41 * DAY, "10.0.0.5", "192.0.2.1", 5, "Emotet", 10);
	for (i = 0; i < 70; i++) {
		snprintf(server, sizeof server, "fam%u", i);
		match(42 * DAY, "10.0.0.5", "192.0.2.1", 6 + i, server, 10);
	}
	assert_true(kept.count >= 1);		/* what gives way is handed on */
	expect(0, "emotet", 0, 1, 1);
}

/* Exact to the limit, about right beyond it. */
static void
test_many_servers(void **state)
{
	char server[32];
	unsigned i;

	(void)state;
	for (i = 0; i < 5000; i++) {
		snprintf(server, sizeof server, "198.51.%u.%u", i >> 8, i & 255);
		match(1, "10.0.0.5", server, i + 1, "Emotet", 10);
		if (i != CENSUS_EXACT - 1 && i != CENSUS_EXACT && i != 4999)
			continue;
		kept.count = 0;
		census_hand_on(census, CENSUS_KEEPER, INT32_MAX, keep, NULL);
		assert_int_equal(kept.row[0].estimated, i >= CENSUS_EXACT);
		assert_in_range(kept.row[0].servers, i == CENSUS_EXACT - 1 ? CENSUS_EXACT : (i + 1) * 9 / 10, (i + 1) * 11 / 10);
	}
}

static void
test_over_a_restart(void **state)
{
	char path[] = "/tmp/hansho-census-XXXXXX";
	struct state_out *out = state_out_new();
	struct state_in *in;
	struct fault fault;

	(void)state;
	assert_int_equal(close(mkstemp(path)), 0);
	match(1, "10.0.0.5", "192.0.2.1", 1, "Emotet", 10);
	match(2, "10.0.0.5", "192.0.2.2", 2, "Emotet", 10);
	census_save(census, out);
	assert_int_equal(state_out_write(out, path, CENSUS_STATE_VERSION, false, &fault), 0);
	state_out_free(out);
	census_free(census);
	census = census_new();
	assert_int_equal(state_in_open(path, CENSUS_STATE_VERSION, 4 << 20, &in, &fault), 0);
	assert_non_null(in);
	census_load(census, in);
	state_in_close(in);
	match(3, "10.0.0.6", "192.0.2.2", 3, "Emotet", 10);
	match(4, "10.0.0.6", "192.0.2.3", 4, "Emotet", 10);
	census_hand_on(census, CENSUS_KEEPER, INT32_MAX, keep, NULL);
	assert_int_equal(kept.count, 1);
	expect(0, "emotet", 0, 3, 2);
	unlink(path);
}

/* More flows than there are places, all waiting. */
static void
test_places_are_bounded(void **state)
{
	unsigned i, found;

	(void)state;
	for (i = 0; i < 20000; i++)
		match(1, "10.0.0.5", "192.0.2.1", i + 1, "Emotet", 0);
	for (i = 0; i < 20000; i++)
		ends(2, "10.0.0.5", "192.0.2.1", i + 1, i >= 19990 ? 10 : 0);
	census_hand_on(census, CENSUS_KEEPER, INT32_MAX, keep, NULL);
	for (i = found = 0; i < kept.count; i++)
		found += (unsigned)kept.row[i].servers;
	assert_int_equal(found, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_who_answered), TEST(test_what_does_not_count), TEST(test_days), TEST(test_many_servers),
		TEST(test_over_a_restart), TEST(test_places_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
