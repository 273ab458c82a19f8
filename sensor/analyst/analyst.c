#include "analyst/analyst.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/eve.h"
#include "alert/former.h"
#include "alert/policy.h"
#include "analyst/census.h"
#include "analyst/docket.h"
#include "analyst/own.h"
#include "base/log.h"
#include "base/when.h"
#include "beacon/known.h"
#include "indicators/allow.h"
#include "record.h"
#include "records/notes.h"

enum { CENSUS_SEC = 3600 };

#define NS_PER_DAY (86400 * NS_PER_SEC)

struct analyst {
	const struct config *config;
	struct journal *journal;
	const struct geoip *geoip;
	struct beacon *beacon;
	struct behaviour *behaviour;
	struct alerts *alerts;
	struct docket *docket;
	uint64_t skip;			/* records still to be skipped */
	struct analyst_counts counts;
	struct policy_options policy;
	const struct allow *allow;
	const struct own *own;
	struct suppress *suppress;	/* NULL: no rules */
	const struct known *known;
	struct ageing_feed *ageing;	/* one for each feed of the configuration */
	struct log_limit full, memory;
	uint64_t number;		/* in the journal, of the latest record */
	bool refused;			/* the journal did not take the latest record */
	uint64_t told_gave_way, told_lost;
	kept_fn *keep;
	void *keep_to;
	struct census *census;
	int64_t census_ns;		/* when it was handed on; WHEN_UNKNOWN: never */
};

/* ---- records ---- */

/* Takes `line`. */
static void
write_record(struct analyst *a, enum record_kind kind, char *line)
{
	struct fault fault;
	uint64_t number = 0;

	if (line == NULL) {
		log_limited(&a->memory, LOG_LEVEL_ERROR, "analyst", "no memory for a record");
		a->counts.records_lost++;
		return;
	}
	a->counts.records++;
	if (a->skip > 0) {
		a->skip--;
	} else if (journal_append(a->journal, (uint16_t)kind, line, &number, &fault) < 0) {
		log_limited(&a->full, LOG_LEVEL_ERROR, "analyst", "%s", fault.text);
		a->counts.records_lost++;
		a->refused = true;
	} else {
		a->refused = false;
		a->number = number;
	}
	free(line);
}

static void
on_alert(void *to, const struct alert *alert)
{
	struct analyst *a = to;
	struct alert told;
	enum record_kind kind = docket_alert(a->docket, alert, &told);

	if (alert->state == ALERT_OPEN && kind != RECORD_HELD)
		a->counts.opened[alert->finding->kind][alert->finding->severity]++;
	if (a->config->records & (1u << kind | (kind == RECORD_MEMBER ? 1u << RECORD_ALERT : 0)))
		write_record(a, kind, eve_alert(&told, a->config->sensor_name));
	if (alert->finding->kind == FINDING_SENSOR && strcmp(alert->finding->subject, SELFTEST_SUBJECT) == 0)
		a->counts.selftest.journal_number = a->number;
}

static void
on_beacon_record(void *to, const struct finding *f)
{
	struct analyst *a = to;

	write_record(a, RECORD_BEACON, eve_beacon(f, a->config->sensor_name, a->config->behaviour.language));
}

static void
on_finding(void *to, const struct finding *f)
{
	struct analyst *a = to;

	if (a->suppress != NULL && suppress_finding(a->suppress, f))
		return;
	docket_take(a->docket, f);
	if (f->kind == FINDING_BEACON || f->kind == FINDING_INDICATOR)
		behaviour_finding(a->behaviour, f);
}

/* ---- history ---- */

static void
hand_on(struct analyst *a, const struct observation *o, const char *resolved)
{
	struct kept_buffer b;

	keep_of(o, resolved, &b);
	a->keep(a->keep_to, &b.k);
}

