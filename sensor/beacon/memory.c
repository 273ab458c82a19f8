/*
 * memory.c - keys, tracks, hosts and sets as tables of a state file.
 *
 * Records go as they lie in memory, without what points anywhere. A track's
 * parts of their own stand in tables beside it, in the order of the tracks.
 */
#include <stdlib.h>
#include <string.h>

#include "base/state_file.h"
#include "beacon/private.h"

struct saved_sets {
	uint64_t secret, mask;
	int64_t until_ns;
	uint8_t period, zero[7];
};

/* Which of a track's parts follow in their tables. */
struct saved_parts {
	uint64_t key;
	uint32_t service_bytes;
	uint8_t used;			/* marks of its key */
	uint8_t peers, times, zero;
};

/* ---- saving ---- */

static void
save_sets(const struct beacon *b, struct state_out *out)
{
	struct saved_sets s = { .secret = b->secret, .mask = b->sets.mask, .until_ns = b->sets.until_ns, .period = b->sets.period };
	unsigned i;

	state_out_table(out, "sets", sizeof s);
	state_out_put(out, &s, 1);
	state_out_table(out, "cells", sizeof(uint64_t));
	for (i = 0; i < 2; i++)
		state_out_put(out, b->sets.cell[i], b->sets.mask + 1);
	state_out_table(out, "proxies", sizeof(uint64_t));
	state_out_put(out, b->proxies, PROXIES);
}

static void
save_keys(const struct beacon *b, struct state_out *out)
{
	struct key k;
	uint32_t i;

	state_out_table(out, "keys", sizeof k);
	for (i = 1; i <= b->keys.ever; i++) {
		if (!pool_holds(&b->keys, i))
			continue;
		memcpy(&k, pool_at(&b->keys, i), sizeof k);
		if (k.track != NULL)
			k.used = 0;		/* its marks are the track's */
		k.track = NULL;
		state_out_put(out, &k, 1);
	}
}

static void
save_hosts(const struct beacon *b, struct state_out *out)
{
	struct host h;
	uint32_t i;

	state_out_table(out, "hosts", sizeof h);
	for (i = 1; i <= b->hosts.ever; i++) {
		if (!pool_holds(&b->hosts, i))
			continue;
		memcpy(&h, pool_at(&b->hosts, i), sizeof h);
		memset(h.recent, 0, sizeof h.recent);	/* of three seconds, by their places in the pool */
		state_out_put(out, &h, 1);
	}
}

static const struct key *
tracked(const struct beacon *b, uint32_t i)
{
	return pool_at(&b->keys, b->tracked[i].key);
}

static void
save_tracks(const struct beacon *b, struct state_out *out)
{
	struct saved_parts parts;
	struct track t;
	uint32_t i;

	state_out_table(out, "tracks", sizeof t);
	for (i = 0; i < b->tracked_count; i++) {
		memcpy(&t, tracked(b, i)->track, sizeof t);
		t.known_cert = NULL;
		t.peers = NULL;
		t.times = NULL;
		t.novelty_turn = 0;
		state_out_put(out, &t, 1);
	}
	state_out_table(out, "parts", sizeof parts);
	for (i = 0; i < b->tracked_count; i++) {
		const struct track *of = tracked(b, i)->track;

		memset(&parts, 0, sizeof parts);
		parts.key = tracked(b, i)->node.id;
		parts.used = tracked(b, i)->used;
		parts.service_bytes = (uint32_t)strlen(of->service);
		parts.peers = of->peers != NULL;
		parts.times = of->times != NULL;
		state_out_put(out, &parts, 1);
	}
}

static void
save_parts(const struct beacon *b, struct state_out *out)
{
	uint32_t i;

	state_out_table(out, "services", 1);
	for (i = 0; i < b->tracked_count; i++)
		state_out_put(out, tracked(b, i)->track->service, strlen(tracked(b, i)->track->service));
	state_out_table(out, "peers", sizeof(struct peers));
	for (i = 0; i < b->tracked_count; i++)
		if (tracked(b, i)->track->peers != NULL)
			state_out_put(out, tracked(b, i)->track->peers, 1);
	state_out_table(out, "times", sizeof(struct times));
	for (i = 0; i < b->tracked_count; i++)
		if (tracked(b, i)->track->times != NULL)
			state_out_put(out, tracked(b, i)->track->times, 1);
}

void
beacon_save(const struct beacon *b, struct state_out *out)
{
	save_sets(b, out);
	save_keys(b, out);
	save_hosts(b, out);
	save_tracks(b, out);
	save_parts(b, out);
}

/* ---- loading ---- */

