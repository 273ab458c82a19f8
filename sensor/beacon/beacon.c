#include "beacon/beacon.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "beacon/private.h"

enum {
	PLOT_SUM = 1,			/* from this sum of evidence on, times are kept for a plot */
	FLOOD_MERGED = 8, FLOOD_BURSTS = 4,	/* so many merged for each that counts, which are at most so many bursts apart */
	TOLD_EACH_SEC = 10		/* slower ones are told of at each contact, others when they are looked at */
};

#define PERIOD_NS (86400 * NS_PER_SEC)

/* ---- keys ---- */

static uint32_t
seconds(int64_t ns)
{
	return ns > 0 ? (uint32_t)(ns / NS_PER_SEC) : 0;
}

/* The sketch forgets: what goes on is entered again. */
static void
enter_sets(struct beacon *b, struct key *k, const struct contact *c, bool voice_too)
{
	k->period = b->sets.period;
	sketch_add(&b->sets, set_id(SET_HOSTS_OF_SERVICE, c->service_id, 0), c->host_id);
	if (c->kind != KEY_BEHAVIOUR)
		sketch_add(&b->sets, set_id(SET_SERVICES_OF_HOST, c->host_id, 0), c->service_id);
	if (!voice_too || k->voice == 0 || c->kind == KEY_BEHAVIOUR)
		return;
	sketch_add(&b->sets, set_id(SET_HOSTS_OF_VOICE, k->voice, 0), c->host_id);
	sketch_add(&b->sets, set_id(SET_SERVICES_OF_VOICE, k->voice, c->host_id), c->service_id);
}

/* A name that is called is not asked for in vain: its zone is no tunnel of this host. */
static void
note_zone_called(struct beacon *b, const struct contact *c)
{
	struct span zone = zone_of(c->service);

	if (zone.left > 0)
		sketch_add(&b->sets, set_id(SET_ZONES_CALLED, c->host_id, hash_quick(&HASH_FIXED, zone.at, zone.left)),
		    c->host_id);
}

static uint32_t
find_or_add(struct beacon *b, const struct contact *c)
{
	uint32_t index = pool_find(&b->keys, c->key_id), now = seconds(c->at_ns);
	struct key *k;
	bool is_new = index == 0;

	if (is_new && (index = pool_add(&b->keys, c->key_id, now)) == 0) {
		b->counts.lost++;
		return 0;
	}
	k = pool_at(&b->keys, index);
	k->kind = (uint8_t)c->kind;
	if (now > k->node.touched)
		k->node.touched = now;
	if (is_new || k->period != b->sets.period || (c->voice != 0 && c->voice != k->voice)) {
		if (c->voice != 0)
			k->voice = c->voice;
		/* Whose zone is only asked for is not known before it was asked for again and again. */
		if (c->kind != KEY_ZONE || k->track != NULL)
			enter_sets(b, k, c, true);
		if (is_new && c->kind == KEY_SERVICE)
			note_zone_called(b, c);
	}
	b->counts.keys = b->keys.count;
	b->counts.evicted = b->keys.evicted;
	return index;
}

static void
on_forget_key(void *to, uint32_t index, void *element)
{
	(void)index;
	track_end(to, element);
}

/* ---- hosts ---- */

static void
on_loaded(void *to, uint32_t key, uint32_t tag, int64_t at_ns)
{
	struct beacon *b = to;
	struct key *k = pool_at(&b->keys, key);

	if ((uint32_t)k->node.id == tag)
		key_loaded(k, at_ns);
}

static struct host *
host_of(struct beacon *b, const struct contact *c)
{
	uint32_t index = pool_find(&b->hosts, c->host_id), now = seconds(c->at_ns);
	struct host *h;

	if (index == 0) {
		if ((index = pool_add(&b->hosts, c->host_id, now)) == 0)
			return NULL;
		h = pool_at(&b->hosts, index);
		h->first_ns = c->at_ns;
		return h;
	}
	h = pool_at(&b->hosts, index);
	if (now > h->node.touched)
		h->node.touched = now;
	return h;
}