static void
hand_on_census(void *to, const struct census_row *row)
{
	struct analyst *a = to;
	struct kept_buffer b;

	memset(&b.k, 0, sizeof b.k);
	b.k.kind = KEPT_CENSUS;
	b.k.flags = row->estimated ? KEPT_ESTIMATED : 0;
	b.k.ts_ns = (int64_t)row->day * 86400 * NS_PER_SEC;
	b.k.bytes_out = row->servers;
	b.k.bytes_in = row->hosts;
	kept_seal(&b, span_text(row->family));
	a->keep(a->keep_to, &b.k);
}

void
analyst_set_keep(struct analyst *a, kept_fn *keep, void *to)
{
	a->keep = keep;
	a->keep_to = to;
	if (keep != NULL)
		census_hand_on(a->census, CENSUS_KEEPER, INT32_MAX, hand_on_census, a);
}

static void
on_census_record(void *to, const struct census_row *row)
{
	struct analyst *a = to;
	const struct eve_census c = { row->day, row->family, row->servers, row->hosts, row->estimated };

	write_record(a, RECORD_CENSUS, eve_census(&c, a->counts.last_ns, a->config->sensor_name));
}

/* Once an hour: each row is a row of the database, and a record when its day is over. */
static void
keep_census(struct analyst *a, int64_t now_ns, bool end)
{
	if (a->census_ns == WHEN_UNKNOWN || now_ns < a->census_ns)
		a->census_ns = now_ns;
	if (!end && now_ns - a->census_ns < CENSUS_SEC * NS_PER_SEC)
		return;
	a->census_ns = now_ns;
	if (a->keep != NULL)
		census_hand_on(a->census, CENSUS_KEEPER, INT32_MAX, hand_on_census, a);
	if (a->config->records & 1u << RECORD_CENSUS)
		census_hand_on(a->census, CENSUS_RECORDS, end ? INT32_MAX : (int32_t)(now_ns / NS_PER_DAY), on_census_record, a);
}

struct census *
analyst_census(const struct analyst *a)
{
	return a->census;
}

/* ---- observations ---- */

static void
take_contact(struct analyst *a, const struct observation *o)
{
	beacon_note(a->beacon, o);
}

static void
take_flow(struct analyst *a, const struct observation *o)
{
	beacon_flow(a->beacon, o);
}

static void
take_dns(struct analyst *a, const struct observation *o)
{
	beacon_dns(a->beacon, o);
}

static bool
is_allowed(const struct analyst *a, const struct observation *o)
{
	struct allow_rule rule;
	struct place place;

	if (a->allow == NULL || o->indicator_role == ROLE_INFECTED)
		return false;
	geoip_find(a->geoip, &o->key.addr[!o->host_side], &place);
	return allow_asn(a->allow, place.asn, o->ts_ns, &rule) ||
	    allow_subject(a->allow, observation_text(o, TEXT_CERT_SUBJECT), o->ts_ns, &rule);
}

static void
take_match(struct analyst *a, const struct observation *o)
{
	if (is_allowed(a, o)) {
		a->counts.allowed++;
		return;
	}
	if (policy_match(&a->policy, o, on_finding, a))
		census_take(a->census, o);
	else
		a->counts.expired++;
}

static void
take_name(struct analyst *a, const struct observation *o)
{
	alerts_name(a->alerts, o);
}

static void
take_identity(struct analyst *a, const struct observation *o)
{
	if (alerts_identity(a->alerts, o))
		behaviour_forget(a->behaviour, &o->key.realm, &o->named);
	docket_identity(a->docket, o);
}

static void
take_sensor(struct analyst *a, const struct observation *o)
{
	policy_sensor(o, on_finding, a);
}

static void
take_evasion(struct analyst *a, const struct observation *o)
{
	policy_evasion(&a->policy, o, on_finding, a);
}

