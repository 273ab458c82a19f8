#include "base/roster.h"

#include <string.h>

#include "base/pages.h"

enum { FEW = 128 };

static size_t
places_bytes(const struct roster *r)
{
	return ((size_t)r->most + 1) * sizeof *r->place;
}

static size_t
buckets_bytes(const struct roster *r)
{
	return ((size_t)r->bucket_mask + 1) * sizeof *r->bucket;
}

bool
roster_init(struct roster *r, uint32_t most)
{
	uint32_t buckets = 16;

	memset(r, 0, sizeof *r);
	r->most = most;
	while (buckets < most && buckets < 1u << 30)
		buckets *= 2;
	r->bucket_mask = buckets - 1;
	r->place = pages_new(places_bytes(r));
	r->bucket = pages_new(buckets_bytes(r));
	if (r->place != NULL && r->bucket != NULL)
		return true;
	roster_clear(r);
	return false;
}

void
roster_clear(struct roster *r)
{
	pages_free(r->place, places_bytes(r));
	pages_free(r->bucket, buckets_bytes(r));
	memset(r, 0, sizeof *r);
}

uint32_t
roster_find(const struct roster *r, uint64_t hash)
{
	uint32_t at = r->bucket[hash & r->bucket_mask];

	while (at != 0 && r->place[at].hash != hash)
		at = r->place[at].chain;
	return at;
}

void
roster_fetch(const struct roster *r, uint64_t hash)
{
	__builtin_prefetch(&r->bucket[hash & r->bucket_mask]);
}

uint32_t
roster_fetch_place(const struct roster *r, uint64_t hash)
{
	uint32_t at = r->bucket[hash & r->bucket_mask];

	__builtin_prefetch(&r->place[at]);
	return at;
}

/* ---- order ---- */

static void
append(struct roster *r, uint32_t at)
{
	r->place[at].older = r->newest;
	r->place[at].newer = 0;
	*(r->newest != 0 ? &r->place[r->newest].newer : &r->oldest) = at;
	r->newest = at;
}

static void
take_out(struct roster *r, uint32_t at)
{
	const struct roster_place *p = &r->place[at];

	*(p->older != 0 ? &r->place[p->older].newer : &r->oldest) = p->newer;
	*(p->newer != 0 ? &r->place[p->newer].older : &r->newest) = p->older;
}

void
roster_touch(struct roster *r, uint32_t at)
{
	if (r->newest == at)
		return;
	take_out(r, at);
	append(r, at);
}

/* ---- coming and going ---- */

uint32_t
roster_add(struct roster *r, uint64_t hash)
{
	uint32_t at = r->unused, *bucket = &r->bucket[hash & r->bucket_mask];

	if (at != 0) {
		r->unused = r->place[at].chain;
	} else if (r->ever == r->most) {
		return 0;
	} else {
		if ((at = ++r->ever) == FEW) {
			pages_enlarge(r->place, places_bytes(r));
			pages_fill(r->bucket, buckets_bytes(r));
		}
		if ((at + (size_t)1) * sizeof *r->place > r->taken)
			pages_grow(r->place, places_bytes(r), &r->taken, (at + (size_t)1) * sizeof *r->place);
	}
	r->place[at].hash = hash;
	r->place[at].chain = *bucket;
	*bucket = at;
	append(r, at);
	r->count++;
	return at;
}

void
roster_remove(struct roster *r, uint32_t at)
{
	uint32_t *link = &r->bucket[r->place[at].hash & r->bucket_mask];

	while (*link != at)
		link = &r->place[*link].chain;
	*link = r->place[at].chain;
	take_out(r, at);
	r->place[at].chain = r->unused;
	r->unused = at;
	r->count--;
}

size_t
roster_place_bytes(void)
{
	return sizeof(struct roster_place) + 2 * sizeof(uint32_t);
}
