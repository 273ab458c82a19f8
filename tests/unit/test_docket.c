/* Findings by way of the host's case to alerts: what belongs to it, what rings, when it closes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "alert/alerts.h"
#include "alert/eve.h"
#include "alert_rig.h"
#include "analyst/docket.h"

enum { KEPT = 128 };

struct line {
	enum record_kind kind;
	enum alert_state state;
	enum finding_kind of;
	char id[ALERT_ID_TEXT], case_id[ALERT_ID_TEXT];
	bool worse;
	enum severity severity;
	unsigned nexts;
};

static struct line lines[KEPT];
static unsigned count;
static char *latest_case, *latest_line;	/* as EVE has it */
static struct config config;
static struct alerts *alerts;
static struct docket *docket;
static struct advice *advice;

static void
keep(void *to, const struct alert *a)
{
	struct line *l = &lines[count++];
	struct alert told;

	(void)to;
	assert_true(count < KEPT);
	memset(l, 0, sizeof *l);
	l->kind = docket_alert(docket, a, &told);
	l->state = told.state;
	l->of = told.finding->kind;
	l->worse = told.worse;
	l->severity = told.finding->severity;
	memcpy(l->id, told.id, sizeof l->id);
	memcpy(l->case_id, told.case_id, sizeof l->case_id);
	free(latest_line);
	latest_line = eve_alert(&told, "sensor");
	if (l->of != FINDING_CASE || told.story == NULL)
		return;
	l->nexts = told.story->nexts;
	free(latest_case);
	latest_case = eve_alert(&told, "sensor");
}

static void
make(void)
{
	struct alert_limits limits = config.alert;

	limits.case_close_sec = config.cases.close_sec;
	alerts = alerts_new(&limits, NULL, keep, NULL);
	docket = docket_new(&config, alerts);
	assert_non_null(docket);
	docket_set_advice(docket, advice);
}

static int
setup(void **state)
{
	struct fault fault;

	(void)state;
	assert_int_equal(config_defaults(&config), 0);
	count = 0;
	assert_int_equal(advice_open("", &advice, &fault), 0);
	make();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	docket_free(docket);
	alerts_free(alerts);
	advice_free(advice);
	config_clear(&config);
	free(latest_case);
	free(latest_line);
	latest_case = latest_line = NULL;
	return 0;
}

static void
finds(double sec, const char *peer, enum indicator_role role)
{
	static struct indicator indicator;
	struct finding f;

	memset(&f, 0, sizeof f);
	indicator = (struct indicator){ .role = role, .type = INDICATOR_ADDRESS, .value = peer, .feed = "feed", .malware = "Heodo",
		.reference = "" };
	f.kind = FINDING_INDICATOR;
	f.ts_ns = f.first_ns = RIG_START_NS + (int64_t)(sec * 1e9);
	f.host = rig_addr("10.0.0.5");
	f.peer = rig_addr(peer);
	f.peer_port = 443;
	f.protocol = 6;
	f.service = f.reason = f.feeds = "";
	f.subject = peer;
	f.severity = SEVERITY_HIGH;
	f.indicator = &indicator;
	docket_take(docket, &f);
}

static void
is_line(unsigned at, enum record_kind kind, enum alert_state state, enum finding_kind of)
{
	assert_true(at < count);
	assert_int_equal(lines[at].kind, kind);
	assert_int_equal(lines[at].state, state);
	assert_int_equal(lines[at].of, of);
}

static void
the_case_rings_and_not_its_members(void **state)
{
	(void)state;
	finds(0, "192.0.2.1", ROLE_DOWNLOAD);
	is_line(0, RECORD_ALERT, ALERT_OPEN, FINDING_INDICATOR);
	assert_string_equal(lines[0].case_id, "");
	finds(60, "192.0.2.2", ROLE_C2);
	is_line(1, RECORD_ALERT, ALERT_OPEN, FINDING_CASE);
	is_line(2, RECORD_MEMBER, ALERT_OPEN, FINDING_INDICATOR);
	assert_string_equal(lines[1].case_id, "");
	assert_string_equal(lines[2].case_id, lines[1].id);
	/* What rang before goes on: its update is the case's to tell, its end is told to whom it rang. */
	finds(400, "192.0.2.1", ROLE_DOWNLOAD);
	is_line(3, RECORD_ALERT, ALERT_UPDATE, FINDING_CASE);
	is_line(4, RECORD_MEMBER, ALERT_UPDATE, FINDING_INDICATOR);
	assert_string_equal(lines[4].id, lines[0].id);
	assert_string_equal(lines[4].case_id, lines[1].id);
	alerts_finish(alerts, RIG_START_NS + 500 * NS_PER_SEC);
	assert_int_equal(count, 8);
	is_line(5, RECORD_ALERT, ALERT_CLOSE, FINDING_INDICATOR);
	is_line(6, RECORD_ALERT, ALERT_CLOSE, FINDING_CASE);
	is_line(7, RECORD_MEMBER, ALERT_CLOSE, FINDING_INDICATOR);
	assert_string_equal(lines[5].case_id, lines[1].id);
	assert_string_equal(lines[7].case_id, lines[1].id);
	assert_int_equal(docket_counts(docket)->open, 0);
}

