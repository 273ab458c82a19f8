#include "decode/layers.h"

/* DLT_ values as pcap files number them; libpcap's own headers differ between systems. */
enum {
	LINK_NULL = 0, LINK_ETHERNET = 1, LINK_PPP = 9, LINK_RAW_BSD = 12, LINK_RAW_OPENBSD = 14,
	LINK_PPP_SERIAL = 50, LINK_PPP_ETHER = 51, LINK_RAW = 101, LINK_CISCO_HDLC = 104,
	LINK_IEEE802_11 = 105, LINK_LOOP = 108, LINK_LINUX_SLL = 113, LINK_PFLOG = 117,
	LINK_PRISM = 119, LINK_RADIOTAP = 127, LINK_AVS = 163, LINK_PPI = 192, LINK_PPP_WITH_DIR = 204,
	LINK_MPLS = 219, LINK_IPV4 = 228, LINK_IPV6 = 229, LINK_NFLOG = 239, LINK_LINUX_SLL2 = 276
};

layer_fn *
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
		{ ETHER_PPPOE_SESSION, pppoe_read },
		{ ETHER_MPLS, mpls_read },
		{ ETHER_MPLS_UPSTREAM, mpls_read },
		{ ETHER_PBB, pbb_read },
		{ 0x8926, tag4_read },		/* VN-tag */
		{ 0x893f, tag6_read },		/* E-tag, IEEE 802.1BR */
		{ 0x8909, tag6_read },		/* Cisco metadata */
		{ 0x892f, tag4_read },		/* HSR, IEC 62439-3 */
		{ 0xf1c1, tag4_read },		/* redundancy tag, IEEE 802.1CB */
		{ 0x9200, vlan_read },		/* older than IEEE 802.1ad */
		{ ETHER_NSH, nsh_read },
		{ ETHER_PPP, ppp_read },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].type == type)
			return rows[i].read;
	return NULL;
}

void
ether_next(struct walk *w, uint16_t type)
{
	w->next = ether_reader(type);
	if (w->next == NULL)
		walk_nothing(w, &w->decode->counts.not_ip);
}

/* IEEE 802.2 with SNAP (RFC 1042); other SAPs carry no IP. */
void
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

void
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

void
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
	if (type == ETHER_IPV4)
		w->next = ipv4_read;
	else
		ether_or_length_next(w, type);
}

/* A type that is known, or a length that fits; and a sender that is one station. */
bool
looks_like_ethernet(struct span in, size_t wire)
{
	uint8_t sender;
	uint16_t type;

	if (!span_skip(&in, 6) || !span_u8(&in, &sender) || !span_skip(&in, 5) || !span_u16be(&in, &type))
		return false;
	if ((sender & 1) != 0)
		return false;
	if (type < 0x0600)
		return type >= 3 && type + 14U <= wire;
	return type == ETHER_ARP || ether_reader(type) != NULL;
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
		{ LINK_RADIOTAP, radiotap_read },
		{ LINK_IEEE802_11, wireless_read },
		{ LINK_PRISM, prism_read },
		{ LINK_AVS, avs_read },
		{ LINK_PPI, ppi_read },
		{ LINK_NFLOG, nflog_read },
		{ LINK_PFLOG, pflog_read },
		{ LINK_PPP_ETHER, pppoe_read },
		{ LINK_MPLS, mpls_read },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].link_type == link_type)
			return rows[i].read;
	return NULL;
}
