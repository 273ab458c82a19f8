#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "alert/alerts.h"
#include "alert_rig.h"

enum { SEEN_MAX = 4000 };

struct revision {
	struct alert a;
	char subject[300], reason[300], peer_name[300], feed[64], signature[200], held_by[17];
	unsigned further, examples;
	enum severity severity;
	double sec;
};

static struct revision seen[SEEN_MAX];
static unsigned seen_count;

static const struct alert_limits limits = { .max_open = 100, .max_names = 10, .max_hosts = 10, .update_sec = 60, .close_sec = 600 };

static void
see(void *to, const struct alert *a)
{
	struct revision *r = &seen[seen_count++];

	(void)to;
	assert_true(seen_count < SEEN_MAX);
	r->a = *a;
	r->severity = a->finding->severity;
	r->sec = (double)(a->ts_ns - RIG_START_NS) / 1e9;
	snprintf(r->subject, sizeof r->subject, "%s", a->finding->subject);
	snprintf(r->reason, sizeof r->reason, "%s", a->finding->reason);
	snprintf(r->peer_name, sizeof r->peer_name, "%s", a->peer_name);
	snprintf(r->signature, sizeof r->signature, "%s", a->signature);
	snprintf(r->held_by, sizeof r->held_by, "%s", a->held_by);
	if (a->finding->summary != NULL) {
		r->further = (unsigned)a->finding->summary->further;
		r->examples = a->finding->summary->examples;
	}
	snprintf(r->feed, sizeof r->feed, "%s",
	    a->finding->indicator != NULL ? a->finding->indicator->feed : "");
}

static struct alerts *
begin(const struct alert_limits *l)
{
	struct alerts *a = alerts_new(l, NULL, see, NULL);

	assert_non_null(a);
	seen_count = 0;
	return a;
}

struct order {
	double sec;
	const char *host, *subject, *feed, *malware;
	enum severity severity;
	uint64_t flow, out, in;
};

/* The texts are gone when it returns: an incident must have its own. */
static void
take(struct alerts *a, struct order o)
{
	static struct observation_buffer b;
	char subject[300], feed[64], reason[300];
	struct indicator i = { .type = INDICATOR_DOMAIN, .role = ROLE_C2, .value = subject, .feed = feed,
		.malware = o.malware != NULL ? o.malware : "", .reference = "", .first_seen_ns = WHEN_UNKNOWN, .last_seen_ns = WHEN_UNKNOWN,
	    .valid_until_ns = WHEN_UNKNOWN };
	struct finding f;

	snprintf(subject, sizeof subject, "%s", o.subject);
	snprintf(feed, sizeof feed, "%s", o.feed != NULL ? o.feed : "feed");
	snprintf(reason, sizeof reason, "because of %s", feed);
	rig_observation(&b, OBSERVE_MATCH, o.sec);
	b.o.key.addr[ORIGINATOR] = rig_addr(o.host != NULL ? o.host : "10.0.0.5");
	if (o.flow != 0) {
		b.o.flow_id = o.flow;
		b.o.flow_bytes[ORIGINATOR] = o.out;
		b.o.flow_bytes[RESPONDER] = o.in;
	}
	observation_seal(&b);
	memset(&f, 0, sizeof f);
	f.kind = FINDING_INDICATOR;
	f.ts_ns = f.first_ns = b.o.ts_ns;
	f.host = b.o.key.addr[ORIGINATOR];
	f.peer = b.o.key.addr[RESPONDER];
	f.service = "";
	f.subject = subject;
	f.reason = reason;
	f.severity = o.severity != 0 ? o.severity : SEVERITY_HIGH;
	f.indicator = &i;
	f.because = &b.o;
	alerts_take(a, &f);
	memset(subject, '#', sizeof subject - 1);
	memset(feed, '#', sizeof feed - 1);
	memset(&b, 0x55, sizeof b);
}

static void
until(struct alerts *a, double sec)
{
	alerts_advance(a, RIG_START_NS + (int64_t)(sec * 1e9));
}

static void
expect(unsigned n, enum alert_state state, uint32_t revision, double sec)
{
	assert_true(n < seen_count);
	assert_int_equal(seen[n].a.state, state);
	assert_int_equal(seen[n].a.revision, revision);
	assert_true(seen[n].sec > sec - .001 && seen[n].sec < sec + .001);
}

