#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/checksum.h"
#include "decode/decode.h"
#include "frames.h"

enum { RAW = 101 };

static struct made made;
static struct decode *decode;
static struct packet packet;

static void
begin(enum checksum_mode mode)
{
	struct decode_limits limits = { 4, 65536, 30, mode };

	decode_free(decode);
	decode = decode_new(&limits);
	assert_non_null(decode);
}

static int
teardown(void **state)
{
	(void)state;
	decode_free(decode);
	decode = NULL;
	return 0;
}

static void
any_length_at_any_place(void **state)
{
	static uint8_t bytes[400];
	size_t i, at, len;
	uint16_t sum;

	(void)state;
	for (i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(255 - i * i % 251);
	for (at = 0; at < 9; at++) {
		for (len = 0; len < sizeof bytes - at; len++) {
			sum = checksum_sum(span_of(bytes + at, len), 0);
			assert_int_equal(__builtin_bswap16(sum), slow_sum(bytes + at, len, 0));
		}
	}
}

/* Carries out of the top must come back at the bottom. */
static void
carries_come_round(void **state)
{
	static uint8_t bytes[4096];

	(void)state;
	memset(bytes, 0xff, sizeof bytes);
	assert_int_equal(checksum_sum(span_of(bytes, sizeof bytes), 0), 0xffff);
	assert_int_equal(checksum_sum(span_of(bytes, sizeof bytes), UINT64_MAX), 0xffff);
	bytes[0] = bytes[1] = 0;
	assert_int_equal(checksum_sum(span_of(bytes, sizeof bytes), 0), 0xffff);
	assert_int_equal(checksum_sum(span_of(bytes, 2), 0), 0);
}

struct kind {
	int version;
	uint8_t protocol;
};

static const struct kind kinds[] = {
	{ 4, PROTO_TCP }, { 4, PROTO_UDP }, { 6, PROTO_TCP }, { 6, PROTO_UDP },
};

enum { PAYLOAD_BYTES = 101 };

/* Where the transport's checksum stands. */
static size_t
make(struct kind k, uint32_t *pseudo)
{
	size_t transport = (k.protocol == PROTO_TCP ? 20 : 8) + PAYLOAD_BYTES, at, i;
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = k.protocol, .payload_bytes = transport };

	made.len = 0;
	if (k.version == 4)
		put_ipv4(&made, &h);
	else
		put_ipv6(&made, 1, 2, k.protocol, transport);
	at = made.len;
	*pseudo = k.version == 4 ? slow_sum(made.b + 12, 8, 0) : slow_sum(made.b + 8, 32, 0);
	*pseudo = slow_sum(NULL, 0, *pseudo + (uint32_t)transport + k.protocol);
	if (k.protocol == PROTO_TCP)
		put_tcp(&made, 1, 2, 3, TCP_ACK, 0);
	else
		put_udp(&made, 1, 2, PAYLOAD_BYTES);
	for (i = 0; i < PAYLOAD_BYTES; i++)
		put8(&made, (unsigned)i * 37 & 0xff);
	return at + (k.protocol == PROTO_TCP ? 16 : 6);
}

static void
make_right(struct kind k)
{
	uint32_t pseudo;
	size_t field = make(k, &pseudo), from = k.version == 4 ? 20 : 40;

	set16(&made, field, ~slow_sum(made.b + from, made.len - from, pseudo) & 0xffff);
}

static bool
is_bad(uint32_t captured)
{
	struct frame f = frame_of(&made, RAW);

	f.captured_bytes = captured;
	assert_int_equal(decode_frame(decode, &f, &packet), DECODE_PACKET);
	decode_verify(decode, &packet);
	return (packet.flags & PACKET_BAD_CHECKSUM) != 0;
}

static bool
is_bad_whole(void)
{
	return is_bad((uint32_t)made.len);
}

/* What shows that the sender's checksums can be relied upon. */
static bool
is_proof(void)
{
	assert_false(is_bad_whole());
	return (packet.flags & PACKET_RIGHT_CHECKSUM) != 0;
}

