#include "base/pages.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/heap.h"

#define LARGE ((size_t)2 << 20)
#define FILL_MOST ((size_t)8 << 20)

enum { HEAP_STEP = 1 << 20, SMALL = 4096, TAKE_LEAST = 16384, TAKE_MOST = 1 << 20 };

static size_t
whole(size_t bytes)
{
	return (bytes + LARGE - 1) / LARGE * LARGE;
}

/* A mapping may begin anywhere: one more page, and what lies before and behind goes back. */
static void *
map_large(size_t bytes)
{
	uint8_t *p = mmap(NULL, bytes + LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (p == MAP_FAILED)
		return NULL;
	before = (LARGE - (uintptr_t)p % LARGE) % LARGE;
	if (before > 0)
		munmap(p, before);
	munmap(p + before + bytes, LARGE - before);
	return p + before;
}

void *
pages_new(size_t bytes)
{
	return bytes < LARGE / 2 ? calloc(1, bytes) : map_large(whole(bytes));
}

size_t
pages_bytes(size_t bytes)
{
	return bytes < LARGE / 2 ? heap_bytes(bytes) : whole(bytes);
}

void
pages_enlarge(void *p, size_t bytes)
{
	if (bytes < LARGE / 2)
		return;
	madvise(p, whole(bytes), MADV_HUGEPAGE);
}

void
pages_fill(void *p, size_t bytes)
{
	pages_enlarge(p, bytes);
#ifdef MADV_POPULATE_WRITE
	if (bytes >= LARGE / 2 && bytes <= FILL_MOST)
		madvise(p, bytes, MADV_POPULATE_WRITE);
#endif
}

void
pages_clear(void *p, size_t bytes)
{
	if (bytes < LARGE / 2 || madvise(p, whole(bytes), MADV_DONTNEED) < 0)
		memset(p, 0, bytes);
}

void
pages_free(void *p, size_t bytes)
{
	if (bytes < LARGE / 2)
		free(p);
	else if (p != NULL)
		munmap(p, whole(bytes));
}

/* Where the kernel does not know it they come one by one. */
static void
populate(uint8_t *from, size_t bytes)
{
	size_t over = (uintptr_t)from % SMALL;

#ifdef MADV_POPULATE_WRITE
	madvise(from - over, bytes + over, MADV_POPULATE_WRITE);
#else
	(void)over;
#endif
}

void
pages_take(void *p, size_t bytes, size_t *taken, size_t until)
{
	size_t more = *taken < TAKE_LEAST ? TAKE_LEAST : *taken < TAKE_MOST ? *taken : TAKE_MOST;

	if (until > *taken + more)
		more = until - *taken;
	if (more > bytes - *taken)
		more = bytes - *taken;
	populate((uint8_t *)p + *taken, more);
	*taken += more;
}

void
pages_grow(void *p, size_t bytes, size_t *taken, size_t until)
{
	if (bytes < LARGE / 2)
		*taken = bytes;
	else
		pages_take(p, bytes, taken, until);
}

void
pages_heap_begin(struct pages_heap *h)
{
	mallopt(M_TOP_PAD, HEAP_STEP);
	h->filled = sbrk(0);
}

void
pages_heap_fill(struct pages_heap *h)
{
	uint8_t *end = sbrk(0);

	if (end > h->filled)
		populate(h->filled, (size_t)(end - h->filled));
	h->filled = end > h->filled ? end : h->filled;
}