static void
test_open_update_close(void **state)
{
	struct alerts *a = begin(&limits);

	(void)state;
	take(a, (struct order){ .sec = 0, .subject = "c2.example" });
	assert_int_equal(seen_count, 1);
	expect(0, ALERT_OPEN, 1, 0);
	assert_int_equal(seen[0].a.count, 1);
	assert_int_equal(strlen(seen[0].a.id), 16);
	assert_string_equal(seen[0].signature, "C2 feed domain");
	take(a, (struct order){ .sec = 10, .subject = "c2.example" });
	take(a, (struct order){ .sec = 20, .subject = "c2.example" });
	assert_int_equal(seen_count, 1);
	until(a, 59.9);
	assert_int_equal(seen_count, 1);
	until(a, 60);
	expect(1, ALERT_UPDATE, 2, 60);
	assert_int_equal(seen[1].a.count, 3);
	assert_string_equal(seen[1].a.id, seen[0].a.id);
	/* nothing changed: nothing is said */
	until(a, 500);
	assert_int_equal(seen_count, 2);
	/* long after the last revision: at once */
	take(a, (struct order){ .sec = 500, .subject = "c2.example" });
	expect(2, ALERT_UPDATE, 3, 500);
	until(a, 1099);
	assert_int_equal(seen_count, 3);
	until(a, 5000);
	expect(3, ALERT_CLOSE, 4, 1100);
	assert_int_equal(seen[3].a.first_ns, RIG_START_NS);
	assert_int_equal(seen[3].a.last_ns, RIG_START_NS + 500 * NS_PER_SEC);
	assert_int_equal(alerts_counts(a)->open, 0);
	assert_int_equal(alerts_counts(a)->closed, 1);
	/* again later: a new incident */
	take(a, (struct order){ .sec = 6000, .subject = "c2.example" });
	expect(4, ALERT_OPEN, 1, 6000);
	assert_string_not_equal(seen[4].a.id, seen[0].a.id);
	alerts_free(a);
}

/* Found every ten seconds: each wait is twice the one before it, up to the ceiling; worse is told at once, and is a revision, too. */
static void
test_updates_get_rarer(void **state)
{
	static const double told[] = { 0, 60, 180, 420, 900, 1500, 2100, 2105, 2705, 3305 };
	struct alert_limits l = limits;
	struct alerts *a;
	unsigned i;

	(void)state;
	l.update_most_sec = 600;
	a = begin(&l);
	for (i = 0; i <= 350; i++) {
		take(a, (struct order){ .sec = i * 10, .subject = "c2.example" });
		if (i == 210)
			take(a, (struct order){ .sec = 2105, .subject = "c2.example", .severity = SEVERITY_CRITICAL });
	}
	assert_int_equal(seen_count, sizeof told / sizeof *told);
	for (i = 0; i < seen_count; i++)
		expect(i, i == 0 ? ALERT_OPEN : ALERT_UPDATE, i + 1, told[i]);
	/* Silence closes it before its next update, with all that it came to. */
	until(a, 3500 + 599);
	expect(seen_count - 1, ALERT_UPDATE, 11, 3905);
	until(a, 3500 + 600);
	expect(seen_count - 1, ALERT_CLOSE, 12, 4100);
	assert_int_equal(seen[seen_count - 1].a.count, 352);
	alerts_free(a);
}

/* One that opened in the quiet of a long wait closes in its time, and its end has what was never told. */
static void
test_end_tells_all(void **state)
{
	struct alert_limits l = limits;
	struct alerts *a;

	(void)state;
	l.update_sec = l.update_most_sec = 6000;
	a = begin(&l);
	take(a, (struct order){ .sec = 0, .subject = "c2.example", .flow = 1, .out = 10, .in = 5 });
	take(a, (struct order){ .sec = 500, .subject = "c2.example", .flow = 1, .out = 90, .in = 50 });
	until(a, 1099);
	assert_int_equal(seen_count, 1);
	until(a, 1100);
	expect(1, ALERT_CLOSE, 2, 1100);
	assert_int_equal(seen[1].a.count, 2);
	assert_int_equal(seen[1].a.bytes_out, 90);
	assert_int_equal(seen[1].a.last_ns, RIG_START_NS + 500 * NS_PER_SEC);
	alerts_free(a);
}

