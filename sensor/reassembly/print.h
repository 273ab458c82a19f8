/*
 * print.h - enough of a side's bytes to tell whether they are sent again differently.
 *
 * Of what was delivered: one keyed byte for each whole group of eight bytes, the last
 * PRINT_BYTES of the stream, and the bytes of the group that is not whole yet
 * as they are. Of a segment that waits: the same for each sixteenth of it.
 *
 * Most bytes are never sent again, so of sides that spoke just now the bytes
 * themselves are held (struct print_recent) and become prints when another
 * side needs the place, or somebody asks.
 *
 * Equal bytes never differ. Other bytes are seen in every group that a copy
 * covers whole, with a chance of 255/256 for each; not seen are the up to seven
 * bytes at either edge of a copy, and what lies further back.
 */
#ifndef SENSOR_REASSEMBLY_PRINT_H
#define SENSOR_REASSEMBLY_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PRINT_GROUP = 8, PRINT_GROUPS = 128, PRINT_BYTES = PRINT_GROUP * PRINT_GROUPS, PRINT_PARTS = 16,
	PRINT_HELD = PRINT_BYTES + PRINT_GROUP	/* so many last bytes make all groups, wherever they begin */
};

struct print {
	uint64_t from;			/* nothing is known of what stands before */
	uint8_t group[PRINT_GROUPS];
	uint8_t begun[PRINT_GROUP];	/* the group that the stream's end stands in */
};

/* A place for the last bytes of one side; several may share it in turn. A side has one place for good. */
struct print_recent {
	struct print *of;		/* whose they are; NULL: nobody's */
	uint64_t offset;		/* of the first one held */
	size_t len;
	uint8_t bytes[2 * PRINT_HELD];
};

/* The stream goes on at `offset` with these bytes. */
void print_add(struct print *p, struct print_recent *r, uint64_t offset, const uint8_t *bytes, size_t len);

/* The stream goes on at `offset`; what stood before is not known, or not sure. */
void print_forget(struct print *p, struct print_recent *r, uint64_t offset);

/* The stream is over. */
void print_leave(struct print *p, struct print_recent *r);

/* Are bytes from `offset` on, all before `end`, where the stream stands, others than those known? */
bool print_differs(struct print *p, struct print_recent *r, uint64_t end, uint64_t offset,
    const uint8_t *bytes, size_t len);

/*
 * A waiting segment's: part i is that of its i'th PRINT_PARTS'th, made
 * up to whole groups. Returns a hash of the whole.
 */
uint64_t print_parts(uint8_t part[PRINT_PARTS], const uint8_t *bytes, uint32_t len);

/* Do `len` bytes at `at` of a segment of `whole` bytes differ from its parts? */
bool print_parts_differ(const uint8_t part[PRINT_PARTS], uint32_t whole, uint32_t at,
    const uint8_t *bytes, uint32_t len);

#endif
