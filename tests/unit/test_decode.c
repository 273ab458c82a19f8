#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "decode/decode.h"
#include "frames.h"

enum { ETHERNET = 1, RAW = 101 };

static const struct decode_limits limits = { 16, 1 << 20, 30, CHECKSUM_AUTO };

static struct made made;
static struct decode *decode;
static struct packet packet;

static int
setup(void **state)
{
	(void)state;
	memset(&made, 0, sizeof made);
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
decode_made(int link_type)
{
	struct frame f = frame_of(&made, link_type);

	return decode_frame(decode, &f, &packet);
}

static void
put_ipv4_udp(const char *text)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = PROTO_UDP, .payload_bytes = 8 + strlen(text) };

	put_ipv4(&made, &h);
	put_udp(&made, 4000, 53, strlen(text));
	put(&made, text, strlen(text));
}

static void
put_ipv6_udp(const char *text)
{
	put_ipv6(&made, 1, 2, PROTO_UDP, 8 + strlen(text));
	put_udp(&made, 4000, 53, strlen(text));
	put(&made, text, strlen(text));
}

static void
assert_payload(const char *text)
{
	assert_int_equal(packet.payload_bytes, strlen(text));
	assert_int_equal(packet.payload_wire_bytes, strlen(text));
	assert_memory_equal(packet.payload, text, strlen(text));
}

