#include "decode/fragments.h"
#include "decode/layers.h"

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, DATAGRAM_MOST = 65535 };

enum { PROTO_HOP_BY_HOP = 0, PROTO_ROUTING = 43, PROTO_FRAGMENT = 44, PROTO_AH = 51,
	PROTO_DESTINATION = 60, PROTO_MOBILITY = 135, PROTO_HIP = 139, PROTO_SHIM6 = 140 };

/*
 * RFC 8200, 4.1 has seven at most, and RFC 8504, 5.3 lets hosts stop there, but
 * Linux goes on as long as there are some: as many as fit into 1,500 bytes.
 */
enum { EXTENSIONS_MAX = 192 };

/* The transport header is out of reach: no ports, no payload. */
static void
headless(struct walk *w, uint8_t protocol)
{
	w->in.left = 0;
	w->wire = 0;
	walk_bare(w, protocol);
}

static void
fragment_alone(struct walk *w, uint8_t protocol)
{
	w->packet->flags |= PACKET_FRAGMENT;
	headless(w, protocol);
}

/*
 * Hands the piece in `in` over. True: the datagram is whole and stands in
 * `in`, what follows is *protocol. False: the walk is over.
 */
static bool
fragment_join(struct walk *w, struct fragment_piece *piece, uint8_t *protocol)
{
	struct packet *p = w->packet;

	w->decode->counts.fragments++;
	if ((p->flags & PACKET_TRUNCATED) != 0) {
		fragment_alone(w, *protocol);
		return false;
	}
	if (w->in.left == 0 || (piece->more && w->in.left % 8 != 0) ||
	    piece->offset + w->in.left > DATAGRAM_MOST) {
		walk_nothing(w, &w->decode->counts.malformed);
		return false;
	}
	piece->key.realm = p->realm;
	piece->key.src = p->src;
	piece->key.dst = p->dst;
	piece->bytes = w->in;
	piece->protocol = *protocol;
	w->next = NULL;
	w->result = fragments_add(w->decode->fragments, piece, p, &w->in, protocol);
	w->wire = w->in.left;
	w->joined = w->result == DECODE_PACKET;
	return w->result == DECODE_PACKET;
}

/* IPv4 alone; RFC 8200 has no authentication header outside of its chain. */
static bool
authentication_skip(struct walk *w, uint8_t *next)
{
	struct span head = w->in, all;
	uint8_t number, words;
	size_t len;

	if (!span_u8(&head, &number) || !span_u8(&head, &words))
		return false;
	len = (words + 2U) * 4;
	if (!walk_take(w, len, &all))
		return false;
	*next = number;
	return true;
}

/* An extension header is not whole: cut off, or it never was. */
static void
extension_short(struct walk *w, uint8_t protocol)
{
	if ((w->packet->flags & PACKET_TRUNCATED) != 0)
		headless(w, protocol);
	else
		walk_nothing(w, &w->decode->counts.malformed);
}

static void
ipv4_fragment(struct walk *w, uint16_t id, uint16_t place, uint8_t protocol)
{
	struct fragment_piece piece = { .key = { .id = id, .protocol = protocol },
		.offset = (place & 0x1fffU) * 8, .more = (place & 0x2000) != 0 };

	/* A header that hosts throw away must not poison the datagram. */
	if (w->decode->limits.checksum != CHECKSUM_OFF && checksum_ipv4(w->decode->place.ipv4,
	    w->decode->limits.checksum == CHECKSUM_AUTO) == CHECKSUM_BAD) {
		w->decode->counts.fragments++;
		fragment_alone(w, protocol);
		return;
	}
	if (fragment_join(w, &piece, &protocol))
		transport_read(w, protocol);
}

/* RFC 791, 3.1. A total length of 0 is left by segmentation in the network card: all there is. */
void
ipv4_read(struct walk *w)
{
	struct packet *p = w->packet;
	struct span fixed, header = w->in, options, four;
	uint16_t total, id, place;
	uint8_t first, protocol;
	size_t header_bytes;

	if (!walk_take(w, IPV4_HEADER, &fixed)) {
		walk_short(w, IPV4_HEADER);
		return;
	}
	span_u8(&fixed, &first);
	span_skip(&fixed, 1);
	span_u16be(&fixed, &total);
	span_u16be(&fixed, &id);
	span_u16be(&fixed, &place);
	span_skip(&fixed, 1);
	span_u8(&fixed, &protocol);
	span_skip(&fixed, 2);
	span_take(&fixed, 4, &four);
	p->src = addr_v4(four.at);
	span_take(&fixed, 4, &four);
	p->dst = addr_v4(four.at);
	header_bytes = (first & 15U) * 4;
	p->ip_bytes = total != 0 ? total : (uint32_t)w->wire + IPV4_HEADER;
	if (first >> 4 != 4 || header_bytes < IPV4_HEADER || p->ip_bytes < header_bytes) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	walk_limit(w, p->ip_bytes - IPV4_HEADER);
	if (!walk_take(w, header_bytes - IPV4_HEADER, &options)) {
		extension_short(w, protocol);
		return;
	}
	w->decode->place.ipv4 = span_of(header.at, header_bytes);
	if ((place & 0x3fff) != 0)
		ipv4_fragment(w, id, place, protocol);
	else if (protocol == PROTO_AH && !authentication_skip(w, &protocol))
		extension_short(w, protocol);
	else
		transport_read(w, protocol);
}

