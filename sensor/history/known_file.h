/* known_file.h - the layout of a snapshot; both sides are one machine's. */
#ifndef SENSOR_HISTORY_KNOWN_FILE_H
#define SENSOR_HISTORY_KNOWN_FILE_H

#include <stdint.h>

#include "base/addr.h"
#include "base/hash.h"
#include "base/span.h"
#include "realm.h"

#define KNOWN_MAGIC UINT64_C(0x31776f6e6b736e68)	/* "hnsknow1" */

enum { KNOWN_ENTRIES_MAX = 64 * 1024 * 1024 };

struct history_known_header {
	uint64_t magic;
	struct hash_key key;
	uint32_t services, networks;
	int32_t made_day;
	uint32_t zero;
};

/* Services first, then networks, each sorted by hash; equal hashes are one. */
struct history_known_entry {
	uint64_t hash;
	int32_t first_day;
	uint32_t days;			/* networks: seen on so many */
};

uint64_t history_known_hash_name(const struct hash_key *key, struct span name);
uint64_t history_known_hash_address(const struct hash_key *key, const struct addr *a, uint16_t port, uint8_t protocol);
/* `network`: the part of the address behind /24 or /64 is not looked at. */
uint64_t history_known_hash_network(const struct hash_key *key, const struct realm *realm, const struct addr *network);

#endif
