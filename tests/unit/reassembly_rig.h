/*
 * reassembly_rig.h - TCP conversations made up for the tests of reassembly.
 *
 * The true byte at each position of each side of each flow is a function, so
 * nothing needs storing: what is delivered is checked at once, position by
 * position, and so is that pieces follow each other without a hole of their own.
 */
#ifndef TESTS_REASSEMBLY_RIG_H
#define TESTS_REASSEMBLY_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/when.h"
#include "flow.h"
#include "packet.h"
#include "reassembly/reassembly.h"

#define RIG_START (1700000000 * NS_PER_SEC)
#define RIG_MS 1000000LL
#define RIG_GAPS 4096
#define RIG_PAYLOAD (1 << 20)

struct rig_gap {
	uint64_t at, len;
	int64_t ts_ns;
};

struct rig_flow {
	struct flow f;			/* first: pieces lead back to it */
	struct flow_talk talk;
	uint32_t number;		/* chooses its bytes */
	uint32_t isn[2];
	uint64_t base[2];		/* true position of the stream's offset 0 */
	uint64_t next[2];		/* offset that must come next */
	uint64_t acked[2];		/* true position that the packets of the other side acknowledge */
	uint64_t bytes[2];
	struct rig_gap gap[2][RIG_GAPS];
	unsigned gaps[2];
	int64_t last_ns;
	unsigned pieces;
	unsigned stop_after;		/* pieces; 0: never */
	bool release_inside;
};

struct rig {
	struct reassembly *r;
	int64_t now_ns, last_ns;	/* last_ns: of the last piece, whosever */
	uint64_t ordinal;
	uint32_t random;
	uint8_t payload[RIG_PAYLOAD];
};

static inline uint8_t
rig_byte(const struct rig_flow *x, int side, uint64_t at)
{
	uint64_t v = at + (uint64_t)x->number * 7919 + (uint64_t)side * 104729;

	return (uint8_t)((v * 0x9e3779b97f4a7c15ULL >> 56) ^ v);
}

static inline void
rig_fill(const struct rig_flow *x, int side, uint64_t at, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = rig_byte(x, side, at + i);
}

static inline bool
rig_take(void *to, const struct stream_piece *p)
{
	struct rig *rig = to;
	struct rig_flow *x = (struct rig_flow *)p->flow;

	assert_true(p->from == ORIGINATOR || p->from == RESPONDER);
	assert_true(p->offset == x->next[p->from]);
	assert_true(p->len > 0);
	assert_true(p->ts_ns >= rig->last_ns && p->ts_ns <= rig->now_ns);
	rig->last_ns = p->ts_ns;
	assert_true(p->gap == (p->bytes == NULL));
	x->next[p->from] += p->len;
	x->last_ns = p->ts_ns;
	x->pieces++;
	if (p->gap) {
		assert_true(x->gaps[p->from] < RIG_GAPS);
		x->gap[p->from][x->gaps[p->from]++] = (struct rig_gap){ p->offset, p->len, p->ts_ns };
	} else {
		x->bytes[p->from] += p->len;
		for (uint64_t i = 0; i < p->len; i++)
			if (p->bytes[i] != rig_byte(x, p->from, x->base[p->from] + p->offset + i))
				fail_msg("wrong byte at %llu", (unsigned long long)(p->offset + i));
	}
	if (x->release_inside && x->pieces == x->stop_after)
		reassembly_release(rig->r, p->flow);
	return x->stop_after == 0 || x->pieces < x->stop_after || x->release_inside;
}

static inline struct reassembly_limits
rig_limits(void)
{
	return (struct reassembly_limits){
		.max_streams = 1000, .side_bytes = 1 << 20, .side_segments = 1024,
		.total_bytes = 64 << 20, .hole_sec = 2
	};
}

static inline struct rig *
rig_new(const struct reassembly_limits *limits)
{
	struct reassembly_limits usual = rig_limits();
	struct rig *rig = calloc(1, sizeof *rig);

	assert_non_null(rig);
	rig->now_ns = RIG_START;
	rig->random = 12345;
	rig->r = reassembly_new(limits != NULL ? limits : &usual, rig_take, rig);
	assert_non_null(rig->r);
	return rig;
}

static inline void
rig_free(struct rig *rig)
{
	const struct reassembly_counts *c = reassembly_counts(rig->r);

	assert_int_equal(c->refused, 0);
	if (c->active == 0) {
		assert_int_equal(c->queued_bytes, 0);
		assert_int_equal(c->queued_segments, 0);
	}
	reassembly_free(rig->r);
	free(rig);
}

