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
	a->spare = NULL;
	a->used_bytes = 0;
	a->most_bytes = most_bytes;
}

void
arena_clear(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->blocks; b != NULL; b = next) {
		next = b->next;
		if (a->spare != NULL && a->spare->block == NULL && b->size == BLOCK_BYTES)
			a->spare->block = b;
		else
			free(b);
	}
	a->blocks = NULL;
	a->used_bytes = 0;
}

void
arena_spare_clear(struct arena_spare *s)
{
	free(s->block);
	s->block = NULL;
}

static struct arena_block *
make_block(struct arena *a, size_t size)
{
	struct arena_block *b = a->spare == NULL || size != BLOCK_BYTES ? NULL : a->spare->block;

	if (b != NULL)
		a->spare->block = NULL;
	else if ((b = malloc(sizeof *b + size)) == NULL)
		return NULL;
	b->next = a->blocks;
	b->size = size;
	b->used = 0;
	a->blocks = b;
	return b;
}

void *
arena_take(struct arena *a, size_t len)
{
	struct arena_block *b = a->blocks;
	void *p;

	if (len > a->most_bytes || a->most_bytes - len < 8)
		return NULL;
	len = (len + 7) & ~(size_t)7;
	if (len > a->most_bytes - a->used_bytes)
		return NULL;
	if ((b == NULL || len > b->size - b->used) &&
	    (b = make_block(a, len > BLOCK_BYTES ? len : BLOCK_BYTES)) == NULL)
		return NULL;
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
