/*
 * image.h - how the compiled indicators lie in memory.
 *
 * One header, then sections, each at a multiple of 64 bytes; all references
 * are offsets, so the image is the same wherever it is mapped. It is written
 * and read on one machine, in its byte order.
 *
 *	masks		which network lengths can hold an address, by its first bits
 *	attributes	what many entries share: feed, malware, type, role, confidence
 *	samples		where every IMAGE_SAMPLE-th record begins
 *	filter		bits that say "surely not here" for almost all that is asked
 *	buckets		hash → records; one cache line each, filled in order of entries,
 *			the next bucket takes what does not fit
 *	texts		NUL-terminated; the first is ""; feed names, malware names, references
 *	records		one for each entry in order of entries, its value behind it
 *
 * The hash is keyed, with a key of the image's own. It folds words by
 * multiplication and is no SipHash: what is asked comes from traffic but never
 * enters the table, and a name is asked once for each of its parents.
 */
#ifndef SENSOR_INDICATORS_IMAGE_H
#define SENSOR_INDICATORS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "base/hash.h"
#include "indicator.h"

enum {
	IMAGE_VERSION = 2,
	IMAGE_ALIGN = 64,
	IMAGE_SAMPLE = 16,
	IMAGE_UNIT = 4,			/* records begin at multiples of it, and are counted in it */
	BUCKET_SLOTS = 12,
	BUCKET_MEAN = 9,		/* slots in use on average: 7 bytes an entry, few overflows */
	FILTER_BITS = 12		/* for each entry: one in fifty of what is not there passes */
};

#define IMAGE_MAGIC "hansho\x1aI"	/* 8 bytes */

enum image_sections {
	SECTION_MASKS, SECTION_ATTRIBUTES, SECTION_SAMPLES, SECTION_FILTER, SECTION_BUCKETS,
	SECTION_TEXTS, SECTION_RECORDS,
	IMAGE_SECTIONS
};

struct image_section {
	uint64_t at, bytes;
};

struct image_header {
	char magic[8];
	uint32_t version, header_bytes;
	uint64_t image_bytes;
	struct hash_key key;
	uint32_t entries;
	uint32_t reach;			/* most buckets that one look-up has to visit */
	struct image_section section[IMAGE_SECTIONS];
	uint64_t checksum;		/* of all before it */
};

/* Bit b: an indicator network of b + 1 bits (IPv4: of its 32) is in this cell. */
struct image_masks {
	uint32_t v4[256];		/* by the first byte */
	uint32_t v6[256][4];		/* by the first 19 bits, folded */
};

struct image_attributes {
	uint32_t feed, malware;		/* in texts */
	uint8_t type, role, confidence, zero;
};

struct image_bucket {
	uint8_t tag[BUCKET_SLOTS];	/* 0: this slot and those behind it are free */
	uint32_t record[BUCKET_SLOTS];	/* in IMAGE_UNITs from the start of the records */
	uint32_t zero;
};

_Static_assert(sizeof(struct image_bucket) == 64, "a bucket is a cache line");

enum { IMAGE_NO_TIME = 0xffffffff };

struct image_record {
	uint32_t number;		/* of the entry */
	uint32_t attributes;
	uint32_t reference;		/* in texts */
	uint32_t line;
	uint32_t first_sec, last_sec, until_sec;	/* since 1970, or IMAGE_NO_TIME */
	char value[];			/* with NUL, filled with NULs to an IMAGE_UNIT */
};

/* ---- hashing ---- */

/* What a hash is of: the same text as JA3 and as SHA-1, and an infected host's address, differ. */
enum { IMAGE_SOURCE = 0x80 };		/* or-ed to the type: ROLE_INFECTED */

static inline uint64_t
image_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
image_hash_start(const struct hash_key *key, unsigned kind)
{
	return key->k0 ^ (kind + 1) * 0x9e3779b97f4a7c15ULL;
}

static inline uint64_t
image_hash_more(const struct hash_key *key, uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t word;

	for (; len > 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		hash = image_fold(hash ^ word, key->k1 | 1);
	}
	word = 0;
	memcpy(&word, p, len);
	return image_fold(image_fold(hash ^ word, key->k1 | 1) ^ (len + 1), key->k0 | 1);
}

static inline uint64_t
image_hash_text(const struct hash_key *key, unsigned kind, const void *text, size_t len)
{
	return image_hash_more(key, image_hash_start(key, kind), text, len);
}

/* An address and, for networks, how many of its bits count. */
static inline uint64_t
image_hash_net(const struct hash_key *key, unsigned kind, const struct addr *a, unsigned bits)
{
	uint64_t hash = image_hash_start(key, kind), word[2];

	memcpy(word, a->b, sizeof word);
	hash = image_fold(hash ^ word[0], key->k1 | 1);
	hash = image_fold(hash ^ word[1] ^ bits, key->k1 | 1);
	return image_fold(hash, key->k0 | 1);
}

/* `address`: the hash of the address alone. */
static inline uint64_t
image_hash_port(const struct hash_key *key, uint64_t address, uint16_t port)
{
	return image_fold(address ^ port ^ 0x9e3779b97f4a7c15ULL, key->k1 | 1);
}

enum { NAME_LABELS_MAX = 128 };

struct name_hash {
	uint64_t hash;
	size_t from;			/* where in the name this parent begins */
};

/*
 * The hashes of a lower-case name and its parents, shortest first, without
 * the last label alone. Returns how many.
 */
unsigned image_hash_names(const struct hash_key *key, const char *name, size_t len,
    struct name_hash parent[NAME_LABELS_MAX]);

/* The network and port of a canonical ADDRESS, ADDRESS_PORT or CIDR; false for other texts. */
bool image_value_net(enum indicator_type type, const char *value, size_t len, struct cidr *net,
    uint16_t *port);

/*
 * The hash under which a record of this kind and value is found, and the one
 * whose word of the filter it is in: an address with a port shares the word of
 * the address alone, so that asking for both costs one cache miss. False: no
 * such value.
 */
bool image_hash_value(const struct hash_key *key, unsigned kind, const char *value, size_t len,
    uint64_t *hash, uint64_t *word);

/* ---- where a hash leads: three ways to read it ---- */

static inline uint32_t
image_bucket_of(uint64_t hash, uint32_t buckets)
{
	return (uint32_t)((hash >> 32) * buckets >> 32);
}

static inline uint8_t
image_tag_of(uint64_t hash)
{
	return (uint8_t)((hash & 0xff) == 0 ? 1 : hash & 0xff);
}

static inline uint32_t
image_filter_word(uint64_t hash, uint32_t words)
{
	return (uint32_t)((hash & 0xffffffff) * words >> 32);
}

static inline uint64_t
image_filter_bits(uint64_t hash)
{
	return 1ULL << (hash >> 32 & 63) | 1ULL << (hash >> 38 & 63) | 1ULL << (hash >> 44 & 63) |
	    1ULL << (hash >> 50 & 63);
}

static inline unsigned
image_cell_v6(const struct addr *a)
{
	unsigned first = (unsigned)a->b[0] << 11 | (unsigned)a->b[1] << 3 | a->b[2] >> 5;

	return (first ^ first >> 8 ^ first >> 16) & 0xff;
}

static inline uint64_t
image_header_checksum(const struct image_header *h)
{
	return hash_bytes(&HASH_FIXED, h, offsetof(struct image_header, checksum));
}

#endif