static void (*const takers[OBSERVATION_KINDS])(struct analyst *, const struct observation *) = {
	[OBSERVE_CONTACT] = take_contact,
	[OBSERVE_MATCH] = take_match,
	[OBSERVE_FLOW] = take_flow,
	[OBSERVE_DNS] = take_dns,
	[OBSERVE_NAME] = take_name,
	[OBSERVE_IDENTITY] = take_identity,
	[OBSERVE_SENSOR] = take_sensor,
	[OBSERVE_EVASION] = take_evasion,
};

/* Which record an observation becomes. Some are made for detection and come unasked. */
static const uint8_t records[OBSERVATION_KINDS] = {
	[OBSERVE_HTTP] = RECORD_HTTP, [OBSERVE_TLS] = RECORD_TLS, [OBSERVE_DNS] = RECORD_DNS,
	[OBSERVE_FLOW] = RECORD_FLOW, [OBSERVE_MAIL] = RECORD_SMTP, [OBSERVE_FILE] = RECORD_FILEINFO,
	[OBSERVE_LOGIN] = RECORD_LOGIN, [OBSERVE_REMOTE] = RECORD_REMOTE,
	[OBSERVE_IDENTITY] = RECORD_IDENTITY, [OBSERVE_UNKNOWN] = RECORD_UNKNOWN,
};

/* What a name or an identity says is worth knowing, whoever asked. */
static bool
is_own(const struct analyst *a, const struct observation *o)
{
	if (a->own == NULL || o->kind == OBSERVE_NAME || o->kind == OBSERVE_IDENTITY || o->kind == OBSERVE_SENSOR)
		return false;
	return own_is(a->own, o, alerts_name_of(a->alerts, &o->key.realm, &o->key.addr[o->host_side],
	    &o->key.addr[!o->host_side]));
}

static void
detect(struct analyst *a, const struct observation *o)
{
	bool is_kept = a->keep != NULL && keep_wants(o, a->config->contact_log_enabled);
	uint64_t name = 0;

	if (is_kept)
		name = alerts_ask_name(a->alerts, &o->key.realm, &o->key.addr[o->host_side], &o->key.addr[!o->host_side]);
	behaviour_expect(a->behaviour, o);
	if (takers[o->kind] != NULL)
		takers[o->kind](a, o);
	if (is_kept)
		hand_on(a, o, alerts_asked_name(a->alerts, name));
	if (o->kind != OBSERVE_MATCH)
		census_take(a->census, o);
	behaviour_note(a->behaviour, o);
}

void
analyst_take(struct analyst *a, const struct observation *o)
{
	a->counts.observations++;
	if (o->ts_ns > a->counts.last_ns)
		a->counts.last_ns = o->ts_ns;
	analyst_advance(a, o->ts_ns);
	/* Live only, as own traffic: in a replay these are addresses like all others. */
	if (a->own != NULL && selftest_is(o)) {
		selftest_take(&a->counts.selftest, o, on_finding, a);
		return;
	}
	if (is_own(a, o))
		a->counts.own++;
	else
		detect(a, o);
	if (records[o->kind] != 0 && (a->config->records & 1u << records[o->kind]) != 0)
		write_record(a, records[o->kind], eve_record(o, a->config->sensor_name));
}

void
analyst_advance(struct analyst *a, int64_t now_ns)
{
	alerts_advance(a->alerts, now_ns);
	keep_census(a, now_ns, false);
}

static void
tell_lost(struct analyst *a, enum sensor_note n, uint64_t count, int64_t now_ns)
{
	char words[SENSOR_NOTE_MAX], digits[24];
	const struct piece pieces[] = { { "count", digits }, { NULL, NULL } };

	snprintf(digits, sizeof digits, "%" PRIu64, count);
	policy_trouble(note_name(n), note_text(n, a->config->behaviour.language, pieces, words, sizeof words),
	    now_ns, false, on_finding, a);
}

