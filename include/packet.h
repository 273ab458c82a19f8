/*
 * packet.h - one IP packet as decode/ understood it.
 *
 * Pointers lead into the frame (or decode's fragment buffer) and die at the
 * next decode. Ports and numbers are host order, addresses 16 bytes in
 * network order. A datagram put together from fragments is one packet, made
 * at its last fragment, that counts all its frames.
 */
#ifndef HANSHO_PACKET_H
#define HANSHO_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "realm.h"

enum {	/* packet.flags */
	PACKET_TRUNCATED = 1,		/* snaplen cut bytes off the end */
	PACKET_BAD_CHECKSUM = 2,	/* counts for flows, not for streams and parsers; so does a SYN that is not believed */
	PACKET_DEFRAGMENTED = 4,
	PACKET_FRAGMENT = 8,		/* a fragment that stays one: no ports, no payload */
	PACKET_RIGHT_CHECKSUM = 16	/* it has one, it was verified, it is right */
};

enum {	/* packet.tcp_flags (RFC 9293) */
	TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32
};

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMPV6 = 58 };

struct packet {
	int64_t ts_ns;
	uint64_t ordinal;
	struct realm realm;
	struct addr src, dst;
	struct addr outer_src, outer_dst;	/* ends of the innermost tunnel over IP; zero: none */
	uint16_t src_port, dst_port;	/* ICMP: type and code stand in `icmp_type`, `icmp_code` */
	uint8_t protocol;		/* IP protocol number of the transport */
	uint8_t flags;
	uint8_t tcp_flags;
	uint8_t icmp_type, icmp_code;
	uint8_t depth;			/* tunnels over IP that it came out of */
	uint8_t outer_protocol;		/* IP protocol that carried the innermost of them */
	uint8_t tunnel;			/* enum tunnel_kind of the innermost, also of those that are in no realm */
	bool plain;			/* it is known already that this is IPv4 in no realm */
	uint16_t window;		/* TCP, as on the wire */
	uint32_t seq, ack;		/* TCP */
	uint32_t tunnel_id;		/* as on the wire, of this direction: label, TEID, VNI, key, session */
	uint32_t frames;		/* 1, or the number of its fragments */
	uint32_t ip_bytes;		/* IP headers and what follows, on the wire */
	const uint8_t *payload;		/* behind the transport header */
	uint32_t payload_bytes;		/* captured */
	uint32_t payload_wire_bytes;	/* on the wire: more when truncated */
};

#endif
