/*
 * roster.h - a bounded table of 64-bit hashes, in the order of their use.
 *
 * What belongs to a hash stands in the owner's own arrays, at the index that
 * the hash has here: 1 to `most`. A place is 24 bytes, so that looking up and
 * putting in order touch few lines and none of what is kept. Keyed hashes
 * (hash.h): two keys of one hash would be one.
 */
#ifndef SENSOR_BASE_ROSTER_H
#define SENSOR_BASE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct roster_place {
	uint64_t hash;
	uint32_t chain;
	uint32_t older, newer;		/* by use; 0: none */
};

struct roster {
	struct roster_place *place;	/* [most + 1] */
	uint32_t *bucket;
	uint32_t bucket_mask, most;
	uint32_t count, ever, unused;	/* there now; highest index ever; a chain of free ones */
	uint32_t oldest, newest;
	size_t taken;			/* bytes of the places' memory; see pages_grow() */
};

bool roster_init(struct roster *r, uint32_t most);	/* false: no memory */
void roster_clear(struct roster *r);

/* 0: not there. */
uint32_t roster_find(const struct roster *r, uint64_t hash);

/* As the newest, what is not there; 0: the table is full. */
uint32_t roster_add(struct roster *r, uint64_t hash);

void roster_remove(struct roster *r, uint32_t at);

/* It is used: the newest now. */
void roster_touch(struct roster *r, uint32_t at);

/* It will be looked for: first the bucket, then, a little later, the place is fetched into the processor's cache. 0: not there. */
void roster_fetch(const struct roster *r, uint64_t hash);
uint32_t roster_fetch_place(const struct roster *r, uint64_t hash);

/* What one place costs, besides what the owner keeps at it. */
size_t roster_place_bytes(void);

#endif
