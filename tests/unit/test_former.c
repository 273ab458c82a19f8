#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alert/alerts.h"
#include "alert/eve.h"
#include "alert/former.h"
#include "alert_rig.h"

enum { LINES = 64 };

static char *lines[LINES];
static unsigned count;

static const struct alert_limits limits = { .max_open = 10, .max_names = 10, .max_hosts = 10, .update_sec = 60,
	.close_sec = 600, .case_close_sec = 600, .host_hourly = 100 };

static void
tell(void *to, const struct alert *a)
{
	(void)to;
	assert_true(count < LINES);
	assert_non_null(lines[count++] = eve_alert(a, "sensor"));
}

static int
forget(void **state)
{
	(void)state;
	while (count > 0)
		free(lines[--count]);
	return 0;
}

struct order {
	double sec;
	const char *subject, *malware;
	struct realm realm;
	enum severity severity;
};

static void
take(struct alerts *a, struct order o)
{
	static struct observation_buffer b;
	struct indicator i = { .type = INDICATOR_DOMAIN, .role = ROLE_C2, .value = o.subject, .feed = "mine", .line = 7,
		.malware = o.malware != NULL ? o.malware : "", .reference = "", .first_seen_ns = WHEN_UNKNOWN,
		.last_seen_ns = RIG_START_NS, .valid_until_ns = WHEN_UNKNOWN };
	struct finding f;

	rig_observation(&b, OBSERVE_MATCH, o.sec);
	b.o.key.realm = o.realm;
	observation_seal(&b);
	memset(&f, 0, sizeof f);
	f.kind = FINDING_INDICATOR;
	f.ts_ns = f.first_ns = b.o.ts_ns;
	f.realm = o.realm;
	f.host = b.o.key.addr[ORIGINATOR];
	f.peer = b.o.key.addr[RESPONDER];
	f.service = "";
	f.subject = o.subject;
	f.reason = "\"hansho\":{\"id\":\"0011223344556677\",\"revision\":1,\"state\":\"close\"";
	f.severity = o.severity != 0 ? o.severity : SEVERITY_HIGH;
	f.indicator = &i;
	f.because = &b.o;
	alerts_take(a, &f);
}

/* Hourly limits over a restart: what was saved counts on, and so does what opened behind it, once. */
static void
test_hour_goes_on(void **state)
{
	struct alert_limits l = limits;
	char path[] = "/tmp/hansho-rates-XXXXXX", name[32];
	struct state_out *out = state_out_new();
	struct state_in *in = NULL;
	struct fault fault;
	struct alerts *a;
	unsigned n, before;

	(void)state;
	l.host_hourly = 2;
	l.close_sec = 7200;
	assert_non_null(a = alerts_new(&l, NULL, tell, NULL));
	close(mkstemp(path));
	assert_non_null(out);
	for (n = 0; n < 5; n++) {
		snprintf(name, sizeof name, "c%u.example", n);
		take(a, (struct order){ .sec = n, .subject = name });
		if (n == 3)
			alerts_save_rates(a, out);
	}
	alerts_free(a);
	assert_int_equal(state_out_write(out, path, ALERTS_RATES_VERSION, false, &fault), 0);
	state_out_free(out);
	assert_non_null(a = alerts_new(&l, NULL, tell, NULL));
	assert_int_equal(state_in_open(path, ALERTS_RATES_VERSION, 1 << 20, &in, &fault), 0);
	alerts_load_rates(a, in);
	state_in_close(in);
	unlink(path);
	before = count;
	for (n = 0; n < before; n++) {
		const char *subject = strstr(lines[n], "\"subject\":\"c");

		if (subject != NULL)
			alerts_opened_before(a, lines[n], RIG_START_NS + (subject[12] - '0') * NS_PER_SEC);
	}
	assert_int_equal(count, before);
	take(a, (struct order){ .sec = 60, .subject = "c7.example" });
	assert_int_equal(count, before + 2);
	assert_non_null(strstr(lines[before], "\"further\":4"));
	assert_non_null(strstr(lines[before + 1], "\"held_by\""));
	/* Its hour ends when it would have ended. */
	take(a, (struct order){ .sec = 3601, .subject = "c8.example" });
	assert_null(strstr(lines[count - 1], "\"held_by\""));
	alerts_free(a);
}

