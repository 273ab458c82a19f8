/*
 * heap.h - what malloc() takes for a piece: for ceilings that are to be true.
 *
 * As the GNU C library does it: a size before each piece, sixteen bytes' steps,
 * no piece below 32. Other libraries take about the same.
 */
#ifndef SENSOR_BASE_HEAP_H
#define SENSOR_BASE_HEAP_H

#include <stddef.h>

static inline size_t
heap_bytes(size_t bytes)
{
	size_t whole = (bytes + sizeof(size_t) + 15) / 16 * 16;

	return whole < 32 ? 32 : whole;
}

#endif
