/* One case per host: what opens it, what it says, whose it is, when it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <unistd.h>

#include "alert_rig.h"
#include "base/state_file.h"
#include "cases/cases.h"
#include "cases/private.h"
#include "message.h"

enum { KEPT = 4096 };

struct told {
	enum finding_kind kind;
	enum severity severity;
	int64_t ts_ns, first_ns;
	struct addr host;
	char subject[64], reason[640], title[128];
	unsigned points, kinds, families, addresses, stages;
	bool stage[CASE_STAGES];
	unsigned left_out;
	uint64_t c2_count;
	enum case_end end;
	struct case_evidence first;	/* of the furthest stage */
};

static struct told told[KEPT];
static unsigned told_count;
static struct case_limits limits;
static struct cases *cases;
static struct host_identity identity;
static bool identified;

static void
keep(void *to, const struct finding *f)
{
	struct told *t = &told[told_count++];
	const struct case_numbers *n = f->cased;
	int s;

	(void)to;
	assert_true(told_count < KEPT);
	memset(t, 0, sizeof *t);
	t->kind = f->kind;
	t->severity = f->severity;
	t->ts_ns = f->ts_ns;
	t->first_ns = f->first_ns;
	t->host = f->host;
	snprintf(t->subject, sizeof t->subject, "%s", f->subject);
	snprintf(t->reason, sizeof t->reason, "%s", f->reason);
	if (n == NULL)
		return;
	snprintf(t->title, sizeof t->title, "%s", n->title);
	t->points = n->points;
	t->kinds = n->kinds;
	t->families = n->families;
	t->addresses = n->addresses;
	t->end = n->end;
	for (s = 0; s < CASE_STAGES; s++) {
		if (n->stage[s] == NULL)
			continue;
		t->stage[s] = true;
		t->stages++;
		t->left_out += n->stage[s]->left_out;
		t->first = n->stage[s]->evidence[0];
		assert_true(n->stage[s]->first_ns <= n->stage[s]->last_ns);
		if (s == STAGE_C2)
			t->c2_count = n->stage[s]->count;
	}
}

static int
setup(void **state)
{
	(void)state;
	limits = (struct case_limits){ .hosts = 100, .threshold = 80, .close_sec = 259200, .flood_hosts = 50 };
	told_count = 0;
	identified = false;
	memset(&identity, 0, sizeof identity);
	cases = NULL;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	cases_free(cases);
	return 0;
}

static void
begin(void)
{
	cases_free(cases);
	told_count = 0;
	cases = cases_new(&limits, keep, NULL);
	assert_non_null(cases);
}

static const struct told *
latest(void)
{
	assert_true(told_count > 0);
	return &told[told_count - 1];
}

static unsigned
count_kind(enum finding_kind kind)
{
	unsigned i, n = 0;

	for (i = 0; i < told_count; i++)
		n += told[i].kind == kind;
	return n;
}

/* ---- findings to order ---- */

static struct finding f;
static struct behaviour_numbers behaviour;
static struct beacon_numbers beacon;
static struct indicator indicator;

static void
from(const char *host, const char *peer, double sec)
{
	memset(&f, 0, sizeof f);
	f.ts_ns = f.first_ns = RIG_START_NS + (int64_t)(sec * 1e9);
	f.host = rig_addr(host);
	f.peer = rig_addr(peer);
	f.peer_port = 443;
	f.protocol = 6;
	f.service = f.reason = "";
	f.subject = peer;
	f.severity = SEVERITY_HIGH;
}

static void
take(void)
{
	const struct case_context context = { identified ? &identity : NULL, "0123456789abcdef", "" };

	cases_take(cases, &f, &context);
}

static void
listed(const char *host, const char *peer, double sec, enum indicator_role role, enum severity severity)
{
	from(host, peer, sec);
	f.kind = FINDING_INDICATOR;
	f.severity = severity;
	indicator = (struct indicator){ .role = role, .type = INDICATOR_ADDRESS, .value = peer, .feed = "feed",
		.malware = "Emotet", .reference = "" };
	f.indicator = &indicator;
	take();
}

