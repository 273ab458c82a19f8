/* Bytes that are sent again, and are others: told. Whatever only looks like it: silence. */
#include "reassembly_rig.h"
#include "reassembly/print.h"

static struct told {
	unsigned count;
	int from;
	uint64_t offset;
	uint32_t len;
} told;

static void
note(void *to, struct flow *f, int from, uint64_t offset, const uint8_t *bytes, uint32_t len, int64_t at_ns)
{
	struct rig *rig = to;

	assert_non_null(bytes);
	assert_true(f->first_ordinal > 0 && at_ns == rig->now_ns);
	told = (struct told){ told.count + 1, from, offset, len };
}

struct talk {
	struct rig *rig;
	struct rig_flow *x;
};

static struct talk
begin(void)
{
	struct talk t = { .rig = rig_new(NULL) };

	told.count = 0;
	t.x = rig_flow(t.rig, 1);
	reassembly_on_difference(t.rig->r, note);
	rig_handshake(t.rig, t.x);
	return t;
}

static void
finish(struct talk t, unsigned expected)
{
	assert_int_equal(told.count, expected);
	assert_int_equal(reassembly_counts(t.rig->r)->differing_segments, expected);
	rig_end(t.rig, t.x);
	rig_free(t.rig);
	free(t.x);
}

/* True bytes, of which those from `wrong` on, `wrong_bytes` of them, are others. */
static struct packet
forged(struct talk *t, int side, uint64_t at, uint32_t len, uint32_t wrong, uint32_t wrong_bytes)
{
	struct packet p = rig_packet(t->rig, t->x, side, at, TCP_ACK | TCP_PSH);

	rig_fill(t->x, side, at, t->rig->payload, len);
	for (uint32_t i = 0; i < wrong_bytes; i++)
		t->rig->payload[wrong + i] ^= (uint8_t)(0x20 + i % 7);
	p.payload_bytes = p.payload_wire_bytes = len;
	return p;
}

static void
forge(struct talk *t, uint64_t at, uint32_t len, uint32_t wrong, uint32_t wrong_bytes)
{
	struct packet p = forged(t, 0, at, len, wrong, wrong_bytes);

	rig_give(t->rig, t->x, 0, &p);
}

static void
what_was_delivered(void **state)
{
	struct talk t = begin();

	(void)state;
	rig_data(t.rig, t.x, 0, 0, 400);
	forge(&t, 0, 400, 0, 400);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.from, 0);
	assert_int_equal(told.offset, 0);
	assert_int_equal(told.len, 400);
	rig_data(t.rig, t.x, 1, 0, 900);
	{
		struct packet p = forged(&t, 1, 100, 300, 0, 300);

		rig_give(t.rig, t.x, 1, &p);
	}
	assert_int_equal(told.from, 1);
	assert_int_equal(told.offset, 100);
	rig_expect(t.x, 0, 400, 0);
	rig_expect(t.x, 1, 900, 0);
	finish(t, 2);
}

/* Cut otherwise than the first time, and what it brings of new is taken. */
static void
in_other_pieces(void **state)
{
	struct talk t = begin();

	(void)state;
	for (uint64_t at = 0; at < 300; at += 3)
		rig_data(t.rig, t.x, 0, at, 3);
	forge(&t, 100, 200, 30, 40);
	assert_int_equal(told.count, 1);
	forge(&t, 298, 1, 0, 1);		/* the group at the end is compared byte by byte */
	assert_int_equal(told.count, 2);
	forge(&t, 200, 500, 20, 30);
	rig_expect(t.x, 0, 700, 0);
	finish(t, 3);
}

/* A single other byte anywhere in a copy with the same bounds as the first, each in a flow of its own. */
static void
one_byte(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (uint32_t at = 0; at < 1000; at++) {
		struct talk t = begin();

		rig_data(t.rig, t.x, 0, 0, 1000);
		forge(&t, 0, 1000, at, 1);
		seen += told.count;
		finish(t, told.count);
	}
	/* 1 of 256 is missed, by chance: 4 of these. */
	assert_in_range(seen, 980, 1000);
}

static void
what_waits(void **state)
{
	struct talk t = begin();

	(void)state;
	rig_data(t.rig, t.x, 0, 1000, 1000);
	forge(&t, 1000, 1000, 999, 1);		/* whole: by a hash of 64 bits */
	assert_int_equal(told.count, 1);
	forge(&t, 1500, 400, 0, 400);		/* a part of it */
	assert_int_equal(told.count, 2);
	forge(&t, 600, 1000, 500, 300);		/* over its edge */
	assert_int_equal(told.count, 3);
	rig_data(t.rig, t.x, 0, 0, 600);
	rig_expect(t.x, 0, 2000, 0);
	forge(&t, 1000, 1000, 0, 1000);		/* and delivered meanwhile */
	finish(t, 4);
}

