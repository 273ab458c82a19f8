/*
 * nth.h - which of a few numbers would stand at a place if they were sorted?
 *
 * Each beat of a key asks twice of up to 64 gaps, and twice of 16 sizes. All
 * are compared with one of them that is not ruled out yet, by several at a
 * time; after some seven that one is found. Sorting takes five times as long.
 * Private to beacon/.
 */
#ifndef SENSOR_BEACON_NTH_H
#define SENSOR_BEACON_NTH_H

#include <stdint.h>

/* `places`, a constant, may be more than the `count` that are there: what stands behind them is INT32_MAX. */
static inline int32_t
nth_of(const int32_t *number, const unsigned places, unsigned count, unsigned place)
{
	int64_t above = INT64_MIN, below = INT64_MAX;
	unsigned less, no_more, i, k;
	int32_t one = 0;

	for (i = 0; i < count; i++) {
		one = number[i];
		if (one <= above || one >= below)
			continue;
		for (less = no_more = 0, k = 0; k < places; k++) {
			less += number[k] < one;
			no_more += number[k] <= one;
		}
		if (less > place)
			below = one;
		else if (no_more <= place)
			above = one;
		else
			break;
	}
	return one;
}

#endif
