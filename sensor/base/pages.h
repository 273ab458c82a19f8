/*
 * pages.h - large tables that are read at random: zeroed memory, of which
 * nothing is taken before it is touched, and which can be put into large pages:
 * each small one costs a fault and a place in the processor's list of pages.
 */
#ifndef SENSOR_BASE_PAGES_H
#define SENSOR_BASE_PAGES_H

#include <stddef.h>

/* NULL: no memory. */
void *pages_new(size_t bytes);
void pages_free(void *p, size_t bytes);		/* as given to pages_new(); NULL is fine */

/* All zero again, and given back. */
void pages_clear(void *p, size_t bytes);

/*
 * It will be filled: large pages from now on, where the kernel has them (MADV_COLLAPSE: Linux 6.1). Not before that is
 * likely: to clear the first of them takes longer than a short run.
 */
void pages_enlarge(void *p, size_t bytes);

#endif