static void
test_what_is_one_incident(void **state)
{
	struct alerts *a = begin(&limits);

	(void)state;
	take(a, (struct order){ .sec = 0, .subject = "c2.example", .feed = "one" });
	take(a, (struct order){ .sec = 1, .subject = "c2.example", .feed = "two" });
	assert_int_equal(seen_count, 1);
	take(a, (struct order){ .sec = 2, .subject = "other.example" });
	take(a, (struct order){ .sec = 3, .subject = "c2.example", .host = "10.0.0.6" });
	assert_int_equal(seen_count, 3);
	assert_string_not_equal(seen[0].a.id, seen[1].a.id);
	assert_string_not_equal(seen[0].a.id, seen[2].a.id);
	/* two feeds of equal weight: the first keeps the word */
	until(a, 60);
	assert_string_equal(seen[3].feed, "one");
	assert_string_equal(seen[3].subject, "c2.example");
	assert_int_equal(seen[3].a.count, 2);
	alerts_free(a);
}

static void
test_worse_is_told_at_once(void **state)
{
	struct alerts *a = begin(&limits);

	(void)state;
	take(a, (struct order){ .sec = 0, .subject = "x", .severity = SEVERITY_LOW, .feed = "low" });
	take(a, (struct order){ .sec = 1, .subject = "x", .severity = SEVERITY_HIGH, .feed = "high" });
	assert_int_equal(seen_count, 2);
	expect(1, ALERT_UPDATE, 2, 1);
	assert_int_equal(seen[1].severity, SEVERITY_HIGH);
	assert_string_equal(seen[1].feed, "high");
	assert_string_equal(seen[1].reason, "because of high");
	/* it never falls again */
	take(a, (struct order){ .sec = 2, .subject = "x", .severity = SEVERITY_LOW, .feed = "low" });
	until(a, 61);
	assert_int_equal(seen[2].severity, SEVERITY_HIGH);
	assert_string_equal(seen[2].feed, "high");
	alerts_free(a);
}

static void
test_bytes_count_each_flow_once(void **state)
{
	struct alerts *a = begin(&limits);

	(void)state;
	take(a, (struct order){ .sec = 0, .subject = "x", .flow = 1, .out = 100, .in = 50 });
	take(a, (struct order){ .sec = 1, .subject = "x", .flow = 2, .out = 10, .in = 5 });
	take(a, (struct order){ .sec = 2, .subject = "x", .flow = 1, .out = 300, .in = 50 });
	take(a, (struct order){ .sec = 3, .subject = "x", .flow = 2, .out = 10, .in = 7 });
	until(a, 60);
	assert_int_equal(seen[1].a.bytes_out, 310);
	assert_int_equal(seen[1].a.bytes_in, 57);
	alerts_free(a);
}

/* Deadlines come in order of time, equal ones in the order of opening, however time is sliced. */
static void
test_deadlines_in_order(void **state)
{
	static char once[SEEN_MAX][64];
	struct alerts *a;
	char subject[32], label[64];
	unsigned i, pass, first = 0;

	(void)state;
	for (pass = 0; pass < 2; pass++) {
		a = begin(&limits);
		for (i = 0; i < 300; i++) {
			snprintf(subject, sizeof subject, "s%u", i * 7 % 31);
			if (pass == 1)
				until(a, i / 3 - .5);
			take(a, (struct order){ .sec = i / 3, .subject = subject });
		}
		for (i = 100; pass == 1 && i < 2000; i += 13)
			until(a, i);
		until(a, 2000);
		for (i = 1; i < seen_count; i++)
			assert_true(seen[i].a.ts_ns >= seen[i - 1].a.ts_ns);
		for (i = 0; i < seen_count; i++) {
			snprintf(label, sizeof label, "%.16s/%u", seen[i].a.id, seen[i].a.revision);
			if (pass == 0)
				snprintf(once[i], sizeof once[i], "%s", label);
			else
				assert_string_equal(once[i], label);
		}
		assert_true(seen_count > 90);
		if (pass == 1)
			assert_int_equal(seen_count, first);
		first = seen_count;
		alerts_free(a);
	}
}

