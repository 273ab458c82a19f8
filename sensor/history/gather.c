#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/heap.h"
#include "base/pages.h"
#include "history/private.h"

enum { FEW = 4096 };

static struct gathered_key
key_of(const struct kept *k, struct span name)
{
	const struct hash_key *seed = hash_seed();
	const struct hash_key other = { ~seed->k0, seed->k1 };
	struct gathered_key key;
	uint64_t hash[2];

	key.realm = k->realm;
	key.host = k->addr[k->host_side];
	key.port = k->port[!k->host_side];
	key.protocol = k->protocol;
	key.flags = 0;
	if (name.left == 0) {
		memcpy(key.what, k->addr[!k->host_side].b, sizeof key.what);
		return key;
	}
	key.flags = GATHERED_NAMED | ((k->flags & KEPT_RESOLVED) != 0 ? GATHERED_RESOLVED : 0);
	hash[0] = hash_bytes(seed, name.at, name.left);
	hash[1] = hash_bytes(&other, name.at, name.left);
	memcpy(key.what, hash, sizeof key.what);
	return key;
}

static uint32_t *
bucket_of(const struct history *h, const struct gathered_key *key)
{
	return &h->bucket[hash_table(key, sizeof *key) % GATHERED_BUCKETS];
}

enum { ANY_DAY = NO_DAY + 1 };

static struct gathered *
find(const struct history *h, uint32_t at, const struct gathered_key *key, int32_t day)
{
	struct gathered *g;

	for (; at != 0; at = g->next) {
		g = &h->gathered[at - 1];
		if ((day == ANY_DAY || g->day == day) && memcmp(&g->key, key, sizeof *key) == 0)
			return g;
	}
	return NULL;
}

/* Another piece of memory that stays until all is written. */
static bool
take_more(struct history *h, size_t bytes)
{
	if (h->more_bytes + bytes > 2 * GATHERED_MORE_FULL)
		return false;
	h->more_bytes += bytes;
	return true;
}

static bool
copy_name(struct history *h, struct gathered *g, struct span name)
{
	if (!take_more(h, heap_bytes(name.left + 1)) || (g->name = malloc(name.left + 1)) == NULL)
		return false;
	memcpy(g->name, name.at, name.left);
	g->name[name.left] = '\0';
	return true;
}

static void
expect_many(struct history *h)
{
	pages_enlarge(h->gathered, GATHERED_MAX * sizeof *h->gathered);
	pages_enlarge(h->order, GATHERED_MAX * sizeof *h->order);
	pages_fill(h->bucket, GATHERED_BUCKETS * sizeof *h->bucket);
}

static struct gathered *
find_or_add(struct history *h, const struct kept *k, struct span name)
{
	const struct gathered_key key = key_of(k, name);
	uint32_t *bucket = bucket_of(h, &key);
	bool flow = k->kind == KEPT_FLOW;
	struct gathered *g = find(h, *bucket, &key, flow ? ANY_DAY : (int32_t)(k->ts_ns / NS_PER_DAY));

	if (g != NULL)
		return g;
	if (h->waiting >= GATHERED_MAX)
		return NULL;
	g = &h->gathered[h->gathered_count];
	memset(g, 0, sizeof *g);
	g->key = key;
	g->day = flow ? NO_DAY : (int32_t)(k->ts_ns / NS_PER_DAY);
	g->next = *bucket;
	g->first_ns = g->last_ns = k->ts_ns;
	if (name.left > 0 && !copy_name(h, g, name))
		return NULL;
	*bucket = ++h->gathered_count;
	h->waiting++;
	if (h->gathered_count == FEW)
		expect_many(h);
	return g;
}

static size_t
peers_bytes(unsigned room)
{
	return sizeof(struct gathered_peers) + room * sizeof(struct history_peer);
}

static bool
grow_peers(struct history *h, struct gathered *g)
{
	unsigned had = g->peers == NULL ? 0 : g->peers->room, room = had == 0 ? 1 : had * 2;
	struct gathered_peers *grown;

	if (room > GATHERED_PEERS || !take_more(h, heap_bytes(peers_bytes(room)) - (had == 0 ? 0 : heap_bytes(peers_bytes(had)))) ||
	    (grown = realloc(g->peers, peers_bytes(room))) == NULL)
		return false;
	grown->count = had;
	grown->room = room;
	g->peers = grown;
	return true;
}

static struct history_peer *
add_peer(struct history *h, struct gathered *g, struct history_peer *oldest)
{
	if ((g->peers == NULL || g->peers->count == g->peers->room) && !grow_peers(h, g)) {
		h->counts.peers_evicted++;
		return oldest;
	}
	return &g->peers->peer[g->peers->count++];
}

/* The one seen longest ago gives way. */
static void
note_peer(struct history *h, struct gathered *g, const struct kept *k)
{
	const struct addr *addr = &k->addr[!k->host_side];
	unsigned i, count = g->peers == NULL ? 0 : g->peers->count;
	struct history_peer *p = NULL, *oldest = NULL;

	for (i = 0; i < count; i++) {
		p = &g->peers->peer[i];
		if (addr_equal(&p->addr, addr))
			break;
		if (oldest == NULL || p->last_ns < oldest->last_ns)
			oldest = p;
	}
	if (i == count) {
		if ((p = add_peer(h, g, oldest)) == NULL)
			return;
		*p = (struct history_peer){ *addr, k->ts_ns, k->ts_ns, 0 };
	}
	p->count++;
	if (k->ts_ns < p->first_ns)
		p->first_ns = k->ts_ns;
	if (k->ts_ns > p->last_ns)
		p->last_ns = k->ts_ns;
}

