#include "base/hash.h"

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

static inline void
sip_begin(uint64_t v[4], const struct hash_key *key)
{
	v[0] = key->k0 ^ 0x736f6d6570736575ULL;
	v[1] = key->k1 ^ 0x646f72616e646f6dULL;
	v[2] = key->k0 ^ 0x6c7967656e657261ULL;
	v[3] = key->k1 ^ 0x7465646279746573ULL;
}

/* All whole words: *p moves behind them. Returns what is left. Inlined always: the numbers of rounds then are constants. */
__attribute__((always_inline)) static inline size_t
sip_words(uint64_t v[4], const uint8_t **p, size_t len, unsigned rounds)
{
	uint64_t m;
	size_t i;

	for (; len >= 8; len -= 8, *p += 8) {
		m = hash_word(*p);
		v[3] ^= m;
		for (i = 0; i < rounds; i++)
			sip_round(v);
		v[0] ^= m;
	}
	return len;
}

/* `whole`: bytes of all that was hashed, of which `left`, less than a word, are at `p`. */
__attribute__((always_inline)) static inline uint64_t
sip_end(uint64_t v[4], size_t whole, const uint8_t *p, size_t left, unsigned rounds, unsigned last_rounds)
{
	uint64_t last = (uint64_t)whole << 56;
	size_t i;

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

__attribute__((always_inline)) static inline uint64_t
sip(const struct hash_key *key, const void *bytes, size_t len, unsigned rounds, unsigned last_rounds)
{
	const uint8_t *p = bytes;
	uint64_t v[4];
	size_t left;

	sip_begin(v, key);
	left = sip_words(v, &p, len, rounds);
	return sip_end(v, len, p, left, rounds, last_rounds);
}

uint64_t
hash_bytes(const struct hash_key *key, const void *bytes, size_t len)
{
	return sip(key, bytes, len, 2, 4);
}

struct hash_begun
hash_begin(const struct hash_key *key, const void *bytes, size_t len)
{
	struct hash_begun b = { .len = len };
	const uint8_t *p = bytes;

	sip_begin(b.v, key);
	sip_words(b.v, &p, len, 2);
	return b;
}

uint64_t
hash_rest(const struct hash_begun *begun, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t v[4];
	size_t left;

	memcpy(v, begun->v, sizeof v);
	left = sip_words(v, &p, len, 2);
	return sip_end(v, begun->len + len, p, left, 2, 4);
}

uint64_t
hash_quick(const struct hash_key *key, const void *bytes, size_t len)
{
	return sip(key, bytes, len, 1, 3);
}

struct hash_nh hash_nh_table, hash_nh_steady;

const uint64_t *
hash_nh_draw(struct hash_nh *k, const struct hash_key *from)
{
	uint64_t i;

	for (i = 0; i < HASH_NH_WORDS; i++)
		k->word[i] = hash_bytes(from, &i, sizeof i);
	k->drawn = true;
	return k->word;
}

uint64_t
hash_table_any(const void *bytes, size_t len)
{
	return len > HASH_TABLE_BYTES ? hash_quick(hash_seed(), bytes, len) :
	    hash_nh(hash_nh_table.drawn ? hash_nh_table.word : hash_nh_draw(&hash_nh_table, hash_seed()), bytes, len);
}

uint64_t
hash_steady_any(const void *bytes, size_t len)
{
	return len > HASH_TABLE_BYTES ? hash_quick(&HASH_FIXED, bytes, len) :
	    hash_nh(hash_nh_steady.drawn ? hash_nh_steady.word : hash_nh_draw(&hash_nh_steady, &HASH_FIXED), bytes, len);
}