/* A flow's end tells of a contact that is as old as the flow: each is another of the same incident, and silence begins now. */
static void
test_what_is_told_late_goes_on(void **state)
{
	struct alerts *a = begin(&limits);
	unsigned i;

	(void)state;
	for (i = 0; i < 5; i++) {
		until(a, 700 + i * 30);
		until(a, i * 30);
		take(a, (struct order){ .sec = i * 30, .subject = "c2.example" });
	}
	assert_int_equal(alerts_counts(a)->opened, 1);
	until(a, 820 + 599);
	assert_int_equal(alerts_counts(a)->closed, 0);
	until(a, 820 + 600);
	assert_int_equal(alerts_counts(a)->closed, 1);
	alerts_free(a);
}

static void
test_ceiling_closes_the_idle(void **state)
{
	struct alert_limits few = limits;
	struct alerts *a;
	char subject[32];
	unsigned i;

	(void)state;
	few.max_open = 3;
	a = begin(&few);
	take(a, (struct order){ .sec = 0, .subject = "a" });
	take(a, (struct order){ .sec = 1, .subject = "b" });
	take(a, (struct order){ .sec = 2, .subject = "c" });
	take(a, (struct order){ .sec = 3, .subject = "a" });
	take(a, (struct order){ .sec = 4, .subject = "d" });
	assert_int_equal(seen_count, 5);
	expect(3, ALERT_CLOSE, 2, 4);
	assert_string_equal(seen[3].subject, "b");
	expect(4, ALERT_OPEN, 1, 4);
	for (i = 0; i < 50; i++) {
		snprintf(subject, sizeof subject, "n%u", i);
		take(a, (struct order){ .sec = 5 + i, .subject = subject });
		assert_int_equal(alerts_counts(a)->open, 3);
	}
	assert_int_equal(alerts_counts(a)->evicted, 51);
	assert_int_equal(alerts_counts(a)->opened, 54);
	assert_int_equal(alerts_counts(a)->closed, 51);
	alerts_free(a);
}

static void
test_finish_closes_in_opening_order(void **state)
{
	struct alerts *a = begin(&limits);

	(void)state;
	take(a, (struct order){ .sec = 0, .subject = "a" });
	take(a, (struct order){ .sec = 1, .subject = "b" });
	take(a, (struct order){ .sec = 2, .subject = "a" });
	alerts_finish(a, RIG_START_NS + 30 * NS_PER_SEC);
	assert_int_equal(seen_count, 4);
	expect(2, ALERT_CLOSE, 2, 30);
	assert_string_equal(seen[2].subject, "a");
	assert_int_equal(seen[2].a.count, 2);
	expect(3, ALERT_CLOSE, 2, 30);
	assert_string_equal(seen[3].subject, "b");
	assert_int_equal(alerts_counts(a)->open, 0);
	alerts_finish(a, RIG_START_NS + 40 * NS_PER_SEC);
	assert_int_equal(seen_count, 4);
	alerts_free(a);
}

static void
name(struct alerts *a, const char *host, const char *peer, const char *text)
{
	static struct observation_buffer b;

	rig_observation(&b, OBSERVE_NAME, 0);
	b.o.key.addr[ORIGINATOR] = rig_addr(host);
	b.o.named = rig_addr(peer);
	rig_text(&b, TEXT_SERVICE, text);
	observation_seal(&b);
	alerts_name(a, &b.o);
}

static void
identify(struct alerts *a, double sec, uint8_t mac, const char *who)
{
	static struct observation_buffer b;
	const uint8_t bytes[MAC_BYTES] = { 2, 0, 0, 0, 0, mac };

	rig_observation(&b, OBSERVE_IDENTITY, sec);
	b.o.named = rig_addr("10.0.0.5");
	b.o.code = 3600;
	observation_add(&b, TEXT_MAC, span_of(bytes, sizeof bytes), sizeof bytes);
	rig_text(&b, TEXT_HOST_NAME, who);
	observation_seal(&b);
	alerts_identity(a, &b.o);
}

static const char *
host_name(const struct alert *a)
{
	return a->identity == NULL ? "" : a->identity->fact[HOST_NAME].text;
}

static const char *named[9];	/* what each revision of see_names() called the host */