static void
behaves(const char *host, const char *peer, double sec, const char *name, unsigned confidence)
{
	from(host, peer, sec);
	f.kind = FINDING_BEHAVIOUR;
	f.subject = name;
	behaviour = (struct behaviour_numbers){ .name = name, .title = name, .technique = "T1071", .tactic = "TA0011",
		.confidence = confidence };
	f.behaviour = &behaviour;
	take();
}

static void
beacons(const char *host, const char *peer, double sec)
{
	from(host, peer, sec);
	f.kind = FINDING_BEACON;
	f.severity = SEVERITY_MEDIUM;
	beacon = (struct beacon_numbers){ .score = 0.9 };
	f.beacon = &beacon;
	take();
}

static void
is_machine(const char *mac)
{
	identified = mac != NULL;
	memset(&identity, 0, sizeof identity);
	identity.fact[HOST_MAC] = (struct host_fact){ mac, "dhcp", 0 };
}

/* A DHCP server gives `address` to 02:00:00:00:00:`last` for an hour. */
static void
lease(const char *address, uint8_t last, double sec, bool released)
{
	const uint8_t mac[MAC_BYTES] = { 2, 0, 0, 0, 0, last };
	struct observation_buffer b;

	rig_observation(&b, OBSERVE_IDENTITY, sec);
	b.o.detail = IDENTITY_DHCP;
	b.o.named = rig_addr(address);
	b.o.code = released ? 0 : 3600;
	b.o.flags = released ? OBSERVED_RELEASED : 0;
	observation_add(&b, TEXT_MAC, span_of(mac, sizeof mac), MAC_BYTES);
	observation_seal(&b);
	assert_true(observation_valid(&b.o, b.o.bytes));
	cases_identity(cases, &b.o);
}

#define HOST "10.0.0.5"
#define C2 "192.0.2.77"

/* ---- what opens one ---- */

static void
one_finding_makes_none(void **state)
{
	unsigned i;

	(void)state;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	for (i = 1; i < 20; i++)
		listed(HOST, C2, i * 60, ROLE_C2, SEVERITY_HIGH);
	behaves("10.0.0.6", C2, 10, "false-type-download", 99);
	behaves("10.0.0.7", C2, 10, "impersonated", 99);
	behaves("10.0.0.7", C2, 20, "stolen-account", 99);
	assert_int_equal(told_count, 0);
	assert_int_equal(cases_counts(cases)->hosts, 2);
	assert_null(cases_id_of(cases, &f.realm, &f.host));
}

/* However many clocks a host has, they are clocks: updates, mail, monitoring. */
static void
clocks_alone_make_none(void **state)
{
	char peer[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 0; i < 40; i++) {
		snprintf(peer, sizeof peer, "192.0.2.%u", i);
		beacons(HOST, peer, i);
		behaves(HOST, peer, i, i % 2 ? "strobe" : "lasting-connection", 99);
	}
	assert_int_equal(told_count, 0);
	listed(HOST, C2, 100, ROLE_C2, SEVERITY_HIGH);
	assert_int_equal(told_count, 1);
}

static void
kinds_that_agree_make_one(void **state)
{
	(void)state;
	begin();
	behaves(HOST, C2, 0, "false-type-download", 80);
	behaves(HOST, C2, 60, "dropper-chain", 60);
	assert_int_equal(told_count, 1);
	assert_int_equal(latest()->kind, FINDING_CASE);
	assert_int_equal(latest()->points, 90);
	assert_int_equal(latest()->stages, 2);
	assert_int_equal(latest()->kinds, 1);	/* the chain rests on the download */
	assert_int_equal(latest()->severity, SEVERITY_HIGH);
	assert_int_equal(latest()->first_ns, RIG_START_NS);
	assert_string_equal(latest()->subject, HOST);
	assert_string_equal(latest()->title, "Case: takes an attacker's orders");
	assert_string_equal(latest()->reason, "shows 2 of the 6 stages of an infection within 1 min: delivery, command and "
	    "control; alerts: 2, independent kinds of evidence: 1");
	assert_non_null(cases_id_of(cases, &f.realm, &f.host));
}