static void
across_both(void **state)
{
	struct talk t = begin();

	(void)state;
	rig_data(t.rig, t.x, 0, 0, 100);
	rig_data(t.rig, t.x, 0, 200, 100);
	rig_data(t.rig, t.x, 0, 0, 300);
	assert_int_equal(told.count, 0);
	rig_data(t.rig, t.x, 0, 400, 100);
	forge(&t, 250, 250, 150, 100);
	finish(t, 1);
}

/* Nothing is remembered of what lies further back than PRINT_BYTES, or stood before a gap. */
static void
what_is_not_seen(void **state)
{
	struct talk t = begin();

	(void)state;
	rig_data(t.rig, t.x, 0, 0, 500);
	rig_data(t.rig, t.x, 0, 500, PRINT_BYTES);
	forge(&t, 0, 496, 0, 496);
	assert_int_equal(told.count, 0);
	forge(&t, 0, 600, 550, 50);
	assert_int_equal(told.count, 1);
	rig_data(t.rig, t.x, 0, 2000, 500);
	rig_ack(t.rig, t.x, 1, 0, 2500);
	rig_wait(t.rig, 3 * NS_PER_SEC);
	forge(&t, 1300, 700, 0, 700);
	assert_int_equal(told.count, 1);
	forge(&t, 2000, 500, 0, 500);
	finish(t, 2);
}

static void
a_long_piece(void **state)
{
	struct talk t = begin();

	(void)state;
	for (uint32_t i = 1; i < 20; i++) {
		rig_data(t.rig, t.x, 0, t.x->next[0], 3000 + i);
		rig_data(t.rig, t.x, 0, t.x->next[0] - 1000 - i, 1000 + i);
		rig_data(t.rig, t.x, 0, t.x->next[0] - 1000, 999);
	}
	assert_int_equal(told.count, 0);
	forge(&t, t.x->next[0] - 1000, 999, 0, 999);
	finish(t, 1);
}

/* More sides than are held as they are, in turn: each has its own, whatever has become of the bytes. */
static void
many_in_turn(void **state)
{
	enum { FLOWS = 200, TURNS = 12 };
	struct talk t = begin();
	struct rig_flow *own = t.x, *x[FLOWS];
	uint32_t len;

	(void)state;
	for (unsigned i = 0; i < FLOWS; i++) {
		t.x = x[i] = rig_flow(t.rig, i + 2);
		rig_handshake(t.rig, t.x);
	}
	for (unsigned turn = 0; turn < TURNS; turn++)
		for (unsigned i = 0; i < FLOWS; i++) {
			len = 1 + rig_dice(t.rig, turn % 4 == 0 ? 3000 : 300);
			t.x = x[i];
			rig_data(t.rig, t.x, 0, t.x->next[0], len);
			rig_data(t.rig, t.x, 0, t.x->next[0] - len, len);
			if (t.x->next[0] > PRINT_BYTES)
				rig_data(t.rig, t.x, 0, t.x->next[0] - PRINT_BYTES, PRINT_BYTES);
			assert_int_equal(told.count, 0);
		}
	for (unsigned i = 0; i < FLOWS; i++) {
		t.x = x[i];
		forge(&t, t.x->next[0] - 500, 500, 0, 500);
		assert_int_equal(told.count, i + 1);
		rig_end(t.rig, t.x);
		free(t.x);
	}
	t.x = own;
	finish(t, FLOWS);
}

static void
keep_alives(void **state)
{
	struct talk t = begin();
	struct packet p;

	(void)state;
	rig_data(t.rig, t.x, 0, 0, 107);
	p = forged(&t, 0, 106, 1, 0, 1);
	p.tcp_flags = TCP_ACK;
	rig_give(t.rig, t.x, 0, &p);
	/* With something on its way behind a hole the probe is one byte behind that. */
	rig_data(t.rig, t.x, 0, 200, 50);
	p = forged(&t, 0, 249, 1, 0, 1);
	rig_give(t.rig, t.x, 0, &p);
	finish(t, 0);
}

/* Who has no room drops what comes; what it was is anybody's guess. */
static void
zero_window(void **state)
{
	struct talk t = begin();
	struct packet p;

	(void)state;
	rig_data(t.rig, t.x, 0, 0, 96);
	p = rig_packet(t.rig, t.x, 1, 0, TCP_ACK);
	p.window = 0;
	p.ack += 96;
	rig_give(t.rig, t.x, 1, &p);
	rig_data(t.rig, t.x, 0, 96, 1);		/* the probe */
	rig_data(t.rig, t.x, 0, 97, 500);	/* and whoever does not care */
	rig_data(t.rig, t.x, 0, 800, 500);
	forge(&t, 96, 500, 0, 500);
	forge(&t, 800, 500, 0, 500);
	p.window = 1000;
	rig_give(t.rig, t.x, 1, &p);
	forge(&t, 96, 500, 0, 500);
	forge(&t, 800, 500, 0, 500);
	assert_int_equal(told.count, 0);
	rig_data(t.rig, t.x, 0, 597, 203);
	rig_data(t.rig, t.x, 0, 1300, 200);
	forge(&t, 1300, 200, 0, 200);		/* open again */
	rig_expect(t.x, 0, 1500, 0);
	finish(t, 1);
}

