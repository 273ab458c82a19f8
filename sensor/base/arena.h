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

struct arena {
	struct arena_block *blocks;	/* newest first */
	size_t used_bytes, most_bytes;
};

void arena_init(struct arena *a, size_t most_bytes);
void arena_clear(struct arena *a);
void *arena_take(struct arena *a, size_t len);

/* A copy with a NUL behind it. */
char *arena_text(struct arena *a, const void *bytes, size_t len);

#endif
