#include "proto/text/coding.h"

enum { CODING_ROOM = 4 };

/* What each byte stands for (RFC 4648 section 4, and section 5 of it where they differ); -1: nothing. */
static const int8_t base64_values[UINT8_MAX + 1] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, 62, -1, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

/* A byte is given as soon as its bits are there: what is cut loses nothing. */
static size_t
base64_byte(struct coding *c, uint8_t byte, uint8_t *to)
{
	int value = base64_values[byte];

	if (byte == '=') {
		c->count = 0;
		c->bits = 0;
		return 0;
	}
	if (value < 0)
		return 0;
	c->bits = c->bits << 6 | (uint32_t)value;
	c->count = (uint8_t)((c->count + 1) % 4);
	switch (c->count) {
	case 1: return 0;
	case 2: to[0] = (uint8_t)(c->bits >> 4); break;
	case 3: to[0] = (uint8_t)(c->bits >> 2); break;
	default: to[0] = (uint8_t)c->bits; break;
	}
	return 1;
}

/* Groups of four that hold nothing else: nearly all there is. */
static size_t
base64_groups(struct span *in, uint8_t *to, size_t room)
{
	size_t used = 0;
	int32_t bits;

	for (; in->left >= 4 && room - used >= CODING_ROOM + 2; span_advance(in, 4)) {
		bits = (int32_t)((uint32_t)base64_values[in->at[0]] << 18 | (uint32_t)base64_values[in->at[1]] << 12 |
		    (uint32_t)base64_values[in->at[2]] << 6 | (uint32_t)base64_values[in->at[3]]);
		if (bits < 0)
			break;
		to[used++] = (uint8_t)(bits >> 16);
		to[used++] = (uint8_t)(bits >> 8);
		to[used++] = (uint8_t)bits;
	}
	return used;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "=" and up to two more bytes are held until it is clear what they are. At most three come out. */
static size_t
quoted_byte(struct coding *c, uint8_t byte, uint8_t *to)
{
	size_t n = 0, i;

	if (c->count == 0 && byte != '=') {
		to[0] = byte;
		return 1;
	}
	c->held[c->count++] = byte;
	if (c->count == 1)
		return 0;
	if (byte == '\n') {		/* "=" LF or "=" CR LF: a soft line break */
		c->count = 0;
		return 0;
	}
	if (c->count == 2 && (byte == '\r' || byte == ' ' || byte == '\t' || hex_value(byte) >= 0))
		return 0;
	if (c->count == 3 && hex_value(c->held[1]) >= 0 && hex_value(c->held[2]) >= 0) {
		to[0] = (uint8_t)(hex_value(c->held[1]) << 4 | hex_value(c->held[2]));
		c->count = 0;
		return 1;
	}
	/* It stands for itself; an "=" at its end may begin another. */
	for (i = 0; i < c->count; i++)
		if (i + 1 < c->count || byte != '=')
			to[n++] = c->held[i];
	c->held[0] = '=';
	c->count = byte == '=';
	return n;
}

/* What stands for itself up to the next "=". */
static size_t
quoted_plain(struct span *in, uint8_t *to, size_t room)
{
	size_t len = in->left < room ? in->left : room;
	const uint8_t *sign = memchr(in->at, '=', len);

	if (sign != NULL)
		len = (size_t)(sign - in->at);
	span_copy(in, to, len);
	return len;
}

/* Decodes what lies together and is simple, as far as `room` leaves CODING_ROOM - 1 bytes. */
static size_t
decode_run(const struct coding *c, struct span *in, uint8_t *to, size_t room)
{
	if (c->count != 0 || in->left == 0)
		return 0;
	switch (c->kind) {
	case CODING_BASE64: return base64_groups(in, to, room);
	case CODING_QUOTED: return quoted_plain(in, to, room - CODING_ROOM + 1);
	case CODING_NONE: break;
	}
	return 0;
}

size_t
coding_decode(struct coding *c, struct span *in, uint8_t *to, size_t room)
{
	size_t used = 0;
	uint8_t byte;

	while (room - used >= CODING_ROOM) {
		used += decode_run(c, in, to + used, room - used);
		if (room - used < CODING_ROOM || !span_u8(in, &byte))
			break;
		switch (c->kind) {
		case CODING_BASE64: used += base64_byte(c, byte, to + used); break;
		case CODING_QUOTED: used += quoted_byte(c, byte, to + used); break;
		case CODING_NONE: to[used++] = byte; break;
		}
	}
	return used;
}
