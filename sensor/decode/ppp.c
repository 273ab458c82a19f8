#include "decode/layers.h"

enum { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PPP_MPLS = 0x0281 };

/* Cisco HDLC: address, control, EtherType. */
void
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
void
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
	else if (protocol == PPP_MPLS)
		w->next = mpls_read;
	else
		walk_nothing(w, &w->decode->counts.not_ip);
}

/* One byte of direction before the PPP frame. */
void
ppp_direction_read(struct walk *w)
{
	struct span head;

	if (walk_take(w, 1, &head))
		w->next = ppp_read;
	else
		walk_short(w, 1);
}

/* RFC 2516, 4: version and type 1, code 0 (session data), session, length. */
void
pppoe_read(struct walk *w)
{
	struct span head;
	uint16_t kind, session, len;

	if (!walk_take(w, 6, &head)) {
		walk_short(w, 6);
		return;
	}
	span_u16be(&head, &kind);
	span_u16be(&head, &session);
	span_u16be(&head, &len);
	if (kind != 0x1100) {
		walk_nothing(w, &w->decode->counts.not_ip);
		return;
	}
	walk_limit(w, len);
	tunnel_note(w->packet, TUNNEL_PPPOE, session, session);
	w->next = ppp_read;
}
