/*
 * reassembly.h - TCP packets in, in-order bytes or honest gaps out.
 *
 * The fence around libnids, which is used for one thing only: putting bytes
 * in order, where they are not. This header names nothing of it. docs/architecture.md tells how
 * it is fed. libnids keeps global state: one reassembly at a time in a process.
 *
 * A stream is opened at a side's first payload byte. It costs nothing before,
 * so a SYN flood is free here. A hole is reported as a gap when the real ACK
 * has passed it and no copy came within `hole_sec` of packet time, when a
 * bound is reached, or when the flow ends. A hole is seen by what arrives behind
 * it; where nothing of the other side was ever seen (one-sided capture), that
 * arrival stands for the ACK. What the capture cut off a segment's end is a
 * gap at once when it is next in order.
 *
 * Whichever copy of a byte came first is the one that counts. Payload in a RST, or
 * without SYN and ACK (RFC 9293, 3.10.7.4), is ignored, a FIN without ACK too, and
 * so are numbers more than 64 MiB away from the next one, unless four segments
 * in a row continue each other there: then the stream goes on there behind a
 * gap. Who goes on behind his FIN did not mean it, or it was another's: the
 * stream goes on (a keep-alive's one byte does not count). A side joined midway begins at its first byte, but never at a
 * keep-alive's (one byte without PSH).
 *
 * A retransmission with other bytes, a sign of somebody who evades sensors or
 * injects, is told where both copies were surely the receiver's: their checksums
 * were verified and right, its window was not shut, and it is no probe of
 * one byte behind all that was sent. It is held against what waits and the
 * last PRINT_BYTES that were delivered on that side (print.h says how sure that
 * is), while the flow is under reassembly. Urgent data (RFC 6093) stays in line.
 *
 * At `max_streams` the flow idle longest gives way: what it had queued is
 * delivered, then it counts as released. Where more of them have a hole than 1,024 and an
 * eighth of what `max_streams` has above that, the oldest hole is given up.
 * No I/O, no clock. One thread only.
 */
#ifndef SENSOR_REASSEMBLY_H
#define SENSOR_REASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow.h"
#include "packet.h"
#include "stream.h"

struct reassembly_limits {
	uint32_t max_streams;		/* flows under reassembly, below 2^24 */
	uint32_t side_bytes;		/* queued behind holes, per direction */
	uint32_t side_segments;		/* at most 16384 */
	uint64_t total_bytes;		/* queued in all streams, 160 more for each segment; the oldest hole is given up */
	uint32_t hole_sec;
};

struct reassembly_counts {
	uint64_t opened, released, evicted;
	uint64_t active, most_active;
	uint64_t delivered_bytes, gaps, gap_bytes;
	uint64_t duplicate_bytes;
	uint64_t differing_segments;	/* retransmissions with other bytes */
	uint64_t queued_bytes;		/* now */
	uint64_t queued_segments;	/* now */
	uint64_t ignored_segments;	/* not of the stream: behind a FIN, in a RST, far off, without ACK */
	uint64_t refused;		/* streams that libnids failed to carry: 0 unless something is wrong */
	uint64_t bound_hit;		/* holes given up because a bound was reached */
};

/* `len` bytes from `offset` on were sent again by `from`, and were others: `bytes`, which die on return. Called within reassembly_packet(). */
typedef void stream_differs_fn(void *to, struct flow *f, int from, uint64_t offset, const uint8_t *bytes,
    uint32_t len, int64_t at_ns);

/* Takes one piece. False: this flow's stream is not wanted any more (both sides); it is released. */
typedef bool stream_piece_fn(void *to, const struct stream_piece *p);

struct reassembly;

/* NULL: no memory, or there is one already (logged). Reads /dev/urandom once: call it before a sandbox. */
struct reassembly *reassembly_new(const struct reassembly_limits *limits, stream_piece_fn *emit,
    void *to);
void reassembly_free(struct reassembly *r);	/* nothing is emitted; NULL is fine */

/* From now on `differs` is told of each retransmission with other bytes, with the `to` of reassembly_new(). */
void reassembly_on_difference(struct reassembly *r, stream_differs_fn *differs);

/*
 * Note one TCP packet of `f`, sent by `side`. SYN, FIN, RST and ACK numbers are
 * used too, so give it every packet that is not PACKET_BAD_CHECKSUM until
 * the flow is released. Keeps f->isn and f->talk->slot[SLOT_STREAM]. Emits pieces, also
 * of other flows when a bound makes them give way.
 */
void reassembly_packet(struct reassembly *r, struct flow *f, int side, const struct packet *p);

/* Give up holes whose time has come, in the order of their deadlines. Before each packet. */
void reassembly_advance(struct reassembly *r, int64_t now_ns);

/* Deadline of the hole that is given up next, or INT64_MAX. */
int64_t reassembly_next_deadline(const struct reassembly *r);

/*
 * The flow is over: what is queued is delivered behind gaps, and a gap says what
 * is missing at the end, by FIN or ACK. Then the stream is released.
 */
void reassembly_end(struct reassembly *r, struct flow *f, int64_t now_ns);

/* Nothing more of this flow is wanted; nothing is emitted. Safe inside `emit`. */
void reassembly_release(struct reassembly *r, struct flow *f);

/* Is the flow under reassembly, or may it come to be (not released)? */
bool reassembly_wants(const struct reassembly *r, const struct flow *f);

const struct reassembly_counts *reassembly_counts(const struct reassembly *r);

/* The most that one stream costs, libnids's part too, but for what waits behind holes. */
size_t reassembly_stream_bytes(void);
/* Streams and segments that can be there at once. */
uint32_t reassembly_streams(const struct reassembly_limits *limits);
uint64_t reassembly_segments(const struct reassembly_limits *limits);
/* What a segment that waits costs besides its bytes. */
size_t reassembly_segment_bytes(void);

#endif
