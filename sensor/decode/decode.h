/*
 * decode.h - one frame in, at most one IP packet out.
 *
 * Link types: Ethernet with 802.1Q and QinQ, Linux cooked v1 and v2, raw IP,
 * BSD null and loop, PPP. IPv4 with options, IPv6 with extension headers;
 * fragments of both are put together on packet time, bounded
 * (decode_limits), overlapping ones are refused and counted.
 * No I/O, no clock. One thread only.
 */
#ifndef SENSOR_DECODE_H
#define SENSOR_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "packet.h"

enum checksum_mode {
	CHECKSUM_AUTO,		/* wrong ones count as bad, unless left to the network card (offload) */
	CHECKSUM_STRICT, CHECKSUM_OFF
};

struct decode_limits {
	uint32_t fragment_datagrams;	/* being put together at once; the oldest gives way */
	uint32_t fragment_bytes;	/* held in all of them */
	uint32_t fragment_timeout_sec;	/* of packet time */
	enum checksum_mode checksum;
};

struct decode_counts {
	uint64_t frames, packets;
	uint64_t not_ip, unknown_link, malformed, truncated;
	uint64_t bad_checksum, offloaded_checksum;
	uint64_t fragments, defragmented, fragments_evicted, fragments_timed_out, fragments_refused;
};

enum decode_result {
	DECODE_PACKET,		/* *out is filled */
	DECODE_HELD,		/* a fragment, kept until its datagram is whole */
	DECODE_NOTHING		/* no IP, or malformed: counted */
};

struct decode;

struct decode *decode_new(const struct decode_limits *limits);	/* NULL: no memory */
void decode_free(struct decode *d);				/* NULL is fine */

/* Headers only; checksums are not looked at. */
enum decode_result decode_frame(struct decode *d, const struct frame *f, struct packet *out);

/* Verify IPv4, TCP, UDP checksums as configured: sets PACKET_BAD_CHECKSUM. For the packets of our own shard. */
void decode_verify(struct decode *d, struct packet *p);

const struct decode_counts *decode_counts(const struct decode *d);

/* The same for both directions and every run; which worker takes this packet. */
uint32_t decode_shard(const struct packet *p, uint32_t shards);

#endif