/* Without what was saved: by the journal alone. */
static void
test_hour_goes_on_by_the_journal(void **state)
{
	struct alert_limits l = limits;
	struct alerts *a;
	unsigned before;

	(void)state;
	l.host_hourly = 2;
	assert_non_null(a = alerts_new(&l, NULL, tell, NULL));
	take(a, (struct order){ .sec = 0, .subject = "c0.example" });
	take(a, (struct order){ .sec = 1, .subject = "c1.example" });
	alerts_free(a);
	assert_non_null(a = alerts_new(&l, NULL, tell, NULL));
	before = count;
	alerts_opened_before(a, lines[0], RIG_START_NS);
	alerts_opened_before(a, lines[1], RIG_START_NS + NS_PER_SEC);
	alerts_opened_before(a, "{}", RIG_START_NS);
	take(a, (struct order){ .sec = 60, .subject = "c2.example" });
	assert_int_equal(count, before + 2);
	assert_non_null(strstr(lines[before], "\"further\":1"));
	alerts_free(a);
}

static struct former_head
head(unsigned n)
{
	struct former_head h;

	assert_true(n < count);
	assert_true(former_head(lines[n], &h));
	return h;
}

static struct alerts *
begin(void)
{
	struct alerts *a = alerts_new(&limits, NULL, tell, NULL);

	assert_non_null(a);
	return a;
}

static const struct realm realms[] = {
	{ .zero = 0 }, { .vlan = { 100, 0 } }, { .vlan = { 100, 20 }, .tunnel = TUNNEL_VXLAN, .tunnel_id = 77 },
	{ .tunnel = TUNNEL_DSLITE, .outer = { .b = { 0x20, 1, 0xd, 0xb8, [15] = 9 } } },
};

/* Found again after the death, in every realm: the same id, the next revision, the counts go on. */
static void
test_goes_on(void **state)
{
	struct alerts *a;
	struct former f;
	unsigned n;

	for (n = 0; n < sizeof realms / sizeof *realms; n++) {
		a = begin();
		take(a, (struct order){ .sec = 0, .subject = "c2.example", .realm = realms[n] });
		take(a, (struct order){ .sec = 70, .subject = "c2.example", .realm = realms[n] });
		alerts_free(a);
		assert_int_equal(count, 2);
		a = begin();
		assert_true(alerts_again(a, lines[1]));
		assert_int_equal(alerts_counts(a)->again, 1);
		take(a, (struct order){ .sec = 140, .subject = "c2.example", .realm = realms[n] });
		assert_int_equal(count, 3);
		assert_string_equal(head(2).id, head(0).id);
		assert_int_equal(head(2).revision, 3);
		assert_int_equal(head(2).state, ALERT_UPDATE);
		assert_true(former_read(&f, lines[2]));
		assert_int_equal(f.alert.count, 3);
		assert_int_equal(f.alert.first_ns, RIG_START_NS);
		assert_int_equal(f.alert.last_ns, RIG_START_NS + 140 * NS_PER_SEC);
		former_clear(&f);
		alerts_free(a);
		forget(state);
	}
}

static void
take_case(struct alerts *a, double sec, double opened_sec)
{
	struct case_numbers n = { .title = "a case", .opened_ns = RIG_START_NS + (int64_t)(opened_sec * 1e9) + 123, .points = 80 };
	struct finding f = { .kind = FINDING_CASE, .service = "", .subject = "10.0.0.5", .reason = "", .severity = SEVERITY_HIGH };

	f.ts_ns = f.first_ns = RIG_START_NS + (int64_t)(sec * 1e9);
	f.host = rig_addr("10.0.0.5");
	f.cased = &n;
	alerts_take(a, &f);
}

/* A case that outlived its analyst goes on; one that opened at another time is another. */
static void
test_a_case_goes_on(void **state)
{
	struct alerts *a = begin();

	(void)state;
	take_case(a, 0, 0);
	alerts_free(a);
	a = begin();
	assert_true(alerts_again(a, lines[0]));
	take_case(a, 70, 0);
	assert_int_equal(count, 2);
	assert_string_equal(head(1).id, head(0).id);
	assert_int_equal(head(1).revision, 2);
	take_case(a, 140, 100);
	assert_int_equal(count, 3);
	assert_string_not_equal(head(2).id, head(0).id);
	assert_int_equal(head(2).revision, 1);
	alerts_free(a);
}