static void
links_lead_to_ip(void **state)
{
	static const struct {
		int link_type;
		const char *lead;
		size_t len;
		int version;
	} rows[] = {
		{ 1, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0", 14, 4 },
		{ 1, "\2\0\0\0\0\1\2\0\0\0\0\2\x86\xdd", 14, 6 },
		{ 1, "\2\0\0\0\0\1\2\0\0\0\0\2\0\x29\xaa\xaa\3\0\0\0\x08\0", 22, 4 },
		{ 113, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\0", 16, 4 },
		{ 113, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x86\xdd", 16, 6 },
		{ 113, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\0\4\xaa\xaa\3\0\0\0\x08\0", 24, 4 },
		{ 276, "\x08\0\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0", 20, 4 },
		{ 276, "\x86\xdd\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0", 20, 6 },
		{ 12, "", 0, 4 }, { 14, "", 0, 6 }, { 101, "", 0, 4 }, { 101, "", 0, 6 },
		{ 228, "", 0, 4 }, { 229, "", 0, 6 },
		{ 0, "\2\0\0\0", 4, 4 }, { 0, "\0\0\0\2", 4, 4 }, { 108, "\0\0\0\2", 4, 4 },
		{ 0, "\x18\0\0\0", 4, 6 }, { 0, "\0\0\0\x1c", 4, 6 }, { 0, "\x1e\0\0\0", 4, 6 },
		{ 0, "\0\0\0\x0a", 4, 6 },
		{ 9, "\xff\3\0\x21", 4, 4 }, { 9, "\0\x21", 2, 4 }, { 9, "\x21", 1, 4 },
		{ 9, "\x57", 1, 6 }, { 50, "\xff\3\0\x57", 4, 6 }, { 50, "\xff\3\x21", 3, 4 },
		{ 50, "\x0f\0\x08\0", 4, 4 }, { 104, "\x8f\0\x86\xdd", 4, 6 },
		{ 204, "\1\xff\3\0\x21", 5, 4 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		made.len = 0;
		put(&made, rows[i].lead, rows[i].len);
		if (rows[i].version == 4)
			put_ipv4_udp("hello");
		else
			put_ipv6_udp("hello");
		assert_int_equal(decode_made(rows[i].link_type), DECODE_PACKET);
		assert_payload("hello");
		assert_int_equal(packet.src_port, 4000);
		assert_int_equal(packet.dst_port, 53);
		assert_int_equal(packet.protocol, PROTO_UDP);
		assert_int_equal(addr_is_v4(&packet.src), rows[i].version == 4);
		assert_int_equal(packet.src.b[15], 1);
		assert_int_equal(packet.dst.b[15], 2);
		assert_int_equal(packet.ip_bytes, rows[i].version == 4 ? 33 : 53);
		assert_int_equal(packet.flags, 0);
	}
}

static void
what_is_no_ip_is_counted(void **state)
{
	(void)state;
	put_ethernet(&made, 0x0806);
	put_zero(&made, 28);
	assert_int_equal(decode_made(ETHERNET), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->not_ip, 1);
	assert_int_equal(decode_made(9999), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->unknown_link, 1);
	set16(&made, 12, 40);		/* a length, and then a SAP of spanning tree */
	made.b[14] = made.b[15] = 0x42;
	assert_int_equal(decode_made(ETHERNET), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->not_ip, 2);
	assert_int_equal(decode_counts(decode)->frames, 3);
	assert_int_equal(decode_counts(decode)->packets, 0);
}

static void
tags_make_the_realm(void **state)
{
	static const struct realm none;

	(void)state;
	put_ethernet(&made, 0x8100);
	put16(&made, 0xe00a);		/* priority 7, identifier 10 */
	put16(&made, 0x0800);
	put_ipv4_udp("one");
	assert_int_equal(decode_made(ETHERNET), DECODE_PACKET);
	assert_int_equal(packet.realm.vlan[0], 10);
	assert_int_equal(packet.realm.vlan[1], 0);

	made.len = 0;
	put_ethernet(&made, 0x88a8);
	put16(&made, 100);
	put16(&made, 0x9100);
	put16(&made, 0);		/* a priority only */
	put16(&made, 0x8100);
	put16(&made, 200);
	put16(&made, 0x8100);
	put16(&made, 300);
	put16(&made, 0x86dd);
	put_ipv6_udp("four");
	assert_int_equal(decode_made(ETHERNET), DECODE_PACKET);
	assert_int_equal(packet.realm.vlan[0], 100);
	assert_int_equal(packet.realm.vlan[1], 200);
	assert_payload("four");

	made.len = 0;
	put_ethernet(&made, 0x0800);
	put_ipv4_udp("none");
	assert_int_equal(decode_made(ETHERNET), DECODE_PACKET);
	assert_int_equal(realm_compare(&packet.realm, &none), 0);
}

static void
tags_without_end_are_given_up(void **state)
{
	int i;

	(void)state;
	put_ethernet(&made, 0x8100);
	for (i = 0; i < 1000; i++)
		put32(&made, 0x00018100);
	assert_int_equal(decode_made(ETHERNET), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->too_nested, 1);
	assert_int_equal(decode_counts(decode)->malformed, 0);
}

static void
options_and_padding_are_no_payload(void **state)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = PROTO_TCP, .option_words = 3,
		.payload_bytes = 20 + 12 + 2 };

	(void)state;
	put_ethernet(&made, 0x0800);
	put_ipv4(&made, &h);
	put_tcp(&made, 1234, 80, 77, TCP_PSH | TCP_ACK, 3);
	put(&made, "hi", 2);
	put(&made, "PADDING", 7);
	assert_int_equal(decode_made(ETHERNET), DECODE_PACKET);
	assert_payload("hi");
	assert_int_equal(packet.seq, 77);
	assert_int_equal(packet.ack, 0x01020304);
	assert_int_equal(packet.window, 0x1000);
	assert_int_equal(packet.tcp_flags, TCP_PSH | TCP_ACK);
	assert_int_equal(packet.ip_bytes, 20 + 12 + 34);
	assert_int_equal(packet.frames, 1);
}

static void
padding_alone_that_was_cut_is_no_truncation(void **state)
{
	struct frame f;

	(void)state;
	put_ethernet(&made, 0x0800);
	put_ipv4_udp("x");
	put_zero(&made, 17);
	f = frame_of(&made, ETHERNET);
	f.captured_bytes -= 10;
	assert_int_equal(decode_frame(decode, &f, &packet), DECODE_PACKET);
	assert_int_equal(packet.flags, 0);
	assert_payload("x");
}

static void
length_zero_means_all_there_is(void **state)
{
	(void)state;
	put_ipv4_udp("large send");
	set16(&made, 2, 0);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_payload("large send");
	assert_int_equal(packet.ip_bytes, made.len);

	made.len = 0;
	put_ipv6_udp("large send");
	set16(&made, 4, 0);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_payload("large send");
	assert_int_equal(packet.ip_bytes, made.len);
}

/* Hop-by-hop, destination options, routing, authentication, destination options, TCP. */
static void
put_extensions(size_t payload_bytes)
{
	put_ipv6(&made, 1, 2, 0, 8 + 16 + 24 + 24 + 8 + 20 + payload_bytes);
	put(&made, "\x3c\0\1\4\0\0\0\0", 8);
	put(&made, "\x2b\1\1\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	put(&made, "\x33\2\0\0", 4);
	put_zero(&made, 20);
	put(&made, "\x3c\4\0\0", 4);
	put_zero(&made, 20);
	put(&made, "\6\0\1\4\0\0\0\0", 8);
	put_tcp(&made, 1234, 443, 5, TCP_ACK, 0);
}

static void
extension_headers_are_walked(void **state)
{
	(void)state;
	put_extensions(3);
	put(&made, "abc", 3);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.protocol, PROTO_TCP);
	assert_int_equal(packet.dst_port, 443);
	assert_payload("abc");
	assert_int_equal(packet.ip_bytes, made.len);
}

static void
extension_headers_without_end_are_given_up(void **state)
{
	int i;

	(void)state;
	put_ipv6(&made, 1, 2, 60, 800);
	for (i = 0; i < 100; i++)
		put(&made, "\x3c\0\1\4\0\0\0\0", 8);
	assert_int_equal(decode_made(RAW), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->malformed, 1);
}

/* Linux delivers what stands behind as many as fit: so do we, and a packet it is in any case. */
static void
long_chains_of_extension_headers(void **state)
{
	int i;

	(void)state;
	put_ipv6(&made, 1, 2, 60, 180 * 8 + 20 + 3);
	for (i = 0; i < 179; i++)
		put(&made, "\x3c\0\1\4\0\0\0\0", 8);
	put(&made, "\6\0\1\4\0\0\0\0", 8);
	put_tcp(&made, 1234, 443, 5, TCP_ACK, 0);
	put(&made, "abc", 3);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.dst_port, 443);
	assert_payload("abc");

	made.len = 0;
	put_ipv6(&made, 1, 2, 60, 300 * 8);
	for (i = 0; i < 300; i++)
		put(&made, "\x3c\0\1\4\0\0\0\0", 8);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.protocol, 60);
	assert_int_equal(packet.payload_bytes, 0);
}

static void
authentication_over_ipv4_is_skipped(void **state)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = 51, .payload_bytes = 24 + 8 + 2 };

	(void)state;
	put_ipv4(&made, &h);
	put(&made, "\x11\4\0\0", 4);
	put_zero(&made, 20);
	put_udp(&made, 9, 10, 2);
	put(&made, "ah", 2);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.protocol, PROTO_UDP);
	assert_payload("ah");
}

