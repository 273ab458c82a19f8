#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/when.h"
#include "decode/decode.h"
#include "frames.h"

enum { RAW = 101, TIMEOUT_SEC = 30, TEXT_BYTES = 3000 };

static const struct decode_limits limits = { 4, 128 * 1024, TIMEOUT_SEC, CHECKSUM_AUTO };

static uint8_t datagram[65536];		/* a UDP header and TEXT_BYTES behind it */
static size_t datagram_bytes;
static int64_t now_ns;
static uint64_t ordinal;
static struct decode *decode;
static struct packet packet;

static void
make_datagram(size_t payload_bytes)
{
	static struct made made;
	size_t i;

	made.len = 0;
	put_udp(&made, 4000, 53, payload_bytes);
	for (i = 0; i < payload_bytes; i++)
		put8(&made, (unsigned)(i * 7 + i / 256) & 0xff);
	memcpy(datagram, made.b, made.len);
	datagram_bytes = made.len;
}

static int
setup(void **state)
{
	(void)state;
	now_ns = 1000 * NS_PER_SEC;
	ordinal = 0;
	make_datagram(TEXT_BYTES);
	decode = decode_new(&limits);
	return decode == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	decode_free(decode);
	return 0;
}

static enum decode_result
decode_now(const struct made *m)
{
	struct frame f = frame_of(m, RAW);

	f.ts_ns = now_ns;
	f.ordinal = ++ordinal;
	return decode_frame(decode, &f, &packet);
}

struct piece {
	size_t from, to;		/* of the datagram */
	uint16_t id;
	uint8_t src;
};

static enum decode_result
send4(struct piece s)
{
	struct ipv4 h = { .src = s.src != 0 ? s.src : 1, .dst = 2, .protocol = PROTO_UDP, .id = s.id,
		.place = (uint16_t)(s.from / 8 | (s.to < datagram_bytes ? 0x2000 : 0)),
		.payload_bytes = s.to - s.from };
	static struct made made;

	made.len = 0;
	put_ipv4(&made, &h);
	put(&made, datagram + s.from, s.to - s.from);
	return decode_now(&made);
}

static enum decode_result
send6(struct piece s, uint8_t next)
{
	static struct made made;

	made.len = 0;
	put_ipv6(&made, 1, 2, 44, 8 + s.to - s.from);
	put8(&made, next);
	put8(&made, 0);
	put16(&made, (unsigned)s.from | (s.to < datagram_bytes));
	put32(&made, s.id);
	put(&made, datagram + s.from, s.to - s.from);
	return decode_now(&made);
}

static void
assert_whole(uint32_t frames, uint32_t ip_bytes)
{
	assert_int_equal(packet.protocol, PROTO_UDP);
	assert_int_equal(packet.src_port, 4000);
	assert_int_equal(packet.dst_port, 53);
	assert_int_equal(packet.flags, PACKET_DEFRAGMENTED);
	assert_int_equal(packet.payload_bytes, datagram_bytes - 8);
	assert_int_equal(packet.payload_wire_bytes, datagram_bytes - 8);
	assert_memory_equal(packet.payload, datagram + 8, datagram_bytes - 8);
	assert_int_equal(packet.frames, frames);
	assert_int_equal(packet.ip_bytes, ip_bytes);
	assert_int_equal(packet.ordinal, ordinal);
	assert_int_equal(packet.ts_ns, now_ns);
}

/* Three pieces in all six orders. */
static void
any_order_makes_it_whole(void **state)
{
	static const struct piece pieces[3] = {
		{ .from = 0, .to = 1480 }, { .from = 1480, .to = 2960 }, { .from = 2960, .to = 3008 },
	};
	static const uint8_t orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	size_t i, version;

	(void)state;
	for (version = 0; version < 2; version++) {
		for (i = 0; i < 6; i++) {
			const uint8_t *o = orders[i];

			assert_int_equal(version ? send6(pieces[o[0]], 17) : send4(pieces[o[0]]), DECODE_HELD);
			assert_int_equal(version ? send6(pieces[o[1]], 17) : send4(pieces[o[1]]), DECODE_HELD);
			assert_int_equal(version ? send6(pieces[o[2]], 17) : send4(pieces[o[2]]), DECODE_PACKET);
			assert_whole(3, (uint32_t)(3008 + 3 * (version ? 48 : 20)));
		}
	}
	assert_int_equal(decode_counts(decode)->fragments, 36);
	assert_int_equal(decode_counts(decode)->defragmented, 12);
	assert_int_equal(decode_counts(decode)->packets, 12);
}

/* Eight bytes each, the last ones first: the transport header spans pieces. */
static void
tiny_pieces_work(void **state)
{
	size_t from = (datagram_bytes - 1) / 8 * 8;

	(void)state;
	for (; from > 0; from -= 8)
		assert_int_equal(send4((struct piece){ .from = from,
		    .to = from + 8 < datagram_bytes ? from + 8 : datagram_bytes }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 0, .to = 8 }), DECODE_PACKET);
	assert_whole((TEXT_BYTES + 8) / 8, (TEXT_BYTES + 8) / 8 * 20 + TEXT_BYTES + 8);
}

