/* hash_nh.h - what hash.h says of tables, so that the compiler can lay it out for each length. */
#ifndef SENSOR_BASE_HASH_NH_H
#define SENSOR_BASE_HASH_NH_H

#include <string.h>

#include "base/hash.h"

/* Words of the key, and two for the last step. */
enum { HASH_NH_WORDS = HASH_TABLE_BYTES / 8 + 2 };

struct hash_nh {
	bool drawn;
	uint64_t word[HASH_NH_WORDS];
};

extern struct hash_nh hash_nh_table, hash_nh_steady;

const uint64_t *hash_nh_draw(struct hash_nh *k, const struct hash_key *from);

/* Of any length. */
uint64_t hash_table_any(const void *bytes, size_t len);
uint64_t hash_steady_any(const void *bytes, size_t len);

static inline uint64_t
hash_word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

static inline unsigned __int128
hash_product(uint64_t a, uint64_t b)
{
	return (unsigned __int128)a * b;
}

/* The last pair of words, filled with zeros. */
static inline unsigned __int128
hash_nh_rest(const uint64_t *key, const uint8_t *p, size_t left)
{
	uint64_t word[2] = { 0, 0 };

	memcpy(word, p, left);
	return hash_product(hash_word((const uint8_t *)&word[0]) + key[0], hash_word((const uint8_t *)&word[1]) + key[1]);
}

/* `len` stands in the last step: texts that differ in zeros at the end alone are others. */
static inline uint64_t
hash_nh(const uint64_t *key, const void *bytes, size_t len)
{
	const uint64_t *end = key + HASH_NH_WORDS - 2;
	const uint8_t *p = bytes;
	unsigned __int128 sum = 0;
	size_t left;

	for (left = len; left >= 16; left -= 16, p += 16, key += 2)
		sum += hash_product(hash_word(p) + key[0], hash_word(p + 8) + key[1]);
	if (left > 0)
		sum += hash_nh_rest(key, p, left);
	sum = hash_product((uint64_t)sum ^ end[0], (uint64_t)(sum >> 64) ^ end[1] ^ len * 0x9e3779b97f4a7c15ULL);
	sum = hash_product((uint64_t)sum ^ (uint64_t)(sum >> 64), 0xd6e8feb86659fd93ULL);
	return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

static inline uint64_t
hash_table(const void *bytes, size_t len)
{
	return __builtin_constant_p(len) && len <= HASH_TABLE_BYTES && hash_nh_table.drawn ?
	    hash_nh(hash_nh_table.word, bytes, len) : hash_table_any(bytes, len);
}

static inline uint64_t
hash_steady(const void *bytes, size_t len)
{
	return __builtin_constant_p(len) && len <= HASH_TABLE_BYTES && hash_nh_steady.drawn ?
	    hash_nh(hash_nh_steady.word, bytes, len) : hash_steady_any(bytes, len);
}

#endif