static void
note_call(struct beacon *b, struct host *h, uint32_t index, const struct contact *c)
{
	const struct key *k = pool_at(&b->keys, index);
	struct host_call call = { c->at_ns, c->service_id, index, (uint32_t)k->node.id };

	if (h != NULL && !c->burst && c->kind != KEY_ZONE && c->o->app != APP_UNKNOWN)
		host_call(h, &call, on_loaded, b);
}

/* ---- judging ---- */

static void
keep_times(struct beacon *b, struct key *k)
{
	struct track *t = k->track;
	unsigned i;

	if (t->times != NULL || t->sum < PLOT_SUM || b->plotted_count >= b->plotted_most ||
	    (t->times = malloc(sizeof *t->times)) == NULL)
		return;
	b->plotted_count++;
	t->times->used = 0;
	t->times->stride = 1;
	t->times->until_next = 0;
	for (i = 0; i < k->used; i++)
		t->times->at_ns[t->times->used++] = mark_ns(k, t->marks[i]);
}

/* One of the addresses that a rotating bot calls in turn, of which it is told as a whole. */
static bool
is_part_of_rotation(const struct beacon *b, const struct key *k)
{
	const struct track *t = k->track;
	uint64_t pair = hash_pair(t->host_id, behaviour_id(t->protocol, t->app, t->port, k->voice));
	uint32_t index = pool_find(&b->keys, hash_pair(pair, b->secret + KEY_BEHAVIOUR));
	const struct key *whole;

	if (index == 0)
		return false;
	whole = pool_at(&b->keys, index);
	return whole->track != NULL && whole->track->first_alert > 0 && track_rotates(whole->track);
}

/* Calls so dense that what they are merged to is the merging's own clock: a flood, or a strobe, which have rows of their own. */
static bool
is_flood(const struct beacon *b, const struct key *k)
{
	const struct track *t = k->track;

	return t->merged / FLOOD_MERGED >= k->contacts &&
	    t->found.period_sec * (double)NS_PER_SEC < FLOOD_BURSTS * (double)b->burst_ns;
}

static bool
may_tell(const struct beacon *b, const struct key *k)
{
	const struct track *t = k->track;

	if (k->contacts < b->limits.min_contacts || is_flood(b, k))
		return false;
	if (k->kind == KEY_BEHAVIOUR)
		return track_rotates(t);
	return k->kind != KEY_ADDRESS || (!is_part_of_rotation(b, k) &&
	    !is_proxy(b, address_hash(&t->peer, t->port, t->protocol)));
}

/* Between two looks what was found stands. */
static void
look(struct beacon *b, struct key *k, const struct contact *c)
{
	struct track *t = k->track;
	struct beacon_numbers n;
	bool due = score_is_due(k->contacts);

	if (due)
		judge_time(b, k);
	if ((!due && (t->sum < PLOT_SUM || t->found.period_sec < TOLD_EACH_SEC)) || !may_tell(b, k))
		return;
	judge(b, k, &n);
	keep_times(b, k);
	if (n.score < b->limits.alert_score || n.known != NULL)
		return;
	if (t->first_alert == 0)
		t->first_alert = k->contacts;
	b->counts.findings++;
	tell(k, &n, c, b->emit, b->to);
}

/* True when it counts as a contact of its own. */
static struct key *
note_key(struct beacon *b, const struct contact *c, struct host *h)
{
	uint32_t index = find_or_add(b, c);
	struct key *k;
	bool marked;

	if (index == 0)
		return NULL;
	k = pool_at(&b->keys, index);
	track_fetch(k);
	if (k->track == NULL && k->used == FEW_MARKS) {
		if (!track_begin(b, index, k, c))
			return NULL;
		enter_sets(b, k, c, true);
	}
	marked = key_mark(k, c->at_ns, b->burst_ns);
	if (c->kind == KEY_SERVICE || c->kind == KEY_ADDRESS)
		note_call(b, h, index, c);
	if (!marked) {
		b->counts.merged++;
		if (k->track != NULL)
			k->track->merged++;
		return NULL;
	}
	if (k->track == NULL)
		return NULL;
	track_contact(b, k, c);
	return k;
}

