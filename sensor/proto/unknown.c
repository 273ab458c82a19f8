/* unknown.c - what flows said whose protocol nobody knows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/private.h"

bool
first_bytes_add(struct proto *p, struct first_bytes *b, const uint8_t *bytes, uint64_t len)
{
	size_t room = (size_t)(DIALOGUE_HELD_BYTES - b->used);

	if (b->at == NULL) {
		if ((b->at = malloc(DIALOGUE_HELD_BYTES)) == NULL)
			return false;
		p->counts.held_bytes += DIALOGUE_HELD_BYTES;
	}
	if (len < room)
		room = (size_t)len;
	if (room > 0)
		memcpy(b->at + b->used, bytes, room);
	b->used = (uint16_t)(b->used + room);
	return true;
}

void
first_bytes_free(struct proto *p, struct first_bytes *b)
{
	if (b->at != NULL)
		p->counts.held_bytes -= DIALOGUE_HELD_BYTES;
	free(b->at);
	b->at = NULL;
	b->used = 0;
}

/*
 * Shannon's, over single bytes: with n of N bytes of each value,
 * log2(N) - sum(n * log2(n)) / N. Each byte adds what its value's term grows by.
 */
static double
bits_per_byte(struct proto *p, struct span s)
{
	uint16_t seen[256] = { 0 };
	double sum = 0, bits;
	size_t i;

	if (p->entropy_steps[1] == 0)
		for (i = 1; i < DIALOGUE_HELD_BYTES; i++)
			p->entropy_steps[i] = (double)(i + 1) * log2((double)(i + 1)) - (double)i * log2((double)i);
	for (i = 0; i < s.left; i++)
		sum += p->entropy_steps[seen[s.at[i]]++];
	bits = log2((double)s.left) - sum / (double)s.left;
	return bits > 0 ? bits : 0;	/* of one value only it is a negative nothing */
}

void
unknown_tell(struct proto *p, const struct message *like, const struct span said[2])
{
	struct protocol what = { .app = APP_UNKNOWN };
	struct message m = *like;
	struct span held;
	int side;

	for (side = 0; side < 2; side++) {
		held = said[side];
		if (held.at == NULL || held.left == 0)
			continue;
		if (held.left > DIALOGUE_HELD_BYTES)
			held.left = DIALOGUE_HELD_BYTES;
		what.entropy[side] = bits_per_byte(p, held);
		if (held.left > PROTOCOL_FIRST_BYTES)
			held.left = PROTOCOL_FIRST_BYTES;
		what.first[side] = held;
	}
	m.kind = MESSAGE_PROTOCOL;
	m.protocol = &what;
	proto_emit(p, &m);
}

void
protocol_tell(struct proto *p, const struct message *like, enum app app)
{
	const struct protocol what = { .app = app };
	struct message m = *like;

	m.kind = MESSAGE_PROTOCOL;
	m.protocol = &what;
	proto_emit(p, &m);
}