static void
see_names(void *to, const struct alert *a)
{
	static char kept[9][32];
	unsigned *n = to;

	assert_true(*n < 9);
	snprintf(kept[*n], sizeof kept[*n], "%s", host_name(a));
	named[*n] = kept[*n];
	++*n;
}

static void
test_the_host_as_it_was_known(void **state)
{
	unsigned count = 0;
	struct alerts *a = alerts_new(&limits, NULL, see_names, &count);

	(void)state;
	assert_non_null(a);
	take(a, (struct order){ .sec = 0, .subject = "a" });
	identify(a, 1, 0xa, "desk");
	take(a, (struct order){ .sec = 2, .subject = "b" });
	take(a, (struct order){ .sec = 3, .subject = "a", .severity = SEVERITY_CRITICAL });
	identify(a, 4, 0xb, "phone");
	take(a, (struct order){ .sec = 5, .subject = "c" });
	take(a, (struct order){ .sec = 6, .subject = "c", .host = "10.0.0.6" });
	alerts_finish(a, RIG_START_NS + 10 * NS_PER_SEC);
	assert_int_equal(count, 9);
	assert_string_equal(named[0], "");	/* nobody had said it */
	assert_string_equal(named[1], "desk");
	assert_string_equal(named[2], "desk");
	assert_string_equal(named[3], "phone");
	assert_string_equal(named[4], "");	/* another host */
	assert_string_equal(named[5], "desk");	/* its end tells of its findings' time */
	assert_int_equal(alerts_counts(a)->hosts_evicted, 0);
	alerts_free(a);
}

static void
test_peer_names(void **state)
{
	struct alerts *a = begin(&limits);
	char peer[32];
	unsigned i;

	(void)state;
	name(a, "10.0.0.5", "192.0.2.77", "old.example");
	name(a, "10.0.0.5", "192.0.2.77", "c2.example");
	name(a, "10.0.0.6", "192.0.2.77", "not-for-five.example");
	take(a, (struct order){ .sec = 0, .subject = "a" });
	assert_string_equal(seen[0].peer_name, "c2.example");
	take(a, (struct order){ .sec = 0, .subject = "a", .host = "10.0.0.7" });
	assert_string_equal(seen[1].peer_name, "");
	for (i = 0; i < 20; i++) {
		snprintf(peer, sizeof peer, "198.51.100.%u", i);
		name(a, "10.0.0.5", peer, "many.example");
	}
	assert_int_equal(alerts_counts(a)->names_evicted, 12);
	take(a, (struct order){ .sec = 1, .subject = "b" });
	assert_string_equal(seen[2].peer_name, "");
	alerts_free(a);
}

/* A beacon that comes back keeps its beginning, but is a new incident. */
static void
test_beacon_returns(void **state)
{
	struct beacon_numbers numbers = { .score = .9, .contacts = 12 };
	struct alerts *a = begin(&limits);
	struct finding f;

	(void)state;
	memset(&f, 0, sizeof f);
	f.kind = FINDING_BEACON;
	f.first_ns = RIG_START_NS;
	f.ts_ns = RIG_START_NS + 700 * NS_PER_SEC;
	f.host = rig_addr("10.0.0.5");
	f.peer = rig_addr("192.0.2.77");
	f.service = f.subject = "c2.example";
	f.reason = "calls";
	f.severity = SEVERITY_MEDIUM;
	f.beacon = &numbers;
	alerts_take(a, &f);
	numbers.contacts = 13;
	f.ts_ns += 10 * NS_PER_SEC;
	f.reason = "calls again";
	alerts_take(a, &f);
	until(a, 3000);
	assert_int_equal(seen_count, 3);
	assert_string_equal(seen[1].reason, "calls again");
	f.ts_ns = RIG_START_NS + 4000 * NS_PER_SEC;
	alerts_take(a, &f);
	assert_int_equal(seen[3].a.first_ns, RIG_START_NS);
	assert_string_not_equal(seen[3].a.id, seen[0].a.id);
	alerts_free(a);
}

