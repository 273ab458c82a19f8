/*
 * table.h - the flow table: every conversation, TCP or not, complete or not.
 *
 * flows_packet() finds or makes the flow and counts the packet; flows_look() and
 * flows_look_on() tell the memory early what it will read. Timers run on
 * the table's clock, the largest packet time given to flows_advance(): the
 * same in every worker of a replay. Flows end in deadline order; what ends by
 * eviction or at the end of the input ends in the order the flows began.
 * At `max_flows`, or without memory, the flow idle longest gives way (counted).
 * A flow takes 128 bytes and 4 to 8 more in the index, one that carries payload
 * 104 more, one out of a tunnel these and 48 more. What many have in common,
 * their realm and the upper parts of their addresses, takes 64 bytes once.
 * No I/O, no clock of its own. One thread only.
 */
#ifndef SENSOR_FLOW_TABLE_H
#define SENSOR_FLOW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow.h"
#include "packet.h"

struct flow_limits {
	uint32_t max_flows;
	uint32_t tcp_new_sec;		/* no answer yet, or half open */
	uint32_t tcp_established_sec;
	uint32_t tcp_closed_sec;	/* after FIN both ways or RST: stragglers still belong */
	uint32_t udp_sec, icmp_sec, other_sec;
	bool doubt_checksums;		/* a wrong one counts only of who has shown a right one */
};

struct flow_counts {
	uint64_t started, ended, evicted, reused;
	uint64_t active, most_active;
	uint64_t spoken, answered;	/* TCP flows with payload; of them those of which both sides were seen */
	uint64_t doubted;		/* packets whose wrong checksum was overlooked */
};

/*
 * A flow is over: `deadline_ns` is the timer's, or WHEN_UNKNOWN when a packet
 * or the input's end did it. FLOW_END_CLOSED is the timer of a closed or reset
 * connection. The table must not be called from here; *f dies on return.
 */
typedef void flow_end_fn(void *to, struct flow *f, enum flow_end how, int64_t deadline_ns);

struct flows;

struct flows *flows_new(const struct flow_limits *limits, flow_end_fn *end, void *to);
void flows_free(struct flows *t);	/* no end events; NULL is fine */

/* End what has run out at `now_ns`; call it before each packet, with that packet's time. */
void flows_advance(struct flows *t, int64_t now_ns);

/* Where a packet's flow is looked for; the sender is [0]. */
struct flow_look {
	uint32_t hash;
	bool plain;			/* IPv4 in no realm: the next three say all */
	uint8_t protocol;
	uint16_t port[2];
	uint32_t low[2];		/* the addresses, as a flow keeps them */
	struct flow_key key;		/* of the others */
};

/*
 * To wait for memory costs more than all else that is done for a packet of a
 * known flow: with many packets at hand, look for all of them, then look on for
 * all, then give each to flows_packet(). Neither changes anything.
 */
void flows_look(const struct flows *t, const struct packet *p, struct flow_look *out);
void flows_look_on(const struct flows *t, const struct flow_look *look);

/*
 * The packet's flow (never NULL unless there is no memory), which side sent
 * it, and whether this packet began it. A SYN on a closed flow, or with
 * another sequence number on an old one, ends the old flow and begins a new.
 * Counters include this packet on return. A packet with a wrong checksum
 * counts, but says nothing about the connection's state.
 *
 * With doubt_checksums, PACKET_BAD_CHECKSUM is taken off *p unless this side of
 * the flow has shown a right checksum: where every packet of a sender is
 * wrong (addresses replaced after the capture, a card's own ways), the capture
 * is. What a sender could slip in that way, before his first right packet, a
 * host would not have taken: a right SYN behind it begins the flow anew. Of a
 * connection joined midway it stays possible; checksum: strict is against it.
 *
 * Side 0 asked: who sent the SYN, or did not send the SYN+ACK; midway, and for
 * UDP, the sender, unless it speaks from a server's port to a client's; for
 * ICMP, who sent the request.
 */
struct flow *flows_packet(struct flows *t, struct packet *p, const struct flow_look *look, int *side, bool *is_new);

/* The clock was wrong: it says now_ns from here on. What it touched later than that was touched at now_ns. */
void flows_set_back(struct flows *t, int64_t now_ns);

/* End all, in the order they began. */
void flows_finish(struct flows *t);

const struct flow_counts *flows_counts(const struct flows *t);

/* The most that one flow costs here: its entry, its places in the index, a place of its own, what was said, the tunnel. */
size_t flows_flow_bytes(void);

/* Time of the earliest timer, or INT64_MAX. */
int64_t flows_next_deadline(const struct flows *t);

/* No timer runs before this time. Cheaper, and may be too early. */
int64_t flows_quiet_until(const struct flows *t);

#endif
