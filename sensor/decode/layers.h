/*
 * layers.h - how decode walks a frame: one small function a layer.
 *
 * A layer reads its header from `in`, moves on, and names who reads next; the
 * last one ends the walk. The loop in decode.c spends LAYERS_MAX steps on a
 * frame, tags and tunnels included, so no reader calls another one's kind and
 * no nesting can run away. New encapsulations are rows in the tables of
 * link.c (DLT_, EtherType), tunnel_ip.c (IP protocol) and tunnel_udp.c (port)
 * and set packet->realm on their way.
 *
 * A tunnel over IP is opened in three steps: its carrier is made a packet as
 * if it were none; its header is looked at; tunnel_enter() keeps that packet.
 * When the walk then finds no IP inside, the carrier is the packet after all.
 */
#ifndef SENSOR_DECODE_LAYERS_H
#define SENSOR_DECODE_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"
#include "decode/checksum.h"
#include "decode/decode.h"

enum { LAYERS_MAX = 48, TUNNELS_MAX = 8 };

enum {	/* EtherType */
	ETHER_IPV4 = 0x0800, ETHER_VLAN = 0x8100, ETHER_IPV6 = 0x86dd,
	ETHER_PROVIDER_VLAN = 0x88a8, ETHER_OLD_VLAN = 0x9100, ETHER_ARP = 0x0806,
	ETHER_BRIDGED = 0x6558, ETHER_PPP = 0x880b, ETHER_MPLS = 0x8847, ETHER_MPLS_UPSTREAM = 0x8848,
	ETHER_PPPOE_SESSION = 0x8864, ETHER_PBB = 0x88e7, ETHER_NSH = 0x894f
};

struct fragments;

struct walk;
typedef void layer_fn(struct walk *w);

struct decode {
	struct decode_limits limits;
	struct decode_counts counts;
	struct fragments *fragments;
	struct checksum_place place;	/* of the last packet */
	int link_type;			/* of the last frame, and its reader */
	layer_fn *link_read;
	uint32_t shard, shards;		/* whose packets are wanted; 0 and 1: all */
	const struct cidr *relays;
	unsigned relay_count;
	struct packet carrier;		/* of the innermost tunnel over IP, when packet->depth > 0 */
	struct checksum_place carrier_place;
};

/* `wire` is never less than in.left; more when bytes behind `in` were cut off. */
struct walk {
	struct decode *decode;
	struct packet *packet;
	struct span in;			/* captured bytes of the next layer */
	size_t wire;			/* bytes that it had on the wire */
	layer_fn *next;			/* who reads it; NULL: the walk is over */
	bool routed;			/* a source route in it is not at its end */
	bool joined;			/* `in` lies in the buffer of fragments */
	enum decode_result result;
	uint64_t *why;			/* of DECODE_NOTHING: what to count; NULL: it is counted */
};

/* The reader of a DLT_, or NULL. */
layer_fn *link_reader(int link_type);

/* The reader of an EtherType, or NULL; and the same as the next layer. */
layer_fn *ether_reader(uint16_t type);
void ether_next(struct walk *w, uint16_t type);

/* The same, where values below 0x0600 are the length of an IEEE 802.3 frame. */
void ether_or_length_next(struct walk *w, uint16_t type);

/* "Next protocol" of NSH (RFC 8300, 2.2) and VXLAN-GPE, or NULL. */
layer_fn *service_reader(uint8_t number);

/* Has `in` an Ethernet header in front, as far as one can tell? */
bool looks_like_ethernet(struct span in, size_t wire);

layer_fn ip_read;		/* by the version in its first four bits */
layer_fn ipv4_read, ipv6_read;
layer_fn ethernet_read, llc_read;
layer_fn vlan_read, tag4_read, tag6_read, pbb_read, nsh_read;		/* tags.c */
layer_fn ppp_read, ppp_direction_read, cisco_read, pppoe_read;		/* ppp.c */
layer_fn mpls_read;
layer_fn wireless_read, radiotap_read, prism_read, avs_read;		/* wireless.c */
layer_fn loopback_read, nflog_read, pflog_read, ppi_read;		/* pseudo.c */
layer_fn wccp_read;						/* gre.c */

/* Ends the walk with a packet: ports, flags and payload as far as the protocol has them. */
void transport_read(struct walk *w, uint8_t protocol);

/* Ends the walk with a packet that has no ports and whose payload is all of `in`. */
void walk_bare(struct walk *w, uint8_t protocol);

/*
 * The walk has just ended with a packet of this protocol, and `in` is all that
 * follows its IP header: go on when that is a tunnel, as far as one can tell.
 */
void tunnel_ip_open(struct walk *w, uint8_t protocol);
void tunnel_udp_open(struct walk *w);

/* Who looks whether a datagram with these ports is a tunnel; NULL: it is none. */
layer_fn *tunnel_udp_opener(uint16_t src_port, uint16_t dst_port);

/* The openers of GRE and of IPv4 in IPv6. */
void gre_open(struct walk *w);
void softwire_open(struct walk *w);

/*
 * Notes a tunnel in the packet: what it is and its identity, for the realm and
 * as on the wire. MPLS leaves the realm alone.
 */
void tunnel_note(struct packet *p, enum tunnel_kind kind, uint32_t realm_id, uint32_t wire_id);

/*
 * Goes into a tunnel over IP: the packet becomes the carrier. `skip` bytes of
 * `in` are its headers, `next` reads what follows. False, and counted: too many
 * already; then nothing has changed.
 */
bool tunnel_enter(struct walk *w, size_t skip, layer_fn *next);

/* Ends the walk with a packet. */
static inline void
walk_packet(struct walk *w)
{
	w->next = NULL;
	w->result = DECODE_PACKET;
}

/* Ends the walk without one, for the reason counted. */
static inline void
walk_nothing(struct walk *w, uint64_t *counter)
{
	w->next = NULL;
	w->result = DECODE_NOTHING;
	w->why = counter;
}

/* Ends the walk: a header of `need` bytes is not there, cut off or never sent. */
static inline void
walk_short(struct walk *w, size_t need)
{
	struct decode_counts *c = &w->decode->counts;

	walk_nothing(w, need <= w->wire ? &c->truncated : &c->malformed);
}

/* Cut the next `len` captured bytes off into *out. */
static inline bool
walk_take(struct walk *w, size_t len, struct span *out)
{
	if (!span_take(&w->in, len, out))
		return false;
	w->wire -= len;
	return true;
}

/*
 * A header says that `len` bytes are left. Less than there are: the rest is
 * padding. More than there are on the wire: what mirrored the packet cut it
 * (a tunnel's own length hides that), so it is truncated like by a snaplen.
 */
static inline void
walk_limit(struct walk *w, size_t len)
{
	if (len < w->in.left)
		w->in.left = len;
	w->wire = len;
	if (w->in.left < len)
		w->packet->flags |= PACKET_TRUNCATED;
}

#endif
