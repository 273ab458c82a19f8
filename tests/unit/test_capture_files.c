#include "capture/capture.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "capture_rig.h"

static void
pcap_in_all_forms(void **state)
{
	struct capture *c;
	struct frame f;
	struct told t;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		no_files(NULL);
		made.big = i & 1;
		put_pcap_head(&made, i & 2 ? NANO : MICRO, i & 2 ? 101 : 1);
		put_pcap_packet(&made, 1700000000, 123456, 60, 1514, 0x5a);
		put_pcap_packet(&made, 4000000000u, 999999, 0, 0, 0);
		add_made("a.pcap");
		c = open_files(&t);
		assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
		assert_int_equal(f.ts_ns, 1700000000 * SEC + (i & 2 ? 123456 : 123456000));
		assert_int_equal(f.captured_bytes, 60);
		assert_int_equal(f.wire_bytes, 1514);
		assert_int_equal(f.link_type, i & 2 ? 12 : 1);
		assert_int_equal(f.bytes[59], 0x5a);
		assert_int_equal(f.ordinal, 1);
		assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
		assert_int_equal(f.ts_ns / SEC, 4000000000);	/* in 2096: the seconds have no sign */
		assert_int_equal(f.ordinal, 2);
		assert_int_equal(capture_next(c, &f), CAPTURE_END);
		assert_int_equal(capture_next(c, &f), CAPTURE_END);
		assert_int_equal(capture_faults(c) + t.count, 0);
		capture_close(c);
	}
}

static void
sane_sizes(void **state)
{
	struct capture *c;
	struct frame f;
	struct told t;

	(void)state;
	put_pcap_head(&made, MICRO, 1);
	put_pcap_packet(&made, 1, 0, 20, 3, 0);
	put_pcap_packet(&made, 1, 0, 20, UINT32_MAX, 0);
	put_pcap_packet(&made, 1, 0, CAPTURE_FRAME_MAX, CAPTURE_FRAME_MAX, 1);
	add_made("a.pcap");
	c = open_files(&t);
	assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
	assert_int_equal(f.wire_bytes, 20);
	assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
	assert_int_equal(f.wire_bytes, CAPTURE_WIRE_MAX);
	assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
	assert_int_equal(f.captured_bytes, CAPTURE_FRAME_MAX);
	capture_close(c);
}

/* Longer than the file's snapshot length: the rest is passed over, whoever reads. */
static void
cut_to_the_snapshot_length(void **state)
{
	struct capture *c;
	struct frame f;
	struct told t;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		no_files(NULL);
		made.big = i;
		put_pcap_head(&made, MICRO, 1);
		memset(made.at + 16, 0, 4);
		made.at[i ? 19 : 16] = 40;
		put_pcap_packet(&made, 1, 0, 60, 70, 1);
		put_pcap_packet(&made, 2, 0, 30, 30, 2);
		add_made("a.pcap");
		c = open_files(&t);
		assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
		assert_int_equal(f.captured_bytes, 40);
		assert_int_equal(f.wire_bytes, 70);
		assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
		assert_int_equal(f.captured_bytes, 30);
		assert_int_equal(f.bytes[29], 2);
		assert_int_equal(capture_next(c, &f), CAPTURE_END);
		capture_close(c);
	}
}

static uint32_t
some_length(uint32_t i)
{
	if (i % 97 == 96)
		return 70000 - i;
	return i % 3 == 0 ? 0 : i % 3 == 1 ? 7 - i % 7 : 700 - i;
}

/* Wherever a read ends: in a header, in a frame, and in one that is longer than the buffer. */
static void
frames_of_all_lengths(void **state)
{
	struct capture *c;
	struct frame f;
	struct told t;
	uint32_t i, len;

	(void)state;
	put_pcap_head(&made, MICRO, 1);
	for (i = 0; i < 400; i++)
		put_pcap_packet(&made, i, 0, some_length(i), 70000, (uint8_t)i);
	add_made("a.pcap");
	c = open_files(&t);
	for (i = 0; i < 400; i++) {
		len = some_length(i);
		assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
		assert_int_equal(f.ts_ns, i * SEC);
		assert_int_equal(f.captured_bytes, len);
		if (len > 0)
			assert_int_equal(f.bytes[0] + f.bytes[len - 1], 2 * (uint8_t)i);
	}
	assert_int_equal(capture_next(c, &f), CAPTURE_END);
	assert_int_equal(t.count, 0);
	capture_close(c);
}

