#include "reassembly_rig.h"

enum { SMALL = 1000, SEGMENTS = 2000 };

static void
lost_two_seconds_after_the_ack(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 1);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, SMALL);
	rig_ack(rig, x, 1, 0, SMALL);
	rig_data(rig, x, 0, 2 * SMALL, SMALL);
	rig_wait(rig, 60 * NS_PER_SEC);
	rig_expect(x, 0, SMALL, 0);		/* not acknowledged: it may still come */
	rig_ack(rig, x, 1, 0, 3 * SMALL);
	rig_wait(rig, 1999 * RIG_MS);
	rig_expect(x, 0, SMALL, 0);
	rig_wait(rig, 10 * NS_PER_SEC);
	rig_expect(x, 0, 2 * SMALL, 1);
	rig_expect_gap(x, 0, 0, SMALL, SMALL);
	assert_int_equal(x->last_ns, RIG_START + 62 * NS_PER_SEC);	/* the deadline, not now */
	rig_data(rig, x, 0, SMALL, SMALL);	/* too late */
	rig_data(rig, x, 0, 3 * SMALL, SMALL);
	rig_expect(x, 0, 3 * SMALL, 1);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
a_copy_in_time(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 2);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, SMALL, SMALL);
	rig_ack(rig, x, 1, 0, 2 * SMALL);
	rig_wait(rig, 1900 * RIG_MS);
	rig_data(rig, x, 0, 0, SMALL);
	rig_expect(x, 0, 2 * SMALL, 0);
	rig_wait(rig, 10 * NS_PER_SEC);
	rig_expect(x, 0, 2 * SMALL, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

/* The two directions of a tap are not in step: every ACK is seen before what it acknowledges. */
static void
acks_before_their_data(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 3);

	(void)state;
	rig_handshake(rig, x);
	for (uint64_t at = 0; at < 100 * SMALL; at += SMALL) {
		rig_ack(rig, x, 1, 0, at + 20 * SMALL);
		rig_wait(rig, 500 * RIG_MS);
		rig_data(rig, x, 0, at, SMALL);
	}
	rig_expect(x, 0, 100 * SMALL, 0);
	/* Acknowledged long ago; what comes behind shows the hole, and it is lost at the next packet. */
	rig_wait(rig, 3 * NS_PER_SEC);
	rig_data(rig, x, 0, 101 * SMALL, SMALL);
	rig_expect(x, 0, 100 * SMALL, 0);
	rig_data(rig, x, 0, 100 * SMALL, SMALL / 2);
	rig_expect_gap(x, 0, 0, 100 * SMALL, SMALL);
	rig_expect(x, 0, 101 * SMALL, 1);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
expect_exactly(const struct rig_flow *x, int side, const bool *lost, uint32_t segments)
{
	unsigned gaps = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < segments; i++) {
		if (!lost[i]) {
			bytes += SMALL;
		} else if (i == 0 || !lost[i - 1]) {
			uint64_t len = SMALL;

			for (uint32_t j = i + 1; j < segments && lost[j]; j++)
				len += SMALL;
			rig_expect_gap(x, side, gaps++, (uint64_t)i * SMALL, len);
		}
	}
	rig_expect(x, side, bytes, gaps);
}

/* `acks`: the other side is seen. `sec`: what a segment takes. The last segments arrive. */
static void
lossy(uint32_t percent, bool acks, int64_t step_ns)
{
	static bool lost[SEGMENTS];
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 4);
	struct packet p = rig_packet(rig, x, ORIGINATOR, 0, TCP_SYN);

	p.seq--;
	rig_give(rig, x, ORIGINATOR, &p);
	for (uint32_t i = 0; i < SEGMENTS; i++) {
		lost[i] = rig_dice(rig, 100) < percent && i + 1 < SEGMENTS;
		rig_wait(rig, step_ns);
		if (!lost[i])
			rig_data(rig, x, 0, (uint64_t)i * SMALL, SMALL);
		if (acks)
			rig_ack(rig, x, 1, 0, (uint64_t)(i + 1) * SMALL);
	}
	if (step_ns > RIG_MS)
		assert_true(x->next[0] > (SEGMENTS - 500) * SMALL);	/* not all at the end */
	rig_end(rig, x);
	expect_exactly(x, 0, lost, SEGMENTS);
	assert_int_equal(reassembly_counts(rig->r)->gaps, x->gaps[0]);
	assert_int_equal(reassembly_counts(rig->r)->gap_bytes + x->bytes[0], SEGMENTS * SMALL);
	rig_free(rig);
	free(x);
}

