/*
 * Bytes drive segments over three flows, of which two fit. What must hold:
 * each delivered byte was carried by some segment at that place, pieces follow
 * each other, time does not run backwards, bounds are kept, nothing comes after
 * the release; and while no FIN and nothing far off is sent, no byte that came
 * is reported as lost.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "base/when.h"
#include "flow.h"
#include "packet.h"
#include "reassembly/reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FLOWS = 3, REGIONS = 4, WINDOW = 16384, LONGEST = 2048 };

static const struct reassembly_limits limits = {
	.max_streams = 2, .side_bytes = 6000, .side_segments = 12, .total_bytes = 10000, .hole_sec = 2
};

struct end {
	uint32_t origin;		/* number of position 0 of region 0 */
	uint32_t base;			/* number of the stream's first byte */
	bool begun;
	uint64_t next;
	int64_t last_ns;
	uint8_t carried[REGIONS][WINDOW + LONGEST];	/* bit for each version of the byte that was sent */
};

static struct talk {
	struct flow f;
	struct flow_talk talk;
	struct end end[2];
	bool over, strict, refuse;
} talks[FLOWS];

static struct reassembly *fence;
static int64_t now_ns;

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static uint8_t
byte_at(uint32_t seq, unsigned version)
{
	return (uint8_t)((seq * 7 & 0x3f) | version << 6);
}

static uint8_t *
carried_at(struct end *e, uint32_t seq)
{
	uint32_t at = seq - e->origin, region = at >> 30, inside = at & 0x3fffffff;

	return inside < WINDOW + LONGEST ? &e->carried[region][inside] : NULL;
}

static void
check_bytes(struct talk *t, struct end *e, const struct stream_piece *p)
{
	uint32_t seq = e->base + (uint32_t)p->offset;

	for (uint64_t i = 0; i < p->len && i < 0x10000; i++, seq++) {
		const uint8_t *c = carried_at(e, seq);

		if (!p->gap) {
			must(c != NULL && (p->bytes[i] & 0x3f) == byte_at(seq, 0));
			must((*c & 1 << (p->bytes[i] >> 6)) != 0);
		} else if (t->strict && c != NULL) {
			must(*c == 0);
		}
	}
}

static bool
take(void *to, const struct stream_piece *p)
{
	struct talk *t = (struct talk *)p->flow;
	struct end *e = &t->end[p->from];

	(void)to;
	must(!t->over && e->begun && p->len > 0 && p->offset == e->next);
	must(p->gap == (p->bytes == NULL));
	must(p->ts_ns >= e->last_ns && p->ts_ns <= now_ns);
	e->next += p->len;
	e->last_ns = p->ts_ns;
	check_bytes(t, e, p);
	if (t->refuse)
		t->over = true;
	return !t->refuse;
}

/* All versions of a byte's place differ: what is told must have been sent in two of them. */
static void
differs(void *to, struct flow *f, int from, uint64_t offset, const uint8_t *bytes, uint32_t len, int64_t at_ns)
{
	struct talk *t = (struct talk *)f;
	struct end *e = &t->end[from];
	bool twice = false;

	(void)to;
	(void)bytes;
	must(!t->over && e->begun && len > 0 && at_ns == now_ns);
	for (uint32_t i = 0; i < len && !twice; i++) {
		const uint8_t *c = carried_at(e, e->base + (uint32_t)(offset + i));

		twice = c != NULL && (*c & (*c - 1)) != 0;
	}
	must(twice);
}

static void
note_start(struct talk *t, int side, const struct packet *p, uint32_t seq)
{
	struct end *e = &t->end[side];

	if (e->begun || (p->tcp_flags & TCP_RST) != 0 || (p->tcp_flags & (TCP_SYN | TCP_ACK)) == 0)
		return;
	if ((p->tcp_flags & TCP_SYN) != 0)
		e->base = seq;
	else if ((t->f.isn_seen & 1 << side) != 0)
		e->base = t->f.isn[side] + 1;
	else if (p->payload_wire_bytes == 1 && (p->tcp_flags & (TCP_PSH | TCP_FIN)) == 0)
		return;
	else
		e->base = seq;
	e->begun = p->payload_bytes > 0;
}