/* One server by its address, its name and its fingerprint is one server. */
static void
one_peer_counts_once(void **state)
{
	(void)state;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	from(HOST, C2, 1);
	f.kind = FINDING_INDICATOR;
	f.subject = "c2.example";
	f.indicator = &indicator;
	take();
	assert_int_equal(told_count, 0);
	listed(HOST, "192.0.2.78", 2, ROLE_C2, SEVERITY_HIGH);
	assert_int_equal(told_count, 1);
	assert_int_equal(latest()->points, 90);
}

static void
severity_rises_with_stages(void **state)
{
	(void)state;
	begin();
	listed(HOST, "192.0.2.20", 0, ROLE_DOWNLOAD, SEVERITY_HIGH);
	listed(HOST, C2, 60, ROLE_C2, SEVERITY_HIGH);
	assert_int_equal(latest()->severity, SEVERITY_HIGH);
	behaves(HOST, C2, 120, "theft", 90);
	assert_int_equal(latest()->stages, 3);
	assert_int_equal(latest()->kinds, 2);
	assert_int_equal(latest()->severity, SEVERITY_HIGH);
	behaves(HOST, C2, 180, "spreading", 90);
	assert_int_equal(latest()->severity, SEVERITY_CRITICAL);
	behaves(HOST, C2, 240, "spam-module", 90);
	assert_int_equal(latest()->stages, 5);
	assert_string_equal(latest()->title, "Case: sends mass mail");
	assert_int_equal(told_count, 4);
	assert_int_equal(latest()->families, 1);
}

static void
destruction_is_critical(void **state)
{
	(void)state;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	from(HOST, "10.0.0.9", 60);
	f.kind = FINDING_BEHAVIOUR;
	behaviour = (struct behaviour_numbers){ .name = "unheard-of", .title = "", .technique = "", .tactic = "TA0040",
		.confidence = 85 };
	f.behaviour = &behaviour;
	take();
	assert_int_equal(told_count, 1);
	assert_true(latest()->stage[STAGE_DESTRUCTION]);
	assert_int_equal(latest()->severity, SEVERITY_CRITICAL);
	assert_string_equal(latest()->first.what, "unheard-of");
}

/* What is known already is told at most once a minute, and what is new at once. */
static void
nothing_new_is_told_seldom(void **state)
{
	struct case_stage_seen stage[CASE_STAGES];
	struct case_numbers n;
	unsigned i;

	(void)state;
	begin();
	behaves(HOST, C2, 0, "raw-address-check-in", 85);
	beacons(HOST, C2, 1);
	assert_int_equal(told_count, 1);
	for (i = 2; i < 180; i++)
		beacons(HOST, C2, i);
	assert_int_equal(told_count, 3);
	assert_true(cases_numbers(cases, cases_id_of(cases, &f.realm, &f.host), &n, stage));
	assert_int_equal(n.stage[STAGE_C2]->count, 180);
	behaves(HOST, C2, 180, "theft", 85);
	assert_int_equal(told_count, 4);
	assert_false(cases_numbers(cases, "0123456789abcdef", &n, stage));
}

/* What is worth least gives way, so that every kind keeps its place. */
static void
evidence_is_bounded(void **state)
{
	char peer[32];
	unsigned i;

	(void)state;
	begin();
	for (i = 1; i <= 100; i++) {
		snprintf(peer, sizeof peer, "192.0.2.%u", i);
		listed(HOST, peer, i, ROLE_C2, SEVERITY_HIGH);
	}
	assert_int_equal(latest()->left_out, CASE_LEFT_OUT);
	assert_int_equal(latest()->c2_count, 100);
	assert_int_equal(latest()->kinds, 1);
	beacons(HOST, C2, 200);
	assert_int_equal(latest()->kinds, 2);
}

