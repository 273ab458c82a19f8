#include "records/frame_make.h"

#include <stddef.h>
#include <string.h>

enum { TCP = 6, UDP = 17 };

static void
put16(uint8_t *at, unsigned n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static void
put32(uint8_t *at, uint32_t n)
{
	put16(at, n >> 16);
	put16(at + 2, n & 0xffff);
}

/* RFC 1071. */
static unsigned
checksum(const uint8_t *at, size_t len, uint32_t sum)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)at[i] << 8 : at[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* For a group address that no switch hands on (IEEE 802.1Q, table 8-1). */
static uint8_t *
put_ip(uint8_t *frame, const struct frame_ends *e, uint8_t protocol, unsigned len)
{
	static const uint8_t head[14] = { 0x01, 0x80, 0xc2, 0, 0, 0x0f, 0x02, 0, 0, 0, 0, 0x01, 0x08, 0x00 };
	uint8_t *ip = frame + 14;

	memcpy(frame, head, sizeof head);
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, 20 + len);
	ip[8] = 64;
	ip[9] = protocol;
	memcpy(ip + 12, e->addr[0], 4);
	memcpy(ip + 16, e->addr[1], 4);
	put16(ip + 10, checksum(ip, 20, 0));
	put16(ip + 20, e->port[0]);
	put16(ip + 22, e->port[1]);
	return ip;
}

/* Of a segment whose own field is 0, with the pseudo header. */
static unsigned
checksum_over(const uint8_t *ip, uint8_t protocol, unsigned len)
{
	return checksum(ip + 20, len, checksum(ip + 12, 8, protocol + len) ^ 0xffff);
}

unsigned
frame_make_tcp(uint8_t *frame, const struct frame_ends *e, uint8_t flags, uint32_t sequence,
    uint32_t acknowledged, unsigned payload)
{
	unsigned len = 20 + payload;
	uint8_t *ip = put_ip(frame, e, TCP, len), *tcp = ip + 20;

	memset(tcp + 4, 0, 16);
	put32(tcp + 4, sequence);
	put32(tcp + 8, acknowledged);
	tcp[12] = 0x50;
	tcp[13] = flags;
	put16(tcp + 14, 65535);
	put16(tcp + 16, checksum_over(ip, TCP, len));
	return 14 + 20 + len;
}

unsigned
frame_make_udp(uint8_t *frame, const struct frame_ends *e, unsigned payload)
{
	unsigned len = 8 + payload, sum;
	uint8_t *ip = put_ip(frame, e, UDP, len), *udp = ip + 20;

	put16(udp + 4, len);
	put16(udp + 6, 0);
	sum = checksum_over(ip, UDP, len);
	put16(udp + 6, sum == 0 ? 0xffff : sum);	/* RFC 768: 0 is none */
	return 14 + 20 + len;
}
