#include "reassembly/order.h"

#include <string.h>

#include "base/log.h"

/*
 * Numbers that belong to a stream lie this close to what comes next: four times
 * the largest receive window of common systems. Only a run of segments that
 * continue one another is believed from further away (a blackout of the
 * capture, a new connection whose SYN was lost).
 */
#define NEAR_BYTES (64 << 20)
#define FAR_RUN 4
#define HEAR_EVERY (256U << 20)	/* libnids's window is 1 GiB at most */

char order_released;

struct print_recent *
order_recent(struct reassembly *r, const struct side *d)
{
	return &r->recent[(2 * (size_t)(d->stream - r->streams) + d->which) % RECENT_SIDES];
}

void
order_unwanted(struct stream *s)
{
	s->dead = true;
	s->flow->talk->slot[SLOT_STREAM] = &order_released;
}

static void
emit(struct reassembly *r, struct side *d, const uint8_t *bytes, uint64_t len, int64_t at_ns)
{
	struct stream_piece piece = {
		.flow = d->stream->flow, .ts_ns = at_ns, .from = d->which, .gap = bytes == NULL,
		.offset = d->offset, .bytes = bytes, .len = len
	};

	if (!piece.gap && r->sure)
		print_add(&d->print, order_recent(r, d), d->offset, bytes, len);
	else
		print_forget(&d->print, order_recent(r, d), d->offset + len);
	d->offset += len;
	d->next_seq += (uint32_t)len;
	d->last_ns = at_ns;
	if (piece.gap) {
		r->counts.gaps++;
		r->counts.gap_bytes += len;
	} else {
		r->counts.delivered_bytes += len;
	}
	if (!r->emit(r->to, &piece) && !d->stream->dead)
		order_unwanted(d->stream);
}

static void
pop(struct reassembly *r, struct side *d)
{
	r->counts.queued_segments--;
	r->counts.queued_bytes -= d->queue.head->len;
	queue_pop(&d->queue, &r->pool);
}

void
order_deliver(void *to, uint32_t index, int side, const uint8_t *bytes, size_t len)
{
	struct reassembly *r = to;
	struct side *d = &r->carried[index]->side[side];

	if (d->stream->dead)
		return;
	if (d->filler) {
		d->filler = false;
		return;
	}
	if (d->queue.head != NULL && d->queue.head->offset == d->offset) {
		r->sure = d->queue.head->sure;
		pop(r, d);
	}
	emit(r, d, bytes, len, r->at_ns);
}

/* The head of the queue, or its being acknowledged, may have changed. */
static void
look_at_hole(struct reassembly *r, struct side *d, bool new_hole)
{
	const struct segment *head = d->queue.head;
	int64_t deadline;

	if (d->waits && (head == NULL || new_hole)) {
		side_list_remove(&r->waiting, d);
		d->waits = false;
	}
	if (head != NULL && !d->waits) {
		side_list_append(&r->waiting, d);
		d->waits = true;
	}
	if (head == NULL || head->acked_ns == WHEN_UNKNOWN) {
		deadlines_remove(&r->deadlines, d);
		return;
	}
	deadline = head->acked_ns < INT64_MAX - r->hole_ns ? head->acked_ns + r->hole_ns : INT64_MAX;
	if (deadline < head->at_ns)
		deadline = head->at_ns;
	if (deadline < d->last_ns)
		deadline = d->last_ns;
	deadlines_set(&r->deadlines, d, deadline);
}

static void
skip(struct reassembly *r, struct side *d, uint64_t len)
{
	surrogate_skip(r->surrogates, d->stream->carrier - 1, d->which, len);
	d->heard += len;
}

void
order_set_down(struct reassembly *r, struct stream *s)
{
	if (s->carrier == 0)
		return;
	surrogate_close(r->surrogates, s->carrier - 1);
	r->carried[s->carrier - 1] = NULL;
	r->idle[r->idle_count++] = s->carrier - 1;
	s->carrier = 0;
	s->side[0].heard = s->side[1].heard = 0;
}