static void
loss_without_retransmission(void **state)
{
	(void)state;
	lossy(4, true, 10 * RIG_MS);
	lossy(4, true, RIG_MS / 10);
	lossy(30, true, 10 * RIG_MS);
}

static void
loss_in_a_one_sided_capture(void **state)
{
	(void)state;
	lossy(4, false, 10 * RIG_MS);
	lossy(4, false, RIG_MS / 10);
}

static void
loss_with_retransmission(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 5);
	uint64_t again[64];
	uint32_t n = 0;

	(void)state;
	rig_handshake(rig, x);
	for (uint64_t i = 0; i < SEGMENTS; i++) {
		rig_wait(rig, RIG_MS);
		if (rig_dice(rig, 100) < 4)
			again[n++] = i * SMALL;
		else
			rig_data(rig, x, 0, i * SMALL, SMALL);
		if (n > 0 && (n == 64 || rig_dice(rig, 100) < 2))
			while (n > 0)
				rig_data(rig, x, 0, again[--n], SMALL);
	}
	while (n > 0)
		rig_data(rig, x, 0, again[--n], SMALL);
	rig_expect(x, 0, SEGMENTS * SMALL, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

/* ACKs that are seen after all take back what one-sidedness suggested. */
static void
one_sided_at_first_only(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 6);

	(void)state;
	rig_data(rig, x, 0, 0, SMALL);
	rig_data(rig, x, 0, 2 * SMALL, SMALL);
	rig_wait(rig, NS_PER_SEC);
	rig_ack(rig, x, 1, 0, SMALL);
	rig_wait(rig, 30 * NS_PER_SEC);
	rig_expect(x, 0, SMALL, 0);
	rig_data(rig, x, 0, SMALL, SMALL);
	rig_expect(x, 0, 3 * SMALL, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
holes_of_any_size(void **state)
{
	static const uint64_t sizes[] = { 1, 2, 65495, 65496, 1 << 20, (1 << 20) + 1, 60 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct rig *rig = rig_new(NULL);
		struct rig_flow *x = rig_flow(rig, 7);
		uint64_t at = 100 + sizes[i];

		x->isn[1] = 0U - 5000;
		rig_handshake(rig, x);
		rig_data(rig, x, 1, 0, 100);
		rig_data(rig, x, 1, at, 700);
		rig_data(rig, x, 1, at + 700, 700);
		rig_data(rig, x, 1, at + 2000, 700);
		rig_ack(rig, x, 0, 0, at + 2700);
		rig_wait(rig, 3 * NS_PER_SEC);
		rig_expect(x, 1, 100 + 3 * 700, 2);
		rig_expect_gap(x, 1, 0, 100, sizes[i]);
		rig_expect_gap(x, 1, 1, at + 1400, 600);
		rig_data(rig, x, 1, at + 2700, 700);
		rig_data(rig, x, 0, 0, 700);
		rig_expect(x, 1, 100 + 4 * 700, 2);
		rig_expect(x, 0, 700, 0);
		rig_end(rig, x);
		rig_free(rig);
		free(x);
	}
}

static void
the_end_tells_what_is_missing(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 8), *y = rig_flow(rig, 9), *z = rig_flow(rig, 10);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, SMALL);
	rig_data(rig, x, 0, 2 * SMALL, SMALL);
	rig_send(rig, x, 0, 4 * SMALL, 0, TCP_ACK | TCP_FIN);
	rig_wait(rig, NS_PER_SEC);
	rig_end(rig, x);
	rig_expect(x, 0, 2 * SMALL, 2);
	rig_expect_gap(x, 0, 0, SMALL, SMALL);
	rig_expect_gap(x, 0, 1, 3 * SMALL, SMALL);
	assert_int_equal(x->last_ns, rig->now_ns);

	rig_data(rig, y, 0, 0, SMALL);
	rig_ack(rig, y, 1, 0, 2 * SMALL);
	rig_end(rig, y);
	rig_expect(y, 0, SMALL, 1);
	rig_expect_gap(y, 0, 0, SMALL, SMALL);

	rig_data(rig, z, 0, 0, SMALL);
	rig_ack(rig, z, 1, 0, SMALL + 1);	/* the FIN's number */
	rig_end(rig, z);
	rig_expect(z, 0, SMALL, 0);
	rig_free(rig);
	free(x);
	free(y);
	free(z);
}