void
beacon_note(struct beacon *b, const struct observation *contact)
{
	struct contact c[2];
	struct host *h;
	struct key *k;
	unsigned keys, i;

	b->counts.contacts++;
	sketch_advance(&b->sets, contact->ts_ns);
	if (contact->kind != OBSERVE_CONTACT || !contact_read(b, contact, &c[0]) ||
	    (c[0].kind == KEY_ADDRESS && c[0].proxied)) {
		b->counts.routine++;
		return;
	}
	if (c[0].proxied)
		b->proxies[c[0].service_id % PROXIES] = c[0].service_id;
	pool_fetch(&b->hosts, c[0].host_id);
	keys = contact_keys(b, c);
	pool_fetch_place(&b->hosts, c[0].host_id);
	for (i = 0; i < keys; i++)
		pool_fetch_place(&b->keys, c[i].key_id);
	h = host_of(b, &c[0]);
	for (i = 0; i < keys; i++) {
		c[i].at_host = h;
		if ((k = note_key(b, &c[i], h)) != NULL)
			look(b, k, &c[i]);
	}
}

static void
flow_of_key(struct beacon *b, const struct contact *c)
{
	uint32_t index = pool_find(&b->keys, c->key_id);
	struct key *k;

	if (index == 0)
		return;
	k = pool_at(&b->keys, index);
	if (c->voice != 0 && c->voice != k->voice && c->kind != KEY_BEHAVIOUR) {
		k->voice = c->voice;
		enter_sets(b, k, c, true);
	}
	if (k->track != NULL)
		track_flow(b, k->track, c->o);
}

void
beacon_flow(struct beacon *b, const struct observation *flow)
{
	struct contact c[2];
	unsigned keys, i;

	if (flow->kind != OBSERVE_FLOW || flow->count == 0 || !contact_read(b, flow, &c[0]))
		return;
	keys = contact_keys(b, c);
	for (i = 0; i < keys; i++)
		pool_fetch_place(&b->keys, c[i].key_id);
	flow_of_key(b, &c[0]);
	sleeper_note(b, flow, c[0].service);
	if (keys > 1)
		flow_of_key(b, &c[1]);
}

/* ---- DNS ---- */

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_HTTPS = 65 };

static bool
asks_for_addresses(unsigned type)
{
	return type == TYPE_A || type == TYPE_AAAA || type == TYPE_HTTPS;
}

static void
answer_of_zone(struct beacon *b, const struct contact *c)
{
	uint32_t index = pool_find(&b->keys, c->key_id);
	struct key *k;

	if (index == 0 || (k = pool_at(&b->keys, index))->track == NULL)
		return;
	k->track->answered++;
	if (c->o->count > 0)
		track_size(k->track, c->service.left, c->o->count);
}

void
beacon_dns(struct beacon *b, const struct observation *dns)
{
	struct contact c;
	struct span name = observation_text(dns, TEXT_SERVICE), zone = zone_of(name);
	struct key *k;

	if (dns->kind != OBSERVE_DNS || dns->host_side != ORIGINATOR || zone.left == 0 ||
	    (dns->flags & OBSERVED_MULTICAST) != 0)
		return;
	memset(&c, 0, sizeof c);
	c.o = dns;
	c.kind = KEY_ZONE;
	c.at_ns = dns->ts_ns;
	c.host = dns->key.addr[ORIGINATOR];
	c.peer = dns->key.addr[RESPONDER];
	c.port = dns->key.port[RESPONDER];
	c.service = name;
	c.host_id = host_hash(&dns->key.realm, &c.host);
	c.service_id = hash_quick(&HASH_FIXED, zone.at, zone.left);
	contact_key(b, &c);
	if ((dns->flags & OBSERVED_RESPONSE) != 0) {
		answer_of_zone(b, &c);
		return;
	}
	b->counts.contacts++;
	sketch_advance(&b->sets, c.at_ns);
	if (sketch_has(&b->sets, set_id(SET_ZONES_CALLED, c.host_id, c.service_id), c.host_id)) {
		b->counts.routine++;
		return;
	}
	pool_fetch_place(&b->keys, c.key_id);
	c.at_host = host_of(b, &c);
	if ((k = note_key(b, &c, NULL)) == NULL)
		return;
	track_name(k->track, name, !asks_for_addresses(dns->version));
	look(b, k, &c);
}