/* False: another ceiling made other sets, or nothing was saved. */
static bool
load_sets(struct beacon *b, const struct state_in *in)
{
	size_t sets, cells, proxies, row = b->sets.mask + 1;
	const struct saved_sets *s = state_in_records(in, "sets", sizeof *s, &sets);
	const uint64_t *cell = state_in_records(in, "cells", sizeof *cell, &cells);
	const uint64_t *proxy = state_in_records(in, "proxies", sizeof *proxy, &proxies);

	if (sets != 1)
		return false;
	b->secret = s->secret;
	if (proxies == PROXIES)
		memcpy(b->proxies, proxy, PROXIES * sizeof *proxy);
	if (s->mask != b->sets.mask || cells != 2 * row)
		return true;
	memcpy(b->sets.cell[0], cell, row * sizeof *cell);
	memcpy(b->sets.cell[1], cell + row, row * sizeof *cell);
	b->sets.until_ns = s->until_ns;
	b->sets.period = s->period;
	b->sets.older = true;
	return true;
}

static void
load_pool(struct pool *p, const void *records, size_t count)
{
	const struct pool_node *n;
	struct pool_node *made;
	uint32_t index;
	size_t i;

	for (i = 0; i < count; i++) {
		n = (const struct pool_node *)((const uint8_t *)records + i * p->element_bytes);
		if (pool_find(p, n->id) != 0 || (index = pool_add(p, n->id, n->touched)) == 0)
			continue;
		made = pool_at(p, index);
		memcpy(made + 1, n + 1, p->element_bytes - sizeof *n);
	}
}

static void
load_keys(struct beacon *b, const struct state_in *in)
{
	size_t count, i;
	const struct key *k = state_in_records(in, "keys", sizeof *k, &count);

	for (i = 0; i < count; i++)
		if (k[i].used > FEW_MARKS || k[i].track != NULL)
			return;
	load_pool(&b->keys, k, count);
	b->counts.keys = b->keys.count;
}

static void
load_hosts(struct beacon *b, const struct state_in *in)
{
	size_t count, i;
	const struct host *h = state_in_records(in, "hosts", sizeof *h, &count);

	for (i = 0; i < count; i++)
		if (h[i].next >= HOST_RECENT)
			return;
	load_pool(&b->hosts, h, count);
}

/* What is still to be read of each table of parts. */
struct rest {
	const char *services;
	const struct peers *peers;
	const struct times *times;
	size_t service_bytes, peers_count, times_count;
};

static void *
copy(const void *of, size_t bytes)
{
	void *c = malloc(bytes);

	return c != NULL ? memcpy(c, of, bytes) : NULL;
}

static bool
takes(struct rest *r, const struct track *t, const struct saved_parts *p)
{
	return p->service_bytes <= r->service_bytes && p->service_bytes <= SERVICE_TEXT_MAX &&
	    p->peers <= r->peers_count && p->times <= r->times_count && p->used <= MOST_MARKS &&
	    t->peers_count <= BEACON_PEERS_MAX && t->support < APP_KINDS && (!p->times || r->times->used <= TIMES_MAX);
}

/* In `b`, when there is memory and its key is there; the rest moves on in any case. */
static void
load_track(struct beacon *b, const struct track *saved, const struct saved_parts *p, const struct rest *r)
{
	uint32_t index = pool_find(&b->keys, p->key);
	struct key *k = index != 0 ? pool_at(&b->keys, index) : NULL;
	struct track *t;

	if (k == NULL || k->track != NULL || b->tracked_count >= b->tracked_most ||
	    (t = calloc(1, sizeof *t + p->service_bytes + 1)) == NULL)
		return;
	memcpy(t, saved, sizeof *t);
	memcpy(t->service, r->services, p->service_bytes);
	t->service[p->service_bytes] = '\0';
	k->used = p->used;
	k->track = t;
	t->place = b->tracked_count;
	b->tracked[b->tracked_count++].key = index;
	if (p->peers)
		t->peers = copy(r->peers, sizeof *r->peers);
	if (t->peers == NULL && t->peers_count > 1)
		t->peers_count = 1;
	if (p->times && b->plotted_count < b->plotted_most)
		t->times = copy(r->times, sizeof *r->times);
	b->plotted_count += t->times != NULL;
}

static void
load_tracks(struct beacon *b, const struct state_in *in)
{
	size_t tracks, parts, i;
	const struct track *t = state_in_records(in, "tracks", sizeof *t, &tracks);
	const struct saved_parts *p = state_in_records(in, "parts", sizeof *p, &parts);
	struct rest r;

	r.services = state_in_records(in, "services", 1, &r.service_bytes);
	r.peers = state_in_records(in, "peers", sizeof *r.peers, &r.peers_count);
	r.times = state_in_records(in, "times", sizeof *r.times, &r.times_count);
	for (i = 0; i < tracks && tracks == parts && takes(&r, &t[i], &p[i]); i++) {
		load_track(b, &t[i], &p[i], &r);
		r.services += p[i].service_bytes;
		r.service_bytes -= p[i].service_bytes;
		r.peers += p[i].peers;
		r.peers_count -= p[i].peers;
		r.times += p[i].times;
		r.times_count -= p[i].times;
	}
	b->counts.tracks = b->tracked_count;
}

void
beacon_load(struct beacon *b, const struct state_in *in)
{
	if (b->keys.count > 0 || !load_sets(b, in))
		return;
	load_keys(b, in);
	load_hosts(b, in);
	load_tracks(b, in);
}
