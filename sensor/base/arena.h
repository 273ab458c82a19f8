/*
 * arena.h - memory that is freed all at once, within a ceiling.
 *
 * arena_take() returns zeroed, 8-byte aligned memory, or NULL when the system
 * or the arena's ceiling says no; earlier pieces stay valid. One thread only.
 */
#ifndef SENSOR_BASE_ARENA_H
#define SENSOR_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

/* Of arenas that are filled one after the other, one block is kept from one to the next. Begin with all zero. */
struct arena_spare {
	struct arena_block *block;
};

struct arena {
	struct arena_block *blocks;	/* newest first */
	struct arena_spare *spare;	/* NULL, or set behind arena_init(): outlives the arena */
	size_t used_bytes, most_bytes;
};

void arena_init(struct arena *a, size_t most_bytes);
void arena_clear(struct arena *a);
void arena_spare_clear(struct arena_spare *s);
void *arena_take(struct arena *a, size_t len);

/* A copy with a NUL behind it. */
char *arena_text(struct arena *a, const void *bytes, size_t len);

#endif
