#include "beacon/pool.h"

#include <string.h>

#include "base/pages.h"

enum { LOOKED_AT = 16, FEW = 128 };

void *
pool_at(const struct pool *p, uint32_t index)
{
	return p->elements + (index - 1) * p->element_bytes;
}

bool
pool_holds(const struct pool *p, uint32_t index)
{
	return ((struct pool_node *)pool_at(p, index))->id != 0;
}

static size_t
buckets_bytes(const struct pool *p)
{
	return ((size_t)p->bucket_mask + 1) * sizeof *p->buckets;
}

bool
pool_init(struct pool *p, size_t element_bytes, uint32_t most, pool_forget_fn *forget, void *to)
{
	uint32_t buckets = 16;

	memset(p, 0, sizeof *p);
	p->element_bytes = element_bytes;
	p->most = most > 0 ? most : 1;
	p->forget = forget;
	p->to = to;
	while (buckets < p->most && buckets < 1u << 30)
		buckets *= 2;
	p->bucket_mask = buckets - 1;
	p->buckets = pages_new(buckets_bytes(p));
	p->elements = pages_new(p->most * p->element_bytes);
	if (p->buckets != NULL && p->elements != NULL)
		return true;
	pool_clear(p);
	return false;
}

void
pool_clear(struct pool *p)
{
	uint32_t i;

	for (i = 1; i <= p->ever; i++)
		if (pool_holds(p, i) && p->forget != NULL)
			p->forget(p->to, i, pool_at(p, i));
	pages_free(p->elements, p->most * p->element_bytes);
	pages_free(p->buckets, buckets_bytes(p));
	memset(p, 0, sizeof *p);
}

/* 0 says "nobody". */
static uint64_t
id_of(uint64_t id)
{
	return id != 0 ? id : 1;
}

uint32_t
pool_find(const struct pool *p, uint64_t id)
{
	const struct pool_node *n;
	uint32_t index;

	id = id_of(id);
	for (index = p->buckets[id & p->bucket_mask]; index != 0; index = n->chain) {
		n = pool_at(p, index);
		if (n->id == id)
			return index;
	}
	return 0;
}

void
pool_fetch(const struct pool *p, uint64_t id)
{
	__builtin_prefetch(&p->buckets[id_of(id) & p->bucket_mask]);
}

void
pool_fetch_place(const struct pool *p, uint64_t id)
{
	uint32_t index = p->buckets[id_of(id) & p->bucket_mask];

	if (index != 0)
		__builtin_prefetch(pool_at(p, index));
}

void
pool_remove(struct pool *p, uint32_t index)
{
	struct pool_node *n = pool_at(p, index);
	uint32_t *link = &p->buckets[n->id & p->bucket_mask];

	while (*link != index)
		link = &((struct pool_node *)pool_at(p, *link))->chain;
	*link = n->chain;
	if (p->forget != NULL)
		p->forget(p->to, index, n);
	n->id = 0;
	n->chain = p->unused;
	p->unused = index;
	p->count--;
}

/* All places hold somebody. */
static void
evict(struct pool *p)
{
	uint32_t i, at, victim = 0;
	const struct pool_node *n, *idlest = NULL;

	for (i = 0; i < LOOKED_AT && i < p->ever; i++) {
		at = p->hand++ % p->ever + 1;
		n = pool_at(p, at);
		if (idlest == NULL || n->touched < idlest->touched) {
			idlest = n;
			victim = at;
		}
	}
	p->evicted++;
	pool_remove(p, victim);
}

static uint32_t
take(struct pool *p)
{
	uint32_t index;

	if (p->unused == 0 && p->ever < p->most) {
		if (++p->ever == FEW) {
			pages_fill(p->buckets, buckets_bytes(p));
			pages_enlarge(p->elements, p->most * p->element_bytes);
		}
		if (p->ever * p->element_bytes > p->taken)
			pages_grow(p->elements, p->most * p->element_bytes, &p->taken, p->ever * p->element_bytes);
		return p->ever;
	}
	if (p->unused == 0 && p->count > 0)
		evict(p);
	if ((index = p->unused) != 0)
		p->unused = ((struct pool_node *)pool_at(p, index))->chain;
	return index;
}

uint32_t
pool_add(struct pool *p, uint64_t id, uint32_t now)
{
	uint32_t index = take(p), *bucket;
	struct pool_node *n;

	if (index == 0)
		return 0;
	id = id_of(id);
	bucket = &p->buckets[id & p->bucket_mask];
	n = pool_at(p, index);
	memset(n, 0, p->element_bytes);
	n->id = id;
	n->touched = now;
	n->chain = *bucket;
	*bucket = index;
	p->count++;
	return index;
}
