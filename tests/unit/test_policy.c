#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "alert/names.h"
#include "alert/words.h"
#include "alert/policy.h"
#include "alert_rig.h"

struct seen {
	unsigned findings;
	struct finding f;
	struct alert_names names;
	char reason[4200], subject[2400], service[300], signature[200];
};

static void
see(void *to, const struct finding *f)
{
	struct seen *s = to;

	s->findings++;
	s->f = *f;
	s->names = names_of(f);
	snprintf(s->reason, sizeof s->reason, "%s", f->reason);
	snprintf(s->subject, sizeof s->subject, "%s", f->subject);
	snprintf(s->service, sizeof s->service, "%s", f->service);
	words_title(f, LANGUAGE_EN, s->signature, sizeof s->signature);
}

static struct seen
match(enum indicator_role role, enum indicator_type type, const char *value, enum app app)
{
	static struct observation_buffer b;
	struct seen s = { 0 };

	rig_observation(&b, OBSERVE_MATCH, 1);
	b.o.app = (uint8_t)app;
	rig_indicator(&b, role, type, value);
	rig_text(&b, TEXT_SERVICE, "c2.example");
	when_parse("2026-05-01", 10, 0, &b.o.indicator_first_ns);
	observation_seal(&b);
	policy_match(NULL, &b.o, see, &s);
	assert_int_equal(s.findings, 1);
	return s;
}

static void
test_reason_names_everything(void **state)
{
	struct seen s = match(ROLE_C2, INDICATOR_ADDRESS_PORT, "192.0.2.77:443", APP_TLS);

	(void)state;
	assert_string_equal(s.reason,
	    "contacts 192.0.2.77:443, which feed threatfox (line 17, entry 12345) lists as "
	    "command and control of Emotet, first seen 2026-05-01");
	assert_string_equal(s.subject, "192.0.2.77:443");
	assert_string_equal(s.service, "c2.example");
	assert_string_equal(s.signature, "C2 feed ip:port Emotet");
	assert_string_equal(s.names.category, "Malware Command and Control Activity Detected");
	assert_int_equal(s.f.kind, FINDING_INDICATOR);
	assert_int_equal(s.f.severity, SEVERITY_HIGH);
	assert_int_equal(s.f.ts_ns, RIG_START_NS + NS_PER_SEC);
	assert_int_equal(s.f.host_port, 51514);
	assert_int_equal(s.f.peer_port, 443);
	s = match(ROLE_INFECTED, INDICATOR_ADDRESS, "198.51.100.7", APP_UNKNOWN);
	assert_non_null(strstr(s.reason, "is 198.51.100.7, which feed threatfox"));
	assert_non_null(strstr(s.reason, "lists as infected with Emotet"));
	assert_null(strstr(s.reason, "last seen"));
	s = match(ROLE_C2, INDICATOR_JA3, "37f463bf4616ecd445d4a1937da06e19", APP_TLS);
	assert_non_null(strstr(s.reason, "harmless programs may share"));
}

/* The host in this rig is 10.0.0.5: a C2 server stands in the home network. */
static void
test_listed_host_is_not_said_to_call_itself(void **state)
{
	struct seen s = match(ROLE_C2, INDICATOR_ADDRESS_PORT, "10.0.0.5:443", APP_TLS);

	(void)state;
	assert_ptr_equal(strstr(s.reason, "is itself 10.0.0.5:443, which"), s.reason);
	s = match(ROLE_C2, INDICATOR_ADDRESS, "10.0.0.5", APP_TLS);
	assert_ptr_equal(strstr(s.reason, "is itself 10.0.0.5, which"), s.reason);
	s = match(ROLE_C2, INDICATOR_CIDR, "10.0.0.0/24", APP_TLS);
	assert_ptr_equal(strstr(s.reason, "is itself in 10.0.0.0/24, which"), s.reason);
	s = match(ROLE_C2, INDICATOR_ADDRESS_PORT, "[2001:db8::7]:443", APP_TLS);
	assert_ptr_equal(strstr(s.reason, "contacts [2001:db8::7]:443, which"), s.reason);
	s = match(ROLE_C2, INDICATOR_CIDR, "0.0.0.0/0", APP_TLS);
	assert_ptr_equal(strstr(s.reason, "contacts an address in 0.0.0.0/0"), s.reason);
}