static void
note_contact(struct history *h, const struct kept *k)
{
	struct span name = kept_name(k);
	struct gathered *g;

	if (name.left > NAME_MOST || (name.left > 0 && memchr(name.at, '\0', name.left) != NULL))
		name = span_of(NULL, 0);
	if ((g = find_or_add(h, k, name)) == NULL) {
		h->counts.lost += k->kind == KEPT_CONTACT;
		return;
	}
	if (k->kind == KEPT_FLOW) {
		g->bytes_out += k->bytes_out;
		g->bytes_in += k->bytes_in;
		return;
	}
	h->counts.contacts++;
	g->count++;
	if (k->ts_ns < g->first_ns)
		g->first_ns = k->ts_ns;
	if (k->ts_ns > g->last_ns)
		g->last_ns = k->ts_ns;
	if (name.left > 0)
		note_peer(h, g, k);
}

static void
note_match(struct history *h, const struct kept *k)
{
	struct span value = kept_name(k);
	struct met *m;

	if (h->waiting >= GATHERED_MAX || value.left == 0 || !take_more(h, heap_bytes(sizeof *m + value.left + 1)) ||
	    (m = calloc(1, sizeof *m + value.left + 1)) == NULL)
		return;
	m->realm = k->realm;
	m->host = k->addr[k->host_side];
	m->type = k->type;
	m->at_ns = k->ts_ns;
	memcpy(m->value, value.at, value.left);
	m->next = h->met;
	h->met = m;
	h->waiting++;
}

static void
note_census(struct history *h, const struct kept *k)
{
	struct span family = kept_name(k);
	struct counted *m;

	if (h->waiting >= GATHERED_MAX || family.left == 0 || !take_more(h, heap_bytes(sizeof *m + family.left + 1)) ||
	    (m = calloc(1, sizeof *m + family.left + 1)) == NULL)
		return;
	m->day = k->ts_ns / NS_PER_DAY;
	m->servers = k->bytes_out;
	m->hosts = k->bytes_in;
	m->estimated = (k->flags & KEPT_ESTIMATED) != 0;
	memcpy(m->family, family.at, family.left);
	m->next = h->counted;
	h->counted = m;
	h->waiting++;
}

void
history_note(struct history *h, const struct kept *k)
{
	if (k->kind == KEPT_MATCH)
		note_match(h, k);
	else if (k->kind == KEPT_CENSUS)
		note_census(h, k);
	else if (kept_is_call(k->host_side, &k->addr[1]))
		note_contact(h, k);
	else if (k->kind == KEPT_CONTACT)
		h->counts.passed_over++;
}

uint32_t
history_waiting(const struct history *h)
{
	return h->waiting;
}

/* What is written together must not be much beside the file: it is what may lie in it beyond its size. */
bool
history_is_full(const struct history *h)
{
	uint64_t most = h->limits.max_bytes / 16 / ROW_BYTES;

	if (most < GATHERED_LEAST)
		most = GATHERED_LEAST;
	return h->waiting >= GATHERED_FULL || h->waiting >= most || h->more_bytes >= GATHERED_MORE_FULL;
}

int
history_make_gathered(struct history *h)
{
	h->gathered = pages_new(GATHERED_MAX * sizeof *h->gathered);
	h->bucket = pages_new(GATHERED_BUCKETS * sizeof *h->bucket);
	h->order = pages_new(GATHERED_MAX * sizeof *h->order);
	return h->gathered == NULL || h->bucket == NULL || h->order == NULL ? SE_NOMEM : 0;
}

void
history_free_gathered(struct history *h)
{
	if (h->gathered != NULL && h->bucket != NULL)
		history_forget_gathered(h);
	pages_free(h->gathered, GATHERED_MAX * sizeof *h->gathered);
	pages_free(h->bucket, GATHERED_BUCKETS * sizeof *h->bucket);
	pages_free(h->order, GATHERED_MAX * sizeof *h->order);
}

static void
forget_contacts(struct history *h)
{
	bool few = h->gathered_count <= FEW;
	struct gathered *g;

	for (g = h->gathered; g < h->gathered + h->gathered_count; g++) {
		free(g->name);
		free(g->peers);
		if (few)
			*bucket_of(h, &g->key) = 0;
	}
	if (!few) {
		pages_clear(h->gathered, GATHERED_MAX * sizeof *h->gathered);
		pages_clear(h->bucket, GATHERED_BUCKETS * sizeof *h->bucket);
		pages_clear(h->order, GATHERED_MAX * sizeof *h->order);
	}
	h->gathered_count = 0;
	h->more_bytes = 0;
}

void
history_forget_gathered(struct history *h)
{
	struct counted *c;
	struct met *m;

	forget_contacts(h);
	while ((m = h->met) != NULL) {
		h->met = m->next;
		free(m);
	}
	while ((c = h->counted) != NULL) {
		h->counted = c->next;
		free(c);
	}
	h->waiting = 0;
}

uint32_t
history_gathered(void)
{
	return GATHERED_MAX;
}

/* A bucket and a place in the order of writing with each, and qsort() has that order twice. */
size_t
history_gathered_bytes(void)
{
	return sizeof(struct gathered) + sizeof(uint32_t) + 2 * sizeof(struct gathered_order);
}