/* Where nothing waits any more libnids has done its part: others may need its room. */
static void
set_down_if_whole(struct reassembly *r, struct stream *s)
{
	if (!s->dead && s->side[0].queue.head == NULL && s->side[1].queue.head == NULL)
		order_set_down(r, s);
}

/* libnids learns of a stream with the first segment that has to wait, and begins where both sides then are. */
static bool
carry(struct reassembly *r, struct stream *s)
{
	uint32_t index;

	if (s->carrier != 0)
		return true;
	index = r->idle_count == 0 ? 0 : r->idle[r->idle_count - 1];
	if (r->idle_count == 0 || !surrogate_open(r->surrogates, index)) {
		r->counts.refused++;
		order_unwanted(s);
		return false;
	}
	r->idle_count--;
	r->carried[index] = s;
	s->carrier = index + 1;
	for (int which = 0; which < 2; which++)
		skip(r, &s->side[which], s->side[which].offset);
	return true;
}

static void
send(struct reassembly *r, struct side *d, uint64_t offset, const uint8_t *bytes, uint32_t len,
    int64_t at_ns)
{
	struct side *other = &d->stream->side[!d->which];
	uint32_t index;

	if (!carry(r, d->stream))
		return;
	index = d->stream->carrier - 1;
	if (offset + len - d->heard > HEAR_EVERY) {
		surrogate_hear(r->surrogates, index, other->which, other->offset, d->offset);
		d->heard = d->offset;
	}
	other->heard = other->offset;
	r->at_ns = at_ns;
	surrogate_send(r->surrogates, index, d->which, offset, other->offset, bytes, len);
}

/* The next `len` bytes are no matter of libnids: nothing waits behind them. */
static void
pass(struct reassembly *r, struct side *d, const uint8_t *bytes, uint64_t len, int64_t at_ns)
{
	emit(r, d, bytes, len, at_ns);
	if (d->stream->carrier != 0 && !d->stream->dead)
		skip(r, d, len);
}

/* Bytes that stand exactly at the side's offset, and what is queued behind them. */
static void
send_next(struct reassembly *r, struct side *d, const uint8_t *bytes, uint32_t len, int64_t at_ns)
{
	static struct log_limit limit;
	uint64_t end = d->offset + len;

	r->sure = d->sure;
	if (d->queue.head == NULL) {
		pass(r, d, bytes, len, at_ns);
		return;
	}
	send(r, d, d->offset, bytes, len, at_ns);
	if (d->stream->dead)
		return;
	if (d->offset < end) {
		r->counts.refused++;
		log_limited(&limit, LOG_LEVEL_ERROR, "reassembly",
		    "libnids did not deliver bytes that were in order; the stream is released");
		order_unwanted(d->stream);
		return;
	}
	look_at_hole(r, d, true);
	set_down_if_whole(r, d->stream);
}

/* The next `len` bytes will never come. Nothing queued begins before their end. */
static void
lose(struct reassembly *r, struct side *d, uint64_t len, int64_t at_ns)
{
	pass(r, d, NULL, len, at_ns);
}

void
order_give_up(struct reassembly *r, struct side *d, int64_t at_ns)
{
	static const uint8_t filler[1];
	uint64_t hole;

	if (d->stream->dead || d->queue.head == NULL)
		return;
	hole = d->queue.head->offset - d->offset;
	emit(r, d, NULL, hole, at_ns);
	if (d->stream->dead)
		return;
	/*
	 * libnids looks at its queue only when a byte arrives in order: the last
	 * one of the hole is sent for that, and kept back in order_deliver().
	 */
	skip(r, d, hole - 1);
	d->filler = true;
	send(r, d, d->offset - 1, filler, 1, at_ns);
	if (d->stream->dead)
		return;
	look_at_hole(r, d, true);
	set_down_if_whole(r, d->stream);
}

void
order_flush(struct reassembly *r, struct side *d, int64_t at_ns)
{
	while (!d->stream->dead && d->queue.head != NULL)
		order_give_up(r, d, at_ns);
}

/* Neither an ACK nor the SYN of the other side was seen: nothing of it is captured. */
static bool
is_one_sided(const struct side *d)
{
	return !d->ack_seen && (d->stream->flow->isn_seen & 1 << !d->which) == 0;
}