static void
test_severities(void **state)
{
	(void)state;
	assert_int_equal(policy_severity(ROLE_C2, INDICATOR_ADDRESS_PORT, 0), SEVERITY_HIGH);
	assert_int_equal(policy_severity(ROLE_C2, INDICATOR_DOMAIN, 100), SEVERITY_HIGH);
	assert_int_equal(policy_severity(ROLE_C2, INDICATOR_URL, 50), SEVERITY_HIGH);
	assert_int_equal(policy_severity(ROLE_C2, INDICATOR_CERT_SHA1, 75), SEVERITY_HIGH);
	assert_int_equal(policy_severity(ROLE_C2, INDICATOR_JA3, 75), SEVERITY_MEDIUM);
	assert_int_equal(policy_severity(ROLE_C2, INDICATOR_JA4, 75), SEVERITY_MEDIUM);
	assert_int_equal(policy_severity(ROLE_C2, INDICATOR_CIDR, 75), SEVERITY_MEDIUM);
	assert_int_equal(policy_severity(ROLE_INFECTED, INDICATOR_ADDRESS, 75), SEVERITY_MEDIUM);
	assert_int_equal(policy_severity(ROLE_DOWNLOAD, INDICATOR_URL, 75), SEVERITY_HIGH);
	assert_int_equal(policy_severity(ROLE_DOWNLOAD, INDICATOR_DOMAIN, 75), SEVERITY_MEDIUM);
	assert_int_equal(policy_severity(ROLE_SUSPICIOUS, INDICATOR_URL, 75), SEVERITY_LOW);
	/* little trust of the feed itself: one step down, never below low */
	assert_int_equal(policy_severity(ROLE_C2, INDICATOR_DOMAIN, 49), SEVERITY_MEDIUM);
	assert_int_equal(policy_severity(ROLE_SUSPICIOUS, INDICATOR_URL, 1), SEVERITY_LOW);
}

static void
test_techniques_and_signatures(void **state)
{
	(void)state;
	assert_string_equal(match(ROLE_C2, INDICATOR_DOMAIN, "c2.example", APP_TLS).names.technique, "T1071.001");
	assert_string_equal(match(ROLE_C2, INDICATOR_DOMAIN, "c2.example", APP_DNS).names.technique, "T1071.004");
	assert_string_equal(match(ROLE_C2, INDICATOR_ADDRESS, "192.0.2.77", APP_UNKNOWN).names.technique, "T1095");
	assert_string_equal(match(ROLE_C2, INDICATOR_ADDRESS, "192.0.2.77", APP_SMTP).names.technique, "T1071.003");
	assert_string_equal(match(ROLE_C2, INDICATOR_ADDRESS, "192.0.2.77", APP_SMB).names.technique, "T1071.002");
	assert_string_equal(match(ROLE_C2, INDICATOR_ADDRESS, "192.0.2.77", APP_SSH).names.technique, "T1071");
	assert_string_equal(match(ROLE_C2, INDICATOR_JA3, "x", APP_UNKNOWN).names.technique, "T1071.001");
	assert_string_equal(match(ROLE_DOWNLOAD, INDICATOR_URL, "a/b", APP_HTTP).names.technique, "T1105");
	assert_string_equal(match(ROLE_INFECTED, INDICATOR_ADDRESS, "192.0.2.7", APP_TLS).names.technique, "");
	/* published numbers: they never change */
	assert_int_equal(match(ROLE_C2, INDICATOR_ADDRESS, "x", APP_TLS).names.signature_id, 9000001);
	assert_int_equal(match(ROLE_C2, INDICATOR_ADDRESS_PORT, "x", APP_TLS).names.signature_id, 9000002);
	assert_int_equal(match(ROLE_INFECTED, INDICATOR_ADDRESS, "x", APP_TLS).names.signature_id, 9000021);
	assert_int_equal(match(ROLE_SUSPICIOUS, INDICATOR_CERT_SHA1, "x", APP_TLS).names.signature_id, 9000038);
}

