/*
 * hosts.c - which hosts are known, what is kept of each, and how that
 * outlives the process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "base/state_file.h"
#include "behaviour/house.h"
#include "behaviour/private.h"

enum { FEW = 64 };

static size_t
hosts_bytes(const struct behaviour *b)
{
	return ((size_t)b->limits.hosts + 1) * sizeof *b->host;
}

static void
host_drop(struct behaviour *b, uint32_t at)
{
	struct host *h = &b->host[at];
	unsigned i;

	for (i = 0; i < ROWS; i++)
		free(h->part[i]);
	memset(h, 0, sizeof *h);
	roster_remove(&b->roster, at);
	b->counts.hosts--;
}

bool
hosts_begin(struct behaviour *b)
{
	return roster_init(&b->roster, b->limits.hosts) && (b->host = pages_new(hosts_bytes(b))) != NULL;
}

void
hosts_end(struct behaviour *b)
{
	while (b->roster.oldest != 0)
		host_drop(b, b->roster.oldest);
	pages_free(b->host, hosts_bytes(b));
	roster_clear(&b->roster);
}

static struct host *
host_new(struct behaviour *b, const struct host_key *key, uint64_t hash)
{
	struct host *h;
	uint32_t at;

	if (b->counts.hosts >= b->limits.hosts) {
		b->counts.evicted++;
		host_drop(b, b->roster.oldest);
	}
	if ((at = roster_add(&b->roster, hash)) == FEW)
		pages_enlarge(b->host, hosts_bytes(b));
	if ((at + (size_t)1) * sizeof *b->host > b->taken)
		pages_grow(b->host, hosts_bytes(b), &b->taken, (at + (size_t)1) * sizeof *b->host);
	h = &b->host[at];
	h->key = *key;
	h->mail_ns = h->office_ns = h->mail_served_ns = h->suspect_ns = h->download.at_ns = WHEN_UNKNOWN;
	b->counts.hosts++;
	return h;
}

uint64_t
hosts_hash(const struct realm *realm, const struct addr *addr)
{
	const struct host_key key = { *realm, *addr };

	return hash_table(&key, sizeof key);
}

static struct host *
host_find(struct sight *s, bool make)
{
	uint32_t at;

	if (s->host != NULL || (s->host_sought && !make))
		return s->host;
	s->host_sought = true;
	if (s->host_hash == 0)
		s->host_hash = hosts_hash(&s->o->key.realm, s->addr);
	if ((at = roster_find(&s->b->roster, s->host_hash)) == 0)
		return s->host = make ? host_new(s->b, &(struct host_key){ s->o->key.realm, *s->addr }, s->host_hash) : NULL;
	roster_touch(&s->b->roster, at);
	return s->host = &s->b->host[at];
}

struct host *
sight_host(struct sight *s)
{
	return host_find(s, true);
}

struct host *
sight_known(struct sight *s)
{
	return host_find(s, false);
}

void *
sight_part(struct sight *s, enum row_number row)
{
	struct host *h = sight_host(s);

	if (h == NULL)
		return NULL;
	if (h->part[row] == NULL && (h->part[row] = calloc(1, *rows[row].part_bytes)) == NULL)
		s->b->counts.lost++;
	return h->part[row];
}

void
behaviour_forget(struct behaviour *b, const struct realm *realm, const struct addr *addr)
{
	uint32_t at = roster_find(&b->roster, hosts_hash(realm, addr));

	if (at != 0)
		host_drop(b, at);
}

/* ---- over restarts ---- */

enum { WORD_MAX = 16 };

/* A host without what points anywhere; its parts stand in tables of their own, in the order of the hosts. */
struct saved_host {
	struct host_key key;
	int64_t mail_ns, office_ns, mail_served_ns, suspect_ns, download_ns;
	struct addr download_peer;
	uint32_t download_confidence, parts;
	char download_kind[WORD_MAX];
	struct rung rung[ROWS];
};

_Static_assert(ROWS <= 32, "a bit for each part");

static void
part_table(unsigned row, char name[STATE_NAME_MAX + 1])
{
	snprintf(name, STATE_NAME_MAX + 1, "part %u", row);
}