/* ---- the records at the end ---- */

static int
compare_keys(const void *a, const void *b)
{
	const struct key *x = *(const struct key *const *)a, *y = *(const struct key *const *)b;
	char sx[SUBJECT_MAX], sy[SUBJECT_MAX];
	int c = (x->track->first_ns > y->track->first_ns) - (x->track->first_ns < y->track->first_ns);

	if (c == 0)
		c = realm_compare(&x->track->realm, &y->track->realm);
	if (c == 0)
		c = addr_compare(&x->track->host, &y->track->host);
	if (c != 0)
		return c;
	c = strcmp(subject_of(x, sx), subject_of(y, sy));
	if (c == 0)
		c = x->kind - y->kind;
	return c != 0 ? c : x->track->protocol - y->track->protocol;
}

void
beacon_each(struct beacon *b, finding_fn *take, void *to)
{
	struct key **chosen = calloc(b->tracked_count + 1, sizeof *chosen), *k;
	struct beacon_numbers n;
	size_t count = 0, i;

	if (chosen == NULL) {
		b->counts.lost++;
		return;
	}
	for (i = 0; i < b->tracked_count; i++) {
		k = pool_at(&b->keys, b->tracked[i].key);
		if (!may_tell(b, k))
			continue;
		judge(b, k, &n);
		if (n.score > 0 && n.score >= b->limits.record_score)
			chosen[count++] = k;
	}
	if (count > 1)
		qsort(chosen, count, sizeof *chosen, compare_keys);
	for (i = 0; i < count; i++) {
		judge(b, chosen[i], &n);
		tell(chosen[i], &n, NULL, take, to);
	}
	free(chosen);
}

const struct beacon_counts *
beacon_counts(const struct beacon *b)
{
	return &b->counts;
}

/* ---- making it ---- */

void
beacon_set_known(struct beacon *b, const struct known *known, const struct beacon_lookup *lookup)
{
	b->known = known;
	if (lookup != NULL)
		b->lookup = *lookup;
}

void
beacon_set_novelty(struct beacon *b, novelty_fn *ask, void *to)
{
	b->novelty = ask;
	b->novelty_to = to;
	b->novelty_turn++;
}

struct beacon *
beacon_new(const struct beacon_limits *limits, finding_fn *emit, void *to)
{
	struct beacon *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->limits = *limits;
	b->secret = hash_seed()->k1;
	if (b->limits.min_contacts <= SCORE_GAPS_MIN)
		b->limits.min_contacts = SCORE_GAPS_MIN + 1;
	b->burst_ns = (int64_t)b->limits.burst_ms * (NS_PER_SEC / 1000);
	b->emit = emit;
	b->to = to;
	b->tracked_most = beacon_tracks(limits->max_keys);
	b->plotted_most = beacon_plots(limits->max_keys);
	b->tracked = calloc(b->tracked_most + 1, sizeof *b->tracked);
	b->proxies = calloc(PROXIES, sizeof *b->proxies);
	b->sleepers = sleepers_new();
	if (b->tracked == NULL || b->proxies == NULL || b->sleepers == NULL ||
	    !pool_init(&b->keys, sizeof(struct key), limits->max_keys, on_forget_key, b) ||
	    !pool_init(&b->hosts, sizeof(struct host), beacon_hosts(limits->max_keys), NULL, NULL) ||
	    !sketch_init(&b->sets, limits->max_keys, PERIOD_NS)) {
		beacon_free(b);
		return NULL;
	}
	return b;
}

void
beacon_free(struct beacon *b)
{
	if (b == NULL)
		return;
	pool_clear(&b->keys);
	pool_clear(&b->hosts);
	sketch_clear(&b->sets);
	free(b->tracked);
	free(b->proxies);
	sleepers_free(b->sleepers);
	free(b);
}
