/*
 * ends.h - is one of a name's ends in a list? A filter that is asked before
 * the list: "no" is sure.
 *
 * Ends of names are hashed together, from the right (FNV-1a), so that asking
 * for all of them takes one walk. The filter is an array of 2^bits words, two
 * bits for each name that was added.
 */
#ifndef SENSOR_BASE_ENDS_H
#define SENSOR_BASE_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDS_BEGIN UINT64_C(0xcbf29ce484222325)

static inline uint64_t
ends_step(uint64_t hash, char c)
{
	return (hash ^ (uint8_t)c) * UINT64_C(0x100000001b3);
}

static inline uint64_t
ends_bits(uint64_t hash, unsigned bits, unsigned *word)
{
	hash = (hash ^ hash >> 29) * UINT64_C(0x9e3779b97f4a7c15);
	*word = (unsigned)(hash >> (64 - bits));
	return UINT64_C(1) << (hash >> 32 & 63) | UINT64_C(1) << (hash >> 38 & 63);
}

static inline bool
ends_may_have(const uint64_t *filter, unsigned bits, uint64_t hash)
{
	unsigned word;
	uint64_t mask = ends_bits(hash, bits, &word);

	return (filter[word] & mask) == mask;
}

static inline void
ends_add(uint64_t *filter, unsigned bits, const char *name, size_t len)
{
	uint64_t hash = ENDS_BEGIN, mask;
	unsigned word;

	while (len > 0)
		hash = ends_step(hash, name[--len]);
	mask = ends_bits(hash, bits, &word);
	filter[word] |= mask;
}

#endif
