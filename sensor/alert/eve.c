#include "alert/eve.h"

#include <stdio.h>

#include "alert/eve_case.h"
#include "alert/eve_parts.h"
#include "alert/former.h"
#include "alert/names.h"
#include "base/when.h"
#include "records/community_id.h"

enum { REASON_MAX = 4096 };	/* as long as an incident keeps it */

/* ---- alert ---- */

static void
string_list(struct json *j, unsigned in, const char *key, const char *text)
{
	unsigned array;

	if (text == NULL || text[0] == '\0')
		return;
	array = json_array(j, in, key);
	json_array_span(j, array, span_text(text));
}

/* The keys that rule sets for EVE use; every value is a list of texts there. */
static void
put_metadata(struct json *j, unsigned alert, const struct finding *f, const char *technique)
{
	unsigned metadata = json_object(j, alert, "metadata");
	const struct indicator *i = f->indicator;
	unsigned confidence = i != NULL ? i->confidence : f->behaviour != NULL ? f->behaviour->confidence : 0;

	string_list(j, metadata, "signature_severity", names_severity(f->severity));
	string_list(j, metadata, "confidence", confidence >= 75 ? "High" :
	    confidence >= 50 ? "Medium" : confidence > 0 ? "Low" : "");
	if (i != NULL) {
		string_list(j, metadata, "malware_family", i->malware);
		string_list(j, metadata, "feed", i->feed);
	}
	if (technique[0] == '\0')
		return;
	string_list(j, metadata, "mitre_technique_id", technique);
	string_list(j, metadata, "mitre_tactic_id", f->behaviour != NULL ? f->behaviour->tactic : "TA0011");
}

static void
put_alert(struct json *j, const struct alert *a)
{
	struct alert_names names = names_of(a->finding);
	unsigned alert = json_object(j, JSON_ROOT, "alert");

	json_text(j, alert, "action", "allowed");
	json_number(j, alert, "gid", 1);
	json_number(j, alert, "signature_id", names.signature_id);
	json_number(j, alert, "rev", 1);
	json_text(j, alert, "signature", a->signature);
	json_text(j, alert, "category", names.category);
	json_number(j, alert, "severity", (uint64_t)a->finding->severity);
	put_metadata(j, alert, a->finding, a->technique);
}

static void
put_feeds(struct json *j, unsigned in, const char *feeds)
{
	unsigned array = json_array(j, in, "feeds");
	struct span rest = span_text(feeds), name;

	while (span_until(&rest, '\n', &name))
		json_array_span(j, array, name);
	if (rest.left > 0)
		json_array_span(j, array, rest);
}

static void
put_indicator(struct json *j, unsigned hansho, const struct finding *f)
{
	static const char *const states[] = { "active", "fading", "expired" };
	const struct indicator *i = f->indicator;
	unsigned o = json_object(j, hansho, "indicator");

	json_text(j, o, "type", indicator_type_text(i->type));
	json_text(j, o, "value", i->value);
	json_text(j, o, "feed", i->feed);
	put_feeds(j, o, f->feeds == NULL || f->feeds[0] == '\0' ? i->feed : f->feeds);
	json_text_if(j, o, "entry", i->reference);
	json_number(j, o, "line", i->line);
	json_text_if(j, o, "malware", i->malware);
	json_text(j, o, "role", indicator_role_text(i->role));
	json_number(j, o, "confidence", i->confidence);
	json_when(j, o, "first_seen", i->first_seen_ns);
	json_when(j, o, "last_seen", i->last_seen_ns);
	json_when(j, o, "valid_until", i->valid_until_ns);
	json_text(j, o, "state", states[f->state]);
	if (f->dated)
		json_number(j, o, "age_days", f->age_days);
}

static void
put_peers(struct json *j, unsigned in, const struct beacon_numbers *b)
{
	unsigned array = json_array(j, in, "dest_ips");
	unsigned i;

	for (i = 0; i < b->peers && i < BEACON_PEERS_MAX; i++)
		json_array_addr(j, array, &b->peer[i]);
}

static void
put_signs(struct json *j, unsigned in, const struct beacon_numbers *b)
{
	unsigned array = json_array(j, in, "evidence"), one;
	unsigned i;

	for (i = 0; i < b->signs && i < BEACON_SIGNS_MAX; i++) {
		one = json_array_object(j, array);
		json_text(j, one, "what", names_sign(b->sign[i].kind));
		json_decimal(j, one, "value", b->sign[i].value);
		json_decimal(j, one, "weight", b->sign[i].weight);
	}
}