static void
test_inbound_host_is_the_asked_side(void **state)
{
	struct observation_buffer b;
	struct seen s = { 0 };

	(void)state;
	rig_observation(&b, OBSERVE_MATCH, 1);
	b.o.host_side = RESPONDER;
	rig_indicator(&b, ROLE_SUSPICIOUS, INDICATOR_ADDRESS, "10.0.0.5");
	observation_seal(&b);
	policy_match(NULL, &b.o, see, &s);
	assert_true(addr_equal(&s.f.host, &b.o.key.addr[RESPONDER]));
	assert_true(addr_equal(&s.f.peer, &b.o.key.addr[ORIGINATOR]));
	assert_int_equal(s.f.host_port, 443);
}

static void
test_only_what_is_asked_for(void **state)
{
	struct observation_buffer b;
	struct seen s = { 0 };

	(void)state;
	rig_observation(&b, OBSERVE_TLS, 1);
	observation_seal(&b);
	policy_match(NULL, &b.o, see, &s);
	policy_sensor(&b.o, see, &s);
	assert_int_equal(s.findings, 0);
	rig_observation(&b, OBSERVE_SENSOR, 2);
	rig_text(&b, TEXT_NOTE, "worker 1 was blind for 3 s");
	observation_seal(&b);
	policy_match(NULL, &b.o, see, &s);
	assert_int_equal(s.findings, 0);
	policy_sensor(&b.o, see, &s);
	assert_int_equal(s.findings, 1);
	assert_int_equal(s.f.kind, FINDING_SENSOR);
	assert_string_equal(s.reason, "worker 1 was blind for 3 s");
	assert_string_equal(s.signature, "Sensor impaired");
	assert_int_equal(s.names.signature_id, 9000201);
}

/* Who changes what he said, hides; an answer that changes may be a filter's. */
static void
test_evasion(void **state)
{
	struct observation_buffer b;
	struct seen s = { 0 };

	(void)state;
	for (int answer = 0; answer < 2; answer++) {
		rig_observation(&b, OBSERVE_EVASION, 1);
		b.o.flags = answer ? OBSERVED_RESPONSE : 0;
		b.o.body_bytes = 10;
		b.o.count = 90;
		observation_seal(&b);
		policy_match(NULL, &b.o, see, &s);
		policy_sensor(&b.o, see, &s);
		assert_int_equal(s.findings, answer);
		policy_evasion(NULL, &b.o, see, &s);
		assert_int_equal(s.findings, answer + 1);
		assert_int_equal(s.f.kind, FINDING_EVASION);
		assert_int_equal(s.f.severity, answer ? SEVERITY_LOW : SEVERITY_MEDIUM);
		assert_non_null(strstr(s.reason, answer ? "bytes 10 to 99 of what the server sent" : "bytes 10 to 99 of what the client sent"));
		assert_int_equal(s.names.signature_id, 9000301);
		assert_string_equal(s.names.technique, "T1001.001");
	}
	rig_observation(&b, OBSERVE_TLS, 1);
	observation_seal(&b);
	policy_evasion(NULL, &b.o, see, &s);
	assert_int_equal(s.findings, 2);
}

/* A record may hold nothing, or the longest texts there can be. */
static void
test_odd_texts(void **state)
{
	static char text[3000];
	struct observation_buffer b;
	struct seen s = { 0 };

	(void)state;
	rig_observation(&b, OBSERVE_MATCH, 1);
	b.o.indicator_role = 200;
	b.o.indicator_type = 200;
	observation_seal(&b);
	policy_match(NULL, &b.o, see, &s);
	assert_int_equal(s.findings, 1);
	assert_string_equal(s.subject, "");
	memset(text, 'u', sizeof text - 1);
	s = match(ROLE_C2, INDICATOR_URL, text, APP_HTTP);
	assert_int_equal(strlen(s.subject), 2199);
	assert_non_null(strstr(s.reason, "threatfox"));
}

static const struct ageing_feed slow_feed[] = { { "slow", { 200, AGEING_NEVER } }, { "quick", { 1, 2 } } };

/* An indicator of `type` in these feeds, seen so many days ago: the finding, or none. */
static struct seen
aged_match(const struct policy_options *options, enum indicator_type type, const char *feeds, int days,
    int until_days)
{
	static struct observation_buffer b;
	struct seen s = { 0 };
	int64_t day = 86400 * NS_PER_SEC;
	bool told;

	rig_observation(&b, OBSERVE_MATCH, 1);
	rig_indicator(&b, ROLE_C2, type, "x");
	rig_text(&b, TEXT_INDICATOR_FEEDS, feeds);
	b.o.indicator_first_ns = b.o.ts_ns - 1000 * day;
	b.o.indicator_last_ns = b.o.ts_ns - days * day;
	if (until_days != 0)
		b.o.indicator_until_ns = b.o.ts_ns + until_days * day;
	observation_seal(&b);
	told = policy_match(options, &b.o, see, &s);
	assert_int_equal(told, s.findings);
	return s;
}

