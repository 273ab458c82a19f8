#include "capture/pcapng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "capture_bytes.h"
#include "capture/capture.h"

#define SEC 1000000000LL
#define TSRESOL 9
#define TSOFFSET 14

static struct bytes made;		/* the stream under test */
static struct bytes part;		/* a block's body */

struct reading {
	FILE *file;
	struct pcapng *reader;
	struct fault fault;
};

static void
begin(bool big)
{
	made.len = 0;
	made.big = big;
	part.len = 0;
	part.big = big;
	put_section(&made);
}

static int
open_bytes(struct reading *r, const uint8_t *at, size_t len)
{
	r->reader = NULL;
	r->fault.text[0] = '\0';
	if ((r->file = fmemopen((void *)(uintptr_t)at, len, "r")) == NULL)
		return SE_NOMEM;
	return pcapng_open(r->file, &r->reader, &r->fault);
}

static void
open_made(struct reading *r)
{
	assert_int_equal(open_bytes(r, made.at, made.len), 0);
}

static void
close_reading(struct reading *r)
{
	pcapng_close(r->reader);
	fclose(r->file);
}

/* The one packet at the end of what was made has this time. */
static void
assert_time(int64_t expected_ns)
{
	struct reading r;
	struct frame f;

	open_made(&r);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(f.ts_ns, expected_ns);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 0);
	close_reading(&r);
}

/* After `good` frames comes a fault that says `words`. */
static void
assert_fault(unsigned good, const char *words)
{
	struct reading r;
	struct frame f;
	unsigned i;

	open_made(&r);
	for (i = 0; i < good; i++)
		assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), SE_FORMAT);
	if (strstr(r.fault.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", r.fault.text, words);
	close_reading(&r);
}

static void
both_byte_orders(void **state)
{
	struct reading r;
	struct frame f;
	int big;

	(void)state;
	for (big = 0; big < 2; big++) {
		begin(big);
		put_interface(&made, 1, 0, 0, NULL, 0);
		put_enhanced(&made, 0, 1700000000123456, 61, 1514, 0xab);
		open_made(&r);
		assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
		assert_int_equal(f.ts_ns, 1700000000123456000);
		assert_int_equal(f.captured_bytes, 61);
		assert_int_equal(f.wire_bytes, 1514);
		assert_int_equal(f.link_type, 1);
		assert_int_equal(f.bytes[0], 0xab);
		assert_int_equal(f.bytes[60], 0xab);
		assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 0);
		assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 0);
		close_reading(&r);
	}
}

static void
time_resolutions(void **state)
{
	static const struct {
		uint8_t resolution;
		uint64_t units;
		int64_t ns;
	} rows[] = {
		{ 0, 1700000000, 1700000000 * SEC },
		{ 3, 1700000000123, 1700000000123 * 1000000 },
		{ 9, 1700000000123456789, 1700000000123456789 },
		{ 12, 1700000000123456, 1700000000123 },
		{ 28, UINT64_MAX, 1 },
		{ 29, UINT64_MAX, 0 },
		{ 127, UINT64_MAX, 0 },
		{ 0x80, 1700000000, 1700000000 * SEC },
		{ 0x80 | 1, 3, SEC + SEC / 2 },
		{ 0x80 | 30, 1700000000ULL << 30, 1700000000 * SEC },
		{ 0x80 | 127, UINT64_MAX, 0 },
		{ 0, UINT64_MAX, CAPTURE_TIME_MAX_NS },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		begin(i % 2 == 1);
		put_interface(&made, 1, 0, TSRESOL, &rows[i].resolution, 1);
		put_enhanced(&made, 0, rows[i].units, 4, 4, 0);
		assert_time(rows[i].ns);
	}
}