static void
the_largest_datagram_fits(void **state)
{
	size_t from;

	(void)state;
	make_datagram(65535 - 20 - 8);
	for (from = 0; from + 1480 < datagram_bytes; from += 1480)
		assert_int_equal(send4((struct piece){ .from = from, .to = from + 1480 }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = from, .to = datagram_bytes }), DECODE_PACKET);
	assert_int_equal(packet.payload_bytes, 65507);
	assert_memory_equal(packet.payload, datagram + 8, 65507);
}

static void
an_exact_repetition_is_tolerated(void **state)
{
	(void)state;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 2960, .to = 3008 }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 2960, .to = 3008 }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 2960 }), DECODE_PACKET);
	assert_whole(5, 3008 + 1480 + 48 + 5 * 20);
	assert_int_equal(decode_counts(decode)->fragments_refused, 0);
}

/* The datagram is dead until its time is over; then its number can be used again. */
static void
assert_refused(struct piece second)
{
	uint64_t refused = decode_counts(decode)->fragments_refused;
	size_t i;

	assert_int_equal(send4((struct piece){ .from = 800, .to = 1600 }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 1600, .to = 2400 }), DECODE_HELD);
	assert_int_equal(send4(second), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->fragments_refused, refused + 1);
	for (i = 0; i < 2; i++) {
		assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), i == 0 ? DECODE_NOTHING : DECODE_HELD);
		assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008 }), i == 0 ? DECODE_NOTHING : DECODE_PACKET);
		now_ns += TIMEOUT_SEC * NS_PER_SEC;
	}
	assert_int_equal(decode_counts(decode)->fragments_refused, refused + 1);
	assert_int_equal(decode_counts(decode)->fragments_timed_out, 0);
}

static void
overlaps_refuse_the_datagram(void **state)
{
	(void)state;
	assert_refused((struct piece){ .from = 800, .to = 1608 });	/* longer */
	assert_refused((struct piece){ .from = 792, .to = 1600 });	/* earlier */
	assert_refused((struct piece){ .from = 808, .to = 1600 });	/* a part */
	assert_refused((struct piece){ .from = 800, .to = 1592 });
	assert_refused((struct piece){ .from = 800, .to = 2400 });	/* both at once */
	assert_refused((struct piece){ .from = 0, .to = 3000 });
}

static void
other_bytes_refuse_the_datagram(void **state)
{
	(void)state;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_HELD);
	datagram[1479] ^= 1;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->fragments_refused, 1);
}

static void
ends_that_disagree_refuse_the_datagram(void **state)
{
	(void)state;
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008 }), DECODE_HELD);
	datagram_bytes = 4000;
	assert_int_equal(send4((struct piece){ .from = 3008, .to = 3200 }), DECODE_NOTHING);
	assert_int_equal(send4((struct piece){ .from = 3200, .to = 4000, .id = 1 }), DECODE_HELD);
	datagram_bytes = 2000;
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 2000, .id = 1 }), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->fragments_refused, 2);
}

static void
odd_pieces_are_malformed(void **state)
{
	(void)state;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1481 }), DECODE_NOTHING);
	assert_int_equal(send4((struct piece){ .from = 800, .to = 800 }), DECODE_NOTHING);
	datagram_bytes = 65536;
	assert_int_equal(send4((struct piece){ .from = 65528, .to = 65536 }), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->malformed, 3);
	assert_int_equal(decode_counts(decode)->fragments_refused, 0);
}

static void
time_that_was_wrong_is_set_back(void **state)
{
	const int64_t right_ns = now_ns;

	(void)state;
	now_ns += 1000000 * NS_PER_SEC;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_HELD);
	now_ns = right_ns;
	decode_set_back(decode, now_ns);
	now_ns += TIMEOUT_SEC * NS_PER_SEC - 1;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480, .id = 7 }), DECODE_HELD);
	assert_int_equal(decode_counts(decode)->fragments_timed_out, 0);
	now_ns++;
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008 }), DECODE_HELD);
	assert_int_equal(decode_counts(decode)->fragments_timed_out, 1);
}

static void
time_runs_out(void **state)
{
	(void)state;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_HELD);
	now_ns += TIMEOUT_SEC * NS_PER_SEC - 1;
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008 }), DECODE_PACKET);
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_HELD);
	now_ns += TIMEOUT_SEC * NS_PER_SEC;
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008 }), DECODE_HELD);
	assert_int_equal(decode_counts(decode)->fragments_timed_out, 1);
	now_ns -= 3600 * NS_PER_SEC;	/* a clock that goes back ends nothing */
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_PACKET);
}

