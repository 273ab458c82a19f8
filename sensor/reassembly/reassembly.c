#include "reassembly/reassembly.h"

#include <stdlib.h>

#include "base/when.h"
#include "reassembly/order.h"
#include "reassembly/side.h"
#include "reassembly/surrogate.h"

/*
 * Each queued segment makes libnids's (negative) sum of a queue smaller by at
 * most 67,584; the sum is an int.
 */
#define SIDE_SEGMENTS_MOST 16384

/* libnids touches the room of all streams that it could have when it starts: it has that of those with a hole. */
enum { CARRIED_LEAST = 1024, CARRIED_SHARE = 8 };

static uint32_t
clamp(uint32_t value, uint32_t most)
{
	return value == 0 ? 1 : value < most ? value : most;
}

size_t
reassembly_stream_bytes(void)
{
	size_t carried = surrogate_stream_bytes() + sizeof(struct stream *) + sizeof(uint32_t);

	return sizeof(struct stream) + 2 * sizeof(struct side *) + carried / CARRIED_SHARE + 1;
}

uint32_t
reassembly_streams(const struct reassembly_limits *limits)
{
	return clamp(limits->max_streams, SURROGATES_MAX);
}

uint64_t
reassembly_segments(const struct reassembly_limits *limits)
{
	return limits->total_bytes / SEGMENT_COST + 1;
}

/* Here; libnids's part counts as bytes that wait. */
size_t
reassembly_segment_bytes(void)
{
	return sizeof(struct segment);
}

/* Room for those that libnids carries: a share of all, and nearly all of a few. */
static bool
make_carriers(struct reassembly *r, uint32_t streams)
{
	uint32_t most = streams <= CARRIED_LEAST ? streams : CARRIED_LEAST + (streams - CARRIED_LEAST) / CARRIED_SHARE;

	r->carried = calloc(most, sizeof *r->carried);
	r->idle = calloc(most, sizeof *r->idle);
	r->surrogates = surrogates_new(most, order_deliver, r);
	if (r->carried == NULL || r->idle == NULL || r->surrogates == NULL)
		return false;
	for (r->idle_count = 0; r->idle_count < most; r->idle_count++)
		r->idle[r->idle_count] = most - 1 - r->idle_count;
	return true;
}

struct reassembly *
reassembly_new(const struct reassembly_limits *limits, stream_piece_fn *emit, void *to)
{
	struct reassembly *r = calloc(1, sizeof *r);
	uint32_t most;

	if (r == NULL)
		return NULL;
	r->limits = *limits;
	most = r->limits.max_streams = reassembly_streams(limits);
	r->limits.side_segments = clamp(limits->side_segments, SIDE_SEGMENTS_MOST);
	r->hole_ns = (int64_t)limits->hole_sec * NS_PER_SEC;
	r->emit = emit;
	r->to = to;
	r->streams = calloc(most, sizeof *r->streams);
	if (r->streams == NULL || !make_carriers(r, most) || !deadlines_init(&r->deadlines, 2 * most) ||
	    !segment_pool_init(&r->pool, reassembly_segments(limits))) {
		reassembly_free(r);
		return NULL;
	}
	return r;
}

static void
drop(struct reassembly *r, struct stream *s)
{
	for (int which = 0; which < 2; which++) {
		order_forget(r, &s->side[which]);
		print_leave(&s->side[which].print, order_recent(r, &s->side[which]));
	}
	order_set_down(r, s);
	stream_list_remove(&r->active, s);
	s->flow = NULL;
	s->busier = r->free;
	r->free = s;
	r->counts.active--;
	if (s->evicted)
		r->counts.evicted++;
	else
		r->counts.released++;
}

void
stream_leave(struct reassembly *r, struct stream *s)
{
	if (--s->busy == 0 && s->dead)
		drop(r, s);
}

static struct stream *
stream_of(const struct flow *f)
{
	return reassembly_wants(NULL, f) ? flow_talk(f)->slot[SLOT_STREAM] : NULL;
}