static void
time_offset(void **state)
{
	static const uint8_t ten[8] = { 10 }, minus_one[8] = { 255, 255, 255, 255, 255, 255, 255, 255 },
	    ten_big[8] = { 0, 0, 0, 0, 0, 0, 0, 10 }, most[8] = { 255, 255, 255, 255, 255, 255, 255, 127 };

	(void)state;
	begin(false);
	put_interface(&made, 1, 0, TSOFFSET, ten, 8);
	put_enhanced(&made, 0, 5000000, 4, 4, 0);
	assert_time(15 * SEC);
	begin(true);
	put_interface(&made, 1, 0, TSOFFSET, ten_big, 8);
	put_enhanced(&made, 0, 5000000, 4, 4, 0);
	assert_time(15 * SEC);
	begin(false);
	put_interface(&made, 1, 0, TSOFFSET, minus_one, 8);
	put_enhanced(&made, 0, 500000, 4, 4, 0);
	assert_time(0);
	begin(false);
	put_interface(&made, 1, 0, TSOFFSET, most, 8);
	put_enhanced(&made, 0, UINT64_MAX, 4, 4, 0);
	assert_time(CAPTURE_TIME_MAX_NS);
}

static void
sections_of_their_own(void **state)
{
	struct reading r;
	struct frame f;

	(void)state;
	begin(false);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_interface(&made, 101, 0, 0, NULL, 0);	/* raw IP: another number in libpcap */
	put_enhanced(&made, 1, 1000000, 4, 4, 0x45);
	made.big = true;
	put_section(&made);
	put_interface(&made, 113, 0, 0, NULL, 0);
	put_enhanced(&made, 0, 2000000, 4, 4, 0x46);
	put_enhanced(&made, 1, 3000000, 4, 4, 0x47);
	open_made(&r);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(f.link_type, 12);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(f.link_type, 113);
	assert_int_equal(f.bytes[3], 0x46);
	assert_int_equal(f.ts_ns, 2 * SEC);
	/* The first section's second interface is not known in the second one. */
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), SE_FORMAT);
	assert_string_equal(r.fault.text,
	    "damaged behind packet 2 (a packet of an interface that is not described)");
	close_reading(&r);
}

static void
simple_and_obsolete_packets(void **state)
{
	struct reading r;
	struct frame f;
	int big;

	(void)state;
	for (big = 0; big < 2; big++) {
		begin(big);
		put_interface(&made, 1, 6, 0, NULL, 0);
		put_u16(&part, 0);		/* interface */
		put_u16(&part, 99);		/* drops */
		put_u32(&part, 0);
		put_u32(&part, 7000000);
		put_u32(&part, 5);
		put_u32(&part, 50);
		put_bytes(&part, "hello", 5);
		put_block(&made, 2, &part);
		part.len = 0;
		put_u32(&part, 60);
		put_bytes(&part, "abcdef", 6);
		put_block(&made, 3, &part);
		open_made(&r);
		assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
		assert_int_equal(f.ts_ns, 7 * SEC);
		assert_int_equal(f.captured_bytes, 5);
		assert_int_equal(f.wire_bytes, 50);
		assert_memory_equal(f.bytes, "hello", 5);
		assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
		assert_int_equal(f.ts_ns, 7 * SEC);
		assert_int_equal(f.captured_bytes, 6);
		assert_int_equal(f.wire_bytes, 60);
		assert_memory_equal(f.bytes, "abcdef", 6);
		assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 0);
		close_reading(&r);
	}
}

static void
sane_sizes(void **state)
{
	struct reading r;
	struct frame f;

	(void)state;
	begin(false);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_enhanced(&made, 0, 1, 20, 3, 0);
	put_enhanced(&made, 0, 1, 20, UINT32_MAX, 0);
	put_enhanced(&made, 0, 1, CAPTURE_FRAME_MAX, CAPTURE_FRAME_MAX, 0x77);
	put_enhanced(&made, 0, 1, 0, 0, 0);
	open_made(&r);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(f.wire_bytes, 20);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(f.wire_bytes, CAPTURE_WIRE_MAX);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(f.captured_bytes, CAPTURE_FRAME_MAX);
	assert_int_equal(f.bytes[CAPTURE_FRAME_MAX - 1], 0x77);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(f.captured_bytes, 0);
	close_reading(&r);
}