static void
members_may_ring(void **state)
{
	(void)state;
	docket_free(docket);
	config.cases.ring_members = true;
	docket = docket_new(&config, alerts);
	assert_non_null(docket);
	finds(0, "192.0.2.1", ROLE_DOWNLOAD);
	finds(60, "192.0.2.2", ROLE_C2);
	is_line(1, RECORD_ALERT, ALERT_OPEN, FINDING_CASE);
	is_line(2, RECORD_ALERT, ALERT_OPEN, FINDING_INDICATOR);
	assert_string_equal(lines[2].case_id, lines[1].id);
}

/* Alerts close after an hour, their case after days; the next one has an id of its own. */
static void
silence_closes_it(void **state)
{
	unsigned n;

	(void)state;
	finds(0, "192.0.2.1", ROLE_C2);
	finds(60, "192.0.2.2", ROLE_C2);
	assert_int_equal(count, 3);
	alerts_advance(alerts, RIG_START_NS + 7200 * NS_PER_SEC);
	assert_int_equal(count, 5);
	assert_int_equal(docket_counts(docket)->open, 1);
	alerts_advance(alerts, RIG_START_NS + (config.cases.close_sec + 59) * NS_PER_SEC);
	assert_int_equal(docket_counts(docket)->open, 1);
	alerts_advance(alerts, RIG_START_NS + (config.cases.close_sec + 60) * NS_PER_SEC);
	assert_int_equal(docket_counts(docket)->open, 0);
	assert_int_equal(docket_counts(docket)->hosts, 0);
	is_line(5, RECORD_ALERT, ALERT_CLOSE, FINDING_CASE);
	n = count;
	finds(config.cases.close_sec + 100, "192.0.2.1", ROLE_C2);
	finds(config.cases.close_sec + 160, "192.0.2.2", ROLE_C2);
	is_line(n, RECORD_ALERT, ALERT_OPEN, FINDING_INDICATOR);
	is_line(n + 1, RECORD_ALERT, ALERT_OPEN, FINDING_CASE);
	assert_string_not_equal(lines[n + 1].id, lines[1].id);
}

static void
the_line_has_it_all(void **state)
{
	static const char *const parts[] = { "\"kind\":\"case\"", "\"signature_id\":9000601", "\"families\":[\"Heodo\"]",
		"\"name\":\"delivery\"", "\"name\":\"command-and-control\"", "\"what\":\"feed-c2\"", "\"who\":\"The machine at 10.0.0.5",
		"\"malware\":\"Emotet\",\"steps\":[\"", "\"kinds\":[\"feed\"]", "\"points\":100", "\"alert_id\":\"" };
	size_t i;

	(void)state;
	finds(0, "192.0.2.1", ROLE_DOWNLOAD);
	finds(60, "192.0.2.2", ROLE_C2);
	assert_int_equal(lines[1].nexts, 1);
	assert_non_null(latest_case);
	for (i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strstr(latest_case, parts[i]) == NULL)
			fail_msg("no %s in %s", parts[i], latest_case);
	assert_non_null(strstr(latest_case, lines[0].id));
	assert_non_null(strstr(latest_case, lines[2].id));
	assert_null(strstr(latest_case, "bytes_out"));
	assert_null(strstr(latest_case, "flow_id"));
	/* The last line too, and with what came since the case was told. */
	finds(61, "192.0.2.2", ROLE_C2);
	finds(62, "192.0.2.2", ROLE_C2);
	alerts_finish(alerts, RIG_START_NS + 100 * NS_PER_SEC);
	for (i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strstr(latest_case, parts[i]) == NULL)
			fail_msg("no %s in %s", parts[i], latest_case);
	assert_non_null(strstr(latest_case, "\"state\":\"close\""));
	assert_non_null(strstr(latest_case, "\"name\":\"command-and-control\",\"first_seen\":\"2023-11-14T22:14:20.000000+0000\","
	    "\"last_seen\":\"2023-11-14T22:14:22.000000+0000\",\"count\":3"));
}

/* What an analyst that died left behind is told on, and belongs where it belonged. */
static void
another_analyst_goes_on(void **state)
{
	char *member, case_id[ALERT_ID_TEXT];
	unsigned n;

	(void)state;
	finds(0, "192.0.2.1", ROLE_DOWNLOAD);
	finds(60, "192.0.2.2", ROLE_C2);
	member = strdup(latest_line);
	memcpy(case_id, lines[1].id, sizeof case_id);
	n = count;
	docket_free(docket);
	alerts_free(alerts);
	make();
	assert_true(alerts_again(alerts, latest_case));
	assert_true(alerts_again(alerts, member));
	alerts_finish(alerts, RIG_START_NS + 500 * NS_PER_SEC);
	is_line(n, RECORD_ALERT, ALERT_CLOSE, FINDING_CASE);
	assert_string_equal(lines[n].id, case_id);
	is_line(n + 1, RECORD_MEMBER, ALERT_CLOSE, FINDING_INDICATOR);
	assert_string_equal(lines[n + 1].case_id, case_id);
	free(member);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_case_rings_and_not_its_members),
		TEST(members_may_ring),
		TEST(silence_closes_it),
		TEST(the_line_has_it_all),
		TEST(another_analyst_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