static void
reset_ends_hope(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 11);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, SMALL);
	rig_ack(rig, x, 1, 0, SMALL);
	rig_data(rig, x, 0, 2 * SMALL, SMALL);
	rig_send(rig, x, 1, 0, 0, TCP_RST);
	rig_wait(rig, 1999 * RIG_MS);
	rig_expect(x, 0, SMALL, 0);
	rig_wait(rig, RIG_MS);
	rig_expect(x, 0, 2 * SMALL, 1);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static uint64_t order_of_gaps[8];
static unsigned order_count;

static bool
note_gaps(void *to, const struct stream_piece *p)
{
	(void)to;
	if (p->gap)
		order_of_gaps[order_count++] = p->flow->first_ordinal;
	return true;
}

/* Deadlines fire in their order; at the same time, in the order the flows began. */
static void
deadlines_in_order(void **state)
{
	static const unsigned began[4] = { 2, 0, 3, 1 };
	struct reassembly_limits limits = rig_limits();
	struct rig *rig = calloc(1, sizeof *rig);
	struct rig_flow *x[4];

	(void)state;
	rig->now_ns = RIG_START;
	order_count = 0;
	rig->r = reassembly_new(&limits, note_gaps, NULL);
	for (uint32_t i = 0; i < 4; i++) {
		x[i] = rig_flow(rig, i);
		x[i]->f.first_ordinal = 100 + began[i];
		rig_handshake(rig, x[i]);
		rig_data(rig, x[i], 0, SMALL, SMALL);
	}
	for (uint32_t i = 0; i < 4; i++) {
		if (i == 3)
			rig->now_ns += RIG_MS;
		rig_ack(rig, x[i], 1, 0, 2 * SMALL);
	}
	rig_wait(rig, 10 * NS_PER_SEC);
	assert_int_equal(order_count, 4);
	assert_int_equal(order_of_gaps[0], 100);
	assert_int_equal(order_of_gaps[1], 102);
	assert_int_equal(order_of_gaps[2], 103);
	assert_int_equal(order_of_gaps[3], 101);
	for (int i = 0; i < 4; i++) {
		rig_end(rig, x[i]);
		free(x[i]);
	}
	rig_free(rig);
}

