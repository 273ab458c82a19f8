#include "decode/checksum.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/eight.h"

/* One's complement addition: the carry comes round to the low end. */
static inline uint64_t
add(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

static uint16_t
fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

/* Less than 32 bytes. To copy what is behind the last eight into a word and read that waits longer than all of a header takes. */
static uint64_t
add_last(uint64_t sum, struct span s)
{
	uint16_t two;

	for (; s.left >= 8; s.at += 8, s.left -= 8)
		sum = add(sum, eight_load(s.at));
	for (; s.left >= 2; s.at += 2, s.left -= 2) {
		memcpy(&two, s.at, sizeof two);
		sum = add(sum, two);
	}
	return s.left == 0 ? sum : add(sum, htons((uint16_t)(s.at[0] << 8)));
}

/* Four sums that do not wait for each other, eight bytes at a time: RFC 1071, 2 (C) allows any grouping. */
static uint64_t
add_bytes(uint64_t start, struct span s)
{
	uint64_t sum[4] = { start, 0, 0, 0 };

	for (; s.left >= 32; s.at += 32, s.left -= 32) {
		sum[0] = add(sum[0], eight_load(s.at));
		sum[1] = add(sum[1], eight_load(s.at + 8));
		sum[2] = add(sum[2], eight_load(s.at + 16));
		sum[3] = add(sum[3], eight_load(s.at + 24));
	}
	return add_last(add(add(sum[0], sum[1]), add(sum[2], sum[3])), s);
}

uint16_t
checksum_sum(struct span s, uint64_t start)
{
	return fold(add_bytes(start, s));
}

enum checksum_verdict
checksum_ipv4(struct span header, bool offload)
{
	if (checksum_sum(header, 0) == 0xffff)
		return CHECKSUM_GOOD;
	if (offload && header.at[10] == 0 && header.at[11] == 0)
		return CHECKSUM_OFFLOADED;
	return CHECKSUM_BAD;
}

/*
 * RFC 9293, 3.1; RFC 8200, 8.1. IPv4 addresses may stay mapped: ff:ff adds
 * nothing in one's complement. With len 0 it is what is left by drivers that
 * cut large sends.
 */
static uint64_t
pseudo_sum(const struct packet *p, size_t len)
{
	uint64_t sum = (uint64_t)htons(p->protocol) + htonl((uint32_t)len);

	sum = add_bytes(sum, span_of(p->src.b, sizeof p->src.b));
	return add_bytes(sum, span_of(p->dst.b, sizeof p->dst.b));
}

enum checksum_verdict
checksum_transport(struct span s, const struct packet *p, bool offload)
{
	size_t place = p->protocol == PROTO_TCP ? 16 : 6;
	uint16_t field;
	uint64_t pseudo;

	if (p->protocol != PROTO_TCP && p->protocol != PROTO_UDP)
		return CHECKSUM_NONE;
	memcpy(&field, s.at + place, sizeof field);
	/* RFC 768: zero is no checksum. RFC 8200, 8.1 forbids that over IPv6, where only tunnels do it. */
	if (field == 0 && p->protocol == PROTO_UDP && addr_is_v4(&p->src))
		return CHECKSUM_NONE;
	pseudo = pseudo_sum(p, s.left);
	if (checksum_sum(s, pseudo) == 0xffff)
		return CHECKSUM_GOOD;
	if (offload && (field == 0 || field == fold(pseudo) || field == fold(pseudo_sum(p, 0))))
		return CHECKSUM_OFFLOADED;
	return CHECKSUM_BAD;
}
