#include "decode/layers.h"

/*
 * A port proves nothing, so each header is looked at as strictly as its
 * specification allows: version, reserved bits, lengths, what follows. One
 * that fails stays a datagram of the outer flow.
 */
enum { UDP_HEADER = 8 };

enum { GTP_EXTENSIONS_MAX = 8, TEREDO_AUTHENTICATION = 1, TEREDO_ORIGIN = 0 };

/* Behind the UDP header. */
static struct span
datagram(const struct walk *w, size_t *wire)
{
	struct span s = w->in;

	if (!span_skip(&s, UDP_HEADER))
		s.left = 0;
	*wire = w->wire - UDP_HEADER;
	return s;
}

/* RFC 7348, 5; the group policy extension has three more bits and a group. */
static void
vxlan_open(struct walk *w)
{
	size_t wire;
	struct span s = datagram(w, &wire);
	uint32_t first, id;

	if (!span_u32be(&s, &first) || !span_u32be(&s, &id) || (id & 0xff) != 0)
		return;
	if (first != 0x08000000 && (first & 0xffb70000) != 0x88000000)
		return;
	if (looks_like_ethernet(s, wire - 8) && tunnel_enter(w, UDP_HEADER + 8, ethernet_read))
		tunnel_note(w->packet, TUNNEL_VXLAN, id >> 8, id >> 8);
}

/* draft-ietf-nvo3-vxlan-gpe: version 0, with an identifier and a next protocol. */
static void
vxlan_gpe_open(struct walk *w)
{
	size_t wire;
	struct span s = datagram(w, &wire);
	layer_fn *next;
	uint32_t first, id;

	if (!span_u32be(&s, &first) || !span_u32be(&s, &id) || (id & 0xff) != 0)
		return;
	next = service_reader(first & 0xff);
	if ((first & 0xfcffff00) != 0x0c000000 || next == NULL)
		return;
	if (tunnel_enter(w, UDP_HEADER + 8, next))
		tunnel_note(w->packet, TUNNEL_VXLAN, id >> 8, id >> 8);
}

/* RFC 8926, 3.4: version 0, length of the options in words, two flags, EtherType, network. */
static void
geneve_open(struct walk *w)
{
	size_t wire, options;
	struct span s = datagram(w, &wire);
	uint16_t first, type;
	uint32_t id;
	layer_fn *next;

	if (!span_u16be(&s, &first) || !span_u16be(&s, &type) || !span_u32be(&s, &id))
		return;
	options = (first >> 8 & 63U) * 4;
	if (first >> 14 != 0 || (first & 0x3f) != 0 || (id & 0xff) != 0 || !span_skip(&s, options))
		return;
	next = type == ETHER_BRIDGED ? ethernet_read : ether_reader(type);
	if (next == NULL || (next == ethernet_read && !looks_like_ethernet(s, wire - 8 - options)))
		return;
	if (tunnel_enter(w, UDP_HEADER + 8 + options, next))
		tunnel_note(w->packet, TUNNEL_GENEVE, id >> 8, id >> 8);
}

/* 3GPP TS 29.281, 5.2: each says its length in words, and in its last byte what follows. */
static bool
gtp_extensions(struct span *s)
{
	struct span body;
	uint8_t next, words;
	unsigned i;

	if (!span_skip(s, 3) || !span_u8(s, &next))
		return false;
	for (i = 0; next != 0; i++) {
		if (i == GTP_EXTENSIONS_MAX || !span_u8(s, &words) || words == 0)
			return false;
		if (!span_take(s, words * 4U - 2, &body) || !span_u8(s, &next))
			return false;
	}
	return true;
}