/* Hop-by-hop and destination options, mobility, HIP, shim6: all of one shape. */
static bool
options_skip(struct walk *w, uint8_t *next)
{
	struct span head = w->in, all;
	uint8_t number, eights;

	if (!span_u8(&head, &number) || !span_u8(&head, &eights))
		return false;
	if (!walk_take(w, (eights + 1U) * 8, &all))
		return false;
	*next = number;
	return true;
}

/*
 * While segments are left the address for the pseudo-header is not the one in
 * the IPv6 header (RFC 8200, 8.1), so the packet's checksum is not judged.
 */
static bool
routing_skip(struct walk *w, uint8_t *next)
{
	struct span head = w->in;
	uint8_t segments_left;

	if (!span_skip(&head, 3) || !span_u8(&head, &segments_left))
		return false;
	if (segments_left != 0)
		w->routed = true;
	return options_skip(w, next);
}

typedef bool extension_fn(struct walk *w, uint8_t *next);

static extension_fn *
extension_reader(uint8_t number)
{
	switch (number) {
	case PROTO_HOP_BY_HOP:
	case PROTO_DESTINATION:
	case PROTO_MOBILITY:
	case PROTO_HIP:
	case PROTO_SHIM6:
		return options_skip;
	case PROTO_ROUTING:
		return routing_skip;
	case PROTO_AH:
		return authentication_skip;
	default:
		return NULL;
	}
}

/* True: go on with *next. False: the walk is over. An atomic fragment (RFC 6946) is none. */
static bool
ipv6_fragment(struct walk *w, uint8_t *next)
{
	struct fragment_piece piece = { .key = { .protocol = FRAGMENT_ANY_PROTOCOL } };
	struct span head;
	uint16_t place;
	uint8_t number;

	if (!walk_take(w, 8, &head)) {
		extension_short(w, PROTO_FRAGMENT);
		return false;
	}
	span_u8(&head, &number);
	span_skip(&head, 1);
	span_u16be(&head, &place);
	span_u32be(&head, &piece.key.id);
	*next = number;
	if ((place & 0xfff9) == 0)
		return true;
	if (w->joined) {
		walk_nothing(w, &w->decode->counts.malformed);
		return false;
	}
	piece.offset = place & 0xfff8;
	piece.more = (place & 1) != 0;
	return fragment_join(w, &piece, next);
}

static void
extensions_read(struct walk *w, uint8_t next)
{
	extension_fn *read;
	unsigned i;

	for (i = 0; i < EXTENSIONS_MAX; i++) {
		if (next == PROTO_FRAGMENT) {
			if (!ipv6_fragment(w, &next))
				return;
			continue;
		}
		read = extension_reader(next);
		if (read == NULL) {
			transport_read(w, next);
			return;
		}
		if (!read(w, &next)) {
			extension_short(w, next);
			return;
		}
	}
	headless(w, next);
}

/* RFC 8200, 3. A payload length of 0 is a jumbogram (RFC 2675) or a large send: all there is. */
void
ipv6_read(struct walk *w)
{
	struct packet *p = w->packet;
	struct span fixed;
	uint32_t first;
	uint16_t payload;
	uint8_t next;

	if (!walk_take(w, IPV6_HEADER, &fixed)) {
		walk_short(w, IPV6_HEADER);
		return;
	}
	span_u32be(&fixed, &first);
	span_u16be(&fixed, &payload);
	span_u8(&fixed, &next);
	span_skip(&fixed, 1);
	span_copy(&fixed, p->src.b, sizeof p->src.b);
	span_copy(&fixed, p->dst.b, sizeof p->dst.b);
	if (first >> 28 != 6) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	w->decode->place.ipv4 = span_of(NULL, 0);
	walk_limit(w, payload != 0 || next == 59 ? payload : w->wire);
	p->ip_bytes = (uint32_t)w->wire + IPV6_HEADER;
	extensions_read(w, next);
}

void
ip_read(struct walk *w)
{
	struct span head = w->in;
	uint8_t first;

	if (!span_u8(&head, &first))
		walk_short(w, 1);
	else if (first >> 4 == 4)
		w->next = ipv4_read;
	else if (first >> 4 == 6)
		w->next = ipv6_read;
	else
		walk_nothing(w, &w->decode->counts.not_ip);
}
