#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

#include "decode/fragments.h"
#include "decode/layers.h"
#include "decode/plain.h"
#include "decode/shard.h"

struct decode *
decode_new(const struct decode_limits *limits)
{
	struct decode *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->limits = *limits;
	d->fragments = fragments_new(limits, &d->counts);
	if (d->fragments != NULL)
		return d;
	decode_free(d);
	return NULL;
}

void
decode_free(struct decode *d)
{
	if (d == NULL)
		return;
	fragments_free(d->fragments);
	free(d);
}

void
decode_set_relays(struct decode *d, const struct cidr *relays, unsigned count)
{
	d->relays = relays;
	d->relay_count = count;
}

void
decode_set_shard(struct decode *d, uint32_t shard, uint32_t shards)
{
	d->shard = shard;
	d->shards = shards;
}

void
tunnel_note(struct packet *p, enum tunnel_kind kind, uint32_t realm_id, uint32_t wire_id)
{
	p->tunnel = (uint8_t)kind;
	p->tunnel_id = wire_id;
	if (kind == TUNNEL_MPLS)
		return;
	p->realm.tunnel = (uint16_t)kind;
	p->realm.tunnel_id = realm_id;
	memset(&p->realm.outer, 0, sizeof p->realm.outer);
}

bool
tunnel_enter(struct walk *w, size_t skip, layer_fn *next)
{
	struct decode *d = w->decode;
	struct packet *p = w->packet;
	struct span headers;

	if (p->depth == TUNNELS_MAX) {
		d->counts.too_nested++;
		return false;
	}
	if (!walk_take(w, skip, &headers))
		return false;
	d->carrier = *p;
	d->carrier_place = d->place;
	d->place = (struct checksum_place){ .ipv4 = { 0 } };
	p->depth++;
	p->frames = 1;		/* it was the carrier that was cut */
	p->outer_src = p->src;
	p->outer_dst = p->dst;
	p->outer_protocol = p->protocol;
	p->src_port = p->dst_port = 0;
	w->routed = w->joined = false;
	w->next = next;
	return true;
}

/*
 * The walk gave no packet. When what is in a tunnel is no IP (ARP, spanning
 * tree), or none that can be read, the carrier is the packet after all. Its own
 * transport checksum may be 0 (RFC 6935), so it is not judged.
 */
static bool
is_carrier(struct walk *w)
{
	struct decode *d = w->decode;
	struct packet *p = w->packet;

	if (w->why == NULL)
		return false;
	if (p->depth == 0) {
		++*w->why;
		return false;
	}
	d->counts.unopened++;
	if (w->why == &d->counts.too_nested)
		d->counts.too_nested++;
	*p = d->carrier;
	d->place = d->carrier_place;
	d->place.transport = span_of(NULL, 0);
	if (w->joined && (p->flags & PACKET_DEFRAGMENTED) != 0) {	/* written over */
		p->flags |= PACKET_TRUNCATED;
		p->payload_bytes = 0;
	}
	return true;
}

/* Nearly all captures have one link type. */
static layer_fn *
reader_of(struct decode *d, int link_type)
{
	if (d->link_type != link_type || d->link_read == NULL) {
		d->link_type = link_type;
		d->link_read = link_reader(link_type);
	}
	return d->link_read;
}

/* One layer after another. */
static enum decode_result
walk_frame(struct decode *d, const struct frame *f, struct packet *out)
{
	struct walk w = { .decode = d, .packet = out,
		.in = span_of(f->bytes, f->captured_bytes),
		.wire = f->wire_bytes > f->captured_bytes ? f->wire_bytes : f->captured_bytes,
		.next = d->link_read };
	layer_fn *read;
	unsigned steps;

	d->place = (struct checksum_place){ .ipv4 = { 0 } };
	memset(out, 0, sizeof *out);
	out->ts_ns = f->ts_ns;
	out->ordinal = f->ordinal;
	out->frames = 1;
	if (w.next == NULL)
		walk_nothing(&w, &d->counts.unknown_link);
	for (steps = 0; w.next != NULL && steps < LAYERS_MAX; steps++) {
		read = w.next;
		w.next = NULL;
		read(&w);
	}
	if (w.next != NULL)
		walk_nothing(&w, &d->counts.too_nested);
	if (w.result != DECODE_PACKET && !is_carrier(&w))
		return w.result;
	d->counts.packets++;
	if (out->tunnel != TUNNEL_NONE)
		d->counts.tunnelled++;
	if ((out->flags & PACKET_TRUNCATED) != 0)
		d->counts.truncated++;
	return d->shards < 2 || decode_shard(out, d->shards) == d->shard ? DECODE_PACKET : DECODE_FOREIGN;
}

enum decode_result
decode_frame(struct decode *d, const struct frame *f, struct packet *out)
{
	struct plain plain;

	d->counts.frames++;
	if (reader_of(d, f->link_type) != ethernet_read || !plain_find(f, &plain))
		return walk_frame(d, f, out);
	d->counts.packets++;
	if (d->shards > 1 && plain_shard(&plain, d->shards) != d->shard)
		return DECODE_FOREIGN;
	plain_read(&plain, f, out, &d->place);
	return DECODE_PACKET;
}

void
decode_verify(struct decode *d, struct packet *p)
{
	bool offload = d->limits.checksum == CHECKSUM_AUTO;
	enum checksum_verdict header = CHECKSUM_NONE, transport = CHECKSUM_NONE;

	if (d->limits.checksum == CHECKSUM_OFF)
		return;
	if (d->place.ipv4.at != NULL)
		header = checksum_ipv4(d->place.ipv4, offload);
	if (d->place.transport.at != NULL)
		transport = checksum_transport(d->place.transport, p, offload);
	if (header == CHECKSUM_BAD || transport == CHECKSUM_BAD) {
		p->flags |= PACKET_BAD_CHECKSUM;
		d->counts.bad_checksum++;
	} else if (header == CHECKSUM_OFFLOADED || transport == CHECKSUM_OFFLOADED) {
		d->counts.offloaded_checksum++;
	} else if (transport == CHECKSUM_GOOD) {
		p->flags |= PACKET_RIGHT_CHECKSUM;
	}
}

void
decode_set_back(struct decode *d, int64_t now_ns)
{
	fragments_set_back(d->fragments, now_ns);
}

const struct decode_counts *
decode_counts(const struct decode *d)
{
	return &d->counts;
}

uint32_t
decode_shard(const struct packet *p, uint32_t shards)
{
	return shards < 2 ? 0 : shard_of(&p->realm, &p->src, &p->dst, shards);
}