/* What the merge must give, one row a frame: which file, which second. */
struct expected {
	unsigned fill;
	uint32_t sec;
};

static void
assert_order(struct capture *c, const struct expected *rows, size_t count)
{
	struct frame f;
	size_t i;

	for (i = 0; i < count; i++) {
		assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
		assert_int_equal(f.ordinal, i + 1);
		assert_int_equal(f.bytes[3], rows[i].fill);
		assert_int_equal(f.ts_ns, rows[i].sec * SEC);
	}
	assert_int_equal(capture_next(c, &f), CAPTURE_END);
}

static void
put_times(const uint32_t *sec, size_t count)
{
	size_t i;

	put_pcap_head(&made, MICRO, 1);
	for (i = 0; i < count; i++)
		put_pcap_packet(&made, sec[i], 0, 4, 4, (uint8_t)i);
	add_made("times.pcap");
}

/* One frame in the future or the past is at the time before it; a gap is a gap; an hour is no leap. However many are taken together. */
static void
times_that_cannot_be(void **state)
{
	enum { T = 1700000000, DAY = 86400 };
	static const uint32_t sec[] = {
		T, T + 1, 4200000000u, T + 2, 0, T + 3, T + 3 + 3600, T + 3, T + DAY, T + DAY + 1, 4200000000u, 5,
		T + DAY + 2, T + 9 * DAY, T + 18 * DAY, T + 18 * DAY, 7, 8, 9, 4200000000u,
	};
	static const uint32_t expected[] = {
		T, T + 1, T + 1, T + 2, T + 2, T + 3, T + 3 + 3600, T + 3, T + DAY, T + DAY + 1, T + DAY + 1, T + DAY + 1,
		T + DAY + 2, T + 9 * DAY, T + 18 * DAY, T + 18 * DAY, 7, 8, 9, 4200000000u,
	};
	enum { COUNT = sizeof sec / sizeof sec[0] };
	unsigned most, count, at, i;
	struct frame f[COUNT];
	struct capture *c;
	struct told t;

	(void)state;
	put_times(sec, COUNT);
	for (most = 1; most <= COUNT; most++) {
		c = open_files(&t);
		for (at = 0; capture_take(c, f, most, &count) == CAPTURE_FRAME; at += count) {
			for (i = 0; i < count; i++) {
				assert_int_equal(f[i].ts_ns, expected[at + i] * SEC);
				assert_int_equal(f[i].bytes[3], at + i);
				assert_int_equal(f[i].retimed, sec[at + i] != expected[at + i]);
			}
		}
		assert_int_equal(at, COUNT);
		assert_int_equal(capture_faults(c), 0);
		capture_close(c);
	}
}

/* The fault behind a leap is told when its turn comes. */
static void
a_leap_before_a_cut(void **state)
{
	static const uint32_t sec[] = { 1700000000, 4200000000u, 1700000001 };
	struct capture *c;
	struct frame f;
	struct told t;

	(void)state;
	put_pcap_head(&made, MICRO, 1);
	put_pcap_packet(&made, sec[0], 0, 4, 4, 0);
	put_pcap_packet(&made, sec[1], 0, 4, 4, 1);
	put_pcap_packet(&made, sec[2], 0, 4, 4, 2);
	made.len -= 2;
	add_made("cut.pcap");
	c = open_files(&t);
	assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
	assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
	assert_int_equal(f.ts_ns, sec[1] * SEC);
	assert_int_equal(f.bytes[3], 1);
	assert_int_equal(t.count, 0);
	assert_int_equal(capture_next(c, &f), CAPTURE_END);
	assert_int_equal(t.count, 1);
	assert_int_equal(capture_faults(c), 1);
	capture_close(c);
}

