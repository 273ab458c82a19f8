/*
 * wraps.h - frames built from the inside out: an inner packet, then what is
 * put around it.
 */
#ifndef TESTS_UNIT_WRAPS_H
#define TESTS_UNIT_WRAPS_H

#include "frames.h"

/* Headers of a fixed form go before what is there. */
static inline void
wrap(struct made *m, const void *bytes, size_t len)
{
	memmove(m->b + len, m->b, m->len);
	memcpy(m->b, bytes, len);
	m->len += len;
}

static inline void
wrap_made(struct made *m, const struct made *head)
{
	wrap(m, head->b, head->len);
}

static inline void
wrap_ethernet(struct made *m, unsigned type)
{
	static struct made head;

	head.len = 0;
	put_ethernet(&head, type);
	wrap_made(m, &head);
}

/* Between 192.0.2.src and 192.0.2.dst. */
static inline void
wrap_ipv4(struct made *m, uint8_t src, uint8_t dst, uint8_t protocol)
{
	static struct made head;
	struct ipv4 h = { .src = src, .dst = dst, .protocol = protocol, .payload_bytes = m->len };

	head.len = 0;
	put_ipv4(&head, &h);
	wrap_made(m, &head);
}

/* Between 2001:db8::src and 2001:db8::dst. */
static inline void
wrap_ipv6(struct made *m, uint8_t src, uint8_t dst, uint8_t next)
{
	static struct made head;

	head.len = 0;
	put_ipv6(&head, src, dst, next, m->len);
	wrap_made(m, &head);
}

static inline void
wrap_udp(struct made *m, uint16_t from, uint16_t to)
{
	static struct made head;

	head.len = 0;
	put_udp(&head, from, to, m->len);
	wrap_made(m, &head);
}

/* 10.0.0.src asks 10.0.0.dst, both over IPv4, "hello" over UDP. */
static inline void
make_inner(struct made *m, uint8_t src, uint8_t dst, uint16_t from, uint16_t to)
{
	static struct made head;

	m->len = 0;
	put(m, "hello", 5);
	wrap_udp(m, from, to);
	head.len = 0;
	put(&head, "\x45\0\0\0\0\7\0\0\x40\x11\0\0\x0a\0\0\0\x0a\0\0\0", 20);
	set16(&head, 2, (unsigned)(20 + m->len));
	head.b[15] = src;
	head.b[19] = dst;
	set16(&head, 10, ~slow_sum(head.b, 20, 0) & 0xffff);
	wrap_made(m, &head);
}

#endif