static void
put_numbers(struct json *j, unsigned in, const struct beacon_numbers *b)
{
	json_decimal(j, in, "score", b->score);
	json_chance(j, in, "p_value", b->p_value);
	json_number(j, in, "count", b->contacts);
	json_decimal(j, in, "interval", b->interval_sec);
	json_decimal(j, in, "jitter", b->jitter);
	json_decimal(j, in, "missed", b->missed);
	if (b->clustered)
		json_bool(j, in, "clustered", true);
	if (b->known != NULL)
		json_text(j, in, "known", b->known);
	if (b->tool != NULL)
		json_text(j, in, "tool", b->tool);
	if (b->claimed)
		json_bool(j, in, "claimed", true);
	if (b->history_days > 0)
		json_number(j, in, "history_days", b->history_days);
	if (b->first_alert_contact > 0)
		json_number(j, in, "first_alert_beat", b->first_alert_contact);
	json_when(j, in, "first_seen", b->first_ns);
	json_when(j, in, "last_seen", b->last_ns);
	put_signs(j, in, b);
}

static void
put_peer(struct json *j, unsigned hansho, const struct alert *a)
{
	unsigned peer = json_object(j, hansho, "peer");

	json_addr(j, peer, "ip", &a->finding->peer);
	json_text_if(j, peer, "name", a->peer_name);
	if (a->peer_place.asn != 0)
		json_number(j, peer, "asn", a->peer_place.asn);
	json_text_if(j, peer, "organisation", a->peer_place.organisation);
	json_text_if(j, peer, "country", a->peer_place.country);
}

static void
put_reason(struct json *j, unsigned in, const struct finding *f, enum language l)
{
	char words[EVE_TUNNEL_WORDS], whole[REASON_MAX + EVE_TUNNEL_WORDS], said[FINDING_WORDS_MAX];

	snprintf(whole, sizeof whole, "%.*s%s", REASON_MAX, finding_reason(f, l, said),
	    eve_tunnel_words(f->because, l, words, sizeof words));
	json_text(j, in, "reason", whole);
}

/* Each fact with who said it and when: a machine may claim what it likes. */
static void
put_identity(struct json *j, unsigned hansho, const struct host_identity *identity)
{
	static const char *const keys[HOST_FACTS][3] = {
		[HOST_MAC] = { "mac", "mac_source", "mac_heard" },
		[HOST_NAME] = { "name", "name_source", "name_heard" },
		[HOST_USER] = { "user", "user_source", "user_heard" },
		[HOST_DOMAIN] = { "domain", "domain_source", "domain_heard" },
		[HOST_SOFTWARE] = { "software", "software_source", "software_heard" },
	};
	unsigned o;
	int i;

	if (identity == NULL)
		return;
	o = json_object(j, hansho, "host_identity");
	for (i = 0; i < HOST_FACTS; i++) {
		const struct host_fact *f = &identity->fact[i];

		if (f->text == NULL)
			continue;
		json_text(j, o, keys[i][0], f->text);
		json_text(j, o, keys[i][1], f->source);
		json_when(j, o, keys[i][2], f->heard_ns);
	}
}

/* What each thing was, and beside it what it added to the confidence. */
static void
put_behaviour(struct json *j, unsigned hansho, const struct behaviour_numbers *b)
{
	unsigned o = json_object(j, hansho, "behaviour"), evidence, points;
	const struct evidence *e;

	json_text(j, o, "name", b->name);
	json_number(j, o, "confidence", b->confidence);
	evidence = json_object(j, o, "evidence");
	for (e = b->evidence; e < b->evidence + b->pieces; e++) {
		if (e->word != NULL || e->text[0] != '\0')
			json_text(j, evidence, e->what, e->word != NULL ? e->word : e->text);
		else
			json_number(j, evidence, e->what, e->number);
	}
	points = json_object(j, o, "points");
	for (e = b->evidence; e < b->evidence + b->pieces; e++)
		if (e->points != 0)
			json_integer(j, points, e->what, e->points);
}

static void
put_retro(struct json *j, unsigned hansho, const struct observation *o)
{
	unsigned retro = json_object(j, hansho, "retro");

	json_when(j, retro, "first_contact", o->flow_first_ns);
	json_when(j, retro, "last_contact", o->flow_last_ns);
	json_number(j, retro, "contacts", o->count);
	if (o->number > 0)
		json_number(j, retro, "days", o->number);
}

/* A rule's summary is of many hosts, a host's of many peers. */
static bool
has_host(const struct finding *f)
{
	return f->kind != FINDING_SENSOR && (f->summary == NULL || f->summary->signature == 0);
}

