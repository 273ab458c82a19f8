#include "behaviour/behaviour.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/heap.h"
#include "behaviour/house.h"
#include "behaviour/private.h"

enum { REASON_MAX = 1024, SERVICE_MAX = 256, SURE = 80 };

#define TOLD_AGAIN_NS (60 * NS_PER_SEC)
#define FLOOD_NS (3600 * NS_PER_SEC)

int64_t
sight_since(const struct sight *s, int64_t ns, uint32_t most)
{
	if (ns == WHEN_UNKNOWN || ns > s->o->ts_ns || s->o->ts_ns - ns > (int64_t)most * NS_PER_SEC)
		return -1;
	return (s->o->ts_ns - ns) / NS_PER_SEC;
}

bool
sight_harmless(const struct sight *s, struct span name, bool upload)
{
	return s->b->harmless != NULL && s->b->harmless(s->b->harmless_to, s->o, name, upload) != NULL;
}

bool
sight_novelty(const struct sight *s, int64_t before_ns, struct novelty *out)
{
	const struct observation *o = s->o;
	const struct novelty_question q = { &o->key.realm, &o->key.addr[o->host_side], &o->key.addr[!o->host_side],
		observation_text(o, TEXT_SERVICE), o->key.port[!o->host_side], o->key.protocol, before_ns };

	memset(out, 0, sizeof *out);
	if (s->b->novelty != NULL)
		s->b->novelty(s->b->novelty_to, &q, out);
	return out->known;
}

bool
sight_place(const struct sight *s, struct place *out)
{
	if (s->b->place == NULL)
		return false;
	s->b->place(s->b->place_to, s->peer, out);
	return out->asn != 0 || out->country[0] != '\0';
}

/* ---- sights ---- */

static bool
is_address(struct span name)
{
	struct addr a;

	/* No name ends in a digit (RFC 3696, 2); an IPv6 address has colons. */
	return name.left > 0 && (memchr(name.at, ':', name.left) != NULL ||
	    (name.at[name.left - 1] >= '0' && name.at[name.left - 1] <= '9')) &&
	    addr_parse((const char *)name.at, name.left, &a);
}

static bool
is_group(const struct addr *a)
{
	return addr_is_v4(a) ? a->b[12] >= 224 : a->b[0] == 0xff;
}

uint64_t
sight_peer_hash(struct sight *s)
{
	if (s->peer_hash == 0)
		s->peer_hash = house_hash(&s->o->key.realm, s->peer);
	return s->peer_hash;
}

uint32_t
sight_peer_tag(struct sight *s)
{
	uint32_t tag = (uint32_t)sight_peer_hash(s);

	return tag != 0 ? tag : 1;
}

static enum reach
reach_of(struct sight *s)
{
	const struct observation *o = s->o;

	if (o->home == 3 || is_group(s->peer))
		return REACH_INSIDE;
	if (s->name.left > 0)
		return is_address(s->name) && (o->flags & OBSERVED_PROXIED) == 0 ? REACH_BARE : REACH_NAMED;
	return house_named(s->b->house, sight_peer_hash(s)) ? REACH_NAMED : REACH_BARE;
}

static void
sight_begin(struct sight *s, struct behaviour *b, const struct observation *o)
{
	s->b = b;
	s->house = b->house;
	s->limits = &b->limits;
	s->o = o;
	s->addr = &o->key.addr[o->host_side];
	s->peer = &o->key.addr[!o->host_side];
	s->peer_port = o->key.port[!o->host_side];
	s->host_hash = s->peer_hash = 0;
	s->service_tag = 0;
	if (b->expected.o == o) {
		s->host_hash = b->expected.host_hash;
		s->peer_hash = b->expected.peer_hash;
	}
	s->host = NULL;
	s->host_sought = false;
	s->name = observation_text(o, TEXT_SERVICE);
	s->reach = reach_of(s);
}

void
behaviour_expect(struct behaviour *b, const struct observation *o)
{
	struct expected *e = &b->expected;

	if (b->limits.hosts == 0)
		return;
	e->o = o;
	e->host_hash = hosts_hash(&o->key.realm, &o->key.addr[o->host_side]);
	roster_fetch(&b->roster, e->host_hash);
	e->peer_hash = house_hash(&o->key.realm, &o->key.addr[!o->host_side]);
	house_fetch(b->house, e->peer_hash);
}

static bool
is_mail_port(uint16_t port)
{
	return port == 25 || port == 465 || port == 587 || port == 110 || port == 995 || port == 143 || port == 993;
}

uint32_t
sight_service_tag(struct sight *s)
{
	if (s->service_tag == 0)
		s->service_tag = ((s->name.left > 0 ? tag_of_text(s->name) : sight_peer_tag(s)) ^ (uint32_t)s->peer_port << 16) | 1;
	return s->service_tag;
}

int
sight_other_callers(struct sight *s)
{
	return house_callers(s->house, sight_service_tag(s), s->addr);
}

