#include "proto/utf16.h"

enum { REPLACEMENT = 0xfffd };

static uint32_t
next_character(struct span *in, uint16_t first)
{
	struct span ahead = *in;
	uint16_t second;

	if (first < 0xd800 || first > 0xdfff)
		return first;
	if (first > 0xdbff || !span_u16le(&ahead, &second) || second < 0xdc00 || second > 0xdfff)
		return REPLACEMENT;
	*in = ahead;
	return 0x10000 + ((uint32_t)(first - 0xd800) << 10) + (uint32_t)(second - 0xdc00);
}

static size_t
put_character(uint32_t c, uint8_t out[4])
{
	static const uint8_t lead[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4, i;

	for (i = len; i > 1; i--) {
		out[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (uint8_t)(lead[len] | c);
	return len;
}

size_t
utf16_read(struct span in, char *to, size_t size)
{
	size_t used = 0, len;
	uint8_t bytes[4];
	uint16_t unit;

	while (span_u16le(&in, &unit) && unit != 0) {
		if (unit < 0x80 && used + 1 < size) {
			to[used++] = (char)unit;
			continue;
		}
		len = put_character(next_character(&in, unit), bytes);
		if (used + len >= size)
			break;
		memcpy(to + used, bytes, len);
		used += len;
	}
	to[used] = '\0';
	return used;
}

size_t
text_read(struct span in, char *to, size_t size)
{
	size_t used = in.left < size ? in.left : size - 1;

	if (used > 0)
		used = strnlen((const char *)in.at, used);
	if (used > 0)
		memcpy(to, in.at, used);
	to[used] = '\0';
	return used;
}