static void
save_host(const struct host *h, struct state_out *out)
{
	struct saved_host s;
	unsigned i;

	memset(&s, 0, sizeof s);
	s.key = h->key;
	s.mail_ns = h->mail_ns;
	s.office_ns = h->office_ns;
	s.mail_served_ns = h->mail_served_ns;
	s.suspect_ns = h->suspect_ns;
	s.download_ns = h->download.at_ns;
	s.download_peer = h->download.peer;
	s.download_confidence = h->download.confidence;
	if (h->download.kind != NULL)
		snprintf(s.download_kind, sizeof s.download_kind, "%s", h->download.kind);
	for (i = 0; i < ROWS; i++) {
		s.rung[i] = h->rung[i];
		if (h->part[i] != NULL)
			s.parts |= 1u << i;
	}
	state_out_put(out, &s, 1);
}

static void
save_parts(const struct behaviour *b, unsigned row, struct state_out *out)
{
	char name[STATE_NAME_MAX + 1];
	uint32_t at;

	part_table(row, name);
	state_out_table(out, name, *rows[row].part_bytes);
	for (at = b->roster.oldest; at != 0; at = b->roster.place[at].newer)
		if (b->host[at].part[row] != NULL)
			state_out_put(out, b->host[at].part[row], 1);
}

void
behaviour_save_hosts(const struct behaviour *b, struct state_out *out)
{
	uint32_t at;
	unsigned i;

	state_out_table(out, "hosts", sizeof(struct saved_host));
	for (at = b->roster.oldest; at != 0; at = b->roster.place[at].newer)
		save_host(&b->host[at], out);
	for (i = 0; i < ROWS; i++)
		if (rows[i].part_bytes != NULL)
			save_parts(b, i, out);
}

/* What is still to be read of each table of parts. */
struct parts_left {
	const uint8_t *at[ROWS];
	size_t count[ROWS];
};

static void
load_parts(struct host *h, uint32_t which, struct parts_left *left)
{
	size_t bytes;
	unsigned i;

	for (i = 0; i < ROWS; i++) {
		if ((which & 1u << i) == 0 || left->count[i] == 0)
			continue;
		bytes = *rows[i].part_bytes;
		if (h != NULL && (h->part[i] = malloc(bytes)) != NULL) {
			memcpy(h->part[i], left->at[i], bytes);
			if (i == ROW_LURE)
				lure_begin_again(h->part[i]);
			else if (i == ROW_RELAY)
				relay_begin_again(h->part[i]);
		}
		left->at[i] += bytes;
		left->count[i]--;
	}
}

static struct host *
load_host(struct behaviour *b, const struct saved_host *s)
{
	uint64_t hash = hash_table(&s->key, sizeof s->key);
	struct host *h;
	unsigned i;

	if (roster_find(&b->roster, hash) != 0)
		return NULL;
	h = host_new(b, &s->key, hash);
	h->mail_ns = s->mail_ns;
	h->office_ns = s->office_ns;
	h->mail_served_ns = s->mail_served_ns;
	h->suspect_ns = s->suspect_ns;
	h->download.at_ns = s->download_ns;
	h->download.peer = s->download_peer;
	h->download.confidence = s->download_confidence;
	h->download.kind = download_kind(s->download_kind);
	for (i = 0; i < ROWS; i++)
		h->rung[i] = s->rung[i];
	return h;
}

void
behaviour_load_hosts(struct behaviour *b, const struct state_in *in)
{
	char name[STATE_NAME_MAX + 1];
	struct parts_left left;
	size_t count, i;
	const struct saved_host *s = state_in_records(in, "hosts", sizeof *s, &count);

	memset(&left, 0, sizeof left);
	for (i = 0; i < ROWS; i++) {
		if (rows[i].part_bytes == NULL)
			continue;
		part_table((unsigned)i, name);
		left.at[i] = state_in_records(in, name, *rows[i].part_bytes, &left.count[i]);
	}
	for (i = 0; i < count && b->limits.hosts > 0; i++)
		load_parts(load_host(b, &s[i]), s[i].parts, &left);
}
