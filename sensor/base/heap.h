/*
 * heap.h - what malloc() takes for a piece: for ceilings that are to be true.
 *
 * As the GNU C library does it: a size before each piece, sixteen bytes' steps,
 * no piece below 32. Other libraries take about the same.
 */
#ifndef SENSOR_BASE_HEAP_H
#define SENSOR_BASE_HEAP_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static inline size_t
heap_bytes(size_t bytes)
{
	size_t whole = (bytes + sizeof(size_t) + 15) / 16 * 16;

	return whole < 32 ? 32 : whole;
}

/*
 * As calloc(), for what is made and freed with each flow: glibc's (2.36)
 * passes by what the thread has freed just before, which malloc() hands out.
 */
static inline void *
heap_zeroed(size_t bytes)
{
	void *p = malloc(bytes);

	__asm__("" : "+r"(p));	/* else compilers make a calloc() of the two */
	return p == NULL ? NULL : memset(p, 0, bytes);
}

#endif