/* How far the other side's ACK reaches into the stream. */
static uint64_t
acked_offset(const struct side *d)
{
	int64_t ahead = (int32_t)(d->ack - d->next_seq);

	if (!d->ack_seen)
		return is_one_sided(d) ? UINT64_MAX : d->offset;
	return ahead < 0 ? d->offset : d->offset + (uint64_t)ahead;
}

void
order_missing_end(struct reassembly *r, struct side *d, int64_t at_ns)
{
	uint64_t end;

	if (!d->open || d->stream->dead)
		return;
	end = d->fin_seen ? d->fin_offset : d->ack_seen ? acked_offset(d) : d->offset;
	/* A FIN that the capture missed has a number too: one is no proof of a byte. */
	if (end > d->offset && (d->fin_seen || end - d->offset > 1))
		lose(r, d, end - d->offset, at_ns);
}

void
order_forget(struct reassembly *r, struct side *d)
{
	while (d->queue.head != NULL)
		pop(r, d);
	look_at_hole(r, d, false);
}

bool
order_is_near(const struct side *d, uint32_t seq)
{
	int32_t ahead = (int32_t)(seq - d->next_seq);

	return ahead >= -NEAR_BYTES && ahead <= NEAR_BYTES;
}

void
order_begin(struct side *d, uint32_t seq)
{
	d->open = true;
	d->next_seq = seq;
	if (d->ack_seen && !order_is_near(d, d->ack))
		d->ack_seen = false;
}

void
order_ack(struct reassembly *r, struct side *d, uint32_t ack, int64_t at_ns)
{
	bool first = !d->ack_seen;

	if (!first && (int32_t)(ack - d->ack) <= 0)
		return;
	if (d->open && !order_is_near(d, ack))
		return;
	d->ack = ack;
	d->ack_ns = at_ns;
	d->ack_seen = true;
	/* Whoever acknowledges more than the FIN never saw that FIN. */
	if (d->fin_seen && acked_offset(d) > d->fin_offset + 1)
		d->fin_seen = false;
	if (d->queue.head == NULL)
		return;
	if (first)
		queue_not_acked(&d->queue);	/* what one-sidedness suggested */
	queue_acked(&d->queue, acked_offset(d), at_ns);
	look_at_hole(r, d, false);
}

void
order_hopeless(struct reassembly *r, struct side *d, int64_t at_ns)
{
	queue_acked(&d->queue, UINT64_MAX, at_ns);
	look_at_hole(r, d, false);
}

void
order_fin(struct side *d, uint32_t seq)
{
	int32_t ahead = (int32_t)(seq - d->next_seq);

	if (!d->open || d->fin_seen || ahead < 0 || !order_is_near(d, seq))
		return;
	if (d->queue.tail != NULL && segment_end(d->queue.tail) > d->offset + (uint64_t)ahead)
		return;
	d->fin_seen = true;
	d->fin_offset = d->offset + (uint64_t)ahead;
}

static bool
has_room(const struct reassembly *r, const struct side *d, uint32_t len, bool *side_is_full)
{
	const struct reassembly_counts *c = &r->counts;

	*side_is_full = d->queue.bytes + len > r->limits.side_bytes ||
	    d->queue.segments >= r->limits.side_segments;
	return !*side_is_full && (d->stream->carrier != 0 || r->idle_count > 0) &&
	    c->queued_bytes + c->queued_segments * SEGMENT_COST + len + SEGMENT_COST <= r->limits.total_bytes;
}

/* Give up one hole so that `offset` of `d` comes nearer to delivery, or others' queues get smaller. */
static void
make_room(struct reassembly *r, struct side *d, uint64_t offset, bool side_is_full, int64_t at_ns)
{
	struct side *oldest = r->waiting.oldest;

	r->counts.bound_hit++;
	if (!side_is_full && oldest != NULL && oldest != d) {
		oldest->stream->busy++;
		order_give_up(r, oldest, at_ns);
		stream_leave(r, oldest->stream);
	} else if (d->queue.head == NULL || offset < d->queue.head->offset) {
		lose(r, d, offset - d->offset, at_ns);
	} else {
		order_give_up(r, d, at_ns);
	}
}

