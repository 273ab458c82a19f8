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

/* The halves added, with the carry; then those of that, each in the upper half of a sum with its like. */
static inline uint16_t
fold(uint64_t sum)
{
	uint32_t low = (uint32_t)sum, four = low + (uint32_t)(sum >> 32);

	four += four < low;
	return (uint16_t)((four + (four << 16 | four >> 16)) >> 16);
}

/* Fewer than eight, which are all there are. */
static uint64_t
add_few(uint64_t sum, struct span s)
{
	uint8_t word[8] = { 0 };

	memcpy(word, s.at, s.left);
	return add(sum, eight_load(word));
}

/* What is behind the last whole word is the end of the last eight bytes: to go on by two and by one takes longer than all of a header. */
static inline uint64_t
add_last(uint64_t sum, struct span s)
{
	for (; s.left >= 8; s.at += 8, s.left -= 8)
		sum = add(sum, eight_load(s.at));
	return s.left == 0 ? sum : add(sum, eight_end(s.at + s.left, (unsigned)s.left));
}

/* Four sums that do not wait for each other, eight bytes at a time: RFC 1071, 2 (C) allows any grouping. */
static uint64_t
add_bytes(uint64_t start, struct span s)
{
	uint64_t sum[4] = { start, 0, 0, 0 };

	if (s.left < 8)
		return add_few(start, s);
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

/* Mostly it has no options: two words and a half. */
static uint16_t
header_sum(struct span header)
{
	if (header.left != 20)
		return checksum_sum(header, 0);
	return fold(add(add(eight_load(header.at), eight_load(header.at + 8)), eight_end(header.at + 20, 4)));
}

enum checksum_verdict
checksum_ipv4(struct span header, bool offload)
{
	if (header_sum(header) == 0xffff)
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

	sum = add(add(sum, eight_load(p->src.b)), eight_load(p->src.b + 8));
	return add(add(sum, eight_load(p->dst.b)), eight_load(p->dst.b + 8));
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