static void
other_blocks_are_passed_over(void **state)
{
	static uint8_t long_value[300000];
	struct reading r;
	struct frame f;

	(void)state;
	begin(false);
	put_bytes(&part, long_value, sizeof long_value);
	put_block(&made, 0x0bad, &part);		/* longer than what is kept */
	part.len = 0;
	put_block(&made, 4, &part);			/* names: empty */
	put_bytes(&part, "TLSK\4\0\0\0key", 12);
	put_block(&made, 10, &part);			/* secrets */
	put_block(&made, 0x40000bad, &part);		/* not to be copied */
	part.len = 0;
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_u32(&part, 0);				/* a packet with long options behind it */
	put_u32(&part, 0);
	put_u32(&part, 9000000);
	put_u32(&part, 4);
	put_u32(&part, 4);
	put_bytes(&part, "abcd", 4);
	put_bytes(&part, long_value, sizeof long_value);
	put_block(&made, 6, &part);
	put_enhanced(&made, 0, 10000000, 1, 1, 'z');
	open_made(&r);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_memory_equal(f.bytes, "abcd", 4);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(f.bytes[0], 'z');
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 0);
	close_reading(&r);
	/* The same with the last length of the long packet block changed, and cut in it. */
	made.at[made.len - 36 - 1] ^= 1;
	assert_fault(0, "two lengths differ");
	made.len -= 36 + 2;
	assert_fault(0, "cut in the middle of packet 1 (300034 of 300036 bytes of its block are there)");
}

/* A good packet, then a bare block that claims `total` bytes. */
static void
claim(uint32_t type, uint32_t total)
{
	begin(false);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_enhanced(&made, 0, 1, 4, 4, 0);
	put_u32(&made, type);
	put_u32(&made, total);
	put_u32(&made, 0);
	put_u32(&made, 0);
}

static void
faults_of_blocks(void **state)
{
	(void)state;
	claim(6, 0);
	assert_fault(1, "(a block of 0 bytes)");
	claim(6, 8);
	assert_fault(1, "(a block of 8 bytes)");
	claim(6, 33);
	assert_fault(1, "(a block of 33 bytes)");
	claim(6, PCAPNG_BLOCK_MAX + 4);
	assert_fault(1, "(a block of 16777220 bytes)");
	claim(6, 12);
	assert_fault(1, "two lengths differ");
	claim(6, PCAPNG_BLOCK_MAX);
	assert_fault(1, "cut in the middle of packet 2 (16 of 16777216 bytes of its block are there)");
	claim(0x0a0d0d0a, 28);
	assert_fault(1, "without a byte order");
	claim(5, 16777216);
	assert_fault(1, "cut in the middle of a block behind packet 1");
}

static void
faults_of_packets(void **state)
{
	(void)state;
	begin(false);
	put_enhanced(&made, 0, 1, 4, 4, 0);
	assert_fault(0, "damaged before its first packet (a packet of an interface");
	begin(false);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_u32(&part, 0);
	put_block(&made, 6, &part);
	assert_fault(0, "too short");
	begin(false);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_enhanced(&made, 0, 1, 8, 8, 0);
	made.at[made.len - 32 + 12] = 9;	/* captured: one more than there is */
	assert_fault(0, "(a packet of 9 captured bytes)");
	begin(false);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_enhanced(&made, 0, 1, CAPTURE_FRAME_MAX + 1, CAPTURE_FRAME_MAX + 1, 0);
	assert_fault(0, "(a packet of 262145 captured bytes)");
	begin(false);
	put_u32(&part, 4);
	put_bytes(&part, "abcd", 4);
	put_block(&made, 3, &part);
	assert_fault(0, "not described");
}

static void
faults_of_descriptions(void **state)
{
	static const uint8_t value[8];
	struct reading r;
	unsigned i;

	(void)state;
	begin(false);
	put_interface(&made, 1, 0, TSRESOL, value, 2);
	assert_fault(0, "damaged options");
	begin(false);
	put_interface(&made, 1, 0, TSOFFSET, value, 4);
	assert_fault(0, "damaged options");
	begin(false);
	put_interface(&made, 1, 0, 2, value, 4);
	made.at[made.len - 4 - 4 - 4 - 2] = 200;	/* the option's length */
	assert_fault(0, "damaged options");
	begin(false);
	put_u32(&part, 1);
	put_block(&made, 1, &part);
	assert_fault(0, "too short");
	begin(false);
	for (i = 0; i < 40000; i++)
		put_interface(&made, 1, 0, 0, NULL, 0);
	put_enhanced(&made, 39999, 1, 4, 4, 0);
	open_made(&r);
	assert_int_equal(pcapng_next(r.reader, &(struct frame) { 0 }, &r.fault), 1);
	close_reading(&r);
}