static void
many_deadlines(void **state)
{
	enum { FLOWS = 300 };
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x[FLOWS];
	int64_t acked[FLOWS];

	(void)state;
	for (uint32_t i = 0; i < FLOWS; i++) {
		x[i] = rig_flow(rig, i);
		rig_handshake(rig, x[i]);
		rig_data(rig, x[i], 0, SMALL, SMALL);
	}
	for (uint32_t i = 0; i < FLOWS; i++) {
		uint32_t which = i * 7 % FLOWS;

		rig->now_ns += RIG_MS;
		rig_ack(rig, x[which], 1, 0, 2 * SMALL);
		acked[which] = rig->now_ns;
		if (which % 3 == 0)
			rig_data(rig, x[which], 0, 0, SMALL);
	}
	rig_wait(rig, 10 * NS_PER_SEC);
	for (uint32_t i = 0; i < FLOWS; i++) {
		rig_expect(x[i], 0, i % 3 == 0 ? 2 * SMALL : SMALL, i % 3 == 0 ? 0 : 1);
		if (i % 3 != 0)
			assert_int_equal(x[i]->last_ns, acked[i] + 2 * NS_PER_SEC);
		rig_end(rig, x[i]);
		free(x[i]);
	}
	rig_free(rig);
}

static uint64_t trace;

static bool
note_all(void *to, const struct stream_piece *p)
{
	(void)to;
	trace = (trace ^ (uint64_t)p->ts_ns) * 0x100000001b3ULL;
	trace = (trace ^ (p->offset << 1 | (p->gap ? 1 : 0))) * 0x100000001b3ULL;
	trace = (trace ^ (p->len << 1 | (p->from == RESPONDER ? 1 : 0))) * 0x100000001b3ULL;
	return true;
}

/* A worker whose clock is told more often than another's gives the same pieces at the same times. */
static void
same_in_every_shard(void **state)
{
	uint64_t traces[3];

	(void)state;
	for (int shard = 0; shard < 3; shard++) {
		static const int64_t grain[3] = { 1, 7, 1000 };
		struct reassembly_limits limits = rig_limits();
		struct rig *rig = calloc(1, sizeof *rig);
		struct rig_flow *x = rig_flow(rig, 1);

		trace = 0;
		rig->random = 4711;
		rig->now_ns = RIG_START;
		rig->r = reassembly_new(&limits, note_all, NULL);
		rig_handshake(rig, x);
		for (uint64_t i = 0; i < 1000; i++) {
			int64_t left = 1 + rig_dice(rig, 900), part;

			for (; left > 0; left -= part) {
				part = left < grain[shard] ? left : grain[shard];
				rig_wait(rig, part * RIG_MS);
			}
			if (rig_dice(rig, 5) != 0)
				rig_data(rig, x, (int)(i & 1), i / 2 * SMALL, SMALL);
			if (rig_dice(rig, 3) == 0)
				rig_ack(rig, x, (int)!(i & 1), i / 2 * SMALL, (i / 2 + 1) * SMALL);
		}
		rig_end(rig, x);
		traces[shard] = trace;
		assert_true(reassembly_counts(rig->r)->gaps > 50);
		rig_free(rig);
		free(x);
	}
	assert_true(traces[0] == traces[1] && traces[1] == traces[2]);
}

static void
bound_of_bytes_and_segments(void **state)
{
	(void)state;
	for (int by_segments = 0; by_segments < 2; by_segments++) {
		struct reassembly_limits limits = rig_limits();
		struct rig *rig;
		struct rig_flow *x;

		if (by_segments)
			limits.side_segments = 10;
		else
			limits.side_bytes = 10 * SMALL;
		rig = rig_new(&limits);
		x = rig_flow(rig, 12);
		rig_handshake(rig, x);
		rig_ack(rig, x, 1, 0, 0);
		for (uint64_t i = 1; i <= 10; i++)
			rig_data(rig, x, 0, i * SMALL, SMALL);
		rig_expect(x, 0, 0, 0);
		rig_data(rig, x, 0, 11 * SMALL, SMALL);
		rig_expect(x, 0, 11 * SMALL, 1);
		rig_expect_gap(x, 0, 0, 0, SMALL);
		assert_int_equal(reassembly_counts(rig->r)->bound_hit, 1);
		/* What comes into the first hole is not lost with it. */
		for (uint64_t i = 15; i < 25; i++)
			rig_data(rig, x, 0, i * SMALL, SMALL);
		rig_data(rig, x, 0, 13 * SMALL, SMALL);
		rig_expect(x, 0, 12 * SMALL, 2);
		rig_expect_gap(x, 0, 1, 12 * SMALL, SMALL);
		rig_data(rig, x, 0, 14 * SMALL, SMALL);
		rig_expect(x, 0, 23 * SMALL, 2);
		rig_end(rig, x);
		rig_free(rig);
		free(x);
	}
}