static void
put_hansho(struct json *j, const struct alert *a)
{
	static const char *const states[] = { "open", "update", "close" };
	const struct finding *f = a->finding;
	unsigned hansho = json_object(j, JSON_ROOT, "hansho"), beacon;

	json_text(j, hansho, "id", a->id);
	json_number(j, hansho, "revision", a->revision);
	json_text(j, hansho, "state", a->state <= ALERT_CLOSE ? states[a->state] : "?");
	json_text(j, hansho, "kind", names_kind(f->kind));
	json_text(j, hansho, "severity", names_severity(f->severity));
	json_text(j, hansho, "subject", f->subject);
	put_reason(j, hansho, f, a->language);
	json_text_if(j, hansho, "technique", a->technique);
	json_when(j, hansho, "first_seen", a->first_ns);
	json_when(j, hansho, "last_seen", a->last_ns);
	json_number(j, hansho, "count", a->count);
	json_text_if(j, hansho, "held_by", a->held_by == NULL ? "" : a->held_by);
	json_text_if(j, hansho, "case_id", a->case_id);
	if (a->quiet)
		json_bool(j, hansho, "quiet", true);
	if (f->summary != NULL)
		eve_summary(j, hansho, f->summary);
	if (!has_host(f))
		return;
	if (f->summary == NULL && f->cased == NULL) {
		json_number(j, hansho, "bytes_out", a->bytes_out);
		json_number(j, hansho, "bytes_in", a->bytes_in);
	}
	json_addr(j, hansho, "host", &f->host);
	put_identity(j, hansho, a->identity);
	if (f->summary == NULL)
		put_peer(j, hansho, a);
	eve_realm(j, hansho, &f->realm, true);
	if (f->indicator != NULL)
		put_indicator(j, hansho, f);
	if (f->kind == FINDING_RETRO && f->because != NULL)
		put_retro(j, hansho, f->because);
	if (f->behaviour != NULL)
		put_behaviour(j, hansho, f->behaviour);
	if (f->cased != NULL)
		eve_case(j, hansho, a);
	if (f->beacon == NULL)
		return;
	beacon = json_object(j, hansho, "beacon");
	json_text_if(j, beacon, "service", f->service);
	put_numbers(j, beacon, f->beacon);
	put_peers(j, beacon, f->beacon);
}

/* Without an observation: the host asked, whatever ports there were. */
static struct flow_key
ends_of(const struct finding *f)
{
	struct flow_key k;

	memset(&k, 0, sizeof k);
	k.addr[ORIGINATOR] = f->host;
	k.addr[RESPONDER] = f->peer;
	k.port[ORIGINATOR] = f->host_port;
	k.port[RESPONDER] = f->peer_port;
	k.protocol = f->protocol;
	return k;
}

static void
put_protocol(struct json *j, const struct observation *o)
{
	switch (o->app) {
	case APP_TLS:
	case APP_QUIC:
	case APP_DOT:
	case APP_DOH:
	case APP_DOQ:
		eve_tls(j, o);
		break;
	case APP_HTTP:
		eve_http(j, o);
		break;
	case APP_DNS:
	case APP_MDNS:
	case APP_LLMNR:
		eve_dns(j, o);
		break;
	default:	/* TLS behind STARTTLS: the flow stays what it was */
		if (observation_text(o, TEXT_JA3).at != NULL || observation_text(o, TEXT_JA3S).at != NULL ||
		    observation_text(o, TEXT_CERT_SHA1).at != NULL)
			eve_tls(j, o);
	}
	if (observation_text(o, TEXT_FILE_SHA256).at != NULL)
		eve_file(j, o);
}

char *
eve_alert(const struct alert *a, const char *sensor_name)
{
	const struct finding *f = a->finding;
	/* The history has no flows: what it made up for its contacts is nobody's. */
	const struct observation *o = f->kind == FINDING_RETRO ? NULL : f->because;
	char id[COMMUNITY_ID_TEXT];
	struct flow_key ends;
	struct json j;

	if (a->former != NULL)
		return former_line(a->former, a);
	if (!json_begin(&j))
		return NULL;
	eve_head(&j, "alert", a->ts_ns, o, &f->realm, sensor_name);
	if (f->summary != NULL && has_host(f)) {
		json_addr(&j, JSON_ROOT, "src_ip", &f->host);
	} else if (has_host(f)) {
		ends = o != NULL ? o->key : ends_of(f);
		eve_ends(&j, &ends);
	}
	if (o != NULL) {
		json_text(&j, JSON_ROOT, "community_id", community_id(&o->key, id));
		/* EVE leaves it out while it is not known. */
		if (o->app != APP_UNKNOWN)
			json_text(&j, JSON_ROOT, "app_proto", names_app(o->app));
		json_text(&j, JSON_ROOT, "direction",
		    (o->flags & OBSERVED_RESPONSE) != 0 ? "to_client" : "to_server");
		put_protocol(&j, o);
	}
	put_alert(&j, a);
	if (o != NULL)
		eve_flow(&j, o);
	eve_tunnel(&j, o);
	put_hansho(&j, a);
	return json_end(&j);
}