static void
merged_in_time_order(void **state)
{
	/* File 1 goes back in time: its order stays. Equal times: the first named goes first. */
	static const struct expected rows[] = {
		{ 2, 1 }, { 3, 1 }, { 1, 2 }, { 3, 2 }, { 2, 3 }, { 1, 4 }, { 1, 3 }, { 1, 9 }, { 2, 9 }, { 2, 9 },
		{ 3, 9 },
	};
	struct capture *c;
	struct told t;

	(void)state;
	put_pcap_head(&made, MICRO, 1);
	put_pcap_packet(&made, 2, 0, 4, 4, 1);
	put_pcap_packet(&made, 4, 0, 4, 4, 1);
	put_pcap_packet(&made, 3, 0, 4, 4, 1);
	put_pcap_packet(&made, 9, 0, 4, 4, 1);
	add_made("1.pcap");
	put_section(&made);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_enhanced(&made, 0, 1000000, 4, 4, 2);
	put_enhanced(&made, 0, 3000000, 4, 4, 2);
	put_enhanced(&made, 0, 9000000, 4, 4, 2);
	put_enhanced(&made, 0, 9000000, 4, 4, 2);
	add_made("2.pcapng");
	made.big = true;
	put_pcap_head(&made, NANO, 1);
	put_pcap_packet(&made, 1, 0, 4, 4, 3);
	put_pcap_packet(&made, 2, 0, 4, 4, 3);
	put_pcap_packet(&made, 9, 0, 4, 4, 3);
	add_made("3.pcap");
	put_pcap_head(&made, NANO, 1);		/* no packet at all */
	add_made("4.pcap");
	c = open_files(&t);
	assert_order(c, rows, sizeof rows / sizeof rows[0]);
	assert_int_equal(t.count, 0);
	capture_close(c);
}

static void
files_that_cannot_be_used(void **state)
{
	(void)state;
	no_files(NULL);
	add_path("nothing-here.pcap");
	assert_faulty(0, "/nothing-here.pcap: cannot be opened: No such file or directory");
	files[file_count++].path = dir;
	assert_faulty(0, ": is a directory");
	add_made("empty.pcap");
	assert_faulty(0, "/empty.pcap: is empty");
	put_bytes(&made, "abc", 3);
	add_made("short.pcap");
	assert_faulty(0, "/short.pcap: is no capture: too short");
	put_bytes(&made, "#!/bin/sh\nexit 0\n", 17);
	add_made("script.pcap");
	assert_faulty(0, "is no capture: begins with 23 21 2f 62, neither pcap nor pcapng");
	put_pcap_head(&made, MICRO, 1);
	made.len = 17;
	add_made("head.pcap");
	assert_faulty(0, "/head.pcap: is no capture that can be read: cut in its file header");
	put_section(&made);
	made.len = 17;
	add_made("head.pcapng");
	assert_faulty(0, "/head.pcapng: cut in the middle of a block");
	put_bytes(&made, "\x1f\x8b\x08\x00garbage of all kinds", 24);
	add_made("garbage.gz");
	assert_faulty(0, "/garbage.gz: its compressed data is cut or damaged (");
	add_path("control\n.pcap");
	assert_faulty(0, "control?.pcap: cannot be opened");
}

static void
files_that_end_in_a_fault(void **state)
{
	unsigned i;

	(void)state;
	no_files(NULL);
	put_pcap_head(&made, MICRO, 1);
	for (i = 0; i < 17; i++)
		put_pcap_packet(&made, 1, 0, 60, 60, 0);
	made.len -= 48;
	add_made("cut.pcap");
	assert_faulty(16, "/cut.pcap: cut in the middle of packet 17 (12 of 60 bytes are there); "
	    "the 16 before it are used");
	put_pcap_head(&made, MICRO, 1);
	put_pcap_packet(&made, 1, 0, 60, 60, 0);
	put_pcap_packet(&made, 1, 0, 60, 60, 0);
	made.len -= 65;
	add_made("cut.pcap");
	assert_faulty(1, "packet 2 (11 of 16 bytes of its header are there); the one before it is used");
	put_pcap_head(&made, MICRO, 1);
	put_pcap_packet(&made, 1, 0, 60, 60, 0);
	made.len -= 1;
	add_made("cut.pcap");
	assert_faulty(0, "packet 1 (59 of 60 bytes are there); nothing of it is used");
	put_pcap_head(&made, MICRO, 1);
	put_pcap_packet(&made, 1, 0, 60, 60, 0);
	put_pcap_packet(&made, 1, 0, CAPTURE_FRAME_MAX + 1, CAPTURE_FRAME_MAX + 1, 0);
	add_made("huge.pcap");
	assert_faulty(1, "/huge.pcap: damaged at packet 2 (");
	put_section(&made);
	put_interface(&made, 1, 0, 0, NULL, 0);
	put_enhanced(&made, 0, 1, 60, 60, 0);
	put_enhanced(&made, 0, 1, 60, 60, 0);
	made.len -= 3;
	add_made("cut.pcapng");
	assert_faulty(1, "/cut.pcapng: cut in the middle of packet 2 (89 of 92 bytes of its block are "
	    "there); the one before it is used");
}