/* ---- bad input ---- */

static void
it_may_begin_in_the_middle(void **state)
{
	(void)state;
	begin();
	behaves(HOST, C2, 0, "raw-address-check-in", 85);
	beacons(HOST, C2, 30);
	assert_int_equal(told_count, 1);
	assert_int_equal(latest()->stages, 1);
	assert_true(latest()->stage[STAGE_C2]);
	assert_int_equal(latest()->severity, SEVERITY_HIGH);
	/* What came before is heard later, as a feed learns it. */
	from(HOST, "192.0.2.20", 60);
	f.kind = FINDING_RETRO;
	f.first_ns = RIG_START_NS - 86400 * NS_PER_SEC;
	indicator.role = ROLE_DOWNLOAD;
	f.indicator = &indicator;
	take();
	assert_int_equal(latest()->stages, 2);
	assert_int_equal(latest()->first_ns, RIG_START_NS - 86400 * NS_PER_SEC);
}

static void
clocks_may_jump(void **state)
{
	(void)state;
	begin();
	listed(HOST, C2, 86400, ROLE_C2, SEVERITY_HIGH);
	behaves(HOST, C2, 0, "raw-address-check-in", 85);	/* a day back */
	assert_int_equal(told_count, 1);
	assert_int_equal(latest()->first_ns, RIG_START_NS);
	beacons(HOST, C2, 5e9);	/* 158 years on */
	assert_int_equal(told_count, 2);
	beacons(HOST, C2, 1);
	assert_int_equal(told_count, 3);
	assert_int_equal(latest()->first_ns, RIG_START_NS);
}

static void
what_is_long_past_opens_none(void **state)
{
	(void)state;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	behaves(HOST, C2, limits.close_sec + 1, "raw-address-check-in", 85);
	assert_int_equal(told_count, 0);
	beacons(HOST, C2, limits.close_sec + 2);
	assert_int_equal(told_count, 1);
	assert_int_equal(latest()->points, 100);	/* the first is forgotten */
}

/* ---- whose it is ---- */

static void
it_goes_with_the_machine(void **state)
{
	struct addr old;

	(void)state;
	begin();
	is_machine("02:00:00:00:00:01");
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	lease("10.0.0.99", 1, 60, false);
	behaves("10.0.0.99", C2, 120, "raw-address-check-in", 85);
	assert_int_equal(told_count, 1);
	assert_string_equal(latest()->subject, "02:00:00:00:00:01");
	assert_int_equal(latest()->addresses, 2);
	/* The old address goes to another: that is nothing to the case. */
	lease(HOST, 2, 180, false);
	assert_int_equal(told_count, 1);
	beacons("10.0.0.99", C2, 240);
	assert_int_equal(told_count, 2);
	assert_int_equal(latest()->addresses, 2);	/* it did have it */
	old = rig_addr(HOST);
	assert_null(cases_id_of(cases, &f.realm, &old));
	assert_int_equal(cases_counts(cases)->open, 1);
}

static void
a_lease_to_another_ends_it(void **state)
{
	(void)state;
	begin();
	is_machine("02:00:00:00:00:01");
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	behaves(HOST, C2, 60, "raw-address-check-in", 85);
	assert_int_equal(told_count, 1);
	lease(HOST, 2, 7200, false);
	assert_int_equal(told_count, 2);
	assert_int_equal(latest()->end, CASE_ADDRESS_TAKEN);
	assert_int_equal(cases_counts(cases)->open, 0);
	assert_int_equal(cases_counts(cases)->hosts, 0);
	assert_null(cases_id_of(cases, &f.realm, &f.host));
	/* The newcomer begins with nothing. */
	is_machine("02:00:00:00:00:02");
	beacons(HOST, C2, 7260);
	assert_int_equal(told_count, 2);
	listed(HOST, C2, 7320, ROLE_C2, SEVERITY_HIGH);
	assert_string_equal(latest()->subject, "02:00:00:00:00:02");
}

