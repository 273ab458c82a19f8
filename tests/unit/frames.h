/*
 * frames.h - frames built byte by byte, for tests of what reads them.
 */
#ifndef TESTS_UNIT_FRAMES_H
#define TESTS_UNIT_FRAMES_H

#include <stdint.h>
#include <string.h>

#include "frame.h"
#include "packet.h"

struct made {
	uint8_t b[70000];
	size_t len;
};

static inline void
put(struct made *m, const void *bytes, size_t len)
{
	memcpy(m->b + m->len, bytes, len);
	m->len += len;
}

static inline void
put8(struct made *m, unsigned value)
{
	m->b[m->len++] = (uint8_t)value;
}

static inline void
put16(struct made *m, unsigned value)
{
	put8(m, value >> 8 & 0xff);
	put8(m, value & 0xff);
}

static inline void
put32(struct made *m, uint32_t value)
{
	put16(m, value >> 16);
	put16(m, value & 0xffff);
}

static inline void
put_zero(struct made *m, size_t len)
{
	memset(m->b + m->len, 0, len);
	m->len += len;
}

/* RFC 1071 as it is written: sixteen bits at a time. */
static inline uint32_t
slow_sum(const uint8_t *b, size_t len, uint32_t sum)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)b[i] << 8 : b[i];
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return sum;
}

static inline void
set16(struct made *m, size_t at, unsigned value)
{
	m->b[at] = (uint8_t)(value >> 8);
	m->b[at + 1] = (uint8_t)value;
}

static inline void
put_ethernet(struct made *m, unsigned type)
{
	put(m, "\x02\0\0\0\0\1\x02\0\0\0\0\2", 12);
	put16(m, type);
}

struct ipv4 {
	uint8_t src, dst;		/* 192.0.2.x */
	uint8_t protocol;
	uint16_t id, place;		/* place: flags and offset */
	unsigned option_words;
	size_t payload_bytes;
};

/* With a right checksum. Returns where the header begins. */
static inline size_t
put_ipv4(struct made *m, const struct ipv4 *h)
{
	size_t at = m->len;

	put8(m, 0x45 + h->option_words);
	put8(m, 0);
	put16(m, (unsigned)(20 + h->option_words * 4 + h->payload_bytes));
	put16(m, h->id);
	put16(m, h->place);
	put8(m, 64);
	put8(m, h->protocol);
	put16(m, 0);
	put(m, "\xc0\0\2", 3);
	put8(m, h->src);
	put(m, "\xc0\0\2", 3);
	put8(m, h->dst);
	for (unsigned i = 0; i < h->option_words; i++)
		put32(m, 0x01010101);
	set16(m, at + 10, ~slow_sum(m->b + at, m->len - at, 0) & 0xffff);
	return at;
}

/* From 2001:db8::src to 2001:db8::dst. */
static inline void
put_ipv6(struct made *m, uint8_t src, uint8_t dst, uint8_t next, size_t payload_bytes)
{
	put32(m, 0x60000000);
	put16(m, (unsigned)payload_bytes);
	put8(m, next);
	put8(m, 64);
	put(m, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0", 15);
	put8(m, src);
	put(m, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0", 15);
	put8(m, dst);
}

static inline void
put_tcp(struct made *m, uint16_t from, uint16_t to, uint32_t seq, unsigned flags, unsigned option_words)
{
	put16(m, from);
	put16(m, to);
	put32(m, seq);
	put32(m, 0x01020304);
	put8(m, (5 + option_words) << 4);
	put8(m, flags);
	put16(m, 0x1000);
	put32(m, 0);
	for (unsigned i = 0; i < option_words; i++)
		put32(m, 0x01010101);
}

static inline void
put_udp(struct made *m, uint16_t from, uint16_t to, size_t payload_bytes)
{
	put16(m, from);
	put16(m, to);
	put16(m, (unsigned)(8 + payload_bytes));
	put16(m, 0);
}

static inline struct frame
frame_of(const struct made *m, int link_type)
{
	struct frame f = { .ts_ns = 1000000000, .ordinal = 1, .bytes = m->b,
		.captured_bytes = (uint32_t)m->len, .wire_bytes = (uint32_t)m->len, .link_type = link_type };

	return f;
}

#endif
