#include "reassembly_rig.h"

enum { SMALL = 1000 };

static void
talk(struct rig *rig, struct rig_flow *x)
{
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, 500);
	x->acked[0] = 500;
	rig_data(rig, x, 1, 0, 1400);
	rig_data(rig, x, 1, 1400, 1400);
	x->acked[1] = 2800;
	rig_send(rig, x, 0, 500, 0, TCP_ACK | TCP_FIN);
	rig_send(rig, x, 1, 2800, 0, TCP_ACK | TCP_FIN);
}

static void
plain_conversation(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 1);

	(void)state;
	talk(rig, x);
	rig_expect(x, 0, 500, 0);
	rig_expect(x, 1, 2800, 0);
	assert_int_equal(x->last_ns, rig->now_ns);
	assert_true(reassembly_wants(rig->r, &x->f));
	rig_end(rig, x);
	rig_expect(x, 0, 500, 0);
	rig_expect(x, 1, 2800, 0);
	assert_int_equal(reassembly_counts(rig->r)->delivered_bytes, 3300);
	assert_int_equal(reassembly_counts(rig->r)->released, 1);
	rig_free(rig);
	free(x);
}

static void
late_segment_with_200_behind_it(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 2);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, SMALL);
	for (uint64_t i = 2; i < 202; i++)
		rig_data(rig, x, 0, i * SMALL, SMALL);
	assert_int_equal(reassembly_counts(rig->r)->queued_segments, 200);
	rig_expect(x, 0, SMALL, 0);
	rig_wait(rig, 300 * RIG_MS);
	rig_data(rig, x, 0, SMALL, SMALL);
	rig_expect(x, 0, 202 * SMALL, 0);
	assert_int_equal(x->last_ns, RIG_START + 300 * RIG_MS);
	assert_int_equal(reassembly_counts(rig->r)->queued_segments, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
reorder_windows(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 3);

	(void)state;
	rig_handshake(rig, x);
	for (uint64_t block = 0; block < 50; block++) {
		uint32_t order[20];

		for (uint32_t i = 0; i < 20; i++)
			order[i] = i;
		for (uint32_t i = 19; i > 0; i--) {
			uint32_t j = rig_dice(rig, i + 1), keep = order[i];

			order[i] = order[j];
			order[j] = keep;
		}
		for (uint32_t i = 0; i < 20; i++)
			rig_data(rig, x, (int)(block & 1), (block / 2 * 20 + order[i]) * 700, 700);
	}
	rig_expect(x, 0, 25 * 20 * 700, 0);
	rig_expect(x, 1, 25 * 20 * 700, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

/* Pieces of any size at any place, again and again, until everything has been sent. */
static void
random_overlaps(void **state)
{
	enum { WHOLE = 40000 };

	(void)state;
	for (uint32_t seed = 1; seed <= 30; seed++) {
		struct rig *rig = rig_new(NULL);
		struct rig_flow *x = rig_flow(rig, seed);

		rig->random = seed * 2654435761U + 1;
		x->isn[0] = 0U - 20000;		/* wraps in the middle */
		rig_handshake(rig, x);
		for (int i = 0; i < 400; i++) {
			uint32_t at = rig_dice(rig, WHOLE), len = 1 + rig_dice(rig, 900);

			rig_data(rig, x, 0, at, at + len > WHOLE ? WHOLE - at : len);
		}
		for (uint32_t at = 0; at < WHOLE; at += 1000)
			rig_data(rig, x, 0, at, 1000);
		rig_expect(x, 0, WHOLE, 0);
		assert_int_equal(reassembly_counts(rig->r)->differing_segments, 0);
		rig_end(rig, x);
		rig_free(rig);
		free(x);
	}
}

static void
duplicates(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 4);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, SMALL);
	rig_data(rig, x, 0, 0, SMALL);			/* delivered before */
	rig_data(rig, x, 0, 500, SMALL);		/* half of it */
	rig_data(rig, x, 0, 2000, SMALL);
	rig_data(rig, x, 0, 2000, SMALL);		/* queued before */
	rig_data(rig, x, 0, 0, 4000);			/* covers all */
	rig_expect(x, 0, 4000, 0);
	assert_int_equal(reassembly_counts(rig->r)->duplicate_bytes, 1000 + 500 + 1000 + 2500);
	assert_int_equal(reassembly_counts(rig->r)->differing_segments, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
first_copy_stays(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 5);
	struct packet p;

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, SMALL, SMALL);
	p = rig_packet(rig, x, 0, SMALL, TCP_ACK);
	memset(rig->payload, 'X', SMALL);
	p.payload_bytes = p.payload_wire_bytes = SMALL;
	rig_give(rig, x, 0, &p);
	assert_int_equal(reassembly_counts(rig->r)->differing_segments, 1);
	rig_data(rig, x, 0, 0, SMALL);
	rig_expect(x, 0, 2 * SMALL, 0);
	rig_give(rig, x, 0, &p);
	rig_expect(x, 0, 2 * SMALL, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
sequence_wraps(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 6);

	(void)state;
	x->isn[0] = 0xffffffffU;		/* the first byte has number 0 */
	x->isn[1] = 0xffffffffU - 5000;
	rig_handshake(rig, x);
	for (uint64_t at = 0; at < 20000; at += 2 * SMALL) {
		rig_data(rig, x, 0, at, 2 * SMALL);
		rig_data(rig, x, 1, at + SMALL, SMALL);
		rig_data(rig, x, 1, at, SMALL);
	}
	rig_expect(x, 0, 20000, 0);
	rig_expect(x, 1, 20000, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
long_segments_are_split(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 7);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, 65495);
	rig_data(rig, x, 0, 65495, 65496);
	rig_data(rig, x, 0, 200000, 300000);	/* queued in pieces */
	rig_data(rig, x, 0, 130991, 200000 - 130991);
	rig_expect(x, 0, 500000, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
data_in_syn(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 8);
	struct packet p = rig_packet(rig, x, 0, 0, TCP_SYN);

	(void)state;
	p.seq--;
	p.payload_bytes = p.payload_wire_bytes = 300;
	rig_fill(x, 0, 0, rig->payload, 300);
	rig_give(rig, x, 0, &p);
	rig_expect(x, 0, 300, 0);
	rig_data(rig, x, 0, 0, 300);		/* the server had no cookie for it */
	rig_data(rig, x, 0, 300, 100);
	rig_expect(x, 0, 400, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
keep_alive_probes(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 9), *midway = rig_flow(rig, 10);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, 100);
	rig_send(rig, x, 0, 99, 0, TCP_ACK);
	rig_send(rig, x, 0, 99, 1, TCP_ACK);
	rig_send(rig, x, 0, 100, 0, TCP_ACK);
	rig_data(rig, x, 0, 100, 100);
	rig_expect(x, 0, 200, 0);
	assert_int_equal(reassembly_counts(rig->r)->duplicate_bytes, 1);

	midway->base[0] = 5000;
	for (int i = 0; i < 3; i++)
		rig_send(rig, midway, 0, 4999, 1, TCP_ACK);
	assert_int_equal(midway->pieces, 0);
	rig_data(rig, midway, 0, 5000, 200);
	rig_expect(midway, 0, 200, 0);
	rig_end(rig, x);
	rig_end(rig, midway);
	rig_free(rig);
	free(x);
	free(midway);
}

static void
joined_midway(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 11);

	(void)state;
	x->base[0] = 123456;
	x->base[1] = 777;
	x->acked[1] = 777;
	rig_data(rig, x, 0, 123456, 100);
	x->acked[0] = 123556;
	rig_data(rig, x, 1, 777, 900);
	rig_data(rig, x, 0, 123656, 100);
	rig_data(rig, x, 0, 123556, 100);
	rig_expect(x, 0, 300, 0);
	rig_expect(x, 1, 900, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
simultaneous_open(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 12);

	(void)state;
	for (int side = 0; side < 2; side++) {
		struct packet p = rig_packet(rig, x, side, 0, TCP_SYN);

		p.seq--;
		rig_give(rig, x, side, &p);
	}
	for (int side = 0; side < 2; side++) {
		struct packet p = rig_packet(rig, x, side, 0, TCP_SYN | TCP_ACK);

		p.seq--;
		rig_give(rig, x, side, &p);
	}
	rig_data(rig, x, 1, 100, 100);		/* reordered: the SYN says that 100 are missing */
	rig_data(rig, x, 1, 0, 100);
	rig_data(rig, x, 0, 0, 100);
	rig_expect(x, 0, 100, 0);
	rig_expect(x, 1, 200, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

/* Who sent a FIN has no bytes for its number and behind: when there are some, it was none of his, or nobody got it. */
static void
going_on_behind_fin(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 13);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, 100);
	rig_send(rig, x, 0, 100, 50, TCP_ACK | TCP_FIN);
	rig_send(rig, x, 0, 150, 1, TCP_ACK);		/* a keep-alive's */
	rig_expect(x, 0, 150, 0);
	/* The other side may go on: half closed. */
	rig_data(rig, x, 1, 0, 700);
	rig_expect(x, 1, 700, 0);
	assert_int_equal(reassembly_counts(rig->r)->ignored_segments, 1);
	rig_data(rig, x, 0, 200, 100);
	rig_data(rig, x, 0, 150, 50);
	rig_expect(x, 0, 300, 0);
	rig_send(rig, x, 0, 300, 0, TCP_FIN);		/* no ACK: no host takes it */
	rig_send(rig, x, 0, 300, 1, TCP_ACK);
	rig_expect(x, 0, 301, 0);
	rig_end(rig, x);
	rig_expect(x, 0, 301, 0);
	rig_free(rig);
	free(x);
}

/* A FIN that the receiver never saw (it acknowledges what stands behind it) closes nothing, also where the capture lacks that. */
static void
forged_fin(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 14);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, 100);
	rig_send(rig, x, 0, 100, 0, TCP_ACK | TCP_FIN);
	rig_ack(rig, x, 1, 0, 200);
	rig_data(rig, x, 0, 200, 100);
	rig_wait(rig, 2000 * RIG_MS);
	rig_expect(x, 0, 200, 1);
	rig_expect_gap(x, 0, 0, 100, 100);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
not_of_the_stream(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 15);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, 100);
	rig_send(rig, x, 0, 100, 100, TCP_PSH);			/* no ACK */
	rig_send(rig, x, 0, 100, 100, TCP_RST | TCP_ACK);	/* words of a RST */
	rig_data(rig, x, 0, 0x40000000, 100);			/* far off */
	rig_expect(x, 0, 100, 0);
	assert_int_equal(reassembly_counts(rig->r)->ignored_segments, 3);
	rig_data(rig, x, 0, 100, 100);				/* the RST was forged, it goes on */
	rig_expect(x, 0, 200, 0);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

