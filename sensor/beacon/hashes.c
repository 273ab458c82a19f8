/*
 * hashes.c - what keys and sets are called.
 *
 * What a replay must give again does not depend on a random key: which bits of
 * the sketch are set. Where a key stands in its table does.
 */
#include <string.h>

#include "beacon/private.h"

uint64_t
hash_pair(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b << 31 | b >> 33)) * 0x9e3779b97f4a7c15ULL;

	h = (h ^ h >> 29 ^ b) * 0xbf58476d1ce4e5b9ULL;
	return h ^ h >> 32;
}

uint64_t
set_id(enum set_kind kind, uint64_t a, uint64_t b)
{
	return hash_pair(hash_pair(a, b), kind + 1u);
}

uint64_t
host_hash(const struct realm *realm, const struct addr *host)
{
	struct {
		struct realm realm;
		struct addr host;
		uint32_t zero;
	} named;

	memset(&named, 0, sizeof named);
	named.realm = *realm;
	named.host = *host;
	return hash_steady(&named, sizeof named);
}

uint64_t
address_hash(const struct addr *peer, uint16_t port, uint8_t protocol)
{
	uint8_t named[19];

	memcpy(named, peer->b, sizeof peer->b);
	named[16] = (uint8_t)(port >> 8);
	named[17] = (uint8_t)port;
	named[18] = protocol;
	return hash_steady(named, sizeof named);
}