/* A lease within the lease's time is a renewal of the machine whose name was not known yet. */
static void
a_machine_may_be_known_late(void **state)
{
	(void)state;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	lease(HOST, 1, 600, false);
	is_machine("02:00:00:00:00:01");
	behaves(HOST, C2, 660, "raw-address-check-in", 85);
	assert_int_equal(told_count, 1);
	assert_string_equal(latest()->subject, "02:00:00:00:00:01");
	/* Long after, it may be anybody's. */
	is_machine(NULL);
	listed("10.0.0.6", C2, 0, ROLE_C2, SEVERITY_HIGH);
	lease("10.0.0.6", 3, 8000, false);
	is_machine("02:00:00:00:00:03");
	behaves("10.0.0.6", C2, 8100, "raw-address-check-in", 85);
	assert_int_equal(told_count, 1);
}

static void
giving_the_address_back_ends_it(void **state)
{
	(void)state;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	behaves(HOST, C2, 60, "raw-address-check-in", 85);
	lease(HOST, 1, 120, true);
	assert_int_equal(told_count, 2);
	assert_int_equal(latest()->end, CASE_ADDRESS_RELEASED);
	assert_int_equal(cases_counts(cases)->hosts, 0);
}

/* ---- bounds ---- */

static void
ten_thousand_hosts_are_one_alert(void **state)
{
	char host[32];
	unsigned i;

	(void)state;
	limits.hosts = 20000;
	begin();
	for (i = 0; i < 10000; i++) {
		snprintf(host, sizeof host, "10.1.%u.%u", i / 250, i % 250 + 1);
		behaves(host, C2, i * 0.1, "raw-address-check-in", 85);
	}
	assert_int_equal(told_count, 0);	/* the same of all is none */
	for (i = 0; i < 10000; i++) {
		snprintf(host, sizeof host, "10.1.%u.%u", i / 250, i % 250 + 1);
		beacons(host, C2, 1000 + i * 0.1);
	}
	assert_int_equal(count_kind(FINDING_CASE), 50);
	assert_int_equal(count_kind(FINDING_SENSOR), 1);
	assert_int_equal(cases_counts(cases)->held_back, 9950);
	assert_int_equal(cases_counts(cases)->open, 50);
	/* An hour later who still shows it gets a case. */
	beacons(host, C2, 6000);
	assert_int_equal(count_kind(FINDING_CASE), 51);
}

static void
hosts_are_bounded(void **state)
{
	char host[32];
	unsigned i;

	(void)state;
	limits.hosts = 10;
	limits.flood_hosts = 1000;
	begin();
	for (i = 0; i < 5; i++) {
		snprintf(host, sizeof host, "10.0.1.%u", i);
		listed(host, C2, i, ROLE_C2, SEVERITY_HIGH);
		behaves(host, C2, i, "raw-address-check-in", 85);
	}
	assert_int_equal(cases_counts(cases)->open, 5);
	/* Those without a case give way first. */
	for (i = 0; i < 100; i++) {
		snprintf(host, sizeof host, "10.0.2.%u", i);
		beacons(host, C2, 100 + i);
	}
	assert_int_equal(cases_counts(cases)->open, 5);
	assert_int_equal(cases_counts(cases)->hosts, 10);
	assert_int_equal(cases_counts(cases)->evicted, 95);
	assert_int_equal(told_count, 5);
	/* Then the case idle longest. */
	for (i = 0; i < 11; i++) {
		snprintf(host, sizeof host, "10.0.3.%u", i);
		listed(host, C2, 300 + i, ROLE_C2, SEVERITY_HIGH);
		behaves(host, C2, 300 + i, "raw-address-check-in", 85);
	}
	assert_int_equal(cases_counts(cases)->open, 10);
	assert_int_equal(cases_counts(cases)->hosts, 10);
	for (i = 0; i < told_count && told[i].end != CASE_EVICTED; i++)
		continue;
	assert_true(i < told_count);
	assert_true(cases_host_bytes() < 32 * 1024);
}