/* Repeatable dice: 0..below-1. */
static inline uint32_t
rig_dice(struct rig *rig, uint32_t below)
{
	rig->random ^= rig->random << 13;
	rig->random ^= rig->random >> 17;
	rig->random ^= rig->random << 5;
	return rig->random % below;
}

/* A flow from 10.0.0.1 to 192.0.2.1; `number` makes its port and its bytes. */
static inline struct rig_flow *
rig_flow(struct rig *rig, uint32_t number)
{
	static const uint8_t home[4] = { 10, 0, 0, 1 }, away[4] = { 192, 0, 2, 1 };
	struct rig_flow *x = calloc(1, sizeof *x);

	assert_non_null(x);
	x->number = number;
	x->f.talk = &x->talk;
	x->isn[0] = 1000000 + number * 77777;
	x->isn[1] = 3000000000U + number * 99999;
	memcpy(x->f.low[0], home, sizeof home);
	memcpy(x->f.low[1], away, sizeof away);
	x->f.port[0] = (uint16_t)(1024 + number);
	x->f.port[1] = 443;
	x->f.protocol = PROTO_TCP;
	x->f.first_ordinal = rig->ordinal + 1;
	x->f.first_ns = rig->now_ns;
	return x;
}

static inline struct packet
rig_packet(struct rig *rig, const struct rig_flow *x, int side, uint64_t at, uint8_t flags)
{
	return (struct packet){
		.ts_ns = rig->now_ns, .ordinal = ++rig->ordinal, .realm = flow_place(&x->f)->realm,
		.src = flow_addr(&x->f, side), .dst = flow_addr(&x->f, !side),
		.src_port = x->f.port[side], .dst_port = x->f.port[!side],
		.protocol = PROTO_TCP, .tcp_flags = flags, .window = 65535,
		.seq = x->isn[side] + 1 + (uint32_t)at,
		.ack = (flags & TCP_ACK) != 0 ? x->isn[!side] + 1 + (uint32_t)x->acked[!side] : 0,
		.flags = PACKET_RIGHT_CHECKSUM, .frames = 1, .payload = rig->payload
	};
}

static inline void
rig_give(struct rig *rig, struct rig_flow *x, int side, const struct packet *p)
{
	reassembly_advance(rig->r, rig->now_ns);
	reassembly_packet(rig->r, &x->f, side, p);
}

/* `len` true bytes from position `at` on. */
static inline void
rig_send(struct rig *rig, struct rig_flow *x, int side, uint64_t at, uint32_t len, uint8_t flags)
{
	struct packet p = rig_packet(rig, x, side, at, flags);

	assert_true(len <= RIG_PAYLOAD);
	rig_fill(x, side, at, rig->payload, len);
	p.payload_bytes = p.payload_wire_bytes = len;
	rig_give(rig, x, side, &p);
}

static inline void
rig_data(struct rig *rig, struct rig_flow *x, int side, uint64_t at, uint32_t len)
{
	rig_send(rig, x, side, at, len, TCP_ACK | TCP_PSH);
}

/* `side` acknowledges everything before `upto` of the other side. */
static inline void
rig_ack(struct rig *rig, struct rig_flow *x, int side, uint64_t at, uint64_t upto)
{
	x->acked[!side] = upto;
	rig_send(rig, x, side, at, 0, TCP_ACK);
}

static inline void
rig_handshake(struct rig *rig, struct rig_flow *x)
{
	struct packet p = rig_packet(rig, x, ORIGINATOR, 0, TCP_SYN);

	p.seq--;
	rig_give(rig, x, ORIGINATOR, &p);
	p = rig_packet(rig, x, RESPONDER, 0, TCP_SYN | TCP_ACK);
	p.seq--;
	rig_give(rig, x, RESPONDER, &p);
	rig_ack(rig, x, ORIGINATOR, 0, 0);
}

static inline void
rig_wait(struct rig *rig, int64_t ns)
{
	rig->now_ns += ns;
	reassembly_advance(rig->r, rig->now_ns);
}

static inline void
rig_end(struct rig *rig, struct rig_flow *x)
{
	reassembly_end(rig->r, &x->f, rig->now_ns);
	assert_false(reassembly_wants(rig->r, &x->f));
}

static inline void
rig_expect(const struct rig_flow *x, int side, uint64_t bytes, unsigned gaps)
{
	assert_int_equal(x->bytes[side], bytes);
	assert_int_equal(x->gaps[side], gaps);
}

static inline void
rig_expect_gap(const struct rig_flow *x, int side, unsigned which, uint64_t at, uint64_t len)
{
	assert_true(which < x->gaps[side]);
	assert_int_equal(x->gap[side][which].at, at);
	assert_int_equal(x->gap[side][which].len, len);
}

#endif