/* What several rows want to know of a host. */
static void
note_contact(struct sight *s)
{
	const struct observation *o = s->o;
	struct host *h;

	if (s->reach != REACH_INSIDE) {
		house_called(s->house, sight_peer_hash(s));
		house_caller(s->house, sight_service_tag(s), s->addr);
	}
	if (o->app == APP_TLS)
		house_voice(s->b->house, o->number, s->addr);
	if (o->key.protocol == 6 && o->host_side == ORIGINATOR && is_mail_port(s->peer_port) &&
	    (h = sight_host(s)) != NULL)
		h->mail_ns = o->ts_ns;
}

/* Who answers questions inside asks for others. */
static void
note_resolver(struct sight *s)
{
	const struct observation *o = s->o;

	if (o->home == 3 && o->app == APP_DNS && o->status == 0 &&
	    (o->flags & (OBSERVED_RESPONSE | OBSERVED_MULTICAST)) == OBSERVED_RESPONSE)
		house_resolver(s->house, house_hash(&o->key.realm, &o->key.addr[RESPONDER]));
}

/* Does the capture have both directions? Who sends text into a TCP connection gets at least acknowledgements. */
static void
note_ways(const struct sight *s)
{
	const struct observation *o = s->o;

	if (o->key.protocol == 6 && (o->payload_bytes[ORIGINATOR] > 0 || o->payload_bytes[RESPONDER] > 0))
		house_ways(s->house, o->packets[ORIGINATOR] > 0 && o->packets[RESPONDER] > 0);
}

void
behaviour_note(struct behaviour *b, const struct observation *o)
{
	uint32_t left;
	struct sight s;

	if (b->limits.hosts == 0)
		return;
	if (o->kind == OBSERVE_NAME)
		house_name(b->house, house_hash(&o->key.realm, &o->named));
	sight_begin(&s, b, o);
	b->expected.o = NULL;
	if (s.host_hash != 0)
		roster_fetch_place(&b->roster, s.host_hash);
	if (o->kind == OBSERVE_CONTACT)
		note_contact(&s);
	else if (o->kind == OBSERVE_DNS)
		note_resolver(&s);
	else if (o->kind == OBSERVE_MAIL)
		sight_note_mail(&s);
	else if (o->kind == OBSERVE_FLOW)
		note_ways(&s);
	left = b->rows[s.reach][o->kind];
	if (left == 0)
		return;
	b->counts.observations++;
	for (; left != 0; left &= left - 1)
		rows[__builtin_ctz(left)].note(&s);
}

void
behaviour_set_harmless(struct behaviour *b, behaviour_harmless_fn *harmless, void *to)
{
	b->harmless = harmless;
	b->harmless_to = to;
}

void
behaviour_set_novelty(struct behaviour *b, novelty_fn *ask, void *to)
{
	b->novelty = ask;
	b->novelty_to = to;
}

void
behaviour_set_place(struct behaviour *b, behaviour_place_fn *place, void *to)
{
	b->place = place;
	b->place_to = to;
}

void
behaviour_finding(struct behaviour *b, const struct finding *f)
{
	struct sight s;

	if (b->limits.hosts == 0 || f->because == NULL || (f->kind != FINDING_BEACON && f->kind != FINDING_INDICATOR))
		return;
	sight_begin(&s, b, f->because);
	s.addr = &f->host;
	s.peer = &f->peer;
	s.host_hash = s.peer_hash = 0;
	s.service_tag = 0;
	if (f->severity < SEVERITY_LOW && sight_host(&s) != NULL)
		s.host->suspect_ns = f->ts_ns;
	if (f->kind == FINDING_INDICATOR)
		family_finding(&s, f);
	else if (sight_known(&s) != NULL) {
		chain_beacon(&s, f);
		own_beacon(&s);
	}
}

int
voice_others(const struct behaviour *b, uint32_t voice, const struct addr *host)
{
	return house_others(b->house, voice, host);
}

/* ---- findings ---- */

/* These rows are about what others do to a server; all else says that something may be on the host itself. */
static bool
is_of_others(enum row_number row)
{
	return row == ROW_LURE || row == ROW_IMPERSONATED || row == ROW_ACCOUNT || row == ROW_RELAY;
}

static void
emit_finding(struct sight *s, enum row_number row, struct score *c, int64_t first_ns, const char *subject)
{
	const struct behaviour_text *t = &behaviour_texts[row];
	enum language l = s->limits->language;
	char reason[REASON_MAX], service[SERVICE_MAX];
	struct span name = observation_text(s->o, TEXT_SERVICE);
	struct finding f;

	c->n.name = t->name;
	c->n.title = t->title[l];
	c->n.technique = rows[row].technique;
	c->n.tactic = rows[row].tactic;
	c->n.signature = row;
	c->n.confidence = score_confidence(c);
	snprintf(service, sizeof service, "%.*s", (int)name.left, name.left > 0 ? (const char *)name.at : "");
	memset(&f, 0, sizeof f);
	f.kind = FINDING_BEHAVIOUR;
	f.ts_ns = s->o->ts_ns;
	f.first_ns = first_ns < f.ts_ns ? first_ns : f.ts_ns;
	f.realm = s->o->key.realm;
	f.host = *s->addr;
	f.peer = *s->peer;
	f.host_port = s->o->key.port[s->o->host_side];
	f.peer_port = s->peer_port;
	f.protocol = s->o->key.protocol;
	f.service = service;
	f.subject = subject;
	f.reason = texts_sentence(t, l, &c->n, reason, sizeof reason);
	f.severity = (enum severity)(rows[row].severity + (c->n.confidence < SURE ? 1 : 0));
	f.behaviour = &c->n;
	f.because = s->o;
	if (!is_of_others(row))
		s->host->suspect_ns = s->o->ts_ns;
	s->b->counts.findings++;
	s->b->emit(s->b->to, &f);
}

