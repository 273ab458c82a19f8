/*
 * hash.h - keyed hashing (SipHash-2-4, Aumasson and Bernstein, 2012).
 *
 * Tables keyed by traffic use hash_seed(): a random key, so that nobody
 * outside can choose colliding keys. What must be the same in every run
 * (ids, shards) uses HASH_FIXED.
 */
#ifndef SENSOR_BASE_HASH_H
#define SENSOR_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

extern const struct hash_key HASH_FIXED;

/* The process's random key, drawn at the first call (getrandom) and kept over fork. */
const struct hash_key *hash_seed(void);

uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t len);

/*
 * The same of texts that begin alike: hash_rest(hash_begin(first), rest) is hash_bytes() of both in one. What they
 * begin with has a multiple of eight bytes.
 */
struct hash_begun {
	uint64_t v[4];
	size_t len;
};

struct hash_begun hash_begin(const struct hash_key *key, const void *bytes, size_t len);
uint64_t hash_rest(const struct hash_begun *begun, const void *bytes, size_t len);

/* SipHash-1-3: half the work, for what is hashed whole and by the packet. */
uint64_t hash_quick(const struct hash_key *key, const void *bytes, size_t len);

/*
 * For tables alone, a fifth of SipHash's work: NH of UMAC (Black and others,
 * 1999; RFC 4418, 5.2.1) with 64-bit words, and a mixing step. Whichever two
 * texts of one length somebody chooses without knowing the key, their NH
 * agree with a chance of 2^-64. Hashes are shown to nobody: they may be others
 * in the next version. Above HASH_TABLE_BYTES it is hash_quick(). What has a
 * fixed length is hashed in place (hash_nh.h): half the work again.
 */
enum { HASH_TABLE_BYTES = 512 };
static inline uint64_t hash_table(const void *bytes, size_t len);	/* keyed by hash_seed() */
/*
 * The same in every run, for places that show in what is told. Its key is known to everybody, and whoever wants to
 * can find texts that agree: not for what tells one service from another.
 */
static inline uint64_t hash_steady(const void *bytes, size_t len);

#include "base/hash_nh.h"

#endif