/* 3GPP TS 29.281, 5.1: version 1, GTP (not GTP'), a user's packet, whose length is that of the datagram. */
static void
gtp_open(struct walk *w)
{
	size_t wire, len;
	struct span s = datagram(w, &wire), inner;
	uint8_t flags, type, first = 0;
	uint16_t rest;
	uint32_t teid;

	len = s.left;
	if (!span_u8(&s, &flags) || !span_u8(&s, &type) || !span_u16be(&s, &rest) || !span_u32be(&s, &teid))
		return;
	if ((flags & 0xf8) != 0x30 || type != 0xff || rest + 8U != wire)
		return;
	if ((flags & 7) != 0 && !gtp_extensions(&s))
		return;
	inner = s;
	if (!span_u8(&inner, &first) || (first >> 4 != 4 && first >> 4 != 6))
		return;
	if (tunnel_enter(w, UDP_HEADER + len - s.left, ip_read))
		tunnel_note(w->packet, TUNNEL_GTPU, 0, teid);
}

/* RFC 4380, 5.1.1: authentication (with two texts of their own lengths), then origin; either, both, or none. */
static bool
teredo_indications(struct span *s)
{
	struct span head = *s;
	uint16_t kind;
	uint8_t id, value;

	if (!span_u16be(&head, &kind))
		return false;
	if (kind == TEREDO_AUTHENTICATION) {
		if (!span_u8(&head, &id) || !span_u8(&head, &value) || !span_skip(&head, id + value + 9U))
			return false;
		*s = head;
		if (!span_u16be(&head, &kind))
			return false;
	}
	return kind != TEREDO_ORIGIN || span_skip(s, 8);
}

/* 2001::/32 (RFC 4380, 2.6), or link-local: what a client has before it knows its own. */
static bool
is_teredo(struct span address)
{
	uint32_t first = 0;

	(void)span_u32be(&address, &first);
	return first == 0x20010000 || (first & 0xffc00000) == 0xfe800000;
}

static void
teredo_open(struct walk *w)
{
	size_t wire, len;
	struct span s = datagram(w, &wire), from, to, inner;
	uint32_t first;
	uint16_t payload;

	len = s.left;
	if (!teredo_indications(&s))
		return;
	inner = s;
	if (!span_u32be(&inner, &first) || !span_u16be(&inner, &payload) || !span_skip(&inner, 2) ||
	    !span_take(&inner, 16, &from) || !span_take(&inner, 16, &to))
		return;
	if (first >> 28 != 6 || payload + 40U > wire - (len - s.left))
		return;
	if (!is_teredo(from) && !is_teredo(to))
		return;
	if (tunnel_enter(w, UDP_HEADER + len - s.left, ipv6_read))
		tunnel_note(w->packet, TUNNEL_TEREDO, 0, 0);
}

/* RFC 7510. One label, or a few, and IP below: other stacks are too short to tell them from anything else. */
static void
mpls_open(struct walk *w)
{
	size_t wire;
	struct span s = datagram(w, &wire);
	uint32_t label = 0;
	uint8_t first;
	unsigned count;

	for (count = 0; (label >> 8 & 1) == 0; count++)
		if (count == 4 || !span_u32be(&s, &label))
			return;
	if (!span_u8(&s, &first) || (first >> 4 != 4 && first >> 4 != 6))
		return;
	if (tunnel_enter(w, UDP_HEADER, mpls_read))
		tunnel_note(w->packet, TUNNEL_IP_IN_IP, 0, 0);
}

layer_fn *
tunnel_udp_opener(uint16_t src_port, uint16_t dst_port)
{
	static const struct {
		uint16_t port;
		bool either;	/* the sender's port too */
		layer_fn *open;
	} rows[] = {
		{ 4789, false, vxlan_open },
		{ 8472, false, vxlan_open },	/* what Linux took before there was a number */
		{ 2152, true, gtp_open },
		{ 6081, false, geneve_open },
		{ 3544, true, teredo_open },
		{ 4790, false, vxlan_gpe_open },
		{ 6635, false, mpls_open },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].port == dst_port || (rows[i].either && rows[i].port == src_port))
			return rows[i].open;
	return NULL;
}

void
tunnel_udp_open(struct walk *w)
{
	layer_fn *open = tunnel_udp_opener(w->packet->src_port, w->packet->dst_port);

	if (open != NULL)
		open(w);
}