static void
too_many_interfaces(void **state)
{
	size_t one, need;
	struct reading r;
	struct frame f;
	uint8_t *all;
	unsigned i;

	(void)state;
	begin(false);
	put_interface(&made, 1, 0, 0, NULL, 0);
	one = made.len - 28;
	need = 28 + one * (PCAPNG_INTERFACES + 1);
	all = malloc(need);
	assert_non_null(all);
	memcpy(all, made.at, 28);
	for (i = 0; i <= PCAPNG_INTERFACES; i++)
		memcpy(all + 28 + i * one, made.at + 28, one);
	assert_int_equal(open_bytes(&r, all, need), 0);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), SE_FORMAT);
	assert_non_null(strstr(r.fault.text, "more than 65536 interfaces"));
	close_reading(&r);
	assert_int_equal(open_bytes(&r, all, need - one), 0);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 0);
	close_reading(&r);
	free(all);
}

static void
refused_at_the_start(void **state)
{
	struct reading r;

	(void)state;
	begin(false);
	made.at[12] = 2;			/* major version */
	assert_int_equal(open_bytes(&r, made.at, made.len), SE_FORMAT);
	assert_non_null(strstr(r.fault.text, "unknown version"));
	assert_null(r.reader);
	close_reading(&r);
	made.len = 0;
	put_interface(&made, 1, 0, 0, NULL, 0);
	assert_int_equal(open_bytes(&r, made.at, made.len), SE_FORMAT);
	assert_non_null(strstr(r.fault.text, "no section header"));
	close_reading(&r);
}

/* Whatever is cut off the end: the frames before are there, and a cut is told but at a block's end. */
static void
cut_at_every_byte(void **state)
{
	size_t ends[8], count = 0, len, i, whole;
	unsigned packets;
	struct reading r;
	struct frame f;
	int got;

	(void)state;
	begin(true);
	ends[count++] = made.len;
	put_interface(&made, 1, 0, TSRESOL, "\x09", 1);
	ends[count++] = made.len;
	put_enhanced(&made, 0, 1, 5, 5, 1);
	ends[count++] = made.len;
	put_u32(&part, 7);
	put_block(&made, 5, &part);
	ends[count++] = made.len;
	put_enhanced(&made, 0, 2, 6, 6, 2);
	ends[count++] = made.len;
	for (len = 1; len <= made.len; len++) {
		if (open_bytes(&r, made.at, len) < 0) {
			assert_true(len < ends[0]);
			close_reading(&r);
			continue;
		}
		for (whole = 0, i = 0; i < count; i++)
			whole += ends[i] <= len;
		for (packets = 0; (got = pcapng_next(r.reader, &f, &r.fault)) > 0; packets++)
			assert_int_equal(f.captured_bytes, packets == 0 ? 5 : 6);
		assert_int_equal(packets, (whole >= 3) + (whole >= 5));
		assert_int_equal(got, ends[whole - 1] == len ? 0 : SE_FORMAT);
		close_reading(&r);
	}
}

/* ---- losses ---- */

static void
put_u64(struct bytes *b, uint64_t v)
{
	put_u32(b, (uint32_t)(b->big ? v >> 32 : v));
	put_u32(b, (uint32_t)(b->big ? v : v >> 32));
}

static void
put_count(struct bytes *b, unsigned option, uint64_t count)
{
	put_u16(b, option);
	put_u16(b, 8);
	put_u64(b, count);
}

/* ifrecv, ifdrop, filteraccept, osdrop. */
static void
put_statistics(uint32_t interface, uint64_t ifdrop, uint64_t osdrop)
{
	part.len = 0;
	part.big = made.big;
	put_u32(&part, interface);
	put_u64(&part, 1);
	put_count(&part, 4, 1000);
	put_count(&part, 5, ifdrop);
	put_count(&part, 6, 900);
	put_count(&part, 7, osdrop);
	put_u32(&part, 0);
	put_block(&made, 5, &part);
}