/* D-Bus captures may have frames of 128 MiB for libpcap; not for us. */
static void
long_frames_of_any_link_type(void **state)
{
	(void)state;
	put_pcap_head(&made, MICRO, 231);
	made.at[16 + 2] = 0xff;			/* snapshot length */
	put_pcap_packet(&made, 1, 0, 60, 60, 0);
	put_pcap_packet(&made, 1, 0, CAPTURE_FRAME_MAX + 1, CAPTURE_FRAME_MAX + 1, 0);
	add_made("dbus.pcap");
	assert_faulty(1, "/dbus.pcap: damaged at packet 2 (262145 captured bytes)");
}

static void
nothing_usable(void **state)
{
	struct capture *c = (struct capture *)1;
	struct fault fault;
	struct told t = { 0 };

	(void)state;
	add_path("no-1.pcap");
	add_path("no-2.pcap");
	assert_int_equal(capture_files_open(files, 2, note, &t, &c, &fault), SE_FORMAT);
	assert_null(c);
	assert_int_equal(t.count, 2);
	assert_string_equal(fault.text, "none of the inputs (2) is a readable capture");
	assert_int_equal(capture_files_open(files, 0, note, &t, &c, &fault), SE_USAGE);
	assert_int_equal(capture_files_open(files, 2, NULL, NULL, &c, NULL), SE_FORMAT);
}

static void
cut_at_every_byte(void **state)
{
	struct capture *c;
	struct told t;
	size_t len, whole;
	bool good;

	(void)state;
	for (len = 24; len <= 24 + 2 * 21; len++) {
		no_files(NULL);
		put_pcap_head(&made, MICRO, 1);
		put_pcap_packet(&made, 1, 0, 5, 5, 0);
		put_pcap_packet(&made, 2, 0, 5, 5, 0);
		made.len = len;
		add_made("a.pcap");
		whole = (len - 24) / 21;
		good = (len - 24) % 21 == 0;
		c = open_files(&t);
		assert_int_equal(read_all(c), whole);
		assert_int_equal(t.count, good ? 0 : 1);
		assert_int_equal(capture_faults(c), good ? 0 : 1);
		capture_close(c);
	}
}

static void
plain_or_not(void **state)
{
	(void)state;
	put_pcap_head(&made, MICRO, 1);
	add_made("a.pcap");
	add_path("nothing-here");
	files[file_count++].path = dir;
	assert_true(capture_files_are_plain(files, file_count));
	assert_int_equal(mkfifo(add_path("fifo"), 0600), 0);
	assert_false(capture_files_are_plain(files, file_count));
}

static void
progress_of_several(void **state)
{
	uint64_t done, total, size;
	struct capture *c;
	struct frame f;
	struct told t;

	(void)state;
	make_noise(300, false);
	size = made.len;
	add_made("a.pcap");
	make_noise(400, true);
	size += made.len;
	add_made("b.pcapng");
	c = open_files(&t);
	capture_progress(c, &done, &total);
	assert_int_equal(total, size);
	assert_true(done > 0 && done < total / 2);
	while (capture_next(c, &f) == CAPTURE_FRAME && f.ordinal < 400)
		;
	capture_progress(c, &done, &total);
	assert_true(done > total / 3 && done < total);
	while (capture_next(c, &f) == CAPTURE_FRAME)
		;
	assert_int_equal(f.ordinal, 700);
	capture_progress(c, &done, &total);
	assert_int_equal(done, total);
	capture_close(c);
}

/* Of several files, with buffers that run out, leaps of time and faults at the end: those taken together live together. */
static void
taken_together_they_live_together(void **state)
{
	enum { TOGETHER = 32, ALL = 3 * 1000 };
	static uint64_t sums[ALL];
	struct frame f[TOGETHER];
	unsigned most, count, i, at, together = 0;
	struct capture *c;
	struct told t;

	(void)state;
	for (i = 0; i < 3; i++) {
		make_noise(1000, false);
		memcpy(made.at + 24 + 1016 * 499, &(uint32_t){ 4200000000u }, 4);	/* the five hundredth's seconds */
		if (i == 0)
			made.len -= 1;
		add_made(i == 0 ? "0.pcap" : i == 1 ? "1.pcap" : "2.pcap");
	}
	for (most = 1; most <= TOGETHER; most += 31) {
		c = open_files(&t);
		for (at = 0; capture_take(c, f, most, &count) == CAPTURE_FRAME; at += count) {
			assert_in_range(count, 1, most);
			together += count > 1;
			for (i = 0; i < count; i++) {
				uint64_t sum = hash_bytes(&HASH_FIXED, f[i].bytes, f[i].captured_bytes) + (uint64_t)f[i].ts_ns;

				assert_int_equal(f[i].ordinal, at + i + 1);
				if (most == 1)
					sums[at + i] = sum;
				assert_int_equal(sums[at + i], sum);
			}
		}
		assert_int_equal(at, ALL - 1);
		assert_int_equal(capture_faults(c), 1);
		capture_close(c);
	}
	assert_true(together > ALL / TOGETHER / 2);
}

