#include "proto/bytes.h"

#include <stdlib.h>

enum { FIRST_BYTES = 64 };

bool
bytes_reserve(struct bytes *b, struct bytes_ceiling *c, size_t more)
{
	size_t others = c->held - b->size, room, size;
	uint8_t *at;

	if (more <= b->size - b->used)
		return true;
	room = c->most > others ? c->most - others : 0;
	if (b->used > room || more > room - b->used)
		return false;
	size = b->size < FIRST_BYTES ? FIRST_BYTES : b->size * 2;
	if (size < b->used + more)
		size = b->used + more;
	if (size > room)
		size = room;
	if ((at = realloc(b->at, size)) == NULL)
		return false;
	if (c->total != NULL)
		*c->total += size - b->size;
	b->at = at;
	b->size = size;
	c->held = others + size;
	return true;
}

bool
bytes_append(struct bytes *b, struct bytes_ceiling *c, struct span s)
{
	if (!bytes_reserve(b, c, s.left))
		return false;
	if (s.left > 0)
		memcpy(b->at + b->used, s.at, s.left);
	b->used += s.left;
	return true;
}

void
bytes_clear(struct bytes *b, struct bytes_ceiling *c)
{
	free(b->at);
	if (c->total != NULL)
		*c->total -= b->size;
	c->held -= b->size;
	memset(b, 0, sizeof *b);
}

void
bytes_empty(struct bytes *b, struct bytes_ceiling *c)
{
	b->used = 0;
	if (b->size > BYTES_KEEP)
		bytes_clear(b, c);
}