static void
icmp_has_type_and_code(void **state)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = PROTO_ICMP, .payload_bytes = 12 };

	(void)state;
	put_ipv4(&made, &h);
	put(&made, "\3\4\0\0\0\0\0\0data", 12);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.icmp_type, 3);
	assert_int_equal(packet.icmp_code, 4);
	assert_int_equal(packet.src_port, 0);
	assert_payload("data");

	made.len = 0;
	put_ipv6(&made, 1, 2, PROTO_ICMPV6, 8);
	put(&made, "\x80\0\0\0\0\0\0\0", 8);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.icmp_type, 128);
	assert_payload("");
}

static void
other_protocols_have_no_ports(void **state)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = 50, .payload_bytes = 6 };

	(void)state;
	put_ipv4(&made, &h);
	put(&made, "secret", 6);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_int_equal(packet.protocol, 50);
	assert_int_equal(packet.src_port, 0);
	assert_int_equal(packet.dst_port, 0);
	assert_payload("secret");
}

static void
udp_ends_where_it_says(void **state)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = PROTO_UDP, .payload_bytes = 8 + 6 };

	(void)state;
	put_ipv4(&made, &h);
	put_udp(&made, 1, 2, 2);
	put(&made, "okjunk", 6);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_payload("ok");
}

static void
headers_that_lie_are_malformed(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {
		{ 0, 0x44 },		/* header shorter than it can be */
		{ 3, 19 },		/* total length shorter than the header */
		{ 32, 0x40 },		/* TCP header shorter than it can be */
		{ 32, 0x70 },		/* and longer than the packet */
		{ 3, 39 },		/* no room for a TCP header */
	};
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = PROTO_TCP, .payload_bytes = 24 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		made.len = 0;
		put_ipv4(&made, &h);
		put_tcp(&made, 1, 2, 3, TCP_ACK, 0);
		put(&made, "data", 4);
		assert_int_equal(decode_made(RAW), DECODE_PACKET);
		made.b[wrong[i].at] = wrong[i].value;
		assert_int_equal(decode_made(RAW), DECODE_NOTHING);
		assert_int_equal(decode_counts(decode)->malformed, i + 1);
	}
}