static void
more_files_than_descriptors(void **state)
{
	struct rlimit limit, low;
	struct capture *c;
	struct frame f;
	struct told t;
	char name[16];
	int64_t last = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 500; i++) {
		put_pcap_head(&made, MICRO, 1);
		put_pcap_packet(&made, 1 + (i * 7919) % 500, 0, 4, 4, 0);
		put_pcap_packet(&made, 1000 + (i * 104729) % 500, 0, 4, 4, 0);
		snprintf(name, sizeof name, "%u.pcap", i);
		add_made(name);
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < 600)
		skip();
	low = limit;
	low.rlim_cur = 100;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	c = open_files(&t);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
		assert_true(f.ts_ns >= last);
		last = f.ts_ns;
	}
	assert_int_equal(capture_next(c, &f), CAPTURE_END);
	assert_int_equal(t.count, 0);
	capture_close(c);
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* ---- interfaces, as far as nobody needs a right for it ---- */

static void
live_refusals(void **state)
{
	struct capture_live_options o = { .interface = "nix-0", .filter = "", .poll_ms = 100 };
	struct fault fault;
	struct capture *c;

	(void)state;
	assert_int_equal(capture_live_open(&o, &c, &fault), SE_SYSTEM);
	assert_null(c);
	assert_non_null(strstr(fault.text, "nix-0: no such interface; there are: "));
	o.poll_ms = 0;
	assert_int_equal(capture_live_open(&o, &c, &fault), SE_USAGE);
	o.poll_ms = 100;
	o.snaplen = CAPTURE_FRAME_MAX + 1;
	assert_int_equal(capture_live_open(&o, &c, &fault), SE_USAGE);
	o.snaplen = 0;
	o.buffer_mib = 2048;
	assert_int_equal(capture_live_open(&o, &c, &fault), SE_USAGE);
	o.buffer_mib = 0;
	o.interface = "";
	assert_int_equal(capture_live_open(&o, &c, &fault), SE_USAGE);
}

static void
files_are_not_live(void **state)
{
	uint64_t seen, dropped;
	struct fault fault;
	struct capture *c;
	struct told t;

	(void)state;
	put_pcap_head(&made, MICRO, 1);
	add_made("a.pcap");
	c = open_files(&t);
	assert_int_equal(capture_kernel_counts(c, &seen, &dropped), SE_USAGE);
	assert_int_equal(capture_live_fanout(c, 1, 2, &fault), SE_USAGE);
	assert_int_equal(capture_link_type(c), -1);
	assert_null(capture_failure(c));
	capture_close(c);
	capture_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pcap_in_all_forms, no_files),
		cmocka_unit_test_setup(sane_sizes, no_files),
		cmocka_unit_test_setup(cut_to_the_snapshot_length, no_files),
		cmocka_unit_test_setup(frames_of_all_lengths, no_files),
		cmocka_unit_test_setup(merged_in_time_order, no_files),
		cmocka_unit_test_setup(times_that_cannot_be, no_files),
		cmocka_unit_test_setup(a_leap_before_a_cut, no_files),
		cmocka_unit_test_setup(files_that_cannot_be_used, no_files),
		cmocka_unit_test_setup(files_that_end_in_a_fault, no_files),
		cmocka_unit_test_setup(long_frames_of_any_link_type, no_files),
		cmocka_unit_test_setup(nothing_usable, no_files),
		cmocka_unit_test_setup(cut_at_every_byte, no_files),
		cmocka_unit_test_setup(plain_or_not, no_files),
		cmocka_unit_test_setup(progress_of_several, no_files),
		cmocka_unit_test_setup(taken_together_they_live_together, no_files),
		cmocka_unit_test_setup(more_files_than_descriptors, no_files),
		cmocka_unit_test_setup(live_refusals, no_files),
		cmocka_unit_test_setup(files_are_not_live, no_files),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
