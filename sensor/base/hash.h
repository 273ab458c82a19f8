/*
 * hash.h - keyed hashing (SipHash-2-4, Aumasson and Bernstein, 2012).
 *
 * Tables keyed by traffic use hash_seed(): a random key, so that nobody
 * outside can choose colliding keys. What must be the same in every run
 * (ids, shards) uses HASH_FIXED.
 */
#ifndef SENSOR_BASE_HASH_H
#define SENSOR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0, k1;
};

extern const struct hash_key HASH_FIXED;

/* The process's random key, drawn at the first call (getrandom) and kept over fork. */
const struct hash_key *hash_seed(void);

uint64_t hash_bytes(const struct hash_key *key, const void *bytes, size_t len);

/* SipHash-1-3: half the work, for what is hashed whole and by the packet. */
uint64_t hash_quick(const struct hash_key *key, const void *bytes, size_t len);

#endif