void
reassembly_on_difference(struct reassembly *r, stream_differs_fn *differs)
{
	r->differs = differs;
}

void
reassembly_free(struct reassembly *r)
{
	if (r == NULL)
		return;
	while (r->active.idlest != NULL) {
		r->active.idlest->dead = true;	/* its flow may be gone */
		drop(r, r->active.idlest);
	}
	surrogates_free(r->surrogates);
	segment_pool_clear(&r->pool);
	deadlines_clear(&r->deadlines);
	free(r->streams);
	free(r->carried);
	free(r->idle);
	free(r);
}

static void
flush(struct reassembly *r, struct stream *s, int64_t now_ns)
{
	order_flush(r, &s->side[ORIGINATOR], now_ns);
	order_flush(r, &s->side[RESPONDER], now_ns);
}

static void
evict(struct reassembly *r, struct stream *s, int64_t now_ns)
{
	s->busy++;
	s->evicted = true;
	flush(r, s, now_ns);
	if (!s->dead)
		order_unwanted(s);
	stream_leave(r, s);
}

static struct stream *
take_slot(struct reassembly *r)
{
	struct stream *s = r->free;

	if (s != NULL)
		r->free = s->busier;
	else
		s = &r->streams[r->used++];
	*s = (struct stream){ 0 };
	for (int which = 0; which < 2; which++) {
		s->side[which].stream = s;
		s->side[which].which = (uint8_t)which;
		s->side[which].last_ns = WHEN_UNKNOWN;
	}
	return s;
}

static struct stream *
open_stream(struct reassembly *r, struct flow *f, int64_t now_ns)
{
	struct stream *s;

	if (r->counts.active == r->limits.max_streams)
		evict(r, r->active.idlest, now_ns);
	s = take_slot(r);
	s->flow = f;
	stream_list_append(&r->active, s);
	r->counts.opened++;
	r->counts.active++;
	if (r->counts.most_active < r->counts.active)
		r->counts.most_active = r->counts.active;
	f->talk->slot[SLOT_STREAM] = s;
	return s;
}

static bool
knows_start(const struct flow *f, int side)
{
	return (f->isn_seen & 1 << side) != 0;
}

static void
set_start(struct flow *f, int side, uint32_t before_first)
{
	f->isn[side] = before_first;
	f->isn_seen = (uint8_t)(f->isn_seen | 1 << side);
}

/* The sequence number of the packet's first payload byte: a SYN takes one (RFC 9293, 3.4). */
static uint32_t
payload_seq(const struct packet *p)
{
	return p->seq + ((p->tcp_flags & TCP_SYN) != 0);
}

static uint32_t
wire_bytes(const struct packet *p)
{
	return p->payload_wire_bytes > p->payload_bytes ? p->payload_wire_bytes : p->payload_bytes;
}

/*
 * A keep-alive may carry the byte before the next one, as garbage (RFC 9293,
 * 3.8.4). Where the side's start is not known, the stream must not begin with it.
 */
static bool
is_keep_alive(const struct flow *f, int side, const struct packet *p)
{
	return !knows_start(f, side) && wire_bytes(p) == 1 &&
	    (p->tcp_flags & (TCP_PSH | TCP_SYN | TCP_FIN)) == 0;
}

/* What stands far from the number that a SYN told is believed as elsewhere in a stream: when more follows it. */
static void
begin_side(struct side *d, const struct flow *f, uint32_t seq)
{
	order_begin(d, knows_start(f, d->which) ? f->isn[d->which] + 1 : seq);
}

static bool
has_payload(struct reassembly *r, const struct packet *p)
{
	if (wire_bytes(p) == 0)
		return false;
	if ((p->tcp_flags & TCP_RST) != 0 || (p->tcp_flags & (TCP_SYN | TCP_ACK)) == 0) {
		r->counts.ignored_segments++;
		return false;
	}
	return true;
}

