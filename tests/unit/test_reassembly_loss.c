/*
 * Transfers over a path that loses, repeats and reorders, with a sender that
 * does what TCP does about it (RFC 5681, RFC 6298: three equal ACKs or a time-out
 * that doubles), captured in the middle of the path. The receiver got every byte; so does
 * the parser, except what the capture itself lost: then an honest gap.
 */
#include "reassembly_rig.h"

enum { SEGMENT = 1000, SEGMENTS = 600, WINDOW = 40, EVENTS = 16384, LEG_MS = 10, FIRST_TIMEOUT_MS = 300 };

enum what { DATA_CAPTURED, DATA_ARRIVES, ACK_CAPTURED, ACK_ARRIVES };

struct event {
	int64_t at_ms;
	enum what what;
	unsigned segment;		/* ACK: the first one that is missing */
};

struct path {
	struct rig *rig;
	struct rig_flow *x;
	struct event queue[EVENTS];	/* not sorted: there are never many */
	unsigned queued;
	int64_t now_ms, timeout_at_ms, timeout_ms;
	unsigned sent, acked, equal_acks;		/* the sender */
	bool has[SEGMENTS + 1], seen[SEGMENTS];		/* the receiver; the capture */
	unsigned wants;					/* the receiver: the first one missing */
	uint32_t loss, capture_loss, reorder;		/* per thousand; milliseconds */
	uint32_t resized;				/* per thousand of retransmissions: cut otherwise */
};

static void
later(struct path *p, enum what what, unsigned segment)
{
	assert_true(p->queued < EVENTS);
	p->queue[p->queued++] = (struct event){
		p->now_ms + LEG_MS + rig_dice(p->rig, p->reorder + 1), what, segment
	};
}

static bool
is_lost(struct path *p)
{
	return rig_dice(p->rig, 1000) < p->loss;
}

static void
transmit(struct path *p, unsigned segment)
{
	if (!is_lost(p))
		later(p, DATA_CAPTURED, segment);
	if (rig_dice(p->rig, 1000) < p->loss / 4)	/* the path repeats, too */
		later(p, DATA_CAPTURED, segment);
}

static void
send_window(struct path *p)
{
	while (p->sent < SEGMENTS && p->sent < p->acked + WINDOW)
		transmit(p, p->sent++);
}

static void
data_captured(struct path *p, unsigned segment)
{
	uint64_t at = (uint64_t)segment * SEGMENT;
	uint32_t len = SEGMENT;

	if (rig_dice(p->rig, 1000) >= p->capture_loss) {
		/* A retransmission may carry two segments at once. */
		if (p->seen[segment] && segment + 1 < p->sent && rig_dice(p->rig, 1000) < p->resized) {
			len += SEGMENT;
			p->seen[segment + 1] = true;
		}
		p->seen[segment] = true;
		rig_data(p->rig, p->x, 0, at, len);
	}
	if (!is_lost(p))
		later(p, DATA_ARRIVES, segment);
}

static void
data_arrives(struct path *p, unsigned segment)
{
	p->has[segment] = true;
	while (p->has[p->wants])
		p->wants++;
	if (!is_lost(p))
		later(p, ACK_CAPTURED, p->wants);
}

static void
ack_captured(struct path *p, unsigned segment)
{
	if (rig_dice(p->rig, 1000) >= p->capture_loss)
		rig_ack(p->rig, p->x, 1, 0, (uint64_t)segment * SEGMENT);
	if (!is_lost(p))
		later(p, ACK_ARRIVES, segment);
}

static void
ack_arrives(struct path *p, unsigned segment)
{
	if (segment > p->acked) {
		p->acked = segment;
		p->equal_acks = 0;
		p->timeout_ms = FIRST_TIMEOUT_MS;
		p->timeout_at_ms = p->now_ms + p->timeout_ms;
	} else if (segment == p->acked && ++p->equal_acks == 3) {
		transmit(p, segment);
	}
}

static void (*const handlers[])(struct path *, unsigned) = {
	data_captured, data_arrives, ack_captured, ack_arrives,
};

static void
run_due(struct path *p)
{
	for (unsigned i = 0; i < p->queued; ) {
		struct event e = p->queue[i];

		if (e.at_ms > p->now_ms) {
			i++;
			continue;
		}
		p->queue[i] = p->queue[--p->queued];
		handlers[e.what](p, e.segment);
	}
}

static void
transfer(struct path *p)
{
	p->timeout_ms = p->timeout_at_ms = FIRST_TIMEOUT_MS;
	while (p->acked < SEGMENTS) {
		send_window(p);
		run_due(p);
		if (p->now_ms >= p->timeout_at_ms && p->acked < SEGMENTS) {
			transmit(p, p->acked);
			p->timeout_ms *= 2;
			p->timeout_at_ms = p->now_ms + p->timeout_ms;
		}
		p->now_ms++;
		rig_wait(p->rig, RIG_MS);
		assert_true(p->now_ms < 600000);
	}
}

static struct path *
begin(uint32_t seed)
{
	struct path *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->rig = rig_new(NULL);
	p->rig->random = seed * 2654435761U | 1;
	p->x = rig_flow(p->rig, seed);
	p->x->isn[0] = 0U - 200000;		/* wraps on the way */
	rig_handshake(p->rig, p->x);
	return p;
}

static void
finish(struct path *p)
{
	assert_int_equal(reassembly_counts(p->rig->r)->differing_segments, 0);
	assert_int_equal(reassembly_counts(p->rig->r)->bound_hit, 0);
	rig_free(p->rig);
	free(p->x);
	free(p);
}

static void
every_byte_arrives(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 25; seed++) {
		struct path *p = begin(seed);

		p->loss = 40;
		p->reorder = seed % 3 * 4;
		p->resized = seed % 2 * 300;
		transfer(p);
		rig_expect(p->x, 0, (uint64_t)SEGMENTS * SEGMENT, 0);
		rig_end(p->rig, p->x);
		rig_expect(p->x, 0, (uint64_t)SEGMENTS * SEGMENT, 0);
		finish(p);
	}
}

/* Gaps cover what the capture never saw, to the byte, and nothing else. */
static void
gaps_are_honest(void **state)
{
	uint64_t missed = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= 25; seed++) {
		struct path *p = begin(seed);
		uint64_t lost = 0, told = 0;

		p->loss = 40;
		p->capture_loss = 20;
		p->reorder = seed % 3 * 4;
		transfer(p);
		rig_end(p->rig, p->x);
		for (unsigned i = 0; i < SEGMENTS; i++)
			lost += p->seen[i] ? 0 : SEGMENT;
		for (unsigned i = 0; i < p->x->gaps[0]; i++) {
			told += p->x->gap[0][i].len;
			for (uint64_t at = 0; at < p->x->gap[0][i].len; at += SEGMENT)
				assert_false(p->seen[(p->x->gap[0][i].at + at) / SEGMENT]);
		}
		assert_int_equal(told, lost);
		assert_int_equal(p->x->next[0], (uint64_t)SEGMENTS * SEGMENT);
		missed += lost;
		finish(p);
	}
	assert_true(missed > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_arrives),
		cmocka_unit_test(gaps_are_honest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
