#include "decode/layers.h"

enum {	/* RFC 2784, 2; RFC 2890, 2; RFC 2637, 4.1 */
	GRE_CHECKSUM = 0x8000, GRE_ROUTING = 0x4000, GRE_KEY = 0x2000, GRE_SEQUENCE = 0x1000,
	GRE_ACKNOWLEDGED = 0x0080, GRE_VERSION = 0x0007
};

enum { GRE_ERSPAN = 0x88be, GRE_ERSPAN3 = 0x22eb, GRE_WCCP = 0x883e };

struct gre {
	uint16_t flags, type;
	uint32_t key;			/* 0 without one */
	size_t len;			/* of the header */
	struct span payload;
};

static bool
gre_header(struct span in, struct gre *g)
{
	struct span s = in;

	g->key = 0;
	if (!span_u16be(&s, &g->flags) || !span_u16be(&s, &g->type))
		return false;
	if ((g->flags & GRE_CHECKSUM) != 0 && !span_skip(&s, 4))
		return false;
	if ((g->flags & GRE_KEY) != 0 && !span_u32be(&s, &g->key))
		return false;
	if ((g->flags & GRE_SEQUENCE) != 0 && !span_skip(&s, 4))
		return false;
	if ((g->flags & GRE_VERSION) == 1 && (g->flags & GRE_ACKNOWLEDGED) != 0 && !span_skip(&s, 4))
		return false;
	g->payload = s;
	g->len = in.left - s.left;
	return true;
}

/* RFC 2637, 4.1: the key is the payload's length and the call at the receiving end. Without a sequence there is none. */
static void
pptp_open(struct walk *w, const struct gre *g)
{
	size_t len = g->key >> 16;

	if (g->type != ETHER_PPP || (g->flags & (GRE_KEY | GRE_SEQUENCE)) != (GRE_KEY | GRE_SEQUENCE))
		return;
	if ((g->flags & (GRE_CHECKSUM | GRE_ROUTING)) != 0 || len > w->wire - g->len)
		return;
	if (!tunnel_enter(w, g->len, ppp_read))
		return;
	walk_limit(w, len);
	tunnel_note(w->packet, TUNNEL_GRE, 0, g->key & 0xffff);
}

/*
 * Type I is Ethernet at once and has no sequence number in its GRE header; II
 * has 8 bytes first, III 12, and 8 more when its last bit says so. Ten bits
 * of the second word are the session: who mirrors what is received and what is
 * sent in two sessions has each direction of a flow in another one.
 */
static void
erspan_open(struct walk *w, const struct gre *g)
{
	struct span s = g->payload;
	bool third = g->type == GRE_ERSPAN3;
	size_t len = third ? 12 : 8;
	uint16_t version, session, last = 0;

	if ((g->flags & GRE_SEQUENCE) == 0 && !third) {
		if (looks_like_ethernet(s, w->wire - g->len) && tunnel_enter(w, g->len, ethernet_read))
			tunnel_note(w->packet, TUNNEL_ERSPAN, 0, 0);
		return;
	}
	if (!span_u16be(&s, &version) || !span_u16be(&s, &session) || version >> 12 != (third ? 2 : 1))
		return;
	if (third && (!span_skip(&s, 6) || !span_u16be(&s, &last)))
		return;
	if ((last & 1) != 0)
		len += 8;
	session &= 0x03ff;
	if (tunnel_enter(w, g->len + len, third && (last >> 10 & 31) == 2 ? ip_read : ethernet_read))
		tunnel_note(w->packet, TUNNEL_ERSPAN, 0, session);
}

/*
 * RFC 7637, 3.2: 24 bits of virtual subnet, of which the first 4096 are
 * reserved, and 8 bits that differ from flow to flow. Other bridges have a
 * plain key, and in practice a small one.
 */
static uint32_t
realm_key(const struct gre *g)
{
	if (g->type == ETHER_BRIDGED && g->flags == GRE_KEY && g->key >> 8 >= 0x1000)
		return g->key >> 8;
	return g->key;
}

static layer_fn *
gre_reader(uint16_t type)
{
	switch (type) {
	case ETHER_BRIDGED: return ethernet_read;
	case GRE_WCCP: return wccp_read;
	default: return ether_reader(type);
	}
}

void
gre_open(struct walk *w)
{
	struct gre g;
	layer_fn *next;

	if (!gre_header(w->in, &g))
		return;
	if ((g.flags & GRE_VERSION) == 1) {
		pptp_open(w, &g);
		return;
	}
	if ((g.flags & (GRE_VERSION | GRE_ROUTING)) != 0)
		return;
	if (g.type == GRE_ERSPAN || g.type == GRE_ERSPAN3) {
		erspan_open(w, &g);
		return;
	}
	next = gre_reader(g.type);
	if (next != NULL && tunnel_enter(w, g.len, next))
		tunnel_note(w->packet, TUNNEL_GRE, realm_key(&g), g.key);
}

/* Version 2 of Cisco's protocol has four bytes of its own before the IP packet, version 1 none. */
void
wccp_read(struct walk *w)
{
	struct span s = w->in, head;
	uint8_t first = 0;

	if (!span_u8(&s, &first)) {
		walk_short(w, 1);
		return;
	}
	if (first >> 4 != 4 && !walk_take(w, 4, &head)) {
		walk_short(w, 4);
		return;
	}
	w->next = ipv4_read;
}
