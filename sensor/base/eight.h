/*
 * eight.h - eight bytes looked at as one word, and of text told apart there.
 * Byte i of what goes in is byte i of what comes out; nothing is carried from
 * one to the next.
 */
#ifndef SENSOR_BASE_EIGHT_H
#define SENSOR_BASE_EIGHT_H

#include <stdint.h>
#include <string.h>

#define EIGHT(byte) (0x0101010101010101u * (uint64_t)(byte))

static inline uint64_t
eight_load(const uint8_t *at)
{
	uint64_t w;

	memcpy(&w, at, sizeof w);
	return w;
}

/* The last `count` (1 to 8) of the eight bytes before `end`, and zeros behind them. */
static inline uint64_t
eight_end(const uint8_t *end, unsigned count)
{
	uint64_t w = eight_load(end - 8);
	unsigned less = 8 * (8 - count);

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? w >> less : w << less;
}

/* The top bit of each byte that lies from `first` to `last`, both below 0x80. */
static inline uint64_t
eight_between(uint64_t w, uint8_t first, uint8_t last)
{
	uint64_t low = w & EIGHT(0x7f), from = low + EIGHT(0x80 - first), beyond = low + EIGHT(0x7f - last);

	return from & ~beyond & ~w & EIGHT(0x80);
}

/* ASCII letters in lower case. */
static inline uint64_t
eight_lower(uint64_t w)
{
	return w | eight_between(w, 'A', 'Z') >> 2;
}

#endif
