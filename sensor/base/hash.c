#include "base/hash.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

const struct hash_key HASH_FIXED = { 0x68616e73686f2d31ULL, 0x666972652d62656cULL };

const struct hash_key *
hash_seed(void)
{
	static struct hash_key seed;
	static bool drawn;

	if (!drawn) {
		/* Without randomness the tables could be flooded: better not to run. */
		if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
			abort();
		drawn = true;
	}
	return &seed;
}

static inline uint64_t
rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

/* Inlined always: the state then stays in registers. */
__attribute__((always_inline)) static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static uint64_t
word_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

/* Inlined always: the numbers of rounds then are constants. */
__attribute__((always_inline)) static inline uint64_t
sip(const struct hash_key *key, const void *bytes, size_t len, unsigned rounds, unsigned last_rounds)
{
	uint64_t v[4] = {
		key->k0 ^ 0x736f6d6570736575ULL, key->k1 ^ 0x646f72616e646f6dULL,
		key->k0 ^ 0x6c7967656e657261ULL, key->k1 ^ 0x7465646279746573ULL,
	};
	const uint8_t *p = bytes;
	uint64_t last = (uint64_t)len << 56, m;
	size_t left, i;

	for (left = len; left >= 8; left -= 8, p += 8) {
		m = word_at(p);
		v[3] ^= m;
		for (i = 0; i < rounds; i++)
			sip_round(v);
		v[0] ^= m;
	}
	for (i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	v[3] ^= last;
	for (i = 0; i < rounds; i++)
		sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (i = 0; i < last_rounds; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
hash_bytes(const struct hash_key *key, const void *bytes, size_t len)
{
	return sip(key, bytes, len, 2, 4);
}

uint64_t
hash_quick(const struct hash_key *key, const void *bytes, size_t len)
{
	return sip(key, bytes, len, 1, 3);
}

/* Words of the key, and two for the last step. */
enum { NH_WORDS = HASH_TABLE_BYTES / 8 + 2 };

struct nh_key {
	bool drawn;
	uint64_t word[NH_WORDS];
};

static const uint64_t *
nh_words(struct nh_key *k, const struct hash_key *from)
{
	uint64_t i;

	if (k->drawn)
		return k->word;
	for (i = 0; i < NH_WORDS; i++)
		k->word[i] = hash_bytes(from, &i, sizeof i);
	k->drawn = true;
	return k->word;
}

static inline unsigned __int128
product(uint64_t a, uint64_t b)
{
	return (unsigned __int128)a * b;
}

/* The last pair of words, filled with zeros. */
static unsigned __int128
nh_rest(const uint64_t *key, const uint8_t *p, size_t left)
{
	uint64_t word[2] = { 0, 0 };

	memcpy(word, p, left);
	return product(word_at((const uint8_t *)&word[0]) + key[0], word_at((const uint8_t *)&word[1]) + key[1]);
}

/* `len` stands in the last step: texts that differ in zeros at the end alone are others. */
static uint64_t
nh(const uint64_t *key, const void *bytes, size_t len)
{
	const uint64_t *end = key + NH_WORDS - 2;
	const uint8_t *p = bytes;
	unsigned __int128 sum = 0;
	size_t left;

	for (left = len; left >= 16; left -= 16, p += 16, key += 2)
		sum += product(word_at(p) + key[0], word_at(p + 8) + key[1]);
	if (left > 0)
		sum += nh_rest(key, p, left);
	sum = product((uint64_t)sum ^ end[0], (uint64_t)(sum >> 64) ^ end[1] ^ len * 0x9e3779b97f4a7c15ULL);
	sum = product((uint64_t)sum ^ (uint64_t)(sum >> 64), 0xd6e8feb86659fd93ULL);
	return (uint64_t)sum ^ (uint64_t)(sum >> 64);
}

uint64_t
hash_table(const void *bytes, size_t len)
{
	static struct nh_key key;

	return len > HASH_TABLE_BYTES ? hash_quick(hash_seed(), bytes, len) :
	    nh(nh_words(&key, hash_seed()), bytes, len);
}

uint64_t
hash_steady(const void *bytes, size_t len)
{
	static struct nh_key key;

	return len > HASH_TABLE_BYTES ? hash_quick(&HASH_FIXED, bytes, len) :
	    nh(nh_words(&key, &HASH_FIXED), bytes, len);
}