/* The capture was blind for a while; the stream is found again. */
static void
found_again_far_off(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 16);

	(void)state;
	rig_handshake(rig, x);
	rig_data(rig, x, 0, 0, 100);
	for (uint64_t i = 0; i < 6; i++)
		rig_data(rig, x, 0, 0xc0000000 + i * 100, 100);
	rig_expect(x, 0, 400, 1);
	rig_expect_gap(x, 0, 0, 100, 0xc0000000 - 100 + 300);
	rig_data(rig, x, 0, 0xc0000000 + 700, 100);
	rig_data(rig, x, 0, 0xc0000000 + 600, 100);
	rig_expect(x, 0, 600, 1);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

static void
truncated_by_the_capture(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct rig_flow *x = rig_flow(rig, 17);

	(void)state;
	rig_handshake(rig, x);
	for (uint64_t i = 0; i < 5; i++) {
		struct packet p = rig_packet(rig, x, 0, i * 1400, TCP_ACK);

		rig_fill(x, 0, i * 1400, rig->payload, 60);
		p.flags = PACKET_TRUNCATED;
		p.payload_bytes = 60;
		p.payload_wire_bytes = 1400;
		rig_give(rig, x, 0, &p);
		rig_expect(x, 0, (i + 1) * 60, (unsigned)i + 1);
		rig_expect_gap(x, 0, (unsigned)i, i * 1400 + 60, 1340);
	}
	/* What stands behind the cut is there already: its head is the gap's end. */
	rig_data(rig, x, 0, 8000, 400);
	for (int i = 0; i < 2; i++) {
		struct packet p = rig_packet(rig, x, 0, 7000, TCP_ACK);

		rig_fill(x, 0, 7000, rig->payload, 500);
		p.payload_bytes = 500;
		p.payload_wire_bytes = 1400;
		rig_give(rig, x, 0, &p);
	}
	rig_expect(x, 0, 300 + 900, 6);
	rig_expect_gap(x, 0, 5, 7500, 500);
	rig_end(rig, x);
	rig_free(rig);
	free(x);
}

