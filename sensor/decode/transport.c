#include "decode/layers.h"

enum { TCP_HEADER = 20, UDP_HEADER = 8, ICMP_HEADER = 8 };

/* The payload begins `header` bytes into `in`, which may have been cut before that. */
static void
payload_from(struct walk *w, size_t header)
{
	struct packet *p = w->packet;
	struct span payload = w->in;

	if (!span_skip(&payload, header))
		span_skip(&payload, payload.left);
	p->payload = payload.at;
	p->payload_bytes = (uint32_t)payload.left;
	p->payload_wire_bytes = (uint32_t)(w->wire - header);
	walk_packet(w);
}

void
walk_bare(struct walk *w, uint8_t protocol)
{
	w->packet->protocol = protocol;
	payload_from(w, 0);
}

/* What is whole can be verified later. */
static void
remember(struct walk *w)
{
	if (w->in.left == w->wire && !w->routed)
		w->decode->place.transport = w->in;
}

/* RFC 9293, 3.1. Of a header that was cut, the fields that are there count. */
static void
tcp_read(struct walk *w)
{
	struct packet *p = w->packet;
	struct span head = w->in;
	uint8_t words = TCP_HEADER / 4 << 4;

	if (w->wire < TCP_HEADER) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	(void)(span_u16be(&head, &p->src_port) && span_u16be(&head, &p->dst_port) &&
	    span_u32be(&head, &p->seq) && span_u32be(&head, &p->ack) && span_u8(&head, &words) &&
	    span_u8(&head, &p->tcp_flags) && span_u16be(&head, &p->window));
	if (words >> 4 < TCP_HEADER / 4 || (words >> 4) * 4U > w->wire) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	remember(w);
	payload_from(w, (words >> 4) * 4U);
}

/* RFC 768. A length of 0 is a jumbogram's (RFC 2675, 4) or a large send's: all there is. */
static void
udp_read(struct walk *w)
{
	struct packet *p = w->packet;
	struct span head = w->in;
	uint16_t len = 0;

	if (w->wire < UDP_HEADER) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	(void)(span_u16be(&head, &p->src_port) && span_u16be(&head, &p->dst_port) &&
	    span_u16be(&head, &len));
	if (len != 0 && (len < UDP_HEADER || len > w->wire)) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	if (len != 0)
		walk_limit(w, len);
	remember(w);
	payload_from(w, UDP_HEADER);
	tunnel_udp_open(w);
}

/* RFC 792, RFC 4443: type, code, checksum, and four bytes that each type uses its own way. */
static void
icmp_read(struct walk *w)
{
	struct packet *p = w->packet;
	struct span head = w->in;

	if (w->wire < 4) {
		walk_nothing(w, &w->decode->counts.malformed);
		return;
	}
	(void)(span_u8(&head, &p->icmp_type) && span_u8(&head, &p->icmp_code));
	payload_from(w, w->wire < ICMP_HEADER ? w->wire : ICMP_HEADER);
}

void
transport_read(struct walk *w, uint8_t protocol)
{
	w->packet->protocol = protocol;
	switch (protocol) {
	case PROTO_TCP:
		tcp_read(w);
		break;
	case PROTO_UDP:
		udp_read(w);
		break;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		icmp_read(w);
		break;
	default:
		walk_bare(w, protocol);
		tunnel_ip_open(w, protocol);
	}
}
