/*
 * rustdesk.c - RendezvousMessage: a protocol buffer of one field, 6 to 26,
 * which is a message itself. In a stream a length stands before it: the lowest
 * two bits of its first byte say how many more bytes it has.
 */
#include "proto/support/support.h"

enum {
	FIELD_FIRST = 6, FIELD_LAST = 26, INNER_FIELD_LAST = 11,
	REGISTER_PEER = 6, PUNCH_HOLE_REQUEST = 8, REGISTER_PK = 15,
	WIRE_NUMBER = 0, WIRE_BYTES = 2,
	INNER_BYTES_MIN = 2, MESSAGE_BYTES_MAX = DIALOGUE_HELD_BYTES - 4,
	ID_BYTES_MIN = 6, ID_BYTES_MAX = 64, VARINT_BYTES_MAX = 5
};

static enum guess
read_varint(struct span *s, uint32_t *out)
{
	unsigned i;
	uint8_t c;

	for (i = 0, *out = 0; i < VARINT_BYTES_MAX; i++) {
		if (!span_u8(s, &c))
			return GUESS_MORE;
		*out |= (uint32_t)(c & 0x7f) << 7 * i;
		if ((c & 0x80) == 0)
			return GUESS_YES;
	}
	return GUESS_NO;
}

/* All of it is fields, to the last byte. */
static bool
are_fields(struct span s)
{
	uint32_t tag, value;

	while (s.left > 0) {
		if (read_varint(&s, &tag) != GUESS_YES || tag >> 3 == 0 || tag >> 3 > INNER_FIELD_LAST ||
		    read_varint(&s, &value) != GUESS_YES)
			return false;
		if ((tag & 7) != WIRE_NUMBER && ((tag & 7) != WIRE_BYTES || !span_skip(&s, value)))
			return false;
	}
	return true;
}

/* `whole` bytes make the message; `s` may have fewer of them so far. */
static enum guess
is_message(struct span s, size_t whole, uint32_t *field, struct span *inner)
{
	size_t before = s.left;
	uint32_t tag, len;
	enum guess g;

	if ((g = read_varint(&s, &tag)) != GUESS_YES)
		return g;
	*field = tag >> 3;
	if ((tag & 7) != WIRE_BYTES || *field < FIELD_FIRST || *field > FIELD_LAST)
		return GUESS_NO;
	if ((g = read_varint(&s, &len)) != GUESS_YES)
		return g;
	if (len < INNER_BYTES_MIN || len != whole - (before - s.left))
		return GUESS_NO;
	if (!span_take(&s, len, inner))
		return GUESS_MORE;
	return are_fields(*inner) ? GUESS_YES : GUESS_NO;
}

/* The length's bytes, lowest first. */
static bool
read_length(struct span *s, uint32_t *len)
{
	unsigned i, bytes = (s->at[0] & 3u) + 1;
	uint8_t c;

	for (i = 0, *len = 0; i < bytes; i++) {
		if (!span_u8(s, &c))
			return false;
		*len |= (uint32_t)c << 8 * i;
	}
	*len >>= 2;
	return true;
}

static enum guess
rustdesk_guess(struct span first, int from)
{
	struct span inner;
	uint32_t len, field;

	(void)from;
	if (!read_length(&first, &len))
		return GUESS_MORE;
	if (len > MESSAGE_BYTES_MAX)
		return GUESS_NO;
	if (first.left > len)
		first.left = len;
	return is_message(first, len, &field, &inner);
}

const struct proto_row rustdesk_row = {
	.app = APP_RUSTDESK,
	.guess = rustdesk_guess,
	.open = support_open,
	.piece = support_piece,
	.close = support_close,
};

/* ---- datagrams: who asks says his id first ---- */

static bool
is_id(struct span inner)
{
	struct span id;
	uint32_t tag, len;
	size_t i;

	if (read_varint(&inner, &tag) != GUESS_YES || tag != (1u << 3 | WIRE_BYTES) ||
	    read_varint(&inner, &len) != GUESS_YES || len < ID_BYTES_MIN || len > ID_BYTES_MAX || !span_take(&inner, len, &id))
		return false;
	for (i = 0; i < id.left; i++)
		if (id.at[i] <= ' ' || id.at[i] > '~')
			return false;
	return true;
}

static bool
is_datagram(const struct flow *f, int from, const struct packet *packet)
{
	struct span s = span_of(packet->payload, packet->payload_bytes), inner;
	uint32_t field;

	(void)f;
	return from == ORIGINATOR && s.left <= MESSAGE_BYTES_MAX && is_message(s, s.left, &field, &inner) == GUESS_YES &&
	    (field == REGISTER_PEER || field == REGISTER_PK || field == PUNCH_HOLE_REQUEST) && is_id(inner);
}

static enum datagram_taken
take_datagram(struct proto *p, void *state, const struct flow *f, int from, const struct packet *packet)
{
	(void)state;
	return support_tell(p, f, from, packet, APP_RUSTDESK);
}

const struct datagram_row rustdesk_datagram_row = {
	.app = APP_RUSTDESK,
	.guess = is_datagram,
	.datagram = take_datagram,
};