static void
take_payload(struct reassembly *r, struct stream *s, int side, const struct packet *p)
{
	struct side *d = &s->side[side];
	struct payload payload = {
		.seq = payload_seq(p), .bytes = p->payload, .len = p->payload_bytes,
		.wire_len = wire_bytes(p), .at_ns = p->ts_ns,
		.sure = (p->flags & PACKET_RIGHT_CHECKSUM) != 0 && !d->shut,
		.pushed = (p->tcp_flags & TCP_PSH) != 0
	};

	if (!d->open && p->payload_bytes == 0)
		return;
	if (!d->open)
		begin_side(d, s->flow, payload.seq);
	order_payload(r, d, &payload);
}

static void
take_flags(struct reassembly *r, struct stream *s, int side, const struct packet *p)
{
	if ((p->tcp_flags & TCP_RST) != 0) {
		/* If it is true nothing will be sent again: holes have had their ACK. */
		order_hopeless(r, &s->side[ORIGINATOR], p->ts_ns);
		order_hopeless(r, &s->side[RESPONDER], p->ts_ns);
		return;
	}
	if ((p->tcp_flags & TCP_ACK) == 0)
		return;
	s->side[!side].shut = p->window == 0;
	order_ack(r, &s->side[!side], p->ack, p->ts_ns);
	if ((p->tcp_flags & TCP_FIN) != 0)
		order_fin(&s->side[side], payload_seq(p) + wire_bytes(p));
}

void
reassembly_packet(struct reassembly *r, struct flow *f, int side, const struct packet *p)
{
	struct stream *s = stream_of(f);
	bool open = s != NULL && s->side[side].open, bytes;

	if (!reassembly_wants(r, f))
		return;
	if (!open && (p->tcp_flags & (TCP_SYN | TCP_RST)) == TCP_SYN)
		set_start(f, side, p->seq);
	if ((p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) && !knows_start(f, !side))
		set_start(f, !side, p->ack - 1);
	bytes = has_payload(r, p);
	if (bytes && !open && is_keep_alive(f, side, p)) {
		set_start(f, side, p->seq);
		bytes = false;
	}
	if (s == NULL && bytes && p->payload_bytes > 0)
		s = open_stream(r, f, p->ts_ns);
	if (s == NULL)
		return;
	s->busy++;
	stream_list_remove(&r->active, s);
	stream_list_append(&r->active, s);
	if (bytes)
		take_payload(r, s, side, p);
	if (!s->dead)
		take_flags(r, s, side, p);
	stream_leave(r, s);
}

void
reassembly_advance(struct reassembly *r, int64_t now_ns)
{
	struct side *d;

	while ((d = deadlines_first(&r->deadlines)) != NULL && d->deadline_ns <= now_ns) {
		struct stream *s = d->stream;

		s->busy++;
		order_give_up(r, d, d->deadline_ns);
		stream_leave(r, s);
	}
}

int64_t
reassembly_next_deadline(const struct reassembly *r)
{
	return r->deadlines.first_ns;
}

void
reassembly_end(struct reassembly *r, struct flow *f, int64_t now_ns)
{
	struct stream *s = stream_of(f);

	if (s != NULL) {
		s->busy++;
		flush(r, s, now_ns);
		order_missing_end(r, &s->side[ORIGINATOR], now_ns);
		order_missing_end(r, &s->side[RESPONDER], now_ns);
		stream_leave(r, s);
	}
	reassembly_release(r, f);
}

void
reassembly_release(struct reassembly *r, struct flow *f)
{
	struct stream *s = stream_of(f);

	if (f->talk == NULL)
		return;
	f->talk->slot[SLOT_STREAM] = &order_released;
	if (s == NULL)
		return;
	s->dead = true;
	if (s->busy == 0)
		drop(r, s);
}

bool
reassembly_wants(const struct reassembly *r, const struct flow *f)
{
	(void)r;
	return flow_talk(f)->slot[SLOT_STREAM] != &order_released;
}

const struct reassembly_counts *
reassembly_counts(const struct reassembly *r)
{
	return &r->counts;
}
