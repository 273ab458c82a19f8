/*
 * packed.h - values and entries in few bytes.
 *
 * A value: addresses, networks and hashes as bytes (an IPv4 address is 4, with
 * port 6, a network 5), names, URLs and other texts as they are, with a NUL.
 *
 * An entry: a byte that says which of line, attributes, reference and times
 * are not those of the entry before (ENTRY_), these as numbers of 7 bits a
 * byte, and the value. ENTRY_RUN: a byte follows that says how many more
 * values of the same kind come behind this one, each a line further, so a list
 * that says no more than its values takes no more than them. A block of
 * IMAGE_BLOCK entries begins with nothing known.
 */
#ifndef SENSOR_INDICATORS_PACKED_H
#define SENSOR_INDICATORS_PACKED_H

#include "indicators/image.h"

enum { PACKED_BYTES = 2052 };	/* VALUE_BYTES and a NUL, rounded up */

/* Bytes of such a value; 0: a text. `six`: IPv6. */
size_t packed_size(enum indicator_type type, bool six);

/* A value that was read → `out`; returns its bytes. */
struct value;
size_t packed_put(const struct value *v, uint8_t out[PACKED_BYTES], bool *six);

/* And back. A text is returned where it stands, all else is written to `room`. */
const char *packed_text(enum indicator_type type, bool six, const uint8_t *value,
    char room[INDICATOR_ROOM]);

/* The network (an address: of 128 bits) and port of ADDRESS, ADDRESS_PORT and CIDR. */
void packed_net(enum indicator_type type, bool six, const uint8_t *value, struct cidr *net,
    uint16_t *port);

/*
 * The hash under which it is found, and the one whose word of the filter it is in: an address with a port shares the word of the address
 * alone, so that asking for both costs one cache miss.
 */
void packed_hash(const struct image_key *key, unsigned kind, bool six, const uint8_t *value,
    size_t len, struct image_hash *hash, uint64_t *word);

/* ---- entries ---- */

enum {
	ENTRY_LINE = 1, ENTRY_ATTRIBUTES = 2, ENTRY_REFERENCE = 4, ENTRY_FIRST = 8, ENTRY_LAST = 16,
	ENTRY_UNTIL = 32, ENTRY_SIX = 64, ENTRY_RUN = 128,
	ENTRY_RUN_MAX = 255, ENTRY_HEAD_MAX = 32
};

/* What an entry says beside its value. */
struct entry_facts {
	uint32_t attributes, reference, line;
	uint32_t first_sec, last_sec, until_sec;	/* since 1970, or IMAGE_NO_TIME */
};

extern const struct entry_facts ENTRY_NOTHING;

/* Does `next` say the same, a line further? */
bool entry_continues(const struct entry_facts *before, const struct entry_facts *next);

/* The head of an entry behind `before`, with `run` more to come; returns its bytes, at most ENTRY_HEAD_MAX. */
size_t entry_head(const struct entry_facts *before, const struct entry_facts *entry, bool six,
    unsigned run, uint8_t *out);

struct entry_reader {
	const uint8_t *at, *end;
	const struct image_attributes *attributes;
	uint32_t attributes_count;
	struct entry_facts facts;
	unsigned run;
	bool six;
	const uint8_t *value;
	size_t value_len;		/* without the NUL of a text */
};

/* From the beginning of a block. */
void entry_begin(struct entry_reader *r, const uint8_t *at, const uint8_t *end);

/* The next entry into r; false when it is not whole or names attributes that are not there. */
bool entry_next(struct entry_reader *r);

#endif