/* Sums since the start. What a full disk cost is told when it takes records again. */
static void
tell_losses(struct analyst *a, bool writable, int64_t now_ns)
{
	a->counts.gave_way = journal_lost(a->journal);
	if (a->counts.gave_way > a->told_gave_way) {
		a->told_gave_way = a->counts.gave_way;
		tell_lost(a, NOTE_JOURNAL_LOST, a->told_gave_way, now_ns);
	}
	if (writable && a->counts.records_lost > a->told_lost) {
		a->told_lost = a->counts.records_lost;
		tell_lost(a, NOTE_JOURNAL_FULL, a->told_lost, now_ns);
	}
}

void
analyst_sync(struct analyst *a, int64_t now_ns)
{
	struct fault fault;
	int r = journal_sync(a->journal, &fault);

	if (r < 0)
		log_limited(&a->full, LOG_LEVEL_ERROR, "analyst", "%s", fault.text);
	if (now_ns > 0)
		tell_losses(a, r == 0 && !a->refused, now_ns);
}

void
analyst_record_beacons(struct analyst *a)
{
	if (a->config->records & 1u << RECORD_BEACON)
		beacon_each(a->beacon, on_beacon_record, a);
}

void
analyst_finish(struct analyst *a, int64_t now_ns)
{
	if (now_ns < a->counts.last_ns)
		now_ns = a->counts.last_ns;
	analyst_record_beacons(a);
	alerts_finish(a->alerts, now_ns);
	keep_census(a, now_ns, true);
	analyst_sync(a, 0);
}

void
analyst_count(const struct analyst *a, struct analyst_counts *out)
{
	*out = a->counts;
	out->beacon = *beacon_counts(a->beacon);
	out->behaviour = *behaviour_counts(a->behaviour);
	out->alert = *alerts_counts(a->alerts);
	census_latest(a->census, &out->census);
	if (a->suppress != NULL)
		out->suppress = *suppress_counts(a->suppress);
	out->cases = *docket_counts(a->docket);
}

static const char *
name_of(void *to, const struct realm *realm, const struct addr *host, const struct addr *peer)
{
	struct analyst *a = to;

	return alerts_name_of(a->alerts, realm, host, peer);
}

static uint32_t
asn_of(void *to, const struct addr *peer)
{
	struct analyst *a = to;
	struct place place;

	geoip_find(a->geoip, peer, &place);
	return place.asn;
}

/* A name in a TLS hello is what the client says: where DNS gave the address another zone's, that one counts. */
static const char *
harmless(void *to, const struct observation *o, struct span name, bool upload)
{
	struct analyst *a = to;
	const struct addr *host = &o->key.addr[o->host_side], *peer = &o->key.addr[!o->host_side];
	struct span given = span_text(o->kind == OBSERVE_DNS ? "" : name_of(a, &o->key.realm, host, peer));
	const char *why = known_domain(a->known, given.left > 0 ? given : name, host, o->ts_ns);

	if (why == NULL && upload)
		why = known_upload(a->known, given.left > 0 ? given : name, host, o->ts_ns);
	if (why != NULL || o->kind == OBSERVE_DNS || (o->flags & OBSERVED_PROXIED) != 0)
		return why;
	if ((why = known_address(a->known, peer, host, o->ts_ns)) == NULL)
		why = known_asn(a->known, asn_of(a, peer), host, o->ts_ns);
	return why;
}

static void
place_of(void *to, const struct addr *addr, struct place *out)
{
	struct analyst *a = to;

	geoip_find(a->geoip, addr, out);
}

void
analyst_set_known(struct analyst *a, const struct known *known)
{
	const struct beacon_lookup lookup = { name_of, asn_of, a };

	a->known = known;
	behaviour_set_harmless(a->behaviour, known != NULL ? harmless : NULL, a);
	beacon_set_known(a->beacon, known, &lookup);
}

void
analyst_set_novelty(struct analyst *a, novelty_fn *ask, void *to)
{
	beacon_set_novelty(a->beacon, ask, to);
	behaviour_set_novelty(a->behaviour, ask, to);
}

void
analyst_set_advice(struct analyst *a, const struct advice *advice)
{
	docket_set_advice(a->docket, advice);
}