/* Calls each 2,000 s, and alerts close after 600: it is one alert until three calls are missing. */
static void
test_slow_clocks_stay_open(void **state)
{
	struct beacon_numbers numbers = { .score = .85, .contacts = 6, .interval_sec = 2000 };
	struct alerts *a = begin(&limits);
	struct finding f;
	unsigned i;

	(void)state;
	memset(&f, 0, sizeof f);
	f.kind = FINDING_BEACON;
	f.first_ns = RIG_START_NS;
	f.host = rig_addr("10.0.0.5");
	f.peer = rig_addr("192.0.2.77");
	f.service = f.subject = "c2.example";
	f.reason = "calls";
	f.severity = SEVERITY_MEDIUM;
	f.beacon = &numbers;
	for (i = 0; i < 5; i++) {
		f.ts_ns = RIG_START_NS + i * 2000 * NS_PER_SEC;
		alerts_take(a, &f);
	}
	until(a, 8000 + 5999);
	assert_int_equal(alerts_counts(a)->opened, 1);
	assert_int_equal(alerts_counts(a)->closed, 0);
	until(a, 8000 + 6001);
	assert_int_equal(alerts_counts(a)->closed, 1);
	alerts_free(a);
}

static void
test_same_findings_same_ids(void **state)
{
	char first[ALERT_ID_TEXT];
	struct alerts *a = begin(&limits);

	(void)state;
	take(a, (struct order){ .sec = 3, .subject = "c2.example" });
	snprintf(first, sizeof first, "%s", seen[0].a.id);
	alerts_free(a);
	/* pinned: an id is the same in every run and every version */
	assert_string_equal(first, "8a8a016b83f2b97c");
	a = begin(&limits);
	take(a, (struct order){ .sec = 1, .subject = "before.example" });
	take(a, (struct order){ .sec = 3, .subject = "c2.example" });
	assert_string_equal(seen[1].a.id, first);
	alerts_free(a);
}

static void
test_no_limits_set(void **state)
{
	static const struct alert_limits nothing;
	struct alerts *a = begin(&nothing);

	(void)state;
	name(a, "10.0.0.5", "192.0.2.77", "c2.example");
	take(a, (struct order){ .sec = 0, .subject = "a" });
	take(a, (struct order){ .sec = 0, .subject = "b" });
	take(a, (struct order){ .sec = 1, .subject = "b" });
	alerts_finish(a, RIG_START_NS);
	assert_int_equal(alerts_counts(a)->open, 0);
	assert_int_equal(alerts_counts(a)->opened, alerts_counts(a)->closed);
	alerts_free(a);
	alerts_free(NULL);
}

/* What is held back lives on, and one incident tells how many there are. */
static void
test_host_limit(void **state)
{
	struct alert_limits l = limits;
	const char *summary;
	char name[32];
	struct alerts *a;
	unsigned n;

	(void)state;
	l.host_hourly = 2;
	l.close_sec = 7200;
	a = begin(&l);
	for (n = 0; n < 12; n++) {
		snprintf(name, sizeof name, "c%u.example", n);
		take(a, (struct order){ .sec = n, .subject = name });
	}
	/* two told, then the summary before the first that is held back */
	assert_string_equal(seen[1].held_by, "");
	assert_int_equal(seen[2].a.finding == NULL, 0);
	assert_int_equal(seen[2].further, 1);
	assert_string_equal(seen[2].signature, "Further alerts of one host");
	assert_string_equal(seen[3].subject, "c2.example");
	assert_string_equal(seen[3].held_by, seen[2].a.id);
	assert_int_equal(alerts_counts(a)->held, 10);
	summary = seen[2].a.id;
	until(a, 100);
	for (n = 0; n < seen_count && strcmp(seen[n].a.id, summary) != 0; n++)
		;
	for (n = seen_count - 1; strcmp(seen[n].a.id, summary) != 0; n--)
		;
	assert_int_equal(seen[n].further, 10);
	assert_int_equal(seen[n].examples, SUMMARY_EXAMPLES);
	assert_int_equal(seen[n].a.count, 10);
	assert_non_null(strstr(seen[n].reason, "10 further"));
	/* another host has its own hour, critical ones are always told, and so is the next hour's */
	n = seen_count;
	take(a, (struct order){ .sec = 101, .host = "10.0.0.6", .subject = "c1.example" });
	take(a, (struct order){ .sec = 102, .subject = "worst.example", .severity = SEVERITY_CRITICAL });
	assert_string_equal(seen[n].held_by, "");
	assert_string_equal(seen[n + 1].held_by, "");
	take(a, (struct order){ .sec = 3700, .subject = "later.example" });
	assert_string_equal(seen[seen_count - 1].subject, "later.example");
	assert_string_equal(seen[seen_count - 1].held_by, "");
	alerts_finish(a, RIG_START_NS + 3800 * NS_PER_SEC);
	assert_int_equal(alerts_counts(a)->opened, alerts_counts(a)->closed);
	alerts_free(a);
}

