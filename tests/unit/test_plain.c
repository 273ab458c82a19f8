/*
 * Ordinary frames are read by a way of their own (decode/plain.h): whatever is
 * done to one, it must come to what the layers come to, which read the same
 * bytes behind the Ethernet header as a capture of bare IPv4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/decode.h"
#include "frames.h"

enum { ETHERNET = 1, BARE_IPV4 = 228, ETHERNET_BYTES = 14, TRIES = 300000, SHARDS = 3 };

static const struct decode_limits limits = { 16, 1 << 20, 30, CHECKSUM_AUTO };

static struct made made;
static struct decode *whole, *layers, *shard[SHARDS];
static uint64_t number = 1;

/* xorshift64. */
static unsigned
any(unsigned below)
{
	number ^= number << 13;
	number ^= number >> 7;
	number ^= number << 17;
	return (unsigned)((number >> 16) % below);
}

static int
setup(void **state)
{
	uint32_t i;

	(void)state;
	whole = decode_new(&limits);
	layers = decode_new(&limits);
	for (i = 0; i < SHARDS; i++) {
		shard[i] = decode_new(&limits);
		decode_set_shard(shard[i], i, SHARDS);
	}
	return whole == NULL || layers == NULL;
}

static int
teardown(void **state)
{
	unsigned i;

	(void)state;
	decode_free(whole);
	decode_free(layers);
	for (i = 0; i < SHARDS; i++)
		decode_free(shard[i]);
	return 0;
}

/* Right checksums, some options, some padding behind it. */
static void
make_frame(unsigned protocol)
{
	size_t options = protocol == PROTO_TCP ? any(4) : 0, payload = any(40), ip, transport;
	struct ipv4 h = { .src = (uint8_t)any(8), .dst = (uint8_t)any(8), .protocol = (uint8_t)protocol,
		.id = (uint16_t)any(4), .place = any(16) == 0 ? 0x2000 : 0, .option_words = any(8) == 0,
		.payload_bytes = (protocol == PROTO_TCP ? 20 + options * 4 : 8) + payload };
	uint32_t sum;

	memset(&made, 0, 400);
	made.len = 0;
	put_ethernet(&made, 0x0800);
	ip = put_ipv4(&made, &h);
	transport = made.len;
	if (protocol == PROTO_TCP)
		put_tcp(&made, (uint16_t)any(65536), 443, any(1u << 30), any(64), (unsigned)options);
	else
		put_udp(&made, (uint16_t)any(65536), any(8) == 0 ? 4789 : 53, payload);
	for (; payload > 0; payload--)
		put8(&made, any(256));
	sum = slow_sum(made.b + ip + 12, 8, protocol + (uint32_t)(made.len - transport));
	set16(&made, transport + (protocol == PROTO_TCP ? 16 : 6), ~slow_sum(made.b + transport, made.len - transport, sum) & 0xffff);
	put_zero(&made, any(4) == 0 ? any(10) : 0);
}

/* Headers are where it matters. */
static void
spoil(void)
{
	unsigned times = any(4), at;

	for (; times > 0; times--) {
		at = ETHERNET_BYTES + any((unsigned)made.len - ETHERNET_BYTES < 44 ? (unsigned)made.len - ETHERNET_BYTES : 44);
		made.b[at] = (uint8_t)(any(2) == 0 ? made.b[at] ^ 1 << any(8) : (int)any(256));
	}
}

static enum decode_result
take(struct decode *d, const struct frame *f, struct packet *out)
{
	enum decode_result r = decode_frame(d, f, out);

	if (r == DECODE_PACKET)
		decode_verify(d, out);
	return r;
}

static void
same_packets(struct packet *a, struct packet *b)
{
	assert_int_equal(a->payload_bytes, b->payload_bytes);
	if (a->payload_bytes > 0)
		assert_memory_equal(a->payload, b->payload, a->payload_bytes);
	a->payload = b->payload = NULL;
	a->plain = b->plain = false;	/* the layers leave that to be found out */
	assert_memory_equal(a, b, sizeof *a);
}

static void
same_shards(const struct frame *f, enum decode_result r, const struct packet *expected)
{
	struct packet p, wanted = *expected;
	uint32_t i;

	for (i = 0; i < SHARDS; i++) {
		if (r == DECODE_PACKET && decode_shard(expected, SHARDS) != i) {
			assert_int_equal(take(shard[i], f, &p), DECODE_FOREIGN);
			continue;
		}
		assert_int_equal(take(shard[i], f, &p), r);
		if (r == DECODE_PACKET)
			same_packets(&p, &wanted);
	}
}

static void
same_as_layers(void **state)
{
	struct packet a, b;
	struct frame f, bare;
	enum decode_result r;
	unsigned i, seen[4] = { 0 };

	(void)state;
	for (i = 1; i <= TRIES; i++) {
		make_frame(any(2) == 0 ? PROTO_TCP : PROTO_UDP);
		if (any(4) != 0)
			spoil();
		f = frame_of(&made, ETHERNET);
		f.ts_ns = i * 1000000LL;
		f.ordinal = i;
		if (any(16) == 0)
			f.captured_bytes -= any(f.captured_bytes - ETHERNET_BYTES);
		bare = f;
		bare.link_type = BARE_IPV4;
		bare.bytes += ETHERNET_BYTES;
		bare.captured_bytes -= ETHERNET_BYTES;
		bare.wire_bytes -= ETHERNET_BYTES;
		r = take(whole, &f, &a);
		seen[r]++;
		assert_int_equal(r, take(layers, &bare, &b));
		same_shards(&f, r, &a);
		if (r != DECODE_PACKET)
			continue;
		if ((a.flags & PACKET_DEFRAGMENTED) == 0)
			assert_ptr_equal(a.payload, b.payload);
		same_packets(&a, &b);
	}
	assert_memory_equal(decode_counts(whole), decode_counts(layers), sizeof *decode_counts(whole));
	assert_in_range(seen[DECODE_PACKET], TRIES / 2, TRIES - 1000);
	assert_in_range(seen[DECODE_NOTHING], 1000, TRIES);
	assert_in_range(seen[DECODE_HELD], 1000, TRIES);
	assert_true(decode_counts(whole)->bad_checksum > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(same_as_layers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
