/*
 * slots.h - a set of numbers, found by hash: what the builder finds its
 * records and texts by.
 *
 * Open addressing, eight bytes a slot. With a million records, uthash's 56
 * bytes in each element would be more than the records themselves. The caller
 * compares: slots_next() gives every number kept under a hash, in the order
 * of adding.
 */
#ifndef SENSOR_INDICATORS_SLOTS_H
#define SENSOR_INDICATORS_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SLOTS_NONE UINT32_MAX

struct slot {
	uint32_t hash, number;		/* SLOTS_NONE: free */
};

struct slots {
	struct slot *slot;
	uint32_t size, used;		/* size: a power of two, or 0 */
};

void slots_init(struct slots *s);
void slots_clear(struct slots *s);

/* Forget all numbers, keep the memory. */
void slots_empty(struct slots *s);

/* 0, or SE_NOMEM with nothing changed. `number` is below SLOTS_NONE. */
int slots_add(struct slots *s, uint32_t hash, uint32_t number);

/* Start with *at = hash. SLOTS_NONE: no more. */
uint32_t slots_next(const struct slots *s, uint32_t hash, uint32_t *at);

#endif