static void
test_ageing(void **state)
{
	const struct policy_options slow = { { slow_feed, 2 }, false, LANGUAGE_EN }, all = { { NULL, 0 }, true, LANGUAGE_EN };
	struct seen s;

	(void)state;
	s = aged_match(NULL, INDICATOR_ADDRESS, "f", 29, 0);
	assert_int_equal(s.f.state, INDICATOR_ACTIVE);
	assert_int_equal(s.f.severity, SEVERITY_HIGH);
	assert_non_null(strstr(s.reason, ", 29 days before"));
	s = aged_match(NULL, INDICATOR_ADDRESS, "f", 30, 0);
	assert_int_equal(s.f.state, INDICATOR_FADING);
	assert_int_equal(s.f.severity, SEVERITY_MEDIUM);
	assert_int_equal(s.f.age_days, 30);
	assert_non_null(strstr(s.reason, ", 30 days before: fading"));
	assert_int_equal(aged_match(NULL, INDICATOR_ADDRESS, "f", 90, 0).findings, 0);
	s = aged_match(&all, INDICATOR_ADDRESS, "f", 90, 0);
	assert_int_equal(s.f.severity, SEVERITY_LOW);
	assert_int_equal(s.f.state, INDICATOR_EXPIRED);
	assert_int_equal(aged_match(NULL, INDICATOR_DOMAIN, "f", 89, 0).f.state, INDICATOR_ACTIVE);
	assert_int_equal(aged_match(NULL, INDICATOR_URL, "f", 180, 0).findings, 0);
	assert_int_equal(aged_match(NULL, INDICATOR_FILE_SHA256, "f", 900, 0).f.state, INDICATOR_ACTIVE);
	/* What the feed itself says of its end stands over its age. */
	assert_int_equal(aged_match(NULL, INDICATOR_FILE_SHA256, "f", 1, -1).findings, 0);
	assert_int_equal(aged_match(NULL, INDICATOR_ADDRESS, "f", 1, 1).f.state, INDICATOR_ACTIVE);
	/* Of several feeds the one that gives it longest. */
	assert_int_equal(aged_match(&slow, INDICATOR_ADDRESS, "quick\nslow", 199, 0).f.state, INDICATOR_ACTIVE);
	assert_int_equal(aged_match(&slow, INDICATOR_ADDRESS, "quick\nslow", 900, 0).f.state, INDICATOR_FADING);
	assert_int_equal(aged_match(&slow, INDICATOR_ADDRESS, "quick", 1, 0).f.state, INDICATOR_FADING);
	assert_int_equal(aged_match(&slow, INDICATOR_ADDRESS, "quick", 2, 0).findings, 0);
	/* What is older than its knowledge has no age. */
	s = aged_match(NULL, INDICATOR_ADDRESS, "f", -5, 0);
	assert_false(s.f.dated);
	assert_null(strstr(s.reason, "before"));
}

static void
test_all_feeds_are_named(void **state)
{
	struct seen s;

	(void)state;
	s = aged_match(NULL, INDICATOR_ADDRESS, "threatfox\nb", 1, 0);
	assert_non_null(strstr(s.reason, "which feeds threatfox (line 17, entry 12345) and b list as"));
	s = aged_match(NULL, INDICATOR_ADDRESS, "a\nthreatfox\nc\nd\ne\nf", 1, 0);
	assert_non_null(strstr(s.reason, "feeds threatfox (line 17, entry 12345), a, c, d and 2 more list as"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason_names_everything),
		cmocka_unit_test(test_listed_host_is_not_said_to_call_itself),
		cmocka_unit_test(test_severities),
		cmocka_unit_test(test_techniques_and_signatures),
		cmocka_unit_test(test_inbound_host_is_the_asked_side),
		cmocka_unit_test(test_only_what_is_asked_for), cmocka_unit_test(test_odd_texts),
		cmocka_unit_test(test_evasion), cmocka_unit_test(test_ageing),
		cmocka_unit_test(test_all_feeds_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
