#include "decode/layers.h"

/* DLT_ values as pcap files number them; libpcap's own headers differ between systems. */
enum {
	LINK_NULL = 0, LINK_ETHERNET = 1, LINK_PPP = 9, LINK_RAW_BSD = 12, LINK_RAW_OPENBSD = 14,
	LINK_PPP_SERIAL = 50, LINK_RAW = 101, LINK_CISCO_HDLC = 104, LINK_LOOP = 108,
	LINK_LINUX_SLL = 113, LINK_PPP_WITH_DIR = 204, LINK_IPV4 = 228, LINK_IPV6 = 229,
	LINK_LINUX_SLL2 = 276
};

enum { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };

static layer_fn vlan_read;

/* The reader of an EtherType, or NULL. */
static layer_fn *
ether_reader(uint16_t type)
{
	static const struct {
		uint16_t type;
		layer_fn *read;
	} rows[] = {
		{ ETHER_IPV4, ipv4_read },
		{ ETHER_IPV6, ipv6_read },
		{ ETHER_VLAN, vlan_read },
		{ ETHER_PROVIDER_VLAN, vlan_read },
		{ ETHER_OLD_VLAN, vlan_read },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].type == type)
			return rows[i].read;
	return NULL;
}

static void
ether_next(struct walk *w, uint16_t type)
{
	w->next = ether_reader(type);
	if (w->next == NULL)
		walk_nothing(w, &w->decode->counts.not_ip);
}

/* IEEE 802.2 with SNAP (RFC 1042); other SAPs carry no IP. */
static void
llc_read(struct walk *w)
{
	static const uint8_t snap[6] = { 0xaa, 0xaa, 0x03, 0, 0, 0 };
	struct span head, lead;
	uint16_t type;

	if (!walk_take(w, 8, &head)) {
		walk_nothing(w, &w->decode->counts.not_ip);
		return;
	}
	span_take(&head, sizeof snap, &lead);
	span_u16be(&head, &type);
	if (span_equal(lead, span_of(snap, sizeof snap)))
		ether_next(w, type);
	else
		walk_nothing(w, &w->decode->counts.not_ip);
}

/* Below 0x0600 it is the length of an IEEE 802.3 frame. */
static void
ether_or_length_next(struct walk *w, uint16_t type)
{
	if (type >= 0x0600) {
		ether_next(w, type);
		return;
	}
	if (type < w->wire)
		walk_limit(w, type);
	w->next = llc_read;
}

static void
ethernet_read(struct walk *w)
{
	struct span head;
	uint16_t type;

	if (!walk_take(w, 14, &head)) {
		walk_short(w, 14);
		return;
	}
	span_skip(&head, 12);
	span_u16be(&head, &type);
	ether_or_length_next(w, type);
}

/* IEEE 802.1Q. Identifier 0 gives a priority only; of more than two identifiers the outer two count. */
static void
vlan_read(struct walk *w)
{
	struct realm *realm = &w->packet->realm;
	struct span head;
	uint16_t tag, type;

	if (!walk_take(w, 4, &head)) {
		walk_short(w, 4);
		return;
	}
	span_u16be(&head, &tag);
	span_u16be(&head, &type);
	tag &= 0x0fff;
	if (realm->vlan[0] == 0)
		realm->vlan[0] = tag;
	else if (realm->vlan[1] == 0)
		realm->vlan[1] = tag;
	ether_or_length_next(w, type);
}

/* Linux cooked, version 1: the protocol ends a header of 16 bytes. */
static void
cooked_read(struct walk *w)
{
	struct span head;
	uint16_t type;

	if (!walk_take(w, 16, &head)) {
		walk_short(w, 16);
		return;
	}
	span_skip(&head, 14);
	span_u16be(&head, &type);
	if (type == 4)		/* LINUX_SLL_P_802_2 */
		w->next = llc_read;
	else
		ether_next(w, type);
}

/* Version 2: the protocol begins a header of 20 bytes. */
static void
cooked2_read(struct walk *w)
{
	struct span head;
	uint16_t type;

	if (!walk_take(w, 20, &head)) {
		walk_short(w, 20);
		return;
	}
	span_u16be(&head, &type);
	if (type == 4)
		w->next = llc_read;
	else
		ether_next(w, type);
}

/* BSD loopback: an address family in the order of the machine that captured, or of the network. */
static void
loopback_read(struct walk *w)
{
	struct span head;
	uint32_t family;

	if (!walk_take(w, 4, &head)) {
		walk_short(w, 4);
		return;
	}
	span_u32be(&head, &family);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		w->next = ipv4_read;
		break;
	case 10:	/* Linux */
	case 24:	/* NetBSD, OpenBSD */
	case 28:	/* FreeBSD */
	case 30:	/* macOS */
		w->next = ipv6_read;
		break;
	default:
		walk_nothing(w, &w->decode->counts.not_ip);
	}
}

/* Cisco HDLC: address, control, EtherType. */
static void
cisco_read(struct walk *w)
{
	struct span head;
	uint16_t type;

	if (!walk_take(w, 4, &head)) {
		walk_short(w, 4);
		return;
	}
	span_skip(&head, 2);
	span_u16be(&head, &type);
	ether_next(w, type);
}

/*
 * PPP (RFC 1661), with or without the address and control bytes of HDLC-like
 * framing (RFC 1662); the protocol is one byte when it is odd.
 */
static void
ppp_read(struct walk *w)
{
	struct span head = w->in, number;
	uint16_t protocol = 0;
	uint8_t first;

	if (span_u16be(&head, &protocol) && protocol == 0xff03)
		walk_take(w, 2, &number);
	head = w->in;
	if (!span_u8(&head, &first)) {
		walk_short(w, 1);
		return;
	}
	if (first == 0x0f || first == 0x8f) {	/* not PPP at all: Cisco's address byte */
		w->next = cisco_read;
		return;
	}
	if (!walk_take(w, first & 1 ? 1 : 2, &number)) {
		walk_short(w, 2);
		return;
	}
	protocol = first;
	if ((first & 1) == 0)
		span_u16be(&number, &protocol);
	if (protocol == PPP_IPV4)
		w->next = ipv4_read;
	else if (protocol == PPP_IPV6)
		w->next = ipv6_read;
	else
		walk_nothing(w, &w->decode->counts.not_ip);
}

/* One byte of direction before the PPP frame. */
static void
ppp_direction_read(struct walk *w)
{
	struct span head;

	if (walk_take(w, 1, &head))
		w->next = ppp_read;
	else
		walk_short(w, 1);
}

/* The commonest first. */
layer_fn *
link_reader(int link_type)
{
	static const struct {
		int link_type;
		layer_fn *read;
	} rows[] = {
		{ LINK_ETHERNET, ethernet_read },
		{ LINK_LINUX_SLL, cooked_read },
		{ LINK_LINUX_SLL2, cooked2_read },
		{ LINK_RAW, ip_read },
		{ LINK_RAW_BSD, ip_read },
		{ LINK_RAW_OPENBSD, ip_read },
		{ LINK_IPV4, ipv4_read },
		{ LINK_IPV6, ipv6_read },
		{ LINK_NULL, loopback_read },
		{ LINK_LOOP, loopback_read },
		{ LINK_PPP, ppp_read },
		{ LINK_PPP_SERIAL, ppp_read },
		{ LINK_PPP_WITH_DIR, ppp_direction_read },
		{ LINK_CISCO_HDLC, cisco_read },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].link_type == link_type)
			return rows[i].read;
	return NULL;
}