static void
switched_off_there_is_nothing(void **state)
{
	(void)state;
	limits.hosts = 0;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	behaves(HOST, C2, 60, "raw-address-check-in", 85);
	lease(HOST, 1, 70, false);
	assert_int_equal(told_count, 0);
}

static void
a_closed_case_is_forgotten(void **state)
{
	const char *id;

	(void)state;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	behaves(HOST, C2, 60, "raw-address-check-in", 85);
	id = cases_id_of(cases, &f.realm, &f.host);
	assert_non_null(id);
	assert_int_equal(strlen(id), 16);
	cases_closed(cases, "0000000000000000");
	assert_int_equal(cases_counts(cases)->open, 1);
	cases_closed(cases, id);
	assert_int_equal(cases_counts(cases)->open, 0);
	assert_int_equal(cases_counts(cases)->hosts, 0);
}

/* ---- words ---- */

static void
every_row_has_its_words(void **state)
{
	static const char *const names[] = { "false-type-download", "raw-address-check-in", "dropper-chain", "odd-tls",
		"spam-module", "spreading", "inbound-lure", "second-family", "dns-tunnel", "generated-names", "strobe",
		"lasting-connection", "theft", "destruction", "attack-participation", "own-protocol", "back-connect-proxy",
		"feed-c2", "feed-download", "feed-infected", "feed-sinkhole", "feed-suspicious",
		"feed-resolver", "earlier-c2", "earlier-download", "earlier-sinkhole", "beacon", "evasion" };
	const struct case_text *t;
	size_t i;
	int l;

	(void)state;
	for (i = 0; i < sizeof names / sizeof *names; i++)
		for (l = 0; l < LANGUAGES; l++)
			if (case_text_of(case_texts, names[i], (enum language)l)[0] == '\0')
				fail_msg("%s has no sentence", names[i]);
	for (t = case_source_texts; t->what != NULL; t++)
		assert_true(t->sentence[LANGUAGE_EN][0] != '\0' && t->sentence[LANGUAGE_JA][0] != '\0');
	for (i = 0; i < IDENTITY_SOURCES; i++)
		assert_true(case_text_of(case_source_texts, identity_source_text((enum identity_source)i), LANGUAGE_JA)[0] != '\0');
}

static struct case_story story;

static const struct case_story *
tell(const struct case_file *file, enum language l)
{
	struct finding of = { .kind = FINDING_CASE, .host = rig_addr(HOST), .cased = &file->n };
	struct alert a = { .finding = &of, .identity = identified ? &identity : NULL };

	cases_tell(&a, l, &story);
	return &story;
}

