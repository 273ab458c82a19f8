/*
 * slots.h - a set of numbers, found by hash: what the builder finds its
 * records and texts by.
 *
 * Open addressing, eight bytes a slot. With a million records, uthash's 56
 * bytes in each element would be more than the records themselves. The caller
 * compares: slots_next() gives every number kept under a hash, in the order
 * of adding.
 *
 * A slot is a read of memory that is not at hand. So a filter of four bits a
 * slot says of nearly all that is new that it is, and what is added waits in
 * a short list until its slot has been fetched.
 */
#ifndef SENSOR_INDICATORS_SLOTS_H
#define SENSOR_INDICATORS_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SLOTS_NONE UINT32_MAX

struct slot {
	uint32_t hash, number;		/* SLOTS_NONE: free */
};

enum { SLOTS_WAITING = 16 };

struct slots {
	struct slot *slot;
	uint64_t *filter;		/* a word for 16 slots */
	uint32_t size, used;		/* size: a power of two, or 0 */
	uint32_t waiting_count;
	struct slot waiting[SLOTS_WAITING];
};

/* Where slots_next() is. */
struct slots_walk {
	uint32_t at, waiting;
	bool done;			/* with the table */
};

void slots_init(struct slots *s);
void slots_clear(struct slots *s);

/* Forget all numbers, keep the memory. */
void slots_empty(struct slots *s);

/* 0, or SE_NOMEM with nothing changed. `number` is below SLOTS_NONE. */
int slots_add(struct slots *s, uint32_t hash, uint32_t number);

struct slots_walk slots_find(const struct slots *s, uint32_t hash);
/* SLOTS_NONE: no more. */
uint32_t slots_next(const struct slots *s, uint32_t hash, struct slots_walk *walk);

#endif
