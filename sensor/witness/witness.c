#include "witness/witness.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/eight.h"
#include "base/hash.h"
#include "base/heap.h"
#include "base/when.h"
#include "witness/private.h"

struct witness *
witness_new(const struct witness_options *options, observation_fn *emit, void *to)
{
	struct witness *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->options = *options;
	w->emit = emit;
	w->to = to;
	return w;
}

void
witness_free(struct witness *w)
{
	free(w);
}

void
witness_set_indicators(struct witness *w, const struct indicators *set)
{
	w->set = set;
}

void
witness_at(struct witness *w, uint64_t ordinal, enum observation_phase phase, int64_t deadline_ns)
{
	if (w->ordinal == ordinal && w->phase == phase && w->deadline_ns == deadline_ns)
		return;		/* its observations are numbered on */
	w->ordinal = ordinal;
	w->phase = phase;
	w->deadline_ns = deadline_ns;
	w->index = 0;
}

const struct witness_counts *
witness_counts(const struct witness *w)
{
	return &w->counts;
}

bool
witness_is_home(const struct witness *w, const struct addr *a)
{
	unsigned i;

	for (i = 0; i < w->options.home_count; i++)
		if (cidr_contains(&w->options.home[i], a))
			return true;
	return false;
}

static uint8_t
home_bits(const struct witness *w, const struct addr ends[2])
{
	return (uint8_t)((witness_is_home(w, &ends[ORIGINATOR]) ? 1u << ORIGINATOR : 0) |
	    (witness_is_home(w, &ends[RESPONDER]) ? 1u << RESPONDER : 0));
}

static int
host_side(uint8_t home)
{
	return home == 1u << RESPONDER ? RESPONDER : ORIGINATOR;
}

int
witness_host_side(const struct witness *w, const struct flow *f)
{
	const struct addr ends[2] = { flow_addr(f, ORIGINATOR), flow_addr(f, RESPONDER) };

	return host_side(home_bits(w, ends));
}

static void
learn(const struct witness *w, struct known_flow *a, const struct flow *f)
{
	a->flow = f;
	a->key = flow_key(f);
	a->home = home_bits(w, a->key.addr);
	a->first_ns = f->first_ns;
	a->first_ordinal = f->first_ordinal;
	a->id = flow_id(&a->key, f->first_ns);
}

static const struct known_flow *
know(struct witness *w, const struct flow *f)
{
	struct known_flow *a = &w->known[f->first_ordinal % KNOWN_FLOWS];

	if (a->flow != f || a->id == 0 || a->first_ns != f->first_ns || a->first_ordinal != f->first_ordinal)
		learn(w, a, f);
	return a;
}

struct observation_buffer *
witness_begin(struct witness *w, enum observation_kind kind, const struct flow *f, int64_t ts_ns)
{
	const struct known_flow *known = know(w, f);
	const struct flow_talk *talk = flow_talk(f);
	struct observation *o = &w->buffer.o;
	int side;

	memset(o, 0, sizeof *o);
	o->kind = (uint16_t)kind;
	o->app = f->app;
	o->ordinal = w->ordinal;
	o->phase = (uint16_t)w->phase;
	o->deadline_ns = w->deadline_ns;
	o->flow_ordinal = f->first_ordinal;
	o->index = w->index++;
	o->ts_ns = ts_ns;
	o->key = known->key;
	o->home = known->home;
	o->host_side = (uint8_t)host_side(o->home);
	o->flow_state = f->state;
	o->flow_id = known->id;
	o->flow_first_ns = f->first_ns;
	o->flow_last_ns = f->last_ns;
	for (side = 0; side < 2; side++) {
		o->packets[side] = f->side[side].packets;
		o->flow_bytes[side] = f->side[side].bytes;
		o->payload_bytes[side] = talk->payload_bytes[side];
		o->missed_bytes[side] = talk->missed_bytes[side];
	}
	if (talk->tunnel != NULL) {
		memcpy(o->outer, talk->tunnel->outer, sizeof o->outer);
		memcpy(o->tunnel_id, talk->tunnel->id, sizeof o->tunnel_id);
		o->tunnel = talk->tunnel->kind;
		o->tunnel_protocol = talk->tunnel->protocol;
		o->tunnel_depth = talk->tunnel->depth;
	}
	o->indicator_first_ns = o->indicator_last_ns = o->indicator_until_ns = WHEN_UNKNOWN;
	o->not_before_ns = o->not_after_ns = WHEN_UNKNOWN;
	if (f->midway)
		o->flags |= OBSERVED_MIDWAY;
	return &w->buffer;
}

