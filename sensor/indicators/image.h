/*
 * image.h - how the compiled indicators lie in memory.
 *
 * One header, then sections, each at a multiple of 64 bytes; all references
 * are offsets, so the image is the same wherever it is mapped. It is written
 * and read on one machine, in its byte order.
 *
 *	masks		which network lengths can hold an address, by its first bits
 *	attributes	what many entries share: feed, malware, type, role, confidence
 *	blocks		where every IMAGE_BLOCK-th entry begins
 *	filter		bits that say "surely not here" for almost all that is asked
 *	buckets		hash → entries; one cache line each, filled in order of entries,
 *			the next bucket takes what does not fit
 *	texts		NUL-terminated; the first is ""; feed names, malware names, references
 *	entries		one behind the other in order, see packed.h
 *
 * A look-up reads the filter and one bucket, never the entries: what it asks
 * for is known by a second hash of 64 bits, keyed apart from the one that
 * finds the bucket. Both keys are drawn for the image and are told to nobody,
 * so a name that is not there is taken for one that is with a chance of 2^-64
 * for each of the five slots that are compared, and nobody can choose one. A
 * million questions a second, each past the filter, would meet the first such
 * name in some hundred thousand years.
 *
 * The hash folds words by multiplication and is no SipHash: what is asked
 * comes from traffic but never enters the table, and a name is asked once for
 * each of its parents.
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
	IMAGE_VERSION = 4,
	IMAGE_ALIGN = 64,
	IMAGE_BLOCK = 64,
	BUCKET_SLOTS = 5,
	/* Per cent of the slots in use: 17 bytes an entry, or, with very many, 14 and more overflows. */
	BUCKET_LOAD = 75, BUCKET_LOAD_MANY = 90, IMAGE_MANY = 4000000,
	FILTER_BITS = 10		/* for each entry: one in thirty of what is not there passes */
};

#define IMAGE_MAGIC "hansho\x1aI"	/* 8 bytes */

enum image_sections {
	SECTION_MASKS, SECTION_ATTRIBUTES, SECTION_BLOCKS, SECTION_FILTER, SECTION_BUCKETS,
	SECTION_TEXTS, SECTION_ENTRIES,
	IMAGE_SECTIONS
};

struct image_section {
	uint64_t at, bytes;
};

/* What finds the bucket, and what is compared in it. */
struct image_key {
	struct hash_key place, print;
};

struct image_hash {
	uint64_t place, print;
};

struct image_header {
	char magic[8];
	uint32_t version, header_bytes;
	uint64_t image_bytes;
	struct image_key key;
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
	uint64_t print[BUCKET_SLOTS];
	uint32_t entry[BUCKET_SLOTS];	/* numbers; IMAGE_MORE: an equal one was put in behind it */
	uint32_t used;			/* slots, from the first */
};

#define IMAGE_MORE 0x80000000u

_Static_assert(sizeof(struct image_bucket) == 64, "a bucket is a cache line");

enum { IMAGE_NO_TIME = 0xffffffff };

/* ---- hashing ---- */

/* What a hash is of: the same text as JA3 and as SHA-1, and an infected host's address, differ. */
enum { IMAGE_SOURCE = 0x80 };		/* or-ed to the type: ROLE_INFECTED */

static inline uint64_t
image_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* `variant`: of what kind or length the word is; each has multipliers of its own. */
static inline struct image_hash
image_hash_word(const struct image_key *key, struct image_hash h, uint64_t word, uint64_t variant)
{
	variant *= 0x9e3779b97f4a7c15ULL;
	h.place = image_fold(h.place ^ word, (key->place.k1 ^ variant) | 1);
	h.print = image_fold(h.print ^ word, (key->print.k1 ^ variant) | 1);
	return h;
}

static inline struct image_hash
image_hash_start(const struct image_key *key, unsigned kind)
{
	uint64_t word = (kind + 1) * 0x9e3779b97f4a7c15ULL;

	return (struct image_hash){ key->place.k0 ^ word, key->print.k0 ^ word };
}

/* Up to eight bytes as a number; with their count it is theirs alone. */
static inline uint64_t
image_tail(const uint8_t *p, size_t len)
{
	uint32_t first, last;

	if (len >= 4) {
		memcpy(&first, p, 4);
		memcpy(&last, p + len - 4, 4);
		return first | (uint64_t)last << 32;
	}
	return len == 0 ? 0 : p[0] | (uint64_t)p[len / 2] << 8 | (uint64_t)p[len - 1] << 16;
}

static inline struct image_hash
image_hash_more(const struct image_key *key, struct image_hash h, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	size_t left = len;
	uint64_t word;

	for (; left > 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = image_hash_word(key, h, word, 0);
	}
	return image_hash_word(key, h, image_tail(p, left), len + 1);
}

static inline struct image_hash
image_hash_text(const struct image_key *key, unsigned kind, const void *text, size_t len)
{
	return image_hash_more(key, image_hash_start(key, kind), text, len);
}

/* An address and, for networks, how many of its bits count. */
static inline struct image_hash
image_hash_net(const struct image_key *key, unsigned kind, const struct addr *a, unsigned bits)
{
	struct image_hash h = image_hash_start(key, kind);
	uint64_t word[2];

	memcpy(word, a->b, sizeof word);
	h = image_hash_word(key, h, word[0], 0);
	return image_hash_word(key, h, word[1], bits);
}

/* `address`: the hash of the address alone. */
static inline struct image_hash
image_hash_port(const struct image_key *key, struct image_hash address, uint16_t port)
{
	return image_hash_word(key, address, port, 1);
}

enum { NAME_LABELS_MAX = 128, NAME_PADDED = 320 };

struct name_hash {
	struct image_hash hash;
	size_t from;			/* where in the name this parent begins */
};

/*
 * The hashes of a lower-case name of at most 255 bytes and its parents,
 * shortest first, without the last label alone. Returns how many. Behind the
 * name eight bytes are NULs, the others are not read for it.
 */
unsigned image_hash_names(const struct image_key *key, const char name[NAME_PADDED], size_t len,
    struct name_hash parent[NAME_LABELS_MAX]);

/* ---- where a hash leads ---- */

/* Bit n: slot n has this print. Without branches: which one it is nobody can foresee. */
static inline unsigned
image_bucket_equal(const struct image_bucket *b, uint64_t print)
{
	unsigned equal = 0, n;

	for (n = 0; n < BUCKET_SLOTS; n++)
		equal |= (unsigned)(b->print[n] == print) << n;
	return equal & ((1u << b->used) - 1);
}

static inline uint32_t
image_bucket_of(uint64_t place, uint32_t buckets)
{
	return (uint32_t)((place >> 32) * buckets >> 32);
}

static inline uint32_t
image_filter_word(uint64_t place, uint32_t words)
{
	return (uint32_t)((place & 0xffffffff) * words >> 32);
}

static inline uint64_t
image_filter_bits(uint64_t print)
{
	return 1ULL << (print & 63) | 1ULL << (print >> 6 & 63) | 1ULL << (print >> 12 & 63) |
	    1ULL << (print >> 18 & 63);
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
