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
		m = hash_word(p);
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