void
analyst_set_own(struct analyst *a, const struct own *own)
{
	a->own = own;
}

void
analyst_set_allow(struct analyst *a, const struct allow *allow)
{
	a->allow = allow;
}

bool
analyst_again(struct analyst *a, const char *line)
{
	struct former f = { .root = NULL };
	bool good = alerts_again(a->alerts, line);

	/* What was saved last may be older than the case. */
	if (good && strstr(line, "\"kind\":\"case\"") != NULL && former_read(&f, line) && f.finding.kind == FINDING_CASE &&
	    f.head.state != ALERT_CLOSE) {
		struct case_again again = { .realm = f.finding.realm, .host = f.finding.host, .subject = f.finding.subject,
			.severity = f.finding.severity, .opened_ns = f.case_opened_ns, .first_ns = f.alert.first_ns, .last_ns = f.alert.last_ns };

		memcpy(again.id, f.head.id, sizeof again.id);
		cases_again(docket_cases(a->docket), &again);
	}
	former_clear(&f);
	return good;
}

void
analyst_opened_before(struct analyst *a, const char *line, int64_t opened_ns)
{
	alerts_opened_before(a->alerts, line, opened_ns);
}

struct alerts *
analyst_alerts(const struct analyst *a)
{
	return a->alerts;
}

bool
analyst_set_suppress(struct analyst *a, const struct suppress_set *set)
{
	struct suppress *fresh = suppress_new(set->rule, set->count);

	if (fresh == NULL)
		return false;
	suppress_free(a->suppress);
	a->suppress = fresh;
	return true;
}

struct behaviour *
analyst_behaviour(const struct analyst *a)
{
	return a->behaviour;
}

struct beacon *
analyst_beacon(const struct analyst *a)
{
	return a->beacon;
}

struct cases *
analyst_cases(const struct analyst *a)
{
	return docket_cases(a->docket);
}

static bool
set_policy(struct analyst *a, const struct config *c)
{
	unsigned i;

	if ((a->ageing = calloc(c->feeds_count + 1, sizeof *a->ageing)) == NULL)
		return false;
	for (i = 0; i < c->feeds_count; i++)
		a->ageing[i] = (struct ageing_feed){ c->feeds[i].name,
			{ c->feeds[i].fade_days, c->feeds[i].expire_days } };
	a->policy = (struct policy_options){ { a->ageing, c->feeds_count }, c->tell_expired, c->behaviour.language };
	return true;
}

struct analyst *
analyst_new(const struct config *config, struct journal *journal, const struct geoip *geoip,
    uint64_t already)
{
	struct analyst *a = calloc(1, sizeof *a);
	struct alert_limits limits = config->alert;

	if (a == NULL)
		return NULL;
	limits.language = config->behaviour.language;
	a->config = config;
	a->journal = journal;
	a->geoip = geoip;
	a->skip = already;
	a->counts.last_ns = a->census_ns = WHEN_UNKNOWN;
	limits.case_close_sec = config->cases.close_sec;
	limits.members_count = config->cases.ring_members;
	if (!set_policy(a, config) || (a->beacon = beacon_new(&config->beacon, on_finding, a)) == NULL ||
	    (a->behaviour = behaviour_new(&config->behaviour, on_finding, a)) == NULL ||
	    (a->alerts = alerts_new(&limits, geoip, on_alert, a)) == NULL ||
	    (a->docket = docket_new(config, a->alerts)) == NULL || (a->census = census_new()) == NULL) {
		analyst_free(a);
		return NULL;
	}
	if (geoip != NULL)
		behaviour_set_place(a->behaviour, place_of, a);
	return a;
}

void
analyst_free(struct analyst *a)
{
	if (a == NULL)
		return;
	beacon_free(a->beacon);
	behaviour_free(a->behaviour);
	docket_free(a->docket);
	census_free(a->census);
	alerts_free(a->alerts);
	suppress_free(a->suppress);
	free(a->ageing);
	free(a);
}