static void
enqueue(struct reassembly *r, struct side *d, uint64_t offset, const uint8_t *bytes, uint32_t len,
    int64_t at_ns)
{
	struct segment *head = d->queue.head;
	struct segment *s = queue_add(&d->queue, &r->pool, offset, len);

	if (s == NULL)
		return;
	s->at_ns = at_ns;
	s->sure = d->sure;
	s->hash = print_parts(s->part, bytes, len);
	r->counts.queued_segments++;
	r->counts.queued_bytes += len;
	/* Where no ACK can be seen, arrival behind the hole must do. */
	queue_acked(&d->queue, acked_offset(d), d->ack_seen ? d->ack_ns : at_ns);
	send(r, d, offset, bytes, len, at_ns);
	if (d->queue.head != head)
		look_at_hole(r, d, false);
}

/* Bytes of which none is here yet. */
static void
put(struct reassembly *r, struct side *d, uint64_t offset, const uint8_t *bytes, uint32_t len,
    int64_t at_ns)
{
	bool side_is_full;

	while (!d->stream->dead && offset != d->offset) {
		if (has_room(r, d, len, &side_is_full)) {
			enqueue(r, d, offset, bytes, len, at_ns);
			return;
		}
		make_room(r, d, offset, side_is_full, at_ns);
	}
	if (!d->stream->dead)
		send_next(r, d, bytes, len, at_ns);
}

static uint32_t
at_most(uint32_t len, uint64_t most)
{
	return len < most ? len : (uint32_t)most;
}

/* Do bytes that overlap with a queued segment differ from it? */
static bool
segment_differs(const struct segment *s, uint64_t offset, const uint8_t *bytes, uint32_t len)
{
	uint64_t from = s->offset > offset ? s->offset : offset;
	uint64_t upto = segment_end(s) < offset + len ? segment_end(s) : offset + len;
	uint8_t part[PRINT_PARTS];

	bytes += from - offset;
	if (upto - from == s->len)
		return print_parts(part, bytes, s->len) != s->hash;
	return print_parts_differ(s->part, s->len, (uint32_t)(from - s->offset), bytes,
	    (uint32_t)(upto - from));
}

static bool
queued_differ(const struct queue *q, uint64_t offset, const uint8_t *bytes, uint32_t len)
{
	const struct segment *s;

	for (s = queue_find(q, offset); s != NULL && s->offset < offset + len; s = s->next)
		if (s->sure && segment_differs(s, offset, bytes, len))
			return true;
	return false;
}

/* Keep-alives and window probes carry one byte behind all that was sent, mostly garbage (RFC 9293, 3.8.4). */
static bool
is_probe(const struct side *d, uint64_t offset, uint32_t len)
{
	uint64_t end = d->queue.tail != NULL ? segment_end(d->queue.tail) : d->offset;

	return len == 1 && offset + 1 == end;
}

/* Are bytes sent again, and others? What came first stays; that it was tried is told. */
static void
compare(struct reassembly *r, struct side *d, const struct payload *p)
{
	int64_t ahead = (int32_t)(p->seq - d->next_seq), at = (int64_t)d->offset + ahead;
	uint32_t before = at < 0 ? (uint32_t)-at : 0, len, old = 0;
	const uint8_t *bytes = p->bytes + before;
	uint64_t offset = at < 0 ? 0 : (uint64_t)at;

	if (!p->sure || p->len <= before)
		return;
	len = p->len - before;
	if (is_probe(d, offset, len))
		return;
	if (offset < d->offset)
		old = at_most(len, d->offset - offset);
	if ((old == 0 || !print_differs(&d->print, order_recent(r, d), d->offset, offset, bytes, old)) &&
	    !queued_differ(&d->queue, offset + old, bytes + old, len - old))
		return;
	r->counts.differing_segments++;
	if (r->differs != NULL)
		r->differs(r->to, d->stream->flow, d->which, offset, bytes, len, p->at_ns);
}

