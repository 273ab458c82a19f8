/*
 * addr.h - IP addresses and networks.
 *
 * Every address is 16 bytes in network order; IPv4 travels as ::ffff:a.b.c.d
 * (RFC 4291, 2.5.5.2). A cidr of an IPv4 network has bits 96..128.
 */
#ifndef SENSOR_BASE_ADDR_H
#define SENSOR_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct addr {
	uint8_t b[16];
};

#define ADDR_TEXT_MAX 46	/* longest text with its NUL */

/* `four` points to 4 bytes in network order. Written as two words, so that whoever reads such words next need not wait. */
static inline struct addr
addr_v4(const uint8_t *four)
{
	uint8_t low[8] = { 0, 0, 0xff, 0xff };
	struct addr a = { { 0 } };
	uint64_t word;

	memcpy(low + 4, four, 4);
	memcpy(&word, low, sizeof word);
	memcpy(a.b + 8, &word, sizeof word);
	return a;
}

static inline bool
addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return memcmp(a->b, mapped, sizeof mapped) == 0;
}

static inline int
addr_compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, sizeof a->b);
}

static inline bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_compare(a, b) == 0;
}

/* Shortest text (RFC 5952; IPv4 dotted). Returns `buf`, which holds at least ADDR_TEXT_MAX bytes. */
const char *addr_text(const struct addr *a, char *buf);

/* Text of exactly `len` bytes → *out. No zone, no brackets, no port, no leading zeros. */
bool addr_parse(const char *text, size_t len, struct addr *out);

struct cidr {
	struct addr base;	/* bits behind the prefix are zero */
	uint8_t bits;		/* 0..128, counted over the 16 bytes */
};

/* "192.0.2.0/24", "2001:db8::/32" or a bare address. Host bits are cleared. */
bool cidr_parse(const char *text, size_t len, struct cidr *out);
bool cidr_contains(const struct cidr *c, const struct addr *a);

/* As written in a list: "192.0.2.0/24". Returns `buf` of at least ADDR_TEXT_MAX + 4 bytes. */
const char *cidr_text(const struct cidr *c, char *buf);

/* "02:00:5e:10:00:01" of a hardware address. Returns `buf` of at least MAC_TEXT_MAX bytes. */
enum { MAC_BYTES = 6, MAC_TEXT_MAX = 18 };
const char *mac_text(const uint8_t *mac, char *buf);

#endif