static void
test_another_realm_is_another_incident(void **state)
{
	struct alerts *a = begin();

	(void)state;
	take(a, (struct order){ .subject = "c2.example", .realm = realms[1] });
	alerts_free(a);
	a = begin();
	assert_true(alerts_again(a, lines[0]));
	take(a, (struct order){ .sec = 1, .subject = "c2.example", .realm = realms[2] });
	assert_int_equal(head(1).revision, 1);
	assert_string_not_equal(head(1).id, head(0).id);
	alerts_free(a);
}

/* The rhythm goes on, too: after the third revision four times the first wait, whoever told them. */
static void
test_rhythm_goes_on(void **state)
{
	struct alert_limits l = limits;
	struct alerts *a;
	unsigned n;

	(void)state;
	l.update_most_sec = 6000;
	assert_non_null(a = alerts_new(&l, NULL, tell, NULL));
	for (n = 0; n <= 18; n++)
		take(a, (struct order){ .sec = n * 10, .subject = "c2.example" });
	assert_int_equal(count, 3);
	alerts_free(a);
	assert_non_null(a = alerts_new(&l, NULL, tell, NULL));
	assert_true(alerts_again(a, lines[2]));
	take(a, (struct order){ .sec = 190, .subject = "c2.example" });
	alerts_advance(a, RIG_START_NS + 419 * NS_PER_SEC);
	assert_int_equal(count, 3);
	alerts_advance(a, RIG_START_NS + 420 * NS_PER_SEC);
	assert_int_equal(count, 4);
	assert_int_equal(head(3).revision, 4);
	assert_int_equal(head(3).state, ALERT_UPDATE);
	assert_string_equal(head(3).id, head(0).id);
	alerts_free(a);
}

/* What was heard of it since its last revision died with the analyst: it waits as if that had been until the next one. */
static void
test_long_wait_closes_nothing(void **state)
{
	struct alert_limits l = limits;
	struct alerts *a;

	(void)state;
	l.update_sec = l.update_most_sec = 6000;
	assert_non_null(a = alerts_new(&l, NULL, tell, NULL));
	take(a, (struct order){ .sec = 0, .subject = "c2.example" });
	take(a, (struct order){ .sec = 590, .subject = "c2.example" });
	take(a, (struct order){ .sec = 1180, .subject = "c2.example" });
	alerts_free(a);
	assert_int_equal(count, 1);
	assert_non_null(a = alerts_new(&l, NULL, tell, NULL));
	assert_true(alerts_again(a, lines[0]));
	alerts_advance(a, RIG_START_NS + 1190 * NS_PER_SEC);
	take(a, (struct order){ .sec = 1770, .subject = "c2.example" });
	assert_int_equal(count, 1);
	alerts_advance(a, RIG_START_NS + (1770 + 600) * NS_PER_SEC);
	assert_int_equal(head(1).state, ALERT_CLOSE);
	assert_int_equal(head(1).revision, 2);
	assert_string_equal(head(1).id, head(0).id);
	alerts_free(a);
}

/* Not found again: the line of before, closed by its next revision when it was silent long enough behind the update that never came. */
static void
test_closes(void **state)
{
	struct alerts *a = begin();
	int64_t ts_ns;
	char *expected;

	(void)state;
	take(a, (struct order){ .sec = 0, .subject = "c2.example", .malware = "Emotet" });
	alerts_free(a);
	a = begin();
	assert_true(alerts_again(a, lines[0]));
	alerts_advance(a, RIG_START_NS + 659 * NS_PER_SEC);
	assert_int_equal(count, 1);
	alerts_advance(a, RIG_START_NS + 9999 * NS_PER_SEC);
	assert_int_equal(count, 2);
	assert_string_equal(head(1).id, head(0).id);
	assert_int_equal(head(1).revision, 2);
	assert_int_equal(head(1).state, ALERT_CLOSE);
	assert_true(former_time(lines[1], &ts_ns));
	assert_int_equal(ts_ns, RIG_START_NS + 660 * NS_PER_SEC);
	/* all the rest as it was */
	expected = strstr(lines[0], "\",\"kind\":");
	assert_non_null(expected);
	assert_non_null(strstr(lines[1], expected));
	assert_int_equal(strlen(lines[1]), strlen(lines[0]) + 1);
	alerts_free(a);
}