/* Put in what is new of bytes that may overlap with what is delivered or queued. */
static void
put_new_parts(struct reassembly *r, struct side *d, uint64_t offset, const uint8_t *bytes,
    uint32_t len, int64_t at_ns)
{
	const struct segment *s = queue_find(&d->queue, offset);
	uint32_t part;

	for (; len > 0 && !d->stream->dead; offset += part, bytes += part, len -= part) {
		if (offset < d->offset) {
			part = at_most(len, d->offset - offset);
			r->counts.duplicate_bytes += part;
		} else if (s != NULL && s->offset <= offset) {
			part = at_most(len, segment_end(s) - offset);
			r->counts.duplicate_bytes += part;
			s = s->next;
		} else {
			part = at_most(len, s == NULL ? SURROGATE_MOST_BYTES : s->offset - offset);
			part = at_most(part, SURROGATE_MOST_BYTES);
			put(r, d, offset, bytes, part, at_ns);
			s = queue_find(&d->queue, offset + part);
		}
	}
}

/* The capture cut `wire_end - d->offset` bytes off what was just delivered. */
static void
lose_cut_off(struct reassembly *r, struct side *d, uint64_t wire_end, int64_t at_ns)
{
	if (d->fin_seen && wire_end > d->fin_offset)
		wire_end = d->fin_offset;
	if (wire_end <= d->offset)
		return;
	if (d->queue.head == NULL)
		lose(r, d, wire_end - d->offset, at_ns);
	else if (d->queue.head->offset <= wire_end)
		order_give_up(r, d, at_ns);
}

/* False: not to be believed (yet). True: the stream goes on at `p`. */
static bool
believe_far(struct reassembly *r, struct side *d, const struct payload *p)
{
	bool continues = d->far_run > 0 && p->seq == d->far_seq;

	d->far_run = continues ? (uint8_t)(d->far_run + 1) : 1;
	d->far_seq = p->seq + p->wire_len;
	if (d->far_run < FAR_RUN)
		return false;
	order_flush(r, d, p->at_ns);
	if (d->stream->dead)
		return false;
	/* Numbers tell a distance only modulo 2^32. */
	if (p->seq != d->next_seq)
		lose(r, d, (uint32_t)(p->seq - d->next_seq), p->at_ns);
	d->fin_seen = false;
	d->ack_seen = d->ack_seen && order_is_near(d, d->ack);
	return !d->stream->dead;
}

static void
put_any(struct reassembly *r, struct side *d, const struct payload *p)
{
	int32_t ahead = (int32_t)(p->seq - d->next_seq);
	uint32_t old = ahead < 0 ? (uint32_t)-ahead : 0, len = p->len;
	uint64_t offset = d->offset + (ahead > 0 ? (uint64_t)ahead : 0), wire_end;

	if (old > 0 || d->queue.head != NULL)
		compare(r, d, p);
	if (old >= p->wire_len) {
		r->counts.duplicate_bytes += p->len;
		return;
	}
	wire_end = offset + p->wire_len - old;
	r->counts.duplicate_bytes += old < len ? old : len;
	len -= old < len ? old : len;
	if (wire_end > d->fin_offset && (p->len > 1 || p->pushed))
		d->fin_seen = false;
	if (d->fin_seen && offset + len > d->fin_offset) {
		r->counts.ignored_segments++;
		len = offset < d->fin_offset ? (uint32_t)(d->fin_offset - offset) : 0;
	}
	if (len > 0)
		put_new_parts(r, d, offset, p->bytes + old, len, p->at_ns);
	if (p->wire_len > p->len && !d->stream->dead && d->offset == offset + len)
		lose_cut_off(r, d, wire_end, p->at_ns);
}

void
order_payload(struct reassembly *r, struct side *d, const struct payload *p)
{
	d->sure = p->sure;
	if (p->seq == d->next_seq && d->queue.head == NULL && !d->fin_seen &&
	    p->len == p->wire_len && p->len <= SURROGATE_MOST_BYTES) {
		d->far_run = 0;
		send_next(r, d, p->bytes, p->len, p->at_ns);
		return;
	}
	if (order_is_near(d, p->seq)) {
		d->far_run = 0;
		put_any(r, d, p);
	} else if (believe_far(r, d, p)) {
		d->far_run = 0;
		put_any(r, d, p);
	} else {
		r->counts.ignored_segments++;
	}
}