static void
udp_lengths_that_lie_are_malformed(void **state)
{
	(void)state;
	put_ipv4_udp("1234");
	set16(&made, 24, 7);
	assert_int_equal(decode_made(RAW), DECODE_NOTHING);
	set16(&made, 24, 13);
	assert_int_equal(decode_made(RAW), DECODE_NOTHING);
	assert_int_equal(decode_counts(decode)->malformed, 2);
	set16(&made, 24, 0);
	assert_int_equal(decode_made(RAW), DECODE_PACKET);
	assert_payload("1234");
}

/* On the heap at its exact size, so that a sanitizer sees the first byte too far. */
static enum decode_result
decode_cut(size_t captured, uint32_t wire)
{
	uint8_t *copy = malloc(captured + 1);
	struct frame f = frame_of(&made, ETHERNET);
	enum decode_result r;

	assert_non_null(copy);
	f.bytes = copy + 1;
	memcpy(copy + 1, made.b, captured);
	f.captured_bytes = (uint32_t)captured;
	f.wire_bytes = wire;
	r = decode_frame(decode, &f, &packet);
	if (r == DECODE_PACKET)
		decode_verify(decode, &packet);
	free(copy);
	return r;
}

static void
cut_at_every_byte(void **state)
{
	size_t ip = 14 + 4, tcp = ip + 40 + 80, cut;
	enum decode_result r;

	(void)state;
	put_ethernet(&made, 0x8100);
	put16(&made, 7);
	put16(&made, 0x86dd);
	put_extensions(10);
	put(&made, "0123456789", 10);
	for (cut = 0; cut < made.len; cut++) {
		r = decode_cut(cut, (uint32_t)made.len);
		assert_int_equal(r, cut < ip + 40 ? DECODE_NOTHING : DECODE_PACKET);
		if (r != DECODE_PACKET)
			continue;
		assert_int_equal(packet.flags, PACKET_TRUNCATED);
		assert_int_equal(packet.ip_bytes, made.len - ip);
		assert_int_equal(packet.dst_port, cut < tcp + 4 ? 0 : 443);
		assert_int_equal(packet.payload_bytes, cut < tcp + 20 ? 0 : cut - tcp - 20);
		if (cut >= tcp)
			assert_int_equal(packet.payload_wire_bytes, 10);
	}
	/* The length on the wire is lost as well. */
	for (cut = ip + 40; cut < made.len; cut++) {
		assert_int_equal(decode_cut(cut, (uint32_t)cut), DECODE_PACKET);
		assert_int_equal(packet.flags, PACKET_TRUNCATED);
	}
}

