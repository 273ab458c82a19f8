#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(8) uint8_t bytes[];
};

#define BLOCK_BYTES 2032

void
arena_init(struct arena *a, size_t most_bytes)
{
	a->blocks = NULL;
	a->used_bytes = 0;
	a->most_bytes = most_bytes;
}

static void
free_blocks(struct arena_block *b)
{
	struct arena_block *next;

	for (; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
}

void
arena_clear(struct arena *a)
{
	free_blocks(a->blocks);
	a->blocks = NULL;
	a->used_bytes = 0;
}

void *
arena_take(struct arena *a, size_t len)
{
	struct arena_block *b = a->blocks;
	size_t size;
	void *p;

	if (len > a->most_bytes || a->most_bytes - len < 8)
		return NULL;
	len = (len + 7) & ~(size_t)7;
	if (len > a->most_bytes - a->used_bytes)
		return NULL;
	if (b == NULL || len > b->size - b->used) {
		size = len > BLOCK_BYTES ? len : BLOCK_BYTES;
		if ((b = malloc(sizeof *b + size)) == NULL)
			return NULL;
		b->next = a->blocks;
		b->size = size;
		b->used = 0;
		a->blocks = b;
	}
	p = b->bytes + b->used;
	b->used += len;
	a->used_bytes += len;
	memset(p, 0, len);
	return p;
}

char *
arena_text(struct arena *a, const void *bytes, size_t len)
{
	char *p;

	if (len == SIZE_MAX || (p = arena_take(a, len + 1)) == NULL)
		return NULL;
	if (len > 0)
		memcpy(p, bytes, len);
	return p;
}