/*
 * ---- beacon ----
 *
 * An event type of our own, read by people and by tools that compare lists:
 * addresses in the form in which both write them.
 */

static void
put_short_peers(struct json *j, const struct beacon_numbers *b)
{
	unsigned array = json_array(j, JSON_ROOT, "dest_ips");
	unsigned i;

	for (i = 0; i < b->peers && i < BEACON_PEERS_MAX; i++)
		json_array_addr_short(j, array, &b->peer[i]);
}

static void
put_plot(struct json *j, const struct beacon_plot *p)
{
	unsigned array;
	unsigned i;

	if (p == NULL)
		return;
	array = json_array(j, JSON_ROOT, "histogram");
	for (i = 0; i < BEACON_BINS; i++)
		json_array_number(j, array, p->bin[i]);
	array = json_array(j, JSON_ROOT, "times");
	for (i = 0; i < p->times; i++)
		json_array_seconds(j, array, p->time_ns[i]);
}

char *
eve_beacon(const struct finding *f, const char *sensor_name, enum language l)
{
	const struct beacon_numbers *b = f->beacon;
	struct json j;

	if (b == NULL || !json_begin(&j))
		return NULL;
	eve_head(&j, "beacon", b->last_ns, f->because, &f->realm, sensor_name);
	json_addr_short(&j, JSON_ROOT, "src_ip", &f->host);
	if (b->peers > 1)
		put_short_peers(&j, b);
	else
		json_addr_short(&j, JSON_ROOT, "dest_ip", &f->peer);
	json_number(&j, JSON_ROOT, "dest_port", f->peer_port);
	eve_proto(&j, JSON_ROOT, f->protocol);
	json_text_if(&j, JSON_ROOT, "service", f->service);
	put_numbers(&j, JSON_ROOT, b);
	put_plot(&j, f->plot);
	put_reason(&j, JSON_ROOT, f, l);
	eve_tunnel(&j, f->because);
	return json_end(&j);
}

/* ---- the protocols' own records ---- */

static void
put_quic_version(struct json *j, unsigned hansho, uint32_t version)
{
	char text[16];

	if (version == 0)
		return;
	snprintf(text, sizeof text, "0x%08x", version);
	json_text(j, hansho, "quic_version", text);
}

static void
put_tls_extra(struct json *j, const struct observation *o)
{
	struct span sha256 = observation_text(o, TEXT_CERT_SHA256);
	bool ech = (o->flags & OBSERVED_ECH) != 0, resumes = (o->flags & OBSERVED_RESUMES) != 0;
	unsigned hansho;

	if (sha256.at == NULL && !ech && !resumes && o->code == 0)
		return;
	hansho = json_object(j, JSON_ROOT, "hansho");
	if (ech)
		json_bool(j, hansho, "ech", true);
	if (resumes)
		json_bool(j, hansho, "resumes", true);
	put_quic_version(j, hansho, o->code);
	if (sha256.at == NULL)
		return;
	json_span(j, hansho, "cert_sha256", sha256);
	json_bool(j, hansho, "self_signed", (o->flags & OBSERVED_SELF_SIGNED) != 0);
	json_number(j, hansho, "chain", o->number);
}

static void
put_ended_flow(struct json *j, const struct observation *o)
{
	static const char *const states[] = {
		[FLOW_NEW] = "new", [FLOW_ESTABLISHED] = "established",
		[FLOW_CLOSED] = "closed", [FLOW_RESET] = "closed",
	};
	static const char *const reasons[] = {
		[FLOW_END_TIMEOUT] = "timeout", [FLOW_END_CLOSED] = "timeout",
		[FLOW_END_REUSED] = "timeout", [FLOW_END_EVICTED] = "forced",
		[FLOW_END_INPUT] = "shutdown",
	};
	unsigned flow = eve_flow(j, o);

	json_when(j, flow, "end", o->flow_last_ns);
	json_number(j, flow, "age", o->flow_last_ns > o->flow_first_ns ?
	    (uint64_t)(o->flow_last_ns - o->flow_first_ns) / (uint64_t)NS_PER_SEC : 0);
	json_text(j, flow, "state", o->flow_state <= FLOW_RESET ? states[o->flow_state] : "new");
	json_text(j, flow, "reason", o->flow_end <= FLOW_END_INPUT ? reasons[o->flow_end] : "timeout");
}

