#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "alert/suppress.h"
#include "alert_rig.h"

static struct indicator domain = { .type = INDICATOR_DOMAIN, .role = ROLE_C2, .value = "c2.example", .feed = "mine",
	.malware = "", .reference = "" };

static struct finding
match(const char *host, const char *peer, const char *service)
{
	struct finding f;

	memset(&f, 0, sizeof f);
	f.kind = FINDING_INDICATOR;
	f.ts_ns = RIG_START_NS;		/* 2023-11-14 */
	f.host = rig_addr(host);
	f.peer = rig_addr(peer);
	f.service = service;
	f.subject = domain.value;
	f.indicator = &domain;
	f.severity = SEVERITY_HIGH;
	return f;
}

static struct suppress_rule
rule(const char *host, const char *service, const char *indicator, const char *name, const char *until)
{
	struct suppress_rule r;

	memset(&r, 0, sizeof r);
	snprintf(r.host, sizeof r.host, "%s", host);
	snprintf(r.service, sizeof r.service, "%s", service);
	snprintf(r.indicator, sizeof r.indicator, "%s", indicator);
	snprintf(r.rule, sizeof r.rule, "%s", name);
	snprintf(r.reason, sizeof r.reason, "because");
	snprintf(r.until, sizeof r.until, "%s", until);
	return r;
}

static bool
holds(struct suppress_rule r, const struct finding *f)
{
	struct suppress *s = suppress_new(&r, 1);
	bool held;

	assert_non_null(s);
	held = suppress_finding(s, f);
	assert_int_equal(suppress_counts(s)->hits[0], held);
	assert_int_equal(suppress_counts(s)->held, held);
	suppress_free(s);
	return held;
}

static void
test_each_member(void **state)
{
	struct finding f = match("10.0.0.5", "192.0.2.77", "www.c2.example");

	(void)state;
	assert_true(holds(rule("10.0.0.0/24", "", "", "", "never"), &f));
	assert_false(holds(rule("10.0.1.0/24", "", "", "", "never"), &f));
	assert_true(holds(rule("", "C2.example", "", "", "never"), &f));
	assert_false(holds(rule("", "2.example", "", "", "never"), &f));
	assert_true(holds(rule("", "192.0.2.0/24", "", "", "never"), &f));
	assert_false(holds(rule("", "10.0.0.0/24", "", "", "never"), &f));
	assert_true(holds(rule("", "", "c2.example", "", "never"), &f));
	assert_false(holds(rule("", "", "example", "", "never"), &f));
	assert_true(holds(rule("", "", "", "indicator", "never"), &f));
	assert_true(holds(rule("", "", "", "9000004", "never"), &f));
	assert_false(holds(rule("", "", "", "9000005", "never"), &f));
	assert_false(holds(rule("", "", "", "beacon", "never"), &f));
	/* all that it names */
	assert_true(holds(rule("10.0.0.5", "c2.example", "c2.example", "9000004", "never"), &f));
	assert_false(holds(rule("10.0.0.6", "c2.example", "c2.example", "9000004", "never"), &f));
	assert_false(holds(rule("10.0.0.5", "c3.example", "c2.example", "9000004", "never"), &f));
}

static void
test_behaviours_and_the_sensor(void **state)
{
	struct behaviour_numbers numbers = { .name = "strobe", .title = "", .technique = "", .tactic = "" };
	struct finding f = match("10.0.0.5", "192.0.2.77", "");

	(void)state;
	f.kind = FINDING_BEHAVIOUR;
	f.indicator = NULL;
	f.behaviour = &numbers;
	f.subject = "strobe";
	assert_true(holds(rule("", "", "", "strobe", "never"), &f));
	assert_true(holds(rule("", "", "", "behaviour", "never"), &f));
	assert_false(holds(rule("", "", "", "spreading", "never"), &f));
	f.kind = FINDING_SENSOR;
	f.behaviour = NULL;
	assert_true(holds(rule("", "", "", "sensor", "never"), &f));
	assert_false(holds(rule("0.0.0.0/0", "", "", "", "never"), &f));
	assert_false(holds(rule("", "strobe", "", "", "never"), &f));
}

static void
test_the_last_day(void **state)
{
	struct finding f = match("10.0.0.5", "192.0.2.77", "");
	const struct suppress_rule rules[] = {
		rule("10.0.0.5", "", "", "", "2023-11-13"), rule("10.0.0.5", "", "", "", "2023-11-14"),
	};
	struct suppress *s = suppress_new(rules, 2);

	(void)state;
	assert_true(suppress_finding(s, &f));
	assert_true(suppress_counts(s)->expired[0]);
	assert_int_equal(suppress_counts(s)->hits[0], 0);
	assert_int_equal(suppress_counts(s)->hits[1], 1);
	f.ts_ns += 86400 * NS_PER_SEC;
	assert_false(suppress_finding(s, &f));
	assert_true(suppress_counts(s)->expired[1]);
	suppress_free(s);
}

static void
test_faults(void **state)
{
	struct suppress_rule r = rule("10.0.0.5", "", "", "", "never");
	struct finding f = match("10.0.0.5", "192.0.2.77", "");
	const char *expected;

	(void)state;
	assert_null(suppress_rule_fault(&r, &expected));
	r.reason[0] = '\0';
	assert_string_equal(suppress_rule_fault(&r, &expected), "reason");
	assert_false(holds(r, &f));
	r = rule("", "", "", "", "never");
	assert_string_equal(suppress_rule_fault(&r, &expected), "");
	assert_false(holds(r, &f));
	r = rule("10.0.0.500", "", "", "", "never");
	assert_string_equal(suppress_rule_fault(&r, &expected), "host");
	r = rule("10.0.0.5", "", "", "", "");
	assert_string_equal(suppress_rule_fault(&r, &expected), "until");
	r = rule("10.0.0.5", "", "", "", "2026-02-30");
	assert_string_equal(suppress_rule_fault(&r, &expected), "until");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_member),
		cmocka_unit_test(test_behaviours_and_the_sensor),
		cmocka_unit_test(test_the_last_day),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
