/*
 * pool.h - a bounded table of equal elements, found by a 64-bit keyed hash.
 *
 * Elements stand in a slab and are named by an index from 1; each begins with
 * a struct pool_node. Nothing moves. When `most` are there, a new one takes
 * the place of the longest idle of the next few in turn, which needs no list
 * and no pointer for each.
 */
#ifndef SENSOR_BEACON_POOL_H
#define SENSOR_BEACON_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool_node {
	uint64_t id;
	uint32_t chain;
	uint32_t touched;		/* the owner's clock, in seconds; only ever compared */
};

/* About to be forgotten. */
typedef void pool_forget_fn(void *to, uint32_t index, void *element);

struct pool {
	size_t element_bytes;
	uint32_t most, count, ever, unused, hand, bucket_mask;
	uint32_t *buckets;
	uint8_t *elements;
	size_t taken;			/* bytes of the elements' memory; see pages_grow() */
	pool_forget_fn *forget;
	void *to;
	uint64_t evicted;
};

/* False: no memory. */
bool pool_init(struct pool *p, size_t element_bytes, uint32_t most, pool_forget_fn *forget, void *to);
void pool_clear(struct pool *p);	/* forgets all */

void *pool_at(const struct pool *p, uint32_t index);

/* 0: not there. */
uint32_t pool_find(const struct pool *p, uint64_t id);

/*
 * It will be looked for: first the bucket, then the place are fetched into the processor's cache. For several at once:
 * they then come together, and not one after the other.
 */
void pool_fetch(const struct pool *p, uint64_t id);
void pool_fetch_place(const struct pool *p, uint64_t id);

/* A zeroed element with this id, which is not there; 0: no memory. */
uint32_t pool_add(struct pool *p, uint64_t id, uint32_t now);

void pool_remove(struct pool *p, uint32_t index);

/* Is there an element at this index? For walks from 1 to `ever`. */
bool pool_holds(const struct pool *p, uint32_t index);

#endif