static void
more_than_a_queue_holds(void **state)
{
	struct reassembly_limits limits = rig_limits();
	struct rig *rig;
	struct rig_flow *x;

	(void)state;
	limits.side_bytes = 500;
	rig = rig_new(&limits);
	x = rig_flow(rig, 13);
	rig_handshake(rig, x);
	rig_data(rig, x, 0, SMALL, SMALL);
	rig_expect(x, 0, SMALL, 1);
	rig_expect_gap(x, 0, 0, 0, SMALL);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
bound_of_the_total(void **state)
{
	struct reassembly_limits limits = rig_limits();
	struct rig *rig;
	struct rig_flow *x[4];

	(void)state;
	limits.total_bytes = 30 * (SMALL + 160);
	rig = rig_new(&limits);
	for (uint32_t i = 0; i < 4; i++) {
		x[i] = rig_flow(rig, i);
		rig_handshake(rig, x[i]);
		rig_ack(rig, x[i], 1, 0, 0);
		for (uint64_t k = 1; k <= 10; k++)
			rig_data(rig, x[i], 0, k * SMALL, SMALL);
		assert_true(reassembly_counts(rig->r)->queued_bytes <= 30 * SMALL);
	}
	/* The oldest hole gave way. */
	rig_expect(x[0], 0, 10 * SMALL, 1);
	for (uint32_t i = 1; i < 4; i++)
		rig_expect(x[i], 0, 0, 0);
	assert_int_equal(reassembly_counts(rig->r)->bound_hit, 1);
	for (uint32_t i = 0; i < 4; i++) {
		rig_end(rig, x[i]);
		rig_expect(x[i], 0, 10 * SMALL, 1);
		free(x[i]);
	}
	rig_free(rig);
}

/* Bytes in one-byte segments, every other one: the queue stays bounded, nothing is invented. */
static void
crumbs(void **state)
{
	struct reassembly_limits limits = rig_limits();
	struct rig *rig;
	struct rig_flow *x;

	(void)state;
	limits.total_bytes = 100 * 161;
	rig = rig_new(&limits);
	x = rig_flow(rig, 14);
	rig_handshake(rig, x);
	rig_ack(rig, x, 1, 0, 0);
	for (uint64_t at = 1; at < 4000; at += 2) {
		rig_data(rig, x, 0, at, 1);
		assert_true(reassembly_counts(rig->r)->queued_segments <= 100);
	}
	rig_data(rig, x, 0, 0, 4000);
	assert_int_equal(x->next[0], 4000);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_two_seconds_after_the_ack),
		cmocka_unit_test(a_copy_in_time),
		cmocka_unit_test(acks_before_their_data),
		cmocka_unit_test(loss_without_retransmission),
		cmocka_unit_test(loss_in_a_one_sided_capture),
		cmocka_unit_test(loss_with_retransmission),
		cmocka_unit_test(one_sided_at_first_only),
		cmocka_unit_test(holes_of_any_size),
		cmocka_unit_test(the_end_tells_what_is_missing),
		cmocka_unit_test(reset_ends_hope),
		cmocka_unit_test(deadlines_in_order),
		cmocka_unit_test(many_deadlines),
		cmocka_unit_test(same_in_every_shard),
		cmocka_unit_test(bound_of_bytes_and_segments),
		cmocka_unit_test(more_than_a_queue_holds),
		cmocka_unit_test(bound_of_the_total),
		cmocka_unit_test(crumbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
