/*
 * fragments.h - fragments in, whole datagrams out (RFC 791, 3.2; RFC 8200, 4.5).
 *
 * Bytes are kept in pages of 2 KiB from one pool, so what is held never passes
 * `fragment_bytes`; at that ceiling, or at `fragment_datagrams`, the oldest
 * datagram gives way. Timeouts run on the largest packet time seen. Pieces
 * that overlap refuse the whole datagram (RFC 5722), and what comes of it
 * later, until its time is over; an exact repetition of a piece is tolerated.
 * All memory is taken at the start. No I/O, no clock. One thread only.
 */
#ifndef SENSOR_DECODE_FRAGMENTS_H
#define SENSOR_DECODE_FRAGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "decode/decode.h"
#include "packet.h"

enum { FRAGMENT_ANY_PROTOCOL = 44 };	/* key for IPv6: only the first piece knows its protocol */

/* No padding that is not zeroed: compared and hashed as bytes. */
struct fragment_key {
	struct realm realm;
	struct addr src, dst;
	uint32_t id;
	uint8_t protocol;
	uint8_t zero[3];
};

_Static_assert(sizeof(struct fragment_key) == 68, "a fragment key is compared as bytes");

struct fragment_piece {
	struct fragment_key key;
	struct span bytes;
	uint32_t offset;		/* multiple of 8 */
	bool more;
	uint8_t protocol;		/* of what follows the fragment header */
};

struct fragments;

/* NULL: no memory. Counters are kept in *counts, which outlives it. */
struct fragments *fragments_new(const struct decode_limits *limits, struct decode_counts *counts);
void fragments_free(struct fragments *f);	/* NULL is fine */

/* The clock was wrong: it says now_ns from here on, and no datagram waits longer than from then. */
void fragments_set_back(struct fragments *f, int64_t now_ns);

/*
 * DECODE_PACKET: the datagram is whole. *whole has its bytes, until the next
 * call; *protocol that of its first piece; frames and bytes of *p are those of
 * all pieces. DECODE_NOTHING: the piece was refused, and counted.
 * `piece->bytes` may lie in the last *whole.
 */
enum decode_result fragments_add(struct fragments *f, const struct fragment_piece *piece,
    struct packet *p, struct span *whole, uint8_t *protocol);

/* The most that a datagram costs besides its bytes; pages of bytes that there can be, and what one costs. */
size_t fragments_datagram_bytes(void);
uint32_t fragments_pages(const struct decode_limits *limits);
size_t fragments_page_bytes(void);

#endif