void
witness_end(struct witness *w)
{
	observation_seal(&w->buffer);
	w->counts.observations++;
	w->emit(w->to, &w->buffer.o);
}

/* ---- the service's name ---- */

/* "[2001:db8::7]:443" → "2001:db8::7", "name:443" → "name". */
static struct span
without_port(struct span host)
{
	const uint8_t *end;

	if (host.left > 0 && host.at[0] == '[') {
		end = memchr(host.at, ']', host.left);
		return end == NULL ? span_of(NULL, 0) : span_of(host.at + 1, (size_t)(end - host.at) - 1);
	}
	if (host.left > 0 && (end = memchr(host.at, ':', host.left)) != NULL)
		host.left = (size_t)(end - host.at);
	return host;
}

/* As the bytes behind them, one by one. False: one of them is odd. */
static bool
put_eight(const uint8_t *from, char *to)
{
	uint64_t w = eight_load(from), odd = eight_between(w, 0, 0x20) | eight_between(w, 0x7f, 0x7f);

	w = eight_lower(w);
	memcpy(to, &w, sizeof w);
	return odd == 0;
}

bool
witness_host_name(struct span host, char *name, size_t size)
{
	size_t i;

	host = without_port(host);
	if (host.left > 0 && host.at[host.left - 1] == '.')
		host.left--;
	if (host.left == 0 || host.left >= size)
		return false;
	for (i = 0; i + 8 <= host.left; i += 8)
		if (!put_eight(host.at + i, name + i))
			return false;
	for (; i < host.left; i++) {
		uint8_t c = host.at[i];

		if (c <= 0x20 || c == 0x7f)
			return false;
		name[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	name[host.left] = '\0';
	return true;
}

static struct span
service_of(const struct flow *f)
{
	const struct service *s = flow_talk(f)->slot[SLOT_WITNESS];

	return s == NULL || s->len == 0 ? span_of(NULL, 0) : span_of(s->text, s->len);
}

static struct span
software_of(const struct flow *f)
{
	const struct service *s = flow_talk(f)->slot[SLOT_WITNESS];

	return s == NULL || s->software_len == 0 ? span_of(NULL, 0) : span_of(s->text + s->len, s->software_len);
}

static struct span
claimed_of(const struct flow *f)
{
	const struct service *s = flow_talk(f)->slot[SLOT_WITNESS];

	return s == NULL || s->claimed_len == 0 ? span_of(NULL, 0) :
	    span_of(s->text + s->len + s->software_len, s->claimed_len);
}

static char *
append(char *to, struct span text)
{
	if (text.left > 0)
		memcpy(to, text.at, text.left);
	return to + text.left;
}

/* False: no memory; what was known stays. */
static bool
remember(struct flow *f, struct span name, struct span software, struct span claimed)
{
	const struct service *before = f->talk->slot[SLOT_WITNESS];
	struct service *s = heap_zeroed(sizeof *s + name.left + software.left + claimed.left);

	if (s == NULL)
		return false;
	if (before != NULL)
		*s = *before;
	s->len = (uint16_t)name.left;
	s->software_len = (uint16_t)software.left;
	s->claimed_len = (uint8_t)claimed.left;
	append(append(append(s->text, name), software), claimed);
	free(f->talk->slot[SLOT_WITNESS]);
	f->talk->slot[SLOT_WITNESS] = s;
	return true;
}

/* True when the flow's service is another than before. */
static bool
remember_service(struct flow *f, const char *name)
{
	struct span now = span_text(name);

	return !(f->talk->slot[SLOT_WITNESS] != NULL && span_equal(service_of(f), now)) &&
	    remember(f, now, software_of(f), claimed_of(f));
}

void
witness_software(struct flow *f, struct span software)
{
	if (software.left == 0 || software_of(f).left > 0)
		return;
	if (software.left > TEXT_SHORT_MAX)
		software.left = TEXT_SHORT_MAX;
	remember(f, service_of(f), software, claimed_of(f));
}

void
witness_claimed(struct flow *f, struct span addr)
{
	if (addr.left < ADDR_TEXT_MAX)
		remember(f, service_of(f), software_of(f), addr);
}

/* NULL: no memory. */
static struct service *
known_service(struct flow *f)
{
	if (f->talk->slot[SLOT_WITNESS] == NULL)
		f->talk->slot[SLOT_WITNESS] = heap_zeroed(sizeof(struct service));
	return f->talk->slot[SLOT_WITNESS];
}

void
witness_refused(struct flow *f)
{
	struct service *s = known_service(f);

	if (s != NULL)
		s->refused = true;
}

void
witness_add_claimed(struct observation_buffer *b, const struct flow *f)
{
	struct span claimed = claimed_of(f);

	if (claimed.left > 0 && observation_text(&b->o, TEXT_FORWARDED_FOR).at == NULL)
		observation_add(b, TEXT_FORWARDED_FOR, claimed, FORWARDED_MAX);
}

void
witness_certificate(struct flow *f, const char *sha1)
{
	struct service *s = known_service(f);

	if (s != NULL)
		snprintf(s->cert_sha1, sizeof s->cert_sha1, "%s", sha1);
}

/* What is known of the service, at a contact and at the flow's end. */
static void
add_service(struct observation_buffer *b, const struct flow *f)
{
	const struct service *s = flow_talk(f)->slot[SLOT_WITNESS];

	b->o.number = flow_talk(f)->voice[ORIGINATOR];
	if (f->self_signed)
		b->o.flags |= OBSERVED_SELF_SIGNED;
	observation_add(b, TEXT_SERVICE, service_of(f), SERVICE_MAX);
	if (s == NULL)
		return;
	if (s->refused)
		b->o.flags |= OBSERVED_REFUSED;
	if (s->cert_sha1[0] != '\0')
		observation_add(b, TEXT_CERT_SHA1, span_text(s->cert_sha1), 40);
}

static struct observation_buffer *
contact_begin(struct witness *w, struct flow *f, int64_t ts_ns, bool burst)
{
	struct observation_buffer *b = witness_begin(w, OBSERVE_CONTACT, f, ts_ns);

	b->o.burst = burst;
	add_service(b, f);
	f->contacted = true;
	f->paused = false;
	if (f->contacts < UINT8_MAX)
		f->contacts++;
	w->counts.contacts++;
	return b;
}

static void
contact(struct witness *w, struct flow *f, int64_t ts_ns, bool burst)
{
	witness_add_claimed(contact_begin(w, f, ts_ns, burst), f);
	witness_end(w);
}

static uint32_t
voice_of(struct span fingerprint)
{
	uint32_t h = (uint32_t)hash_bytes(&HASH_FIXED, fingerprint.at, fingerprint.left);

	return h != 0 ? h : 1;
}

uint32_t
witness_voice(struct witness *w, struct span fingerprint)
{
	struct known_voice *k;

	if (fingerprint.at == NULL)
		return 1;	/* to say nothing is a way of speaking, too */
	if (fingerprint.left > VOICE_BYTES)
		return voice_of(fingerprint);
	k = &w->voices[hash_table(fingerprint.at, fingerprint.left) % KNOWN_VOICES];
	if (k->voice == 0 || !span_equal(span_of(k->text, k->len), fingerprint)) {
		k->voice = voice_of(fingerprint);
		k->len = (uint8_t)fingerprint.left;
		memcpy(k->text, fingerprint.at, fingerprint.left);
	}
	return k->voice;
}

/* Behind a proxy each request is a contact: what others asked through the same connection says nothing of a pause. */
void
witness_named(struct witness *w, struct flow *f, const char *name, const struct message *m, bool proxied)
{
	const struct http_request *r = m->kind == MESSAGE_HTTP_REQUEST ? m->http_request : NULL;
	bool changed = remember_service(f, name), first = !f->contacted;
	bool paused = m->from == ORIGINATOR ? f->paused :
	    f->talk->pause_ns[m->from] >= w->options.burst_pause_ns;
	struct observation_buffer *b;

	if (!first && !changed && !proxied && !(paused && r != NULL) &&
	    !(m->kind == MESSAGE_TLS_CLIENT && m->tls_client->again))
		return;
	b = contact_begin(w, f, first && !proxied ? f->first_ns : m->ts_ns, !first);
	if (proxied)
		b->o.flags |= OBSERVED_PROXIED;
	if (r != NULL)
		observation_add(b, TEXT_FORWARDED_FOR, r->forwarded_for, FORWARDED_MAX);
	witness_add_claimed(b, f);
	witness_end(w);
}

/* ---- flow events ---- */

void
witness_flow_started(struct witness *w, struct flow *f, int64_t ts_ns)
{
	match_addresses(w, f, ts_ns);
	if (f->protocol == PROTO_UDP && !f->awaits_name)
		contact(w, f, ts_ns, false);
}

void
witness_flow_burst(struct witness *w, struct flow *f, int64_t ts_ns)
{
	bool reads = f->app == APP_HTTP && f->talk->slot[SLOT_DIALOGUE] != NULL;

	if (!f->contacted)
		return;
	/*
	 * While requests are read, the contact is the request, when it is whole: witness_named(). What is said
	 * after one more pause, without any, is the rest of a body that is being written.
	 */
	if (!reads || f->paused)
		contact(w, f, ts_ns, true);
	f->paused = reads;
}

void
witness_flow_lasts(struct witness *w, struct flow *f, int64_t ts_ns)
{
	add_service(witness_begin(w, OBSERVE_LASTING, f, ts_ns), f);
	witness_end(w);
}

void
witness_flow_unanswered(struct witness *w, struct flow *f, int64_t ts_ns)
{
	add_service(witness_begin(w, OBSERVE_UNANSWERED, f, ts_ns), f);
	witness_end(w);
}

void
witness_flow_unnamed(struct witness *w, struct flow *f)
{
	if (!f->contacted && (f->protocol == PROTO_TCP || f->awaits_name))
		contact(w, f, f->first_ns, false);
}

void
witness_differs(struct witness *w, struct flow *f, int from, uint64_t offset, uint32_t len,
    int64_t ts_ns)
{
	struct observation_buffer *b = witness_begin(w, OBSERVE_EVASION, f, ts_ns);

	b->o.body_bytes = offset;
	b->o.count = len;
	if (from == RESPONDER)
		b->o.flags |= OBSERVED_RESPONSE;
	observation_add(b, TEXT_SERVICE, service_of(f), SERVICE_MAX);
	w->counts.differing_flows++;
	witness_end(w);
}

void
witness_flow_ended(struct witness *w, struct flow *f, enum flow_end how, int64_t ts_ns)
{
	struct observation_buffer *b;

	witness_flow_unnamed(w, f);
	if (f->contacts > 0 || (w->options.records & WITNESS_FLOW) != 0) {
		b = witness_begin(w, OBSERVE_FLOW, f, ts_ns);
		b->o.flow_end = (uint8_t)how;
		b->o.count = f->contacts;
		add_service(b, f);
		observation_add(b, TEXT_SOFTWARE, software_of(f), TEXT_SHORT_MAX);
		witness_add_claimed(b, f);
		witness_end(w);
	}
	if (f->talk == NULL)
		return;
	free(f->talk->slot[SLOT_WITNESS]);
	f->talk->slot[SLOT_WITNESS] = NULL;
}

/* What was remembered before the server said what it calls itself leaves a hole, which may stay. */
size_t
witness_flow_bytes(void)
{
	return heap_bytes(sizeof(struct service) + SERVICE_MAX + TEXT_SHORT_MAX + ADDR_TEXT_MAX) +
	    heap_bytes(sizeof(struct service) + SERVICE_MAX + ADDR_TEXT_MAX);
}
