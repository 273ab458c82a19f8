/*
 * shard.h - which worker takes what goes between two addresses.
 */
#ifndef SENSOR_DECODE_SHARD_H
#define SENSOR_DECODE_SHARD_H

#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "realm.h"

static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
mix_addr(const struct addr *a)
{
	uint64_t half[2];

	memcpy(half, a->b, sizeof half);
	return mix(half[0] ^ 0x9e3779b97f4a7c15ULL, half[1] ^ 0xd1b54a32d192ed03ULL);
}

/*
 * Multiplications with fixed odd numbers: no key, since all processes and all
 * runs must agree. Who sends to many chosen addresses can load one worker, as
 * he can with one large flow.
 */
static inline uint32_t
shard_of(const struct realm *realm, const struct addr *src, const struct addr *dst, uint32_t shards)
{
	uint64_t where[4] = { 0 }, sum;

	memcpy(where, realm, sizeof *realm);
	sum = mix(where[0] ^ 0x8cb92ba72f3d8dd7ULL, where[1] ^ 0xaaaaaaaaaaaaaaabULL);
	sum ^= mix(where[2] ^ 0x94d049bb133111ebULL, where[3] ^ 0xbf58476d1ce4e5b9ULL);
	sum += mix_addr(src) + mix_addr(dst);
	sum = mix(sum ^ 0xa0761d6478bd642fULL, 0xe7037ed1a0b428dbULL);
	return (uint32_t)((sum >> 32) * shards >> 32);
}

#endif
