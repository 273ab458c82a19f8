/*
 * hosts.c - which hosts are known, what is kept of each, and how that
 * outlives the process.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/state_file.h"
#include "behaviour/house.h"
#include "behaviour/private.h"

static void
idle_remove(struct behaviour *b, struct host *h)
{
	*(h->idler != NULL ? &h->idler->busier : &b->idlest) = h->busier;
	*(h->busier != NULL ? &h->busier->idler : &b->busiest) = h->idler;
}

static void
idle_append(struct behaviour *b, struct host *h)
{
	h->idler = b->busiest;
	h->busier = NULL;
	*(b->busiest != NULL ? &b->busiest->busier : &b->idlest) = h;
	b->busiest = h;
}

void
host_drop(struct behaviour *b, struct host *h)
{
	unsigned i;

	HASH_DEL(b->table, h);
	idle_remove(b, h);
	for (i = 0; i < ROWS; i++)
		free(h->part[i]);
	free(h);
	b->counts.hosts--;
}

static struct host *
host_new(struct behaviour *b, const struct host_key *key)
{
	struct host *h;

	if (b->counts.hosts >= b->limits.hosts) {
		b->counts.evicted++;
		host_drop(b, b->idlest);
	}
	if ((h = calloc(1, sizeof *h)) == NULL) {
		b->counts.lost++;
		return NULL;
	}
	h->key = *key;
	h->mail_ns = h->office_ns = h->mail_served_ns = h->suspect_ns = h->download.at_ns = WHEN_UNKNOWN;
	HASH_ADD(hh, b->table, key, sizeof h->key, h);
	if (element_not_added(h)) {
		free(h);
		b->counts.lost++;
		return NULL;
	}
	idle_append(b, h);
	b->counts.hosts++;
	return h;
}

static struct host *
host_find(struct sight *s, bool make)
{
	struct host_key key;

	if (s->host != NULL || (s->host_sought && !make))
		return s->host;
	s->host_sought = true;
	memset(&key, 0, sizeof key);
	key.realm = s->o->key.realm;
	key.addr = *s->addr;
	HASH_FIND(hh, s->b->table, &key, sizeof key, s->host);
	if (s->host == NULL)
		return s->host = make ? host_new(s->b, &key) : NULL;
	idle_remove(s->b, s->host);
	idle_append(s->b, s->host);
	return s->host;
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
	struct host_key key;
	struct host *h;

	memset(&key, 0, sizeof key);
	key.realm = *realm;
	key.addr = *addr;
	HASH_FIND(hh, b->table, &key, sizeof key, h);
	if (h != NULL)
		host_drop(b, h);
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
	const struct host *h;

	part_table(row, name);
	state_out_table(out, name, *rows[row].part_bytes);
	for (h = b->idlest; h != NULL; h = h->busier)
		if (h->part[row] != NULL)
			state_out_put(out, h->part[row], 1);
}

void
behaviour_save_hosts(const struct behaviour *b, struct state_out *out)
{
	const struct host *h;
	unsigned i;

	state_out_table(out, "hosts", sizeof(struct saved_host));
	for (h = b->idlest; h != NULL; h = h->busier)
		save_host(h, out);
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
	struct host *h;
	unsigned i;

	HASH_FIND(hh, b->table, &s->key, sizeof s->key, h);
	if (h != NULL || (h = host_new(b, &s->key)) == NULL)
		return NULL;
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
