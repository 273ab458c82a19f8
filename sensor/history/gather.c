#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "history/private.h"

/* 224/4, the limited broadcast, ff00::/8. */
static bool
is_multicast(const struct addr *a)
{
	if (addr_is_v4(a))
		return a->b[12] >= 224;
	return a->b[0] == 0xff;
}

static struct gathered_key
key_of(const struct kept *k, struct span name)
{
	const struct hash_key *seed = hash_seed();
	const struct hash_key other = { ~seed->k0, seed->k1 };
	struct gathered_key key;

	memset(&key, 0, sizeof key);
	key.realm = k->realm;
	key.host = k->addr[k->host_side];
	key.day = k->ts_ns / NS_PER_DAY;
	key.port = k->port[!k->host_side];
	key.protocol = k->protocol;
	if (name.left == 0) {
		key.address = k->addr[!k->host_side];
		return key;
	}
	key.resolved = (k->flags & KEPT_RESOLVED) != 0;
	key.name[0] = hash_bytes(seed, name.at, name.left);
	key.name[1] = hash_bytes(&other, name.at, name.left);
	return key;
}

static struct gathered *
find_or_add(struct history *h, const struct kept *k, struct span name)
{
	struct gathered_key key = key_of(k, name);
	struct gathered *g;

	HASH_FIND(hh, h->gathered, &key, sizeof key, g);
	if (g != NULL)
		return g;
	if (h->waiting >= GATHERED_MAX || (g = calloc(1, sizeof *g + name.left + 1)) == NULL)
		return NULL;
	g->key = key;
	if (name.left > 0)
		memcpy(g->name, name.at, name.left);
	HASH_ADD(hh, h->gathered, key, sizeof g->key, g);
	if (element_not_added(g)) {
		free(g);
		return NULL;
	}
	h->waiting++;
	g->first_ns = g->last_ns = k->ts_ns;
	return g;
}

/* The one seen longest ago gives way. */
static void
note_peer(struct history *h, struct gathered *g, const struct kept *k)
{
	const struct addr *peer = &k->addr[!k->host_side];
	struct history_peer *p, *oldest = &g->peer[0];

	for (p = g->peer; p < g->peer + g->peers; p++) {
		if (addr_equal(&p->addr, peer))
			break;
		if (p->last_ns < oldest->last_ns)
			oldest = p;
	}
	if (p == g->peer + g->peers && g->peers < GATHERED_PEERS) {
		g->peers++;
		*p = (struct history_peer){ *peer, k->ts_ns, k->ts_ns, 0 };
	} else if (p == g->peer + g->peers) {
		h->counts.peers_evicted++;
		p = oldest;
		*p = (struct history_peer){ *peer, k->ts_ns, k->ts_ns, 0 };
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

	if (name.left > NAME_MOST || memchr(name.left > 0 ? name.at : (const uint8_t *)"", '\0', name.left) != NULL)
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

	if (h->waiting >= GATHERED_MAX || value.left == 0 ||
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

	if (h->waiting >= GATHERED_MAX || family.left == 0 || (m = calloc(1, sizeof *m + family.left + 1)) == NULL)
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
	else if (k->host_side == 0 && !is_multicast(&k->addr[1]))
		note_contact(h, k);
	else if (k->kind == KEPT_CONTACT)
		h->counts.passed_over++;
}

uint32_t
history_waiting(const struct history *h)
{
	return h->waiting;
}

void
history_forget_gathered(struct history *h)
{
	struct gathered *g, *next;
	struct counted *c;
	struct met *m;

	HASH_ITER(hh, h->gathered, g, next) {
		HASH_DEL(h->gathered, g);
		free(g);
	}
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

size_t
history_gathered_bytes(void)
{
	return heap_bytes(sizeof(struct gathered) + KEPT_NAME_MAX + 1) + sizeof(struct UT_hash_bucket);
}