static void
emit_flood(struct sight *s, enum row_number row, uint32_t hosts)
{
	char reason[REASON_MAX];
	struct finding f;

	memset(&f, 0, sizeof f);
	f.kind = FINDING_SENSOR;
	f.ts_ns = f.first_ns = s->o->ts_ns;
	f.service = "";
	f.subject = behaviour_texts[row].name;
	f.reason = texts_flood(&behaviour_texts[row], s->limits->language, hosts, reason, sizeof reason);
	f.severity = SEVERITY_MEDIUM;
	s->b->emit(s->b->to, &f);
}

/* One more host begins to show this behaviour. False: there are too many to be true. */
static bool
flood_admits(struct sight *s, enum row_number row)
{
	struct flood *f = &s->b->flood[row];
	int64_t now = s->o->ts_ns;

	if (f->hosts == 0 || now - f->since_ns >= FLOOD_NS || now < f->since_ns)
		*f = (struct flood){ now, 0, false };
	if (f->hosts < s->limits->flood_hosts) {
		f->hosts++;
		return true;
	}
	if (!f->told)
		emit_flood(s, row, f->hosts);
	f->told = true;
	s->b->counts.held_back++;
	return false;
}

bool
sight_ring(struct sight *s, enum row_number row, struct score *c, int64_t first_ns)
{
	struct rung *r = &s->host->rung[row];
	unsigned confidence = score_confidence(c);
	int64_t since;

	if (confidence < s->limits->confidence)
		return false;
	since = s->o->ts_ns - r->at_ns;
	if (r->confidence > 0 && since >= 0 && since < FLOOD_NS) {
		if (confidence <= r->confidence && since < TOLD_AGAIN_NS)
			return true;
	} else if (!flood_admits(s, row)) {
		return true;
	}
	r->at_ns = s->o->ts_ns;
	r->confidence = confidence;
	emit_finding(s, row, c, first_ns, behaviour_texts[row].name);
	return true;
}

void
sight_tell(struct sight *s, enum row_number row, struct score *c, int64_t first_ns, const char *subject)
{
	s->host->rung[row].at_ns = s->o->ts_ns;
	s->host->rung[row].confidence = score_confidence(c);
	emit_finding(s, row, c, first_ns, subject);
}

/* ---- over restarts ---- */

void
behaviour_save(const struct behaviour *b, struct state_out *out)
{
	house_save(b->house, out);
}

void
behaviour_load(struct behaviour *b, const struct state_in *in)
{
	house_load(b->house, in);
}

/* ---- making it ---- */

const struct behaviour_counts *
behaviour_counts(const struct behaviour *b)
{
	return &b->counts;
}

size_t
behaviour_host_bytes(void)
{
	size_t bytes = sizeof(struct host) + roster_place_bytes();
	unsigned i;

	for (i = 0; i < ROWS; i++)
		bytes += rows[i].part_bytes != NULL ? heap_bytes(*rows[i].part_bytes) : 0;
	return bytes;
}

size_t
behaviour_house_bytes(void)
{
	return sizeof(struct behaviour) + house_bytes();
}

/* A bit for each that looks at this kind of observation. */
static uint32_t
rows_for(unsigned reach, unsigned kind)
{
	uint32_t found = 0;
	unsigned i;

	for (i = 0; i < ROWS; i++)
		if (rows[i].kinds[reach] & 1u << kind)
			found |= 1u << i;
	return found;
}

struct behaviour *
behaviour_new(const struct behaviour_limits *limits, finding_fn *emit, void *to)
{
	struct behaviour *b = calloc(1, sizeof *b);
	unsigned reach, kind;

	if (b == NULL)
		return NULL;
	for (reach = 0; reach < REACHES; reach++)
		for (kind = 0; kind < OBSERVATION_KINDS; kind++)
			b->rows[reach][kind] = rows_for(reach, kind);
	b->limits = *limits;
	b->emit = emit;
	b->to = to;
	if (!hosts_begin(b) || (b->house = house_new()) == NULL) {
		behaviour_free(b);
		return NULL;
	}
	return b;
}

void
behaviour_free(struct behaviour *b)
{
	if (b == NULL)
		return;
	hosts_end(b);
	house_free(b->house);
	free(b);
}
