/*
 * flow.h - one conversation: realm, two ends, protocol; counters and times.
 *
 * side 0 is who asked (the originator), side 1 who was asked. Made and owned
 * by the flow table; others read it while the table calls them, and hang
 * their own state into `talk->slot` (freed by the pipeline when the flow ends).
 */
#ifndef HANSHO_FLOW_H
#define HANSHO_FLOW_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"
#include "realm.h"

enum { ORIGINATOR = 0, RESPONDER = 1 };

/* Whose flow a packet is. No padding that is not zeroed: compared and hashed as bytes. */
struct flow_key {
	struct realm realm;
	struct addr addr[2];
	uint16_t port[2];	/* ICMP: as Community ID maps type and code */
	uint8_t protocol;
	uint8_t zero[3];
};

_Static_assert(sizeof(struct flow_key) == 68, "a flow key is compared as bytes");

enum flow_state {
	FLOW_NEW,		/* one side only so far */
	FLOW_ESTABLISHED,	/* both sides spoke; TCP: handshake seen or data both ways */
	FLOW_CLOSED,		/* FIN both ways */
	FLOW_RESET		/* RST seen */
};

enum flow_end { FLOW_END_TIMEOUT, FLOW_END_CLOSED, FLOW_END_REUSED, FLOW_END_EVICTED, FLOW_END_INPUT };

enum flow_slot { SLOT_STREAM, SLOT_DIALOGUE, SLOT_WITNESS, FLOW_SLOTS };

struct flow_side {
	uint64_t packets, bytes;	/* bytes: of IP, on the wire */
};

/*
 * What of a key many flows have in common: the realm and the upper 12 bytes
 * of both addresses. All of IPv4 within one realm is one place. By side. Kept
 * by the flow table once for all flows there.
 */
struct flow_place {
	struct realm realm;
	uint8_t high[2][12];
};

_Static_assert(sizeof(struct flow_place) == 52, "a place is compared and hashed as bytes");

/*
 * What there is to say once somebody has said something, or it came out of a
 * tunnel: most flows of a scan or a flood never get one. By side. Made and
 * owned by the flow table.
 */
struct flow_talk {
	int64_t last_payload_ns[2];	/* of the last packet with new payload; WHEN_UNKNOWN before the first */
	int64_t pause_ns[2];		/* between a side's last two packets with new payload; 0 before */
	uint64_t payload_bytes[2];	/* behind the transport header, on the wire, retransmissions too */
	uint64_t missed_bytes[2];	/* reported as gaps by reassembly */
	uint32_t edge[2];		/* the table's; TCP: behind the furthest payload byte */
	uint64_t syn;			/* the table's: a SYN inside the connection that awaits its answer */
	uint32_t voice[2];		/* hash of how it speaks (client: JA4, user agent); 0: not known */
	struct flow_tunnel *tunnel;	/* NULL: in none, or no memory. The table's. */
	void *slot[FLOW_SLOTS];
};

/* How a flow that came out of a tunnel was carried when it was first seen; by side. */
struct flow_tunnel {
	struct addr outer[2];		/* ends of the innermost tunnel over IP; zero: there is none */
	uint32_t id[2];			/* as on the wire: label, TEID, VNI, key, session; 0 also before that side spoke */
	uint8_t kind;			/* enum tunnel_kind of the innermost */
	uint8_t protocol;		/* IP protocol of the carrier */
	uint8_t depth;			/* tunnels over IP */
};

/* In the order in which packets need it. [0] is the originator. Its key: flow_key(), flow_addr(). */
struct flow {
	const struct flow_place *place;	/* NULL: IPv4 in no realm */
	uint8_t low[2][4];		/* of the addresses, behind what the place has */
	uint16_t port[2];		/* ICMP: as Community ID maps type and code */
	uint8_t protocol;
	uint8_t state;			/* enum flow_state */
	uint8_t tcp_flags[2];		/* all that were seen, by side */
	struct flow_talk *talk;		/* NULL before the first payload */
	struct flow_side side[2];
	int64_t last_ns, first_ns;
	uint64_t first_ordinal;		/* of its first packet: unique in the input */
	uint32_t isn[2];		/* TCP: before each side's first byte, as far as `isn_seen` or `known` say */
	uint8_t isn_seen;		/* bit 1 << side: `isn` is reassembly's, of the SYN that it saw */
	uint8_t app;			/* enum app of observation.h, once a message was understood */
	uint8_t contacts;		/* observed so far; stays at its largest value */
	uint8_t lasting : 4;		/* how often it was told that it is still open */
	bool midway : 1;		/* TCP of which neither SYN nor SYN+ACK was seen */
	bool contacted : 1;		/* its first contact was observed */
	bool awaits_name : 1;		/* UDP: a parser will say who is called, or that it cannot; the contact waits */
	bool self_signed : 1;		/* the server's certificate is */
	bool paused : 1;		/* HTTP, QUIC: the originator spoke after a pause, its request or hello is not whole yet */
	uint8_t differed : 2;		/* TCP: so often bytes were sent again, and others; told once */
	/* The table's own: */
	uint8_t timer : 3;
	uint8_t resetter : 1;		/* the side whose RST made it FLOW_RESET */
	bool unused : 1;		/* it is no flow now */
	uint8_t known;
};

_Static_assert(sizeof(struct flow) == 104, "two cache lines with what the table keeps beside it");

extern const struct flow_talk FLOW_SILENT;

/* For reading, where it is not sure that there is one. */
static inline const struct flow_talk *
flow_talk(const struct flow *f)
{
	return f->talk != NULL ? f->talk : &FLOW_SILENT;
}

/* Of flows without one of their own. */
extern const struct flow_place FLOW_PLACE_PLAIN;

static inline const struct flow_place *
flow_place(const struct flow *f)
{
	return f->place != NULL ? f->place : &FLOW_PLACE_PLAIN;
}

static inline struct addr
flow_addr(const struct flow *f, int side)
{
	struct addr a;

	memcpy(a.b, flow_place(f)->high[side], sizeof flow_place(f)->high[side]);
	memcpy(a.b + 12, f->low[side], sizeof f->low[side]);
	return a;
}

struct flow_key flow_key(const struct flow *f);

/* The flow's ends are those of the key. True: it has no place of its own, and *place was not needed. */
bool flow_set_key(struct flow *f, const struct flow_key *k, struct flow_place *place);

/* Deterministic over runs: same key and same start give the same id. Below 2^53. */
uint64_t flow_id(const struct flow_key *k, int64_t first_ns);

#endif