static void
the_story_is_told(void **state)
{
	const struct case_context context = { NULL, "0123456789abcdef", "" };
	struct case_file file;
	char peer[32];
	unsigned i;

	(void)state;
	case_file_begin(&file);
	for (i = 1; i <= 5; i++) {
		snprintf(peer, sizeof peer, "192.0.2.%u", i);
		from(HOST, peer, i);
		f.kind = FINDING_INDICATOR;
		indicator = (struct indicator){ .role = ROLE_C2, .value = peer, .feed = "", .malware = i % 2 ? "Emotet" : "Dridex" };
		f.indicator = &indicator;
		f.service = i == 1 ? "c2.example" : "";
		assert_true(case_file_add(&file, case_row_of(&f), &f, &context));
	}
	is_machine("02:00:00:00:00:01");
	identity.fact[HOST_NAME] = (struct host_fact){ "PC-1", "nbns", 0 };
	identity.fact[HOST_USER] = (struct host_fact){ "hanako", "kerberos", 0 };
	assert_string_equal(tell(&file, LANGUAGE_EN)->text[STAGE_C2], "It called c2.example (192.0.2.1), 192.0.2.2, 192.0.2.3 and "
	    "2 more: attackers are known to give orders from there (Emotet and Dridex).");
	assert_string_equal(story.who, "PC-1, at 10.0.0.5; the name is as it tells its neighbours (NetBIOS). Its network card is "
	    "02:00:00:00:00:01, as it says when it asks for an address (DHCP). User: hanako, seen at a login (Kerberos).");
	assert_string_equal(story.text[STAGE_DELIVERY], "");
	assert_string_equal(tell(&file, LANGUAGE_JA)->text[STAGE_C2], "攻撃者が指令に使うサーバーとして知られる c2.example（192.0.2.1）、"
	    "192.0.2.2、192.0.2.3 ほか 2 件 と通信した（Emotet、Dridex）。");
	identified = false;
	assert_string_equal(tell(&file, LANGUAGE_EN)->who, "The machine at 10.0.0.5, whose name is not known.");
	case_file_clear(&file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* ---- over a restart ---- */

/* A new process: what the old one saved is all that it knows. */
static void
restart(void)
{
	struct state_out *out = state_out_new();
	struct state_in *in = NULL;
	struct fault fault;
	char path[64];

	snprintf(path, sizeof path, "/tmp/test_cases.%ld", (long)getpid());
	cases_save(cases, out);
	assert_int_equal(state_out_write(out, path, CASES_STATE_VERSION, false, &fault), 0);
	state_out_free(out);
	assert_int_equal(state_in_open(path, CASES_STATE_VERSION, 1 << 30, &in, &fault), 0);
	cases_free(cases);
	cases = cases_new(&limits, keep, NULL);
	cases_load(cases, in);
	state_in_close(in);
	unlink(path);
}

/* An infection, and a machine that gets another address and loses it to somebody else. */
static void
infection(unsigned restart_each)
{
	unsigned step;

	begin();
	for (step = 0; step < 8; step++) {
		is_machine(NULL);
		switch (step) {
		case 0: behaves(HOST, C2, 0, "false-type-download", 80); break;
		case 1: listed(HOST, C2, 60, ROLE_C2, SEVERITY_HIGH); break;
		case 2: behaves(HOST, C2, 120, "spreading", 90); break;
		case 3: is_machine("02:00:00:00:00:07"); listed("10.0.0.9", C2, 180, ROLE_C2, SEVERITY_HIGH); break;
		case 4: lease("10.0.0.8", 7, 200, false); break;
		case 5: behaves("10.0.0.8", C2, 240, "raw-address-check-in", 90); break;
		case 6: behaves(HOST, "192.0.2.90", 300, "spam-module", 90); break;
		case 7: lease("10.0.0.8", 9, 400, false); break;
		}
		if (restart_each > 0 && step % restart_each == 0)
			restart();
	}
}

static void
goes_on_over_a_restart(void **state)
{
	static struct told whole[32];
	unsigned count, i, each;

	(void)state;
	infection(0);
	count = told_count;
	assert_in_range(count, 4, 32);
	memcpy(whole, told, count * sizeof *told);
	for (each = 1; each < 4; each++) {
		infection(each);
		assert_int_equal(told_count, count);
		for (i = 0; i < count; i++) {
			assert_string_equal(told[i].first.what, whole[i].first.what);
			assert_string_equal(told[i].first.kind, whole[i].first.kind);
			assert_int_equal(told[i].first.points, whole[i].first.points);
			memset(&told[i].first, 0, sizeof told[i].first);
			memset(&whole[i].first, 0, each == 3 ? sizeof whole[i].first : 0);
			assert_memory_equal(&told[i], &whole[i], offsetof(struct told, first));
		}
	}
	assert_int_equal(latest()->end, CASE_ADDRESS_TAKEN);
}

/* What was saved is older than the case: it goes on under the id, and of the time, that the journal has. */
static void
a_case_of_the_journal_goes_on(void **state)
{
	struct case_again again = { .id = "5c14449c067f1be2", .host = rig_addr(HOST), .severity = SEVERITY_HIGH,
		.opened_ns = RIG_START_NS, .first_ns = RIG_START_NS, .last_ns = RIG_START_NS + NS_PER_SEC };
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin();
		again.subject = i == 0 ? HOST : "02:00:00:00:00:07";
		cases_again(cases, &again);
		cases_again(cases, &again);
		assert_int_equal(cases_counts(cases)->open, 1);
		assert_int_equal(cases_counts(cases)->hosts, 1);
		is_machine(i == 0 ? NULL : "02:00:00:00:00:07");
		behaves(HOST, C2, 60, "false-type-download", 80);
		assert_int_equal(told_count, 1);
		assert_string_equal(latest()->subject, again.subject);
		assert_int_equal(latest()->severity, SEVERITY_HIGH);
		assert_string_equal(cases_id_of(cases, &again.realm, &again.host), again.id);
		cases_closed(cases, again.id);
		assert_int_equal(cases_counts(cases)->hosts, 0);
	}
	/* The host has another case by now: nothing changes. */
	begin();
	is_machine(NULL);
	behaves(HOST, C2, 0, "false-type-download", 80);
	listed(HOST, C2, 60, ROLE_C2, SEVERITY_HIGH);
	assert_int_equal(cases_counts(cases)->open, 1);
	again.subject = HOST;
	cases_again(cases, &again);
	assert_int_equal(cases_counts(cases)->open, 1);
	assert_string_not_equal(cases_id_of(cases, &again.realm, &again.host), again.id);
}

/* Its alert is closed by its id, as before. */
static void
a_case_is_found_again(void **state)
{
	char id[CASE_ID_TEXT];

	(void)state;
	begin();
	behaves(HOST, C2, 0, "false-type-download", 80);
	listed(HOST, C2, 60, ROLE_C2, SEVERITY_HIGH);
	snprintf(id, sizeof id, "%s", cases_id_of(cases, &f.realm, &f.host));
	restart();
	assert_string_equal(cases_id_of(cases, &f.realm, &f.host), id);
	assert_int_equal(cases_counts(cases)->open, 1);
	cases_closed(cases, id);
	assert_int_equal(cases_counts(cases)->hosts, 0);
	limits.hosts = 1;
	begin();
	listed(HOST, C2, 0, ROLE_C2, SEVERITY_HIGH);
	limits.hosts = 0;
	restart();
	assert_int_equal(cases_counts(cases)->hosts, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_finding_makes_none),
		TEST(clocks_alone_make_none),
		TEST(kinds_that_agree_make_one),
		TEST(one_peer_counts_once),
		TEST(severity_rises_with_stages),
		TEST(destruction_is_critical),
		TEST(evidence_is_bounded),
		TEST(nothing_new_is_told_seldom),
		TEST(it_may_begin_in_the_middle),
		TEST(clocks_may_jump),
		TEST(what_is_long_past_opens_none),
		TEST(it_goes_with_the_machine),
		TEST(a_lease_to_another_ends_it),
		TEST(a_machine_may_be_known_late),
		TEST(giving_the_address_back_ends_it),
		TEST(ten_thousand_hosts_are_one_alert),
		TEST(hosts_are_bounded),
		TEST(switched_off_there_is_nothing),
		TEST(a_closed_case_is_forgotten),
		TEST(every_row_has_its_words),
		TEST(the_story_is_told),
		TEST(goes_on_over_a_restart), TEST(a_case_of_the_journal_goes_on),
		TEST(a_case_is_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
