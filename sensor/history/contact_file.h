/*
 * contact_file.h - the bytes of the contact log. Numbers are little endian.
 *
 *   block   magic, payload bytes, contacts, CRC-32 of all but itself   4 × 4
 *           base time, latest time (ns), run                           3 × 8
 *           contacts
 *   contact time over base (µs)      4
 *           name (0: none)           3
 *           realm (0: none); highest bit: IPv6   3
 *           protocol                 1
 *           ports                    2 × 2
 *           addresses                2 × 4, or 2 × 16
 *   text    kind (1 name, 2 realm), number    1, 3
 *           length, bytes                     2, …
 *           CRC-32 of the above               4
 */
#ifndef SENSOR_HISTORY_CONTACT_FILE_H
#define SENSOR_HISTORY_CONTACT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/span.h"

enum {
	BLOCK_HEADER = 40, BLOCK_PAYLOAD_MAX = 65536, CONTACT_SHORT = 23, CONTACT_LONG = 47,
	TEXT_HEADER = 6, TEXT_TAIL = 4, TEXT_BYTES_MAX = 255,
	TEXTS_MAX = 1 << 20,		/* numbered on one day, of each kind */
	IS_IPV6 = 1 << 23
};

enum text_kind { TEXT_NAME = 1, TEXT_REALM = 2, TEXT_KINDS };

struct block {
	uint32_t payload, contacts;
	int64_t base_ns, last_ns;
	uint64_t run;
};

void put_le(uint8_t *at, uint64_t v, unsigned bytes);
uint64_t get_le(const uint8_t *at, unsigned bytes);

/* Header and CRC for the payload behind it. */
void block_seal(uint8_t *header, const struct block *b);
/* What the header says, when it can be one: lengths fit. */
bool block_header(const uint8_t *header, struct block *out);
bool block_intact(const uint8_t *header, const uint8_t *payload, uint32_t len);

/*
 * The next whole block at or behind *at; *at becomes the place behind it, *skipped
 * the bytes in between. False at the end: *at is then where the last whole one ended.
 */
bool block_next(FILE *in, uint64_t *at, uint8_t *buffer, struct block *out, uint64_t *skipped);

/* Bytes of one text with its header and tail at `to`. */
size_t text_put(uint8_t *to, enum text_kind kind, uint32_t number, struct span text);
/* Cuts one off *s; false: there is no whole one. */
bool text_take(struct span *s, enum text_kind *kind, uint32_t *number, struct span *text);

enum { DAY_NAME = 16 };

/* "2026-05-20" */
const char *day_name(int64_t day, char buf[DAY_NAME]);
/* "2026-05-20.hcl" → its day; false: no such name. */
bool day_of_name(const char *name, const char *suffix, int64_t *day);

#endif
