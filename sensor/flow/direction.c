#include "flow/entry.h"

/*
 * Is it a port that servers listen on? Below 1024, but clients that bind a
 * reserved port (rpc, NFS, rsh) take those from 600 upwards, so there only
 * well-known services count.
 */
static bool
is_server_port(uint16_t port)
{
	static const uint16_t services[] = { 623, 631, 636, 749, 853, 873, 902, 989, 990, 992, 993, 995 };
	size_t i;

	if (port < 600)
		return port != 0;
	for (i = 0; i < sizeof services / sizeof *services; i++)
		if (services[i] == port)
			return true;
	return false;
}

static bool
is_multicast(const struct addr *a)
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };

	if (!addr_is_v4(a))
		return a->b[0] == 0xff;
	return a->b[12] >> 4 == 0xe || memcmp(a->b + 12, broadcast, sizeof broadcast) == 0;
}

/* From a server's port to a client's: the answer to a question that came before the capture. */
static bool
looks_like_answer(const struct packet *p)
{
	return is_server_port(p->src_port) && p->dst_port >= 1024 && !is_multicast(&p->dst);
}

/* Systems take the ports of those who ask from 32768 or 49152 upwards (RFC 6335 6, Linux, Windows, macOS). */
static bool
is_drawn_port(uint16_t port)
{
	return port >= 32768;
}

/* Joined midway: where no port is well known, one that was drawn asked one that was chosen. */
static bool
tcp_sender_asked(const struct packet *p)
{
	if ((p->tcp_flags & TCP_SYN) != 0)
		return (p->tcp_flags & TCP_ACK) == 0;
	if (looks_like_answer(p))
		return false;
	return is_server_port(p->dst_port) || is_drawn_port(p->src_port) || !is_drawn_port(p->dst_port);
}

/* An advertisement to everybody answers nobody. */
static bool
icmp_sender_asked(const struct packet *p, const struct flow_key *k)
{
	static const uint8_t answers[] = { 0, 14, 16, 9, 18 };
	static const uint8_t answers6[] = { 129, 134, 136, 131, 140, 145 };
	const uint8_t *list = p->protocol == PROTO_ICMP ? answers : answers6;
	size_t i, count = p->protocol == PROTO_ICMP ? sizeof answers : sizeof answers6;

	for (i = 0; i < count; i++)
		if (list[i] == k->port[0])
			return is_multicast(&p->dst);
	return true;
}

bool
sender_asked(const struct packet *p, const struct flow_key *k)
{
	if ((p->flags & PACKET_FRAGMENT) != 0)
		return true;
	switch (p->protocol) {
	case PROTO_TCP:
		return tcp_sender_asked(p);
	case PROTO_UDP:
		return !looks_like_answer(p);
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		return icmp_sender_asked(p, k);
	default:
		return true;
	}
}
