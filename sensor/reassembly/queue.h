/*
 * queue.h - what waits behind holes: a note for each segment that libnids queues.
 *
 * libnids holds the bytes; here is where they stand, since when, and hashes
 * to recognise a copy with other bytes. Segments of one queue never overlap
 * and are in stream order. All come from one pool of fixed size.
 */
#ifndef SENSOR_REASSEMBLY_QUEUE_H
#define SENSOR_REASSEMBLY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/when.h"
#include "reassembly/print.h"

struct segment {
	struct segment *next, *prev;
	uint64_t offset;
	int64_t at_ns;			/* when it came */
	int64_t acked_ns;		/* when the other side had all before it; WHEN_UNKNOWN: not yet */
	uint64_t hash;			/* of all its bytes */
	uint32_t len;
	bool sure;			/* the receiver took it, as far as can be told */
	uint8_t part[PRINT_PARTS];
};

struct segment_pool {
	struct segment *slab, *free;
	uint64_t used, most;
};

bool segment_pool_init(struct segment_pool *p, uint64_t most);
void segment_pool_clear(struct segment_pool *p);

struct queue {
	struct segment *head, *tail;
	struct segment *unacked;	/* the first one whose acked_ns is not known */
	uint32_t segments;
	uint64_t bytes;
};

static inline uint64_t
segment_end(const struct segment *s)
{
	return s->offset + s->len;
}

/* The first segment that ends behind `offset`, or NULL. */
struct segment *queue_find(const struct queue *q, uint64_t offset);

/* Put a segment in its place, which must be free. NULL: the pool is empty. */
struct segment *queue_add(struct queue *q, struct segment_pool *p, uint64_t offset, uint32_t len);

/* Drop the head. */
void queue_pop(struct queue *q, struct segment_pool *p);

/* The other side has all before `offset`, since `at_ns`. */
void queue_acked(struct queue *q, uint64_t offset, int64_t at_ns);

/* Forget all that. */
void queue_not_acked(struct queue *q);

#endif
