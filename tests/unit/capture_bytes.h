/*
 * capture_bytes.h - captures written byte by byte, for the tests of capture/.
 */
#ifndef TESTS_CAPTURE_BYTES_H
#define TESTS_CAPTURE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct bytes {
	uint8_t at[1 << 20];
	size_t len;
	bool big;			/* byte order of what is put */
};

static inline void
put_bytes(struct bytes *b, const void *from, size_t len)
{
	if (len > sizeof b->at - b->len)
		len = sizeof b->at - b->len;
	if (len > 0)
		memcpy(b->at + b->len, from, len);
	b->len += len;
}

static inline void
put_u8(struct bytes *b, unsigned v)
{
	uint8_t byte = (uint8_t)v;

	put_bytes(b, &byte, 1);
}

static inline void
put_u16(struct bytes *b, unsigned v)
{
	put_u8(b, b->big ? v >> 8 : v);
	put_u8(b, b->big ? v : v >> 8);
}

static inline void
put_u32(struct bytes *b, uint32_t v)
{
	put_u16(b, b->big ? v >> 16 : v & 0xffff);
	put_u16(b, b->big ? v & 0xffff : v >> 16);
}

/* Classic capture: magic of microseconds is a1b2c3d4, of nanoseconds a1b23c4d. */
static inline void
put_pcap_head(struct bytes *b, uint32_t magic, uint32_t link_type)
{
	put_u32(b, magic);
	put_u16(b, 2);
	put_u16(b, 4);
	put_u32(b, 0);
	put_u32(b, 0);
	put_u32(b, 262144);
	put_u32(b, link_type);
}

/* `captured` bytes of value `fill`. */
static inline void
put_pcap_packet(struct bytes *b, uint32_t sec, uint32_t fraction, uint32_t captured, uint32_t wire,
    unsigned fill)
{
	uint32_t i;

	put_u32(b, sec);
	put_u32(b, fraction);
	put_u32(b, captured);
	put_u32(b, wire);
	for (i = 0; i < captured; i++)
		put_u8(b, fill);
}

/* A pcapng block around `body`, padded to four bytes. */
static inline void
put_block(struct bytes *b, uint32_t type, const struct bytes *body)
{
	static const uint8_t zero[4];
	size_t pad = (4 - body->len % 4) % 4;
	uint32_t total = (uint32_t)(12 + body->len + pad);

	put_u32(b, type);
	put_u32(b, total);
	put_bytes(b, body->at, body->len);
	put_bytes(b, zero, pad);
	put_u32(b, total);
}

static inline void
put_section(struct bytes *b)
{
	static struct bytes body;

	body.len = 0;
	body.big = b->big;
	put_u32(&body, 0x1a2b3c4d);
	put_u16(&body, 1);
	put_u16(&body, 0);
	put_u32(&body, 0xffffffff);
	put_u32(&body, 0xffffffff);
	put_block(b, 0x0a0d0d0a, &body);
}

/* `option` 0: none; otherwise its value is `value_len` bytes. */
static inline void
put_interface(struct bytes *b, unsigned link_type, uint32_t snaplen, unsigned option,
    const void *value, size_t value_len)
{
	static const uint8_t zero[4];
	static struct bytes body;

	body.len = 0;
	body.big = b->big;
	put_u16(&body, link_type);
	put_u16(&body, 0);
	put_u32(&body, snaplen);
	if (option != 0) {
		put_u16(&body, option);
		put_u16(&body, (unsigned)value_len);
		put_bytes(&body, value, value_len);
		put_bytes(&body, zero, (4 - value_len % 4) % 4);
		put_u32(&body, 0);
	}
	put_block(b, 1, &body);
}

static inline void
put_enhanced(struct bytes *b, uint32_t interface, uint64_t units, uint32_t captured, uint32_t wire,
    unsigned fill)
{
	static struct bytes body;
	uint32_t i;

	body.len = 0;
	body.big = b->big;
	put_u32(&body, interface);
	put_u32(&body, (uint32_t)(units >> 32));
	put_u32(&body, (uint32_t)units);
	put_u32(&body, captured);
	put_u32(&body, wire);
	for (i = 0; i < captured; i++)
		put_u8(&body, fill);
	put_block(b, 6, &body);
}

#endif