static void
send(struct talk *t, int side, uint32_t seq, uint32_t ack, uint8_t flags, uint32_t len,
    uint32_t cut, unsigned version)
{
	static uint8_t payload[LONGEST];
	struct end *e = &t->end[side];
	uint32_t first = seq + ((flags & TCP_SYN) != 0);
	struct packet p = {
		.ts_ns = now_ns, .protocol = PROTO_TCP, .tcp_flags = flags, .seq = seq, .ack = ack,
		.payload = payload, .payload_bytes = len - cut, .payload_wire_bytes = len,
		.flags = cut == 0 ? PACKET_RIGHT_CHECKSUM : PACKET_TRUNCATED,
		.window = (uint16_t)(seq % 8)		/* shut now and then */
	};

	reassembly_advance(fence, now_ns);
	for (uint32_t i = 0; i < p.payload_bytes; i++) {
		uint8_t *c = carried_at(e, first + i);

		payload[i] = byte_at(first + i, version);
		if (c != NULL)
			*c = (uint8_t)(*c | 1 << version);
	}
	if ((flags & (TCP_FIN | TCP_RST)) != 0 || (flags & TCP_ACK) == 0 || cut != 0)
		t->strict = false;
	if (len > 0 && !t->over)
		note_start(t, side, &p, first);
	reassembly_packet(fence, &t->f, side, &p);
}

static void
step(struct span *s)
{
	uint8_t who = 0, what = 0, flags = 0;
	uint16_t at = 0, len = 0, ack = 0;
	struct talk *t;
	int side;

	if (!span_u8(s, &who) || !span_u8(s, &what) || !span_u16be(s, &at) || !span_u16be(s, &len) ||
	    !span_u16be(s, &ack) || !span_u8(s, &flags)) {
		s->left = 0;
		return;
	}
	t = &talks[who % FLOWS];
	side = who >> 7;
	now_ns += (int64_t)(what & 0x70) * 10000000;
	if ((what & 0x0f) == 15) {
		reassembly_end(fence, &t->f, now_ns);
		t->over = true;
	} else if ((what & 0x0f) == 14) {
		reassembly_release(fence, &t->f);
		t->over = true;
	} else if ((what & 0x0f) == 13) {
		t->refuse = true;
	} else {
		uint32_t region = (what & 0x0f) >= 10 ? (what & 3U) : 0;
		uint32_t seq = t->end[side].origin + (region << 30) + at % WINDOW;
		uint32_t cut = (what & 0x0f) == 9 ? len % 64 : 0;

		len %= LONGEST;
		t->strict = t->strict && region == 0;
		send(t, side, seq, t->end[!side].origin + ack % WINDOW,
		    (uint8_t)((flags & 0x3f) | (flags & 0x80) >> 3),
		    len, cut < len ? cut : len, flags >> 6 & 1);
	}
	t->over = t->over || !reassembly_wants(fence, &t->f);
	for (int i = 0; i < FLOWS; i++)		/* one may have been evicted */
		talks[i].over = talks[i].over || !reassembly_wants(fence, &talks[i].f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct reassembly_counts *c;
	struct span s = span_of(data, size);

	memset(talks, 0, sizeof talks);
	now_ns = 1000 * NS_PER_SEC;
	for (uint32_t i = 0; i < FLOWS; i++) {
		talks[i].f.first_ordinal = i;
		talks[i].f.talk = &talks[i].talk;
		talks[i].strict = true;
		talks[i].end[0].origin = 0U - 5000;
		talks[i].end[1].origin = 0x7fffff00;
		talks[i].end[0].last_ns = talks[i].end[1].last_ns = WHEN_UNKNOWN;
	}
	fence = reassembly_new(&limits, take, NULL);
	must(fence != NULL);
	reassembly_on_difference(fence, differs);
	c = reassembly_counts(fence);
	while (s.left > 0) {
		step(&s);
		must(c->queued_bytes + 160 * c->queued_segments <= limits.total_bytes);
		must(c->queued_segments <= 2 * 2 * limits.side_segments && c->active <= limits.max_streams);
	}
	for (int i = 0; i < FLOWS; i++)
		reassembly_end(fence, &talks[i].f, now_ns);
	must(c->active == 0 && c->queued_bytes == 0 && c->queued_segments == 0 && c->refused == 0);
	must(c->opened == c->released + c->evicted);
	reassembly_free(fence);
	return 0;
}