static void
right_ones_are_good_and_others_bad(void **state)
{
	enum checksum_mode mode;
	size_t i, at;

	(void)state;
	for (mode = CHECKSUM_AUTO; mode <= CHECKSUM_STRICT; mode++) {
		begin(mode);
		for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
			make_right(kinds[i]);
			assert_true(is_proof());
			for (at = made.len - PAYLOAD_BYTES; at < made.len; at++) {
				made.b[at] ^= 4;
				assert_true(is_bad_whole());
				assert_int_equal(packet.flags & PACKET_RIGHT_CHECKSUM, 0);
				made.b[at] ^= 4;
			}
		}
		assert_int_equal(decode_counts(decode)->bad_checksum, 4 * PAYLOAD_BYTES);
		assert_int_equal(decode_counts(decode)->offloaded_checksum, 0);
	}
}

static void
a_wrong_ipv4_header_is_bad(void **state)
{
	(void)state;
	begin(CHECKSUM_AUTO);
	make_right(kinds[0]);
	made.b[8]--;			/* time to live */
	assert_true(is_bad_whole());
	set16(&made, 10, 0);		/* left to the card */
	assert_false(is_bad_whole());
	assert_int_equal(decode_counts(decode)->offloaded_checksum, 1);
	begin(CHECKSUM_STRICT);
	assert_true(is_bad_whole());
}

static void
offloaded_ones_are_good_unless_strict(void **state)
{
	uint32_t pseudo;
	size_t i, field;

	(void)state;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		begin(CHECKSUM_AUTO);
		field = make(kinds[i], &pseudo);
		set16(&made, field, pseudo);
		assert_false(is_proof());
		/* what drivers that cut large sends leave */
		set16(&made, field, slow_sum(NULL, 0, pseudo + 0xffff - (uint32_t)PAYLOAD_BYTES -
		    (kinds[i].protocol == PROTO_TCP ? 20 : 8)));
		assert_false(is_bad_whole());
		assert_int_equal(decode_counts(decode)->offloaded_checksum, 2);
		set16(&made, field, pseudo ^ 1);
		assert_true(is_bad_whole());
		begin(CHECKSUM_STRICT);
		set16(&made, field, pseudo);
		assert_true(is_bad_whole());
	}
}

static void
zero_is_none_for_udp_over_ipv4(void **state)
{
	uint32_t pseudo;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		make(kinds[i], &pseudo);	/* leaves zero there */
		begin(CHECKSUM_AUTO);
		assert_false(is_proof());
		assert_int_equal(decode_counts(decode)->offloaded_checksum, i == 1 ? 0 : 1);
		begin(CHECKSUM_STRICT);
		assert_int_equal(is_bad_whole(), i != 1);
	}
}

static void
off_means_off(void **state)
{
	(void)state;
	begin(CHECKSUM_OFF);
	make_right(kinds[0]);
	made.b[made.len - 1] ^= 1;
	made.b[8]--;
	assert_false(is_bad_whole());
}

static void
truncated_ones_are_not_judged(void **state)
{
	uint32_t pseudo;

	(void)state;
	begin(CHECKSUM_STRICT);
	set16(&made, make(kinds[0], &pseudo), 0x1234);
	assert_true(is_bad_whole());
	assert_false(is_bad((uint32_t)made.len - 1));
	assert_int_equal(packet.flags & PACKET_RIGHT_CHECKSUM, 0);
	assert_false(is_bad(45));
	assert_false(is_bad(22));
}

/* RFC 8200, 8.1: the address summed is the last of the route. */
static void
source_routes_are_not_judged(void **state)
{
	(void)state;
	begin(CHECKSUM_STRICT);
	made.len = 0;
	put_ipv6(&made, 1, 2, 43, 24 + 8);
	put(&made, "\x11\2\0\1\0\0\0\0", 8);
	put_zero(&made, 16);
	put_udp(&made, 1, 2, 0);
	set16(&made, made.len - 2, 0x1234);
	assert_false(is_bad_whole());
	made.b[43] = 0;			/* no segments left */
	assert_true(is_bad_whole());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_length_at_any_place),
		cmocka_unit_test(carries_come_round),
		cmocka_unit_test_teardown(right_ones_are_good_and_others_bad, teardown),
		cmocka_unit_test_teardown(a_wrong_ipv4_header_is_bad, teardown),
		cmocka_unit_test_teardown(offloaded_ones_are_good_unless_strict, teardown),
		cmocka_unit_test_teardown(zero_is_none_for_udp_over_ipv4, teardown),
		cmocka_unit_test_teardown(off_means_off, teardown),
		cmocka_unit_test_teardown(truncated_ones_are_not_judged, teardown),
		cmocka_unit_test_teardown(source_routes_are_not_judged, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