/* Every way to cut a stream of segments in two gives the same as the whole. */
static void
split_equals_whole(void **state)
{
	(void)state;
	for (uint32_t cut = 1; cut < 64; cut++) {
		struct rig *rig = rig_new(NULL);
		struct rig_flow *x = rig_flow(rig, 18);

		rig_handshake(rig, x);
		rig_data(rig, x, 0, cut, 64 - cut);
		rig_data(rig, x, 0, 0, cut);
		rig_data(rig, x, 1, 0, cut);
		rig_data(rig, x, 1, cut, 64 - cut);
		rig_expect(x, 0, 64, 0);
		rig_expect(x, 1, 64, 0);
		rig_end(rig, x);
		rig_free(rig);
		free(x);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_conversation),
		cmocka_unit_test(late_segment_with_200_behind_it),
		cmocka_unit_test(reorder_windows),
		cmocka_unit_test(random_overlaps),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(first_copy_stays),
		cmocka_unit_test(sequence_wraps),
		cmocka_unit_test(long_segments_are_split),
		cmocka_unit_test(data_in_syn),
		cmocka_unit_test(keep_alive_probes),
		cmocka_unit_test(joined_midway),
		cmocka_unit_test(simultaneous_open),
		cmocka_unit_test(going_on_behind_fin),
		cmocka_unit_test(forged_fin),
		cmocka_unit_test(not_of_the_stream),
		cmocka_unit_test(found_again_far_off),
		cmocka_unit_test(truncated_by_the_capture),
		cmocka_unit_test(split_equals_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
