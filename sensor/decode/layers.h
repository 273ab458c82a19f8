/*
 * layers.h - how decode walks a frame: one small function a layer.
 *
 * A layer reads its header from `in`, moves on, and names who reads next; the
 * last one ends the walk. The loop in decode.c spends LAYERS_MAX steps on a
 * frame, tags and tunnels included, so no reader calls another one's kind and
 * no nesting can run away. New encapsulations are rows in the tables of
 * link.c and ip.c and set packet->realm on their way.
 */
#ifndef SENSOR_DECODE_LAYERS_H
#define SENSOR_DECODE_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "decode/checksum.h"
#include "decode/decode.h"

enum { LAYERS_MAX = 16 };

enum {	/* EtherType */
	ETHER_IPV4 = 0x0800, ETHER_VLAN = 0x8100, ETHER_IPV6 = 0x86dd,
	ETHER_PROVIDER_VLAN = 0x88a8, ETHER_OLD_VLAN = 0x9100
};

struct fragments;

struct decode {
	struct decode_limits limits;
	struct decode_counts counts;
	struct fragments *fragments;
	struct checksum_place place;	/* of the last packet */
};

struct walk;
typedef void layer_fn(struct walk *w);

/* `wire` is never less than in.left; more when bytes behind `in` were cut off. */
struct walk {
	struct decode *decode;
	struct packet *packet;
	struct span in;			/* captured bytes of the next layer */
	size_t wire;			/* bytes that it had on the wire */
	layer_fn *next;			/* who reads it; NULL: the walk is over */
	bool routed;			/* a source route in it is not at its end */
	enum decode_result result;
};

/* The reader of a DLT_, or NULL. */
layer_fn *link_reader(int link_type);

layer_fn ip_read;		/* by the version in its first four bits */
layer_fn ipv4_read, ipv6_read;

/* Ends the walk with a packet: ports, flags and payload as far as the protocol has them. */
void transport_read(struct walk *w, uint8_t protocol);

/* Ends the walk with a packet that has no ports and whose payload is all of `in`. */
void walk_bare(struct walk *w, uint8_t protocol);

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
	++*counter;
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
