/*
 * decode.h - one frame in, at most one IP packet out.
 *
 * Link types: Ethernet, Linux cooked v1 and v2, raw IP, BSD null and loop, PPP,
 * Cisco HDLC, 802.11 (plain, radiotap, Prism, AVS, PPI), NFLOG, PFLOG, MPLS.
 * Tags: 802.1Q, QinQ, 802.1ah, 802.1BR, VN-tag, HSR, 802.1CB, CMD, NSH. Tunnels: MPLS
 * with pseudowires, PPPoE, GRE with NVGRE, ERSPAN, PPTP and WCCP, VXLAN, VXLAN-GPE,
 * GENEVE, GTP-U, Teredo, IP in IP in all four ways, EtherIP; what the innermost
 * carries is the packet. What only looks like a tunnel stays what carries it.
 * IPv4 with options, IPv6 with extension headers; fragments of both are put
 * together on packet time, bounded (decode_limits), overlapping ones are
 * refused and counted. A frame that was cut is used as far as it goes:
 * PACKET_TRUNCATED, and ports, flags and payload as far as they are there. Of
 * an 802.11 aggregate (A-MSDU) the first frame is read.
 * All memory is taken by decode_new(). No I/O, no clock. One thread only.
 */
#ifndef SENSOR_DECODE_H
#define SENSOR_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "packet.h"

enum checksum_mode {
	/*
	 * Wrong ones count as bad, unless left to the network card (offload) or
	 * of a sender that has shown no right one: see flow_limits.
	 */
	CHECKSUM_AUTO,
	CHECKSUM_STRICT, CHECKSUM_OFF
};

struct decode_limits {
	uint32_t fragment_datagrams;	/* being put together at once; the oldest gives way */
	uint32_t fragment_bytes;	/* held in all of them, counted in pages of 2 KiB; at least 64 KiB */
	uint32_t fragment_timeout_sec;	/* of packet time */
	enum checksum_mode checksum;
};

struct decode_counts {
	uint64_t frames, packets;
	uint64_t not_ip, unknown_link, malformed;
	uint64_t too_nested;		/* frames with too many layers, packets with too many tunnels */
	uint64_t tunnelled;		/* packets out of a tunnel */
	uint64_t unopened;		/* packets that are a tunnel's carrier: no IP was found inside */
	uint64_t truncated;		/* packets that were cut, and frames cut before their IP header's end */
	uint64_t bad_checksum, offloaded_checksum;	/* packets; decode_verify() counts them */
	uint64_t fragments;		/* frames */
	uint64_t defragmented, fragments_evicted, fragments_timed_out, fragments_refused;	/* datagrams */
};

enum decode_result {
	DECODE_PACKET,		/* *out is filled */
	DECODE_HELD,		/* a fragment, kept until its datagram is whole */
	DECODE_NOTHING,		/* no IP, or malformed: counted */
	DECODE_FOREIGN		/* a packet of another shard; *out is anything */
};

struct decode;

struct decode *decode_new(const struct decode_limits *limits);	/* NULL: no memory */
void decode_free(struct decode *d);				/* NULL is fine */

/* AFTRs and border relays: see realm.h. Copies nothing. */
void decode_set_relays(struct decode *d, const struct cidr *relays, unsigned count);

/* Packets of this one of `shards` alone are wanted; without this call, all. */
void decode_set_shard(struct decode *d, uint32_t shard, uint32_t shards);

/*
 * Headers only; checksums are not looked at, but for the IPv4 header's of a
 * fragment. *out and what it points to live until the next call. A fragment
 * that was cut or has a wrong header is a packet by itself: PACKET_FRAGMENT.
 */
enum decode_result decode_frame(struct decode *d, const struct frame *f, struct packet *out);

/*
 * Verify IPv4, TCP, UDP checksums of the packet that decode_frame() gave last
 * (of a tunnel the inner ones: those of its carrier are the tunnel's affair),
 * as configured: sets PACKET_BAD_CHECKSUM, or PACKET_RIGHT_CHECKSUM when there
 * was a TCP or UDP checksum to verify. For the packets of our own shard. What
 * was cut, and IPv6 on its way along a source route, gets neither.
 */
void decode_verify(struct decode *d, struct packet *p);

/* Packet time was wrong: it is now_ns from here on. */
void decode_set_back(struct decode *d, int64_t now_ns);

const struct decode_counts *decode_counts(const struct decode *d);

/* The same for both directions and every run; which worker takes this packet. */
uint32_t decode_shard(const struct packet *p, uint32_t shards);

#endif