static void
cut_ipv4_at_every_byte(void **state)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = PROTO_UDP, .option_words = 2, .payload_bytes = 12 };
	size_t cut;

	(void)state;
	put_ethernet(&made, 0x0800);
	put_ipv4(&made, &h);
	put_udp(&made, 1, 2, 4);
	put(&made, "0123", 4);
	for (cut = 0; cut < made.len; cut++) {
		assert_int_equal(decode_cut(cut, (uint32_t)made.len), cut < 34 ? DECODE_NOTHING : DECODE_PACKET);
		assert_int_equal(packet.payload_bytes, cut < 50 ? 0 : cut - 50);
		assert_int_equal(packet.dst_port, cut < 46 ? 0 : 2);
	}
}

static void
a_truncated_fragment_stays_one(void **state)
{
	struct ipv4 h = { .src = 1, .dst = 2, .protocol = PROTO_UDP, .place = 0x2000, .payload_bytes = 64 };

	(void)state;
	put_ethernet(&made, 0x0800);
	put_ipv4(&made, &h);
	put_udp(&made, 1, 2, 100);
	put_zero(&made, 56);
	assert_int_equal(decode_cut(60, (uint32_t)made.len), DECODE_PACKET);
	assert_int_equal(packet.flags, PACKET_FRAGMENT | PACKET_TRUNCATED);
	assert_int_equal(packet.protocol, PROTO_UDP);
	assert_int_equal(packet.dst_port, 0);
	assert_int_equal(packet.payload_bytes, 0);
	assert_int_equal(packet.payload_wire_bytes, 0);
}

static void
shards_are_symmetric_and_even(void **state)
{
	struct packet there = { .protocol = PROTO_UDP }, back;
	uint32_t i, shard, hits[4] = { 0 };

	(void)state;
	for (i = 0; i < 4000; i++) {
		there.src = addr_v4((uint8_t[]){ 10, 0, (uint8_t)(i >> 8), (uint8_t)i });
		there.dst = addr_v4((uint8_t[]){ 192, 0, 2, 1 });
		back = there;
		back.src = there.dst;
		back.dst = there.src;
		shard = decode_shard(&there, 4);
		assert_true(shard < 4);
		assert_int_equal(decode_shard(&back, 4), shard);
		assert_int_equal(decode_shard(&there, 1), 0);
		hits[shard]++;
	}
	for (i = 0; i < 4; i++)
		assert_in_range(hits[i], 800, 1200);
}

static void
shards_see_the_realm(void **state)
{
	struct packet p = { .protocol = PROTO_UDP };
	uint32_t i, hits[4] = { 0 };

	(void)state;
	for (i = 0; i < 400; i++) {
		p.realm.tunnel_id = i;
		hits[decode_shard(&p, 4)]++;
	}
	for (i = 0; i < 4; i++)
		assert_in_range(hits[i], 50, 150);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_lead_to_ip, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_ip_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(tags_make_the_realm, setup, teardown),
		cmocka_unit_test_setup_teardown(tags_without_end_are_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(options_and_padding_are_no_payload, setup, teardown),
		cmocka_unit_test_setup_teardown(padding_alone_that_was_cut_is_no_truncation, setup, teardown),
		cmocka_unit_test_setup_teardown(length_zero_means_all_there_is, setup, teardown),
		cmocka_unit_test_setup_teardown(extension_headers_are_walked, setup, teardown),
		cmocka_unit_test_setup_teardown(extension_headers_without_end_are_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(long_chains_of_extension_headers, setup, teardown),
		cmocka_unit_test_setup_teardown(authentication_over_ipv4_is_skipped, setup, teardown),
		cmocka_unit_test_setup_teardown(icmp_has_type_and_code, setup, teardown),
		cmocka_unit_test_setup_teardown(other_protocols_have_no_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(udp_ends_where_it_says, setup, teardown),
		cmocka_unit_test_setup_teardown(headers_that_lie_are_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(udp_lengths_that_lie_are_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(cut_ipv4_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(a_truncated_fragment_stays_one, setup, teardown),
		cmocka_unit_test(shards_are_symmetric_and_even),
		cmocka_unit_test(shards_see_the_realm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