static void
test_rule_limit(void **state)
{
	struct alert_limits l = limits;
	char host[32];
	struct alerts *a;
	unsigned n;

	(void)state;
	l.rule_hourly = 3;
	a = begin(&l);
	for (n = 0; n < 10; n++) {
		snprintf(host, sizeof host, "10.0.0.%u", n + 1);
		take(a, (struct order){ .sec = n, .host = host, .subject = "c2.example" });
	}
	assert_int_equal(alerts_counts(a)->held, 7);
	assert_string_equal(seen[3].signature, "Further alerts of one rule: C2 feed domain");
	assert_string_equal(seen[3].subject, "alerts.rule_hourly 9000004");
	alerts_free(a);
}

/* At one open alert the summary gives way to what it tells of. */
static void
test_limits_at_their_least(void **state)
{
	struct alert_limits l = limits;
	struct alerts *a;
	char name[32];
	unsigned n;

	(void)state;
	l.max_open = l.host_hourly = l.rule_hourly = 1;
	a = begin(&l);
	for (n = 0; n < 50; n++) {
		snprintf(name, sizeof name, "c%u.example", n);
		take(a, (struct order){ .sec = n, .host = n % 2 ? "10.0.0.5" : "10.0.0.6", .subject = name });
		assert_true(alerts_counts(a)->open <= 1);
	}
	alerts_free(a);
}

static void
test_what_is_the_same(void **state)
{
	static const struct { enum alert_same same; uint64_t opened; } cases[] = {
		{ SAME_SUBJECT, 4 }, { SAME_MALWARE, 3 }, { SAME_HOST, 1 },
	};
	unsigned n;

	(void)state;
	for (n = 0; n < 3; n++) {
		struct alert_limits l = limits;
		struct alerts *a;

		l.same = cases[n].same;
		a = begin(&l);
		take(a, (struct order){ .subject = "one.example", .malware = "Emotet" });
		take(a, (struct order){ .subject = "two.example", .malware = "Emotet" });
		take(a, (struct order){ .subject = "three.example", .malware = "Dridex" });
		take(a, (struct order){ .subject = "four.example" });
		assert_int_equal(alerts_counts(a)->opened, cases[n].opened);
		alerts_free(a);
	}
}

static void
test_japanese_titles(void **state)
{
	struct alert_limits l = limits;
	struct alerts *a;

	(void)state;
	l.language = LANGUAGE_JA;
	a = begin(&l);
	take(a, (struct order){ .subject = "one.example", .malware = "Emotet" });
	assert_string_equal(seen[0].signature, "C2 フィード一致（ドメイン） Emotet");
	alerts_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_update_close), cmocka_unit_test(test_updates_get_rarer), cmocka_unit_test(test_end_tells_all), cmocka_unit_test(test_what_is_one_incident),
		cmocka_unit_test(test_worse_is_told_at_once),
		cmocka_unit_test(test_bytes_count_each_flow_once), cmocka_unit_test(test_deadlines_in_order),
		cmocka_unit_test(test_what_is_told_late_goes_on),
		cmocka_unit_test(test_ceiling_closes_the_idle),
		cmocka_unit_test(test_finish_closes_in_opening_order), cmocka_unit_test(test_peer_names),
		cmocka_unit_test(test_the_host_as_it_was_known),
		cmocka_unit_test(test_beacon_returns), cmocka_unit_test(test_slow_clocks_stay_open), cmocka_unit_test(test_same_findings_same_ids),
		cmocka_unit_test(test_no_limits_set),
		cmocka_unit_test(test_host_limit),
		cmocka_unit_test(test_rule_limit),
		cmocka_unit_test(test_limits_at_their_least),
		cmocka_unit_test(test_what_is_the_same),
		cmocka_unit_test(test_japanese_titles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