/* Five bytes, a comment, and how many were lost before it. */
static void
put_packet_with_loss(uint32_t interface, uint64_t lost)
{
	part.len = 0;
	part.big = made.big;
	put_u32(&part, interface);
	put_u32(&part, 0);
	put_u32(&part, 1000000);
	put_u32(&part, 5);
	put_u32(&part, 5);
	put_bytes(&part, "hello\0\0\0", 8);
	put_u16(&part, 1);
	put_u16(&part, 3);
	put_bytes(&part, "why", 4);
	put_count(&part, 4, lost);
	put_u32(&part, 0);
	put_block(&made, 6, &part);
}

static void
put_obsolete(unsigned interface, unsigned lost)
{
	part.len = 0;
	part.big = made.big;
	put_u16(&part, interface);
	put_u16(&part, lost);
	put_u32(&part, 0);
	put_u32(&part, 1000000);
	put_u32(&part, 4);
	put_u32(&part, 4);
	put_bytes(&part, "four", 4);
	put_block(&made, 2, &part);
}

static uint64_t
lost_in_made(unsigned packets)
{
	struct reading r;
	struct frame f;
	uint64_t lost;

	open_made(&r);
	while (packets-- > 0)
		assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 1);
	assert_int_equal(pcapng_next(r.reader, &f, &r.fault), 0);
	lost = pcapng_lost(r.reader);
	close_reading(&r);
	return lost;
}

static void
losses_are_counted_once(void **state)
{
	int big;

	(void)state;
	for (big = 0; big < 2; big++) {
		begin(big);
		put_interface(&made, 1, 0, 0, NULL, 0);
		put_interface(&made, 101, 0, 0, NULL, 0);
		put_packet_with_loss(0, 3);
		assert_int_equal(lost_in_made(1), 3);
		put_packet_with_loss(1, 10);
		put_statistics(0, 4, 1);	/* the three, and two more */
		put_statistics(1, 1, 1);
		assert_int_equal(lost_in_made(2), 15);
		put_statistics(0, 6, 1);	/* counts from the beginning */
		assert_int_equal(lost_in_made(2), 17);
		made.big = !made.big;
		put_section(&made);
		put_interface(&made, 1, 0, 0, NULL, 0);
		put_obsolete(0, 0xffff);
		put_obsolete(0, 5);
		assert_int_equal(lost_in_made(4), 22);
	}
}

static void
damaged_counts_say_nothing(void **state)
{
	size_t at, len;

	(void)state;
	begin(false);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_statistics(1, 4, 1);		/* an interface that is not described */
	assert_int_equal(lost_in_made(0), 0);
	put_statistics(0, UINT64_MAX, UINT64_MAX);
	put_packet_with_loss(0, UINT64_MAX);
	put_packet_with_loss(0, UINT64_MAX);
	assert_int_equal(lost_in_made(2), UINT64_MAX >> 2);
	/* every byte of the block's options turned over */
	for (at = 0; at < 60; at++) {
		begin(false);
		put_interface(&made, 1, 0, 0, NULL, 0);
		len = made.len;
		put_statistics(0, 4, 1);
		made.at[len + 8 + at] ^= 0xff;
		put_packet_with_loss(0, 7);
		assert_true(lost_in_made(1) >= 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_byte_orders),
		cmocka_unit_test(time_resolutions),
		cmocka_unit_test(time_offset),
		cmocka_unit_test(sections_of_their_own),
		cmocka_unit_test(simple_and_obsolete_packets),
		cmocka_unit_test(sane_sizes),
		cmocka_unit_test(other_blocks_are_passed_over),
		cmocka_unit_test(faults_of_blocks),
		cmocka_unit_test(faults_of_packets),
		cmocka_unit_test(faults_of_descriptions),
		cmocka_unit_test(too_many_interfaces),
		cmocka_unit_test(refused_at_the_start),
		cmocka_unit_test(cut_at_every_byte),
		cmocka_unit_test(losses_are_counted_once),
		cmocka_unit_test(damaged_counts_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