/* The ring gives the observation again whose incident had been closed already. */
static void
test_no_id_begins_twice(void **state)
{
	struct alerts *a = begin();

	(void)state;
	take(a, (struct order){ .sec = 0, .subject = "c2.example" });
	alerts_finish(a, RIG_START_NS);
	alerts_free(a);
	assert_int_equal(count, 2);
	a = begin();
	assert_true(alerts_again(a, lines[1]));
	assert_int_equal(alerts_counts(a)->open, 0);
	take(a, (struct order){ .sec = 0, .subject = "c2.example" });
	assert_string_equal(head(2).id, head(0).id);
	assert_int_equal(head(2).revision, 3);
	alerts_free(a);
}

static void
test_limits(void **state)
{
	struct alert_limits l = limits;
	struct alerts *a = begin();

	(void)state;
	take(a, (struct order){ .subject = "one.example" });
	take(a, (struct order){ .subject = "two.example" });
	alerts_free(a);
	l.max_open = 1;
	a = alerts_new(&l, NULL, tell, NULL);
	assert_true(alerts_again(a, lines[0]));
	assert_false(alerts_again(a, lines[0]));
	assert_false(alerts_again(a, lines[1]));
	assert_int_equal(alerts_counts(a)->open, 1);
	alerts_free(a);
}

/* Cut at every byte, and with every byte another: never a crash, never another id. */
static void
test_damaged_lines(void **state)
{
	struct alerts *a = begin();
	struct former_head h;
	struct former f;
	char *copy;
	size_t i, len;

	(void)state;
	take(a, (struct order){ .subject = "c2.example", .malware = "Emotet", .realm = realms[2] });
	alerts_free(a);
	len = strlen(lines[0]);
	for (i = 0; i < len; i++) {
		copy = strdup(lines[0]);
		copy[i] = '\0';
		assert_false(former_read(&f, copy));
		former_clear(&f);
		copy[i] = (char)(lines[0][i] ^ 1);
		if (former_head(copy, &h))
			assert_int_equal(strlen(h.id), 16);
		former_read(&f, copy);
		former_clear(&f);
		free(copy);
	}
	assert_false(former_head("", &h));
	assert_false(former_head("{\"hansho\":{\"id\":\"short\",\"revision\":1,\"state\":\"open\"}}", &h));
	assert_false(former_head("{\"hansho\":{\"id\":\"0011223344556677\",\"revision\":0,\"state\":\"open\"}}", &h));
	assert_false(former_head("{\"hansho\":{\"id\":\"0011223344556677\",\"revision\":1,\"state\":\"opened\"}}", &h));
}

/* A text in the line that looks like the head is none: its quotes are escaped. */
static void
test_texts_cannot_pretend(void **state)
{
	struct alerts *a = begin();

	(void)state;
	take(a, (struct order){ .subject = "\"hansho\":{\"id\":\"0011223344556677\",\"revision\":9,\"state\":\"close\"" });
	alerts_free(a);
	assert_int_equal(head(0).revision, 1);
	assert_string_not_equal(head(0).id, "0011223344556677");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_hour_goes_on_by_the_journal, forget),
		cmocka_unit_test_teardown(test_hour_goes_on, forget),
		cmocka_unit_test_teardown(test_goes_on, forget),
		cmocka_unit_test_teardown(test_a_case_goes_on, forget),
		cmocka_unit_test_teardown(test_another_realm_is_another_incident, forget),
		cmocka_unit_test_teardown(test_rhythm_goes_on, forget),
		cmocka_unit_test_teardown(test_long_wait_closes_nothing, forget),
		cmocka_unit_test_teardown(test_closes, forget),
		cmocka_unit_test_teardown(test_no_id_begins_twice, forget),
		cmocka_unit_test_teardown(test_limits, forget),
		cmocka_unit_test_teardown(test_damaged_lines, forget),
		cmocka_unit_test_teardown(test_texts_cannot_pretend, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
