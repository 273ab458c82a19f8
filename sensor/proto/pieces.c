#include "proto/pieces.h"

static bool
is_known(const struct pieces *p, uint32_t offset, size_t len)
{
	const struct piece *q;
	unsigned i;

	for (i = 0; i < p->count; i++) {
		q = &p->piece[i];
		if (offset >= q->offset && offset - q->offset <= q->len && len <= q->len - (offset - q->offset))
			return true;
	}
	return false;
}

bool
pieces_add(struct pieces *p, struct bytes_ceiling *c, uint32_t offset, struct span bytes)
{
	struct piece *last = p->count == 0 ? NULL : &p->piece[p->count - 1];
	bool continues = last != NULL && offset == last->offset + last->len;

	if (bytes.left == 0 || is_known(p, offset, bytes.left))
		return true;
	if (bytes.left > UINT32_MAX - offset || (!continues && p->count == PIECES_MOST))
		return false;
	if (!bytes_append(&p->store, c, bytes))
		return false;
	if (continues) {
		last->len += (uint32_t)bytes.left;
		return true;
	}
	p->piece[p->count++] = (struct piece){ offset, (uint32_t)bytes.left,
		(uint32_t)(p->store.used - bytes.left) };
	return true;
}

uint32_t
pieces_whole(const struct pieces *p)
{
	const struct piece *q;
	uint32_t end = 0, before;
	unsigned i;

	do {
		before = end;
		for (i = 0; i < p->count; i++) {
			q = &p->piece[i];
			if (q->offset <= end && q->offset + q->len > end)
				end = q->offset + q->len;
		}
	} while (end > before);
	return end;
}

/* The latest first, so that what came earlier stands. */
void
pieces_copy(const struct pieces *p, uint8_t *to, uint32_t len)
{
	const struct piece *q;
	unsigned i;

	for (i = p->count; i-- > 0;) {
		q = &p->piece[i];
		if (q->offset < len)
			memcpy(to + q->offset, p->store.at + q->at, q->len < len - q->offset ? q->len : len - q->offset);
	}
}

void
pieces_clear(struct pieces *p, struct bytes_ceiling *c)
{
	bytes_clear(&p->store, c);
	p->count = 0;
}
