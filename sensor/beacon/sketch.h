/*
 * sketch.h - how many different members has each of very many sets?
 *
 * Fixed memory for any number of sets: a bit for each member's hash in one of
 * 64, in two cells of the set; what both cells share is counted (Whang and
 * others, 1990: linear counting). Sets that share cells make it count too
 * many, never too few, up to what 64 bits can tell (some 250). Members that
 * were not seen for one to two periods are forgotten.
 */
#ifndef SENSOR_BEACON_SKETCH_H
#define SENSOR_BEACON_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

enum { SKETCH_BITS = 64 };

struct sketch {
	uint64_t *cell[2];		/* this period's and the one before; two cells for each set */
	uint64_t mask;
	int64_t period_ns, until_ns;
	uint64_t added;
	bool older;			/* there is something in the one before */
	uint8_t period;			/* changes with each; what was added before must be added again */
	double members[SKETCH_BITS + 1];	/* how many there are likely to be where so many bits are set */
};

bool sketch_init(struct sketch *s, uint32_t sets, int64_t period_ns);
void sketch_clear(struct sketch *s);

/* Time goes on. */
void sketch_advance(struct sketch *s, int64_t now_ns);

/* Keyed hashes both. */
void sketch_add(struct sketch *s, uint64_t set, uint64_t member);
bool sketch_has(const struct sketch *s, uint64_t set, uint64_t member);
double sketch_count(const struct sketch *s, uint64_t set);

#endif