/* A wrong checksum that is overlooked, or one that nobody verified, proves nothing: of either copy. */
static void
unverified(void **state)
{
	struct talk t = begin();
	struct packet p;

	(void)state;
	rig_data(t.rig, t.x, 0, 0, 200);
	p = forged(&t, 0, 0, 200, 0, 200);
	p.flags = 0;
	rig_give(t.rig, t.x, 0, &p);
	p = rig_packet(t.rig, t.x, 0, 200, TCP_ACK);
	rig_fill(t.x, 0, 200, t.rig->payload, 200);
	p.payload_bytes = p.payload_wire_bytes = 200;
	p.flags = 0;
	rig_give(t.rig, t.x, 0, &p);
	forge(&t, 200, 200, 0, 200);
	assert_int_equal(told.count, 0);
	rig_data(t.rig, t.x, 0, 400, 200);
	forge(&t, 400, 200, 0, 200);
	finish(t, 1);
}

/* What the capture cut off stays unknown; no checksum of it can be verified. */
static void
cut_by_the_capture(void **state)
{
	struct talk t = begin();
	struct packet p;

	(void)state;
	for (int turn = 0; turn < 3; turn++) {
		p = rig_packet(t.rig, t.x, 0, 0, TCP_ACK);
		rig_fill(t.x, 0, 0, t.rig->payload, 60);
		p.payload_bytes = turn == 2 ? 300 : 60;
		p.payload_wire_bytes = 300;
		p.flags = turn == 2 ? PACKET_RIGHT_CHECKSUM : PACKET_TRUNCATED;
		memset(t.rig->payload + 60, 'x', 240);
		rig_give(t.rig, t.x, 0, &p);
	}
	rig_expect(t.x, 0, 60, 1);
	finish(t, 0);
}

/* TCP Fast Open: data in the SYN, a SYN again without it, the same data behind the handshake (RFC 7413, 4.2.2). */
static void
fast_open(void **state)
{
	struct rig *rig = rig_new(NULL);
	struct talk t = { rig, rig_flow(rig, 1) };
	struct packet p = rig_packet(rig, t.x, 0, 0, TCP_SYN);

	(void)state;
	told.count = 0;
	reassembly_on_difference(rig->r, note);
	p.seq--;
	rig_fill(t.x, 0, 0, rig->payload, 300);
	p.payload_bytes = p.payload_wire_bytes = 300;
	rig_give(rig, t.x, 0, &p);
	p.payload_bytes = p.payload_wire_bytes = 0;
	rig_give(rig, t.x, 0, &p);
	p = rig_packet(rig, t.x, 1, 0, TCP_SYN | TCP_ACK);
	p.seq--;
	rig_give(rig, t.x, 1, &p);
	rig_data(rig, t.x, 0, 0, 300);
	rig_data(rig, t.x, 0, 300, 100);
	rig_expect(t.x, 0, 400, 0);
	assert_int_equal(told.count, 0);
	forge(&t, 0, 300, 0, 300);
	finish(t, 1);
}

/* Urgent data stays where it stands in the stream (RFC 6093, 3.1). */
static void
urgent(void **state)
{
	struct talk t = begin();

	(void)state;
	rig_data(t.rig, t.x, 0, 0, 100);
	rig_send(t.rig, t.x, 0, 100, 50, TCP_ACK | TCP_URG);
	rig_send(t.rig, t.x, 0, 150, 1, TCP_ACK | TCP_URG | TCP_PSH);
	rig_data(t.rig, t.x, 0, 151, 100);
	rig_send(t.rig, t.x, 0, 100, 151, TCP_ACK);
	rig_expect(t.x, 0, 251, 0);
	finish(t, 0);
}

/* Nobody believed the RST: both go on. */
static void
reset_in_the_middle(void **state)
{
	struct talk t = begin();

	(void)state;
	rig_data(t.rig, t.x, 0, 0, 100);
	rig_send(t.rig, t.x, 1, 0, 0, TCP_RST);
	rig_send(t.rig, t.x, 0, 100, 20, TCP_RST | TCP_ACK);	/* what a RST carries is no data */
	rig_data(t.rig, t.x, 0, 100, 100);
	rig_data(t.rig, t.x, 1, 0, 500);
	rig_data(t.rig, t.x, 0, 200, 100);
	rig_expect(t.x, 0, 300, 0);
	rig_expect(t.x, 1, 500, 0);
	finish(t, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_delivered),
		cmocka_unit_test(in_other_pieces),
		cmocka_unit_test(one_byte),
		cmocka_unit_test(what_waits),
		cmocka_unit_test(across_both),
		cmocka_unit_test(what_is_not_seen),
		cmocka_unit_test(a_long_piece),
		cmocka_unit_test(many_in_turn),
		cmocka_unit_test(keep_alives),
		cmocka_unit_test(zero_window),
		cmocka_unit_test(unverified),
		cmocka_unit_test(cut_by_the_capture),
		cmocka_unit_test(fast_open),
		cmocka_unit_test(urgent),
		cmocka_unit_test(reset_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