static void
the_oldest_datagram_gives_way(void **state)
{
	uint16_t id;

	(void)state;
	for (id = 1; id <= 5; id++)
		assert_int_equal(send4((struct piece){ .from = 0, .to = 1480, .id = id }), DECODE_HELD);
	assert_int_equal(decode_counts(decode)->fragments_evicted, 1);
	for (id = 2; id <= 5; id++)
		assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008, .id = id }), DECODE_PACKET);
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008, .id = 1 }), DECODE_HELD);
}

static void
bytes_held_are_bounded(void **state)
{
	size_t from;

	(void)state;
	make_datagram(65000);
	/* Two nearly whole ones fill the pool; the third needs what the first holds. */
	for (from = 1480; from + 1480 < datagram_bytes; from += 1480) {
		assert_int_equal(send4((struct piece){ .from = from, .to = from + 1480, .id = 1 }), DECODE_HELD);
		assert_int_equal(send4((struct piece){ .from = from, .to = from + 1480, .id = 2 }), DECODE_HELD);
	}
	assert_int_equal(decode_counts(decode)->fragments_evicted, 0);
	for (from = 0; from + 1480 < datagram_bytes; from += 1480)
		assert_int_equal(send4((struct piece){ .from = from, .to = from + 1480, .id = 3 }), DECODE_HELD);
	assert_int_equal(decode_counts(decode)->fragments_evicted, 1);
	assert_int_equal(send4((struct piece){ .from = from, .to = datagram_bytes, .id = 3 }), DECODE_PACKET);
	assert_memory_equal(packet.payload, datagram + 8, datagram_bytes - 8);
}

static void
ids_and_addresses_keep_apart(void **state)
{
	(void)state;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480, .id = 1 }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008, .id = 2 }), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008, .id = 1, .src = 9 }), DECODE_HELD);
	assert_int_equal(send6((struct piece){ .from = 1480, .to = 3008, .id = 1 }, 17), DECODE_HELD);
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008, .id = 1 }), DECODE_PACKET);
}

/* RFC 8200, 4.5: only the first piece's next header counts. */
static void
the_first_piece_tells_the_protocol(void **state)
{
	(void)state;
	assert_int_equal(send6((struct piece){ .from = 1480, .to = 3008 }, 6), DECODE_HELD);
	assert_int_equal(send6((struct piece){ .from = 0, .to = 1480 }, 17), DECODE_PACKET);
	assert_whole(2, 3008 + 96);
}

static void
atomic_fragments_pass(void **state)
{
	(void)state;
	assert_int_equal(send6((struct piece){ .from = 0, .to = 3008 }, 17), DECODE_PACKET);
	assert_int_equal(packet.flags, 0);
	assert_int_equal(packet.payload_bytes, TEXT_BYTES);
	assert_int_equal(decode_counts(decode)->fragments, 0);
}

/* A datagram whose bytes begin with another fragment header would never end. */
static void
fragments_in_fragments_are_malformed(void **state)
{
	static const uint8_t inner[8] = { 17, 0, 0, 1, 0, 0, 0, 9 };

	(void)state;
	memcpy(datagram, inner, sizeof inner);
	assert_int_equal(send6((struct piece){ .from = 0, .to = 1480 }, 44), DECODE_HELD);
	assert_int_equal(send6((struct piece){ .from = 1480, .to = 3008 }, 44), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->malformed, 1);
}

static void
a_wrong_header_checksum_poisons_nothing(void **state)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = PROTO_UDP, .place = 0x2000, .payload_bytes = 1480 };
	static struct made made;

	(void)state;
	assert_int_equal(send4((struct piece){ .from = 0, .to = 1480 }), DECODE_HELD);
	put_ipv4(&made, &h);
	put_zero(&made, 1480);
	made.b[10] ^= 1;
	assert_int_equal(decode_now(&made), DECODE_PACKET);
	assert_int_equal(packet.flags, PACKET_FRAGMENT);
	decode_verify(decode, &packet);
	assert_int_equal(packet.flags, PACKET_FRAGMENT | PACKET_BAD_CHECKSUM);
	assert_int_equal(send4((struct piece){ .from = 1480, .to = 3008 }), DECODE_PACKET);
	assert_whole(2, 3008 + 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_order_makes_it_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(tiny_pieces_work, setup, teardown),
		cmocka_unit_test_setup_teardown(the_largest_datagram_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(an_exact_repetition_is_tolerated, setup, teardown),
		cmocka_unit_test_setup_teardown(overlaps_refuse_the_datagram, setup, teardown),
		cmocka_unit_test_setup_teardown(other_bytes_refuse_the_datagram, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_that_disagree_refuse_the_datagram, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_pieces_are_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(time_that_was_wrong_is_set_back, setup, teardown),
		cmocka_unit_test_setup_teardown(time_runs_out, setup, teardown),
		cmocka_unit_test_setup_teardown(the_oldest_datagram_gives_way, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_held_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(ids_and_addresses_keep_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(the_first_piece_tells_the_protocol, setup, teardown),
		cmocka_unit_test_setup_teardown(atomic_fragments_pass, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_in_fragments_are_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wrong_header_checksum_poisons_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
