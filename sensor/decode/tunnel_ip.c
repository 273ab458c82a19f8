#include "decode/layers.h"

static uint8_t
version_of(struct span in)
{
	uint8_t first = 0;

	(void)span_u8(&in, &first);
	return first >> 4;
}

/* RFC 2003, RFC 2473. In IPv6 it is a customer's: softwire.c. */
static void
ipv4_open(struct walk *w)
{
	if (version_of(w->in) != 4)
		return;
	if (!addr_is_v4(&w->packet->src)) {
		softwire_open(w);
		return;
	}
	if (tunnel_enter(w, 0, ipv4_read))
		tunnel_note(w->packet, TUNNEL_IP_IN_IP, 0, 0);
}

/* RFC 4213 (6in4, 6rd), RFC 2473. */
static void
ipv6_open(struct walk *w)
{
	if (version_of(w->in) == 6 && tunnel_enter(w, 0, ipv6_read))
		tunnel_note(w->packet, TUNNEL_IP_IN_IP, 0, 0);
}

/* RFC 3378: version 3 and twelve zero bits, then Ethernet. */
static void
etherip_open(struct walk *w)
{
	struct span s = w->in;
	uint16_t version;

	if (!span_u16be(&s, &version) || version != 0x3000 || !looks_like_ethernet(s, w->wire - 2))
		return;
	if (tunnel_enter(w, 2, ethernet_read))
		tunnel_note(w->packet, TUNNEL_IP_IN_IP, 0, 0);
}

/* RFC 4023. What the labels carry is looked at by their reader. */
static void
mpls_open(struct walk *w)
{
	if (tunnel_enter(w, 0, mpls_read))
		tunnel_note(w->packet, TUNNEL_IP_IN_IP, 0, 0);
}

void
tunnel_ip_open(struct walk *w, uint8_t protocol)
{
	static const struct {
		uint8_t protocol;
		layer_fn *open;
	} rows[] = {
		{ 47, gre_open }, { 4, ipv4_open }, { 41, ipv6_open }, { 97, etherip_open }, { 137, mpls_open },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].protocol == protocol) {
			rows[i].open(w);
			return;
		}
}