/* What EVE's own flow records have no place for. */
static void
put_flow_extra(struct json *j, const struct observation *o)
{
	unsigned hansho = json_object(j, JSON_ROOT, "hansho");

	json_number(j, hansho, "payload_toserver", o->payload_bytes[ORIGINATOR]);
	json_number(j, hansho, "payload_toclient", o->payload_bytes[RESPONDER]);
	if (o->missed_bytes[ORIGINATOR] > 0 || o->missed_bytes[RESPONDER] > 0) {
		json_number(j, hansho, "missed_toserver", o->missed_bytes[ORIGINATOR]);
		json_number(j, hansho, "missed_toclient", o->missed_bytes[RESPONDER]);
	}
	if ((o->flags & OBSERVED_MIDWAY) != 0)
		json_bool(j, hansho, "midway", true);
	json_span(j, hansho, "software", observation_text(o, TEXT_SOFTWARE));
}

/* Said where it is more than the event type says: QUIC's hellos, multicast DNS. */
static void
put_other_app(struct json *j, const struct observation *o, enum app plain)
{
	if (o->app != plain && o->app != APP_UNKNOWN)
		json_text(j, JSON_ROOT, "app_proto", names_app(o->app));
}

static void
put_http(struct json *j, const struct observation *o)
{
	if (o->number > 0)
		json_number(j, JSON_ROOT, "tx_id", o->number - 1);
	eve_http(j, o);
}

static void
put_tls(struct json *j, const struct observation *o)
{
	put_other_app(j, o, APP_TLS);
	eve_tls(j, o);
	put_tls_extra(j, o);
}

static void
put_dns(struct json *j, const struct observation *o)
{
	put_other_app(j, o, APP_DNS);
	eve_dns(j, o);
}

static void
put_flow(struct json *j, const struct observation *o)
{
	json_text(j, JSON_ROOT, "app_proto", names_app(o->app));
	put_ended_flow(j, o);
	put_flow_extra(j, o);
}

static const struct {
	const char *event;
	void (*put)(struct json *j, const struct observation *o);
} bodies[OBSERVATION_KINDS] = {
	[OBSERVE_HTTP] = { "http", put_http },
	[OBSERVE_TLS] = { "tls", put_tls },
	[OBSERVE_DNS] = { "dns", put_dns },
	[OBSERVE_FLOW] = { "flow", put_flow },
	[OBSERVE_MAIL] = { "smtp", eve_mail },
	[OBSERVE_FILE] = { "fileinfo", eve_fileinfo },
	[OBSERVE_LOGIN] = { "login", eve_login },
	[OBSERVE_REMOTE] = { "remote", eve_remote },
	[OBSERVE_IDENTITY] = { "identity", eve_identity },
	[OBSERVE_UNKNOWN] = { "unknown", eve_unknown },
};

/* These are of both sides. */
static bool
has_direction(const struct observation *o)
{
	return o->kind != OBSERVE_FLOW && o->kind != OBSERVE_UNKNOWN;
}

/* The way it came. Our own object, where a record has one, is its last, and the realm goes into it. */
static void
put_ways(struct json *j, const struct observation *o)
{
	bool realm = o->key.realm.tunnel != TUNNEL_NONE;
	unsigned hansho;

	if (realm && json_is_open(j, "hansho", &hansho)) {
		eve_realm(j, hansho, &o->key.realm, false);
		realm = false;
	}
	eve_tunnel(j, o);
	if (realm)
		eve_realm(j, json_object(j, JSON_ROOT, "hansho"), &o->key.realm, false);
}

char *
eve_record(const struct observation *o, const char *sensor_name)
{
	char id[COMMUNITY_ID_TEXT];
	struct json j;

	if (o->kind >= OBSERVATION_KINDS || bodies[o->kind].event == NULL || !json_begin(&j))
		return NULL;
	eve_head(&j, bodies[o->kind].event, o->ts_ns, o, &o->key.realm, sensor_name);
	eve_ends(&j, &o->key);
	json_text(&j, JSON_ROOT, "community_id", community_id(&o->key, id));
	if (has_direction(o))
		json_text(&j, JSON_ROOT, "direction",
		    (o->flags & OBSERVED_RESPONSE) != 0 ? "to_client" : "to_server");
	bodies[o->kind].put(&j, o);
	put_ways(&j, o);
	return json_end(&j);
}
