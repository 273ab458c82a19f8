#include "decode/plain.h"

#include <string.h>

#include "decode/layers.h"
#include "decode/shard.h"

enum { ETHERNET_HEADER = 14, IPV4_HEADER = 20, TCP_HEADER = 20, UDP_HEADER = 8 };

/* Both read inside of what was taken off a span before. */
static inline uint16_t
two(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
four(const uint8_t *at)
{
	return (uint32_t)two(at) << 16 | two(at + 2);
}

/* Version 4 and five words of header (RFC 791, 3.1); no fragment; nothing of it is missing. */
static bool
find_ipv4(struct span in, struct plain *out)
{
	size_t total;

	if (two(in.at + 12) != ETHER_IPV4 || in.at[14] != 0x45 || (two(in.at + 20) & 0x3fff) != 0)
		return false;
	total = two(in.at + 16);
	if (total < IPV4_HEADER + UDP_HEADER || total > in.left - ETHERNET_HEADER)
		return false;
	out->ip = in.at + ETHERNET_HEADER;
	out->transport = span_of(out->ip + IPV4_HEADER, total - IPV4_HEADER);
	out->protocol = in.at[23];
	return true;
}

static bool
find_tcp(struct plain *p)
{
	if (p->transport.left < TCP_HEADER)
		return false;
	p->header_bytes = (p->transport.at[12] >> 4) * 4U;
	return p->header_bytes >= TCP_HEADER && p->header_bytes <= p->transport.left;
}

static bool
find_udp(struct plain *p)
{
	size_t len = two(p->transport.at + 4);

	if (len < UDP_HEADER || len > p->transport.left ||
	    tunnel_udp_opener(two(p->transport.at), two(p->transport.at + 2)) != NULL)
		return false;
	p->transport.left = len;
	p->header_bytes = UDP_HEADER;
	return true;
}

bool
plain_find(const struct frame *f, struct plain *out)
{
	struct span in = span_of(f->bytes, f->captured_bytes);

	if (f->wire_bytes != f->captured_bytes || in.left < ETHERNET_HEADER + IPV4_HEADER + UDP_HEADER ||
	    !find_ipv4(in, out))
		return false;
	return out->protocol == PROTO_TCP ? find_tcp(out) : out->protocol == PROTO_UDP && find_udp(out);
}

uint32_t
plain_shard(const struct plain *p, uint32_t shards)
{
	static const struct realm nowhere;
	struct addr src = addr_v4(p->ip + 12), dst = addr_v4(p->ip + 16);

	return shard_of(&nowhere, &src, &dst, shards);
}

static void
read_tcp(const uint8_t *at, struct packet *out)
{
	out->seq = four(at + 4);
	out->ack = four(at + 8);
	out->tcp_flags = at[13];
	out->window = two(at + 14);
}

void
plain_read(const struct plain *p, const struct frame *f, struct packet *out, struct checksum_place *place)
{
	const uint8_t *at = p->transport.at;

	memset(out, 0, sizeof *out);
	out->ts_ns = f->ts_ns;
	out->ordinal = f->ordinal;
	out->frames = 1;
	out->src = addr_v4(p->ip + 12);
	out->dst = addr_v4(p->ip + 16);
	out->ip_bytes = two(p->ip + 2);
	out->plain = true;
	out->protocol = p->protocol;
	out->src_port = two(at);
	out->dst_port = two(at + 2);
	if (p->protocol == PROTO_TCP)
		read_tcp(at, out);
	out->payload = at + p->header_bytes;
	out->payload_bytes = out->payload_wire_bytes = (uint32_t)p->transport.left - p->header_bytes;
	*place = (struct checksum_place){ span_of(p->ip, IPV4_HEADER), p->transport };
}
