/*
 * pages.h - large tables that are read at random: zeroed memory, of which
 * nothing is taken before it is touched, and which can be put into large pages:
 * each small one costs a fault and a place in the processor's list of pages.
 */
#ifndef SENSOR_BASE_PAGES_H
#define SENSOR_BASE_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* NULL: no memory. */
void *pages_new(size_t bytes);
void pages_free(void *p, size_t bytes);		/* as given to pages_new(); NULL is fine */
size_t pages_bytes(size_t bytes);		/* what pages_new() takes for so many */

/* All zero again, and given back. */
void pages_clear(void *p, size_t bytes);

/*
 * It will be filled: large pages from now on, where the kernel has them and nothing was touched yet. Not before that is
 * likely: to clear the first of them takes longer than a short run. What was touched stays in small ones: MADV_COLLAPSE
 * waits for all processors, up to 0.2 seconds on a busy machine.
 */
void pages_enlarge(void *p, size_t bytes);

/*
 * The same for one that is touched all over, as buckets are: what is missing is taken at once, unless that is much. One
 * by one each page costs a fault, and where it is read before it is written two. Not before it is likely, either.
 */
void pages_fill(void *p, size_t bytes);

/*
 * For one that is filled from its beginning: as much memory as there is already is taken at a time, in one call instead of
 * one fault for each 4 KiB. `taken` is what there is, 0 at first; to be called when less than what will be touched.
 */
void pages_grow(void *p, size_t bytes, size_t *taken, size_t until);
/* The same of what pages_new() did not make. */
void pages_take(void *p, size_t bytes, size_t *taken, size_t until);

/*
 * A process that keeps more and more small things: malloc() asks for a MiB each time, which pages_heap_fill() takes at
 * once when it finds that the heap has grown, instead of one fault for each 4 KiB. Asked often it costs next to nothing.
 */
struct pages_heap {
	uint8_t *filled;
};
void pages_heap_begin(struct pages_heap *h);
void pages_heap_fill(struct pages_heap *h);

#endif
