#include "proto/text/coding.h"

enum { CODING_ROOM = 4 };

/* RFC 4648 section 4, and section 5 of it where they differ. */
static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* A byte is given as soon as its bits are there: what is cut loses nothing. */
static size_t
base64_byte(struct coding *c, uint8_t byte, uint8_t *to)
{
	int value = base64_value(byte);

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

size_t
coding_decode(struct coding *c, struct span *in, uint8_t *to, size_t room)
{
	size_t used = 0;

	while (in->left > 0 && room - used >= CODING_ROOM) {
		uint8_t byte = in->at[0];

		span_skip(in, 1);
		switch (c->kind) {
		case CODING_BASE64: used += base64_byte(c, byte, to + used); break;
		case CODING_QUOTED: used += quoted_byte(c, byte, to + used); break;
		case CODING_NONE: to[used++] = byte; break;
		}
	}
	return used;
}
