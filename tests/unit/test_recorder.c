#include "capture/capture.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define SEC 1000000000LL
#define ETHERNET 1
#define RAW_IP 12

static char dir[] = "/tmp/test-recorder-XXXXXX";
static char path[64];
static uint8_t bytes[2000];

static int
make_dir(void **state)
{
	(void)state;
	memset(bytes, 0xa5, sizeof bytes);
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof path, "%s/record.pcap", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static struct frame
frame_at(int64_t ts_ns, uint32_t captured, uint32_t wire)
{
	struct frame f = { .ts_ns = ts_ns, .bytes = bytes, .captured_bytes = captured,
	    .wire_bytes = wire, .link_type = ETHERNET };

	return f;
}

static void
count_line(void *to, const char *line)
{
	(void)line;
	++*(unsigned *)to;
}

/* Frames that a reader finds in the file now; it must be a capture without fault. */
static uint64_t
frames_in_file(void)
{
	struct capture_file file = { path };
	unsigned lines = 0;
	struct capture *c;
	struct frame f = { 0 };

	assert_int_equal(capture_files_open(&file, 1, count_line, &lines, &c, NULL), 0);
	while (capture_next(c, &f) == CAPTURE_FRAME)
		;
	assert_int_equal(lines, 0);
	capture_close(c);
	return f.ordinal;
}

static void
comes_back_the_same(void **state)
{
	static const struct {
		int64_t ts_ns;
		uint32_t captured, wire;
	} rows[] = {
		{ 1700000000 * SEC + 123456789, 60, 60 },
		{ 1700000000 * SEC + 999999999, 96, 1514 },
		{ 1699999999 * SEC, 0, 0 },		/* time may go back */
		{ 4000000000 * SEC + 1, 1999, 65535 },
	};
	struct capture_file file = { path };
	struct recorder *r;
	struct capture *c;
	struct fault fault;
	struct frame f;
	size_t i;

	(void)state;
	assert_int_equal(recorder_open(path, ETHERNET, 0, &r, &fault), 0);
	for (i = 0; i < 4; i++) {
		f = frame_at(rows[i].ts_ns, rows[i].captured, rows[i].wire);
		assert_int_equal(recorder_write(r, &f, &fault), 0);
	}
	assert_int_equal(recorder_close(r, &fault), 0);
	assert_int_equal(capture_files_open(&file, 1, NULL, NULL, &c, &fault), 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
		assert_int_equal(f.ts_ns, rows[i].ts_ns);
		assert_int_equal(f.captured_bytes, rows[i].captured);
		assert_int_equal(f.wire_bytes, rows[i].wire);
		assert_int_equal(f.link_type, ETHERNET);
		assert_memory_equal(f.bytes, bytes, rows[i].captured);
	}
	assert_int_equal(capture_next(c, &f), CAPTURE_END);
	capture_close(c);
}

static void
link_type_is_kept(void **state)
{
	struct frame f = frame_at(SEC, 40, 40);
	struct capture_file file = { path };
	struct recorder *r;
	struct capture *c;
	struct fault fault;

	(void)state;
	assert_int_equal(recorder_open(path, RAW_IP, 65535, &r, &fault), 0);
	assert_int_equal(recorder_write(r, &f, &fault), SE_USAGE);
	f.link_type = RAW_IP;
	assert_int_equal(recorder_write(r, &f, &fault), 0);
	assert_int_equal(recorder_close(r, &fault), 0);
	assert_int_equal(capture_files_open(&file, 1, NULL, NULL, &c, &fault), 0);
	assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
	assert_int_equal(f.link_type, RAW_IP);
	assert_int_equal(capture_next(c, &f), CAPTURE_END);
	capture_close(c);
}

/* With a VLAN tag put back, a frame is four bytes longer than the snapshot length. */
static void
snapshot_length(void **state)
{
	struct capture_file file = { path };
	struct frame f = frame_at(SEC, 100, 1500);
	struct recorder *r;
	struct capture *c;

	(void)state;
	assert_int_equal(recorder_open(path, ETHERNET, 96, &r, NULL), 0);
	assert_int_equal(recorder_write(r, &f, NULL), 0);
	f.captured_bytes = 101;
	assert_int_equal(recorder_write(r, &f, NULL), 0);
	assert_int_equal(recorder_close(r, NULL), 0);
	assert_int_equal(capture_files_open(&file, 1, NULL, NULL, &c, NULL), 0);
	while (capture_next(c, &f) == CAPTURE_FRAME) {
		assert_int_equal(f.captured_bytes, 100);
		assert_int_equal(f.wire_bytes, 1500);
	}
	assert_int_equal(f.ordinal, 2);
	assert_int_equal(capture_faults(c), 0);
	capture_close(c);
}

static void
written_through(void **state)
{
	struct recorder *r;
	struct fault fault;
	struct frame f;

	(void)state;
	assert_int_equal(recorder_open(path, ETHERNET, 0, &r, &fault), 0);
	assert_int_equal(frames_in_file(), 0);
	f = frame_at(5 * SEC, 60, 60);
	assert_int_equal(recorder_write(r, &f, &fault), 0);
	f = frame_at(5 * SEC + 999999999, 60, 60);
	assert_int_equal(recorder_write(r, &f, &fault), 0);
	assert_int_equal(frames_in_file(), 0);
	f = frame_at(6 * SEC, 60, 60);
	assert_int_equal(recorder_write(r, &f, &fault), 0);
	assert_int_equal(frames_in_file(), 2);
	assert_int_equal(recorder_flush(r, &fault), 0);
	assert_int_equal(frames_in_file(), 3);
	assert_int_equal(recorder_close(r, &fault), 0);
}

static void
not_to_be_opened(void **state)
{
	struct recorder *r = (struct recorder *)1;
	struct fault fault;

	(void)state;
	assert_int_equal(recorder_open(dir, ETHERNET, 0, &r, &fault), SE_SYSTEM);
	assert_null(r);
	assert_non_null(strstr(fault.text, ": cannot record: Is a directory"));
	if (access("/dev/full", W_OK) == 0) {
		assert_int_equal(recorder_open("/dev/full", ETHERNET, 0, &r, &fault), SE_SYSTEM);
		assert_null(r);
		assert_non_null(strstr(fault.text, "/dev/full: recording ends: No space left on device"));
	}
	assert_int_equal(recorder_close(NULL, &fault), 0);
}

static void
private_file(void **state)
{
	struct recorder *r;
	struct stat st;

	(void)state;
	unlink(path);
	assert_int_equal(recorder_open(path, ETHERNET, 0, &r, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
	assert_int_equal(recorder_close(r, NULL), 0);
}

/* A limit of the file's size stands for the full disk. */
static void
full_disk(void **state)
{
	struct rlimit limit, small;
	struct fault fault;
	struct recorder *r;
	struct frame f;
	int64_t sec;
	int code;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_IGN);
	small = limit;
	small.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(recorder_open(path, ETHERNET, 0, &r, &fault), 0);
	for (sec = 0, code = 0; code == 0 && sec < 1000; sec++) {
		f = frame_at(sec * SEC, 1000, 1000);
		code = recorder_write(r, &f, &fault);
	}
	assert_int_equal(code, SE_SYSTEM);
	assert_non_null(strstr(fault.text, "/record.pcap: recording ends: File too large; "));
	fault.text[0] = '\0';
	assert_int_equal(recorder_write(r, &f, &fault), SE_STOPPED);
	assert_int_equal(recorder_flush(r, &fault), SE_STOPPED);
	assert_int_equal(recorder_close(r, &fault), SE_STOPPED);
	assert_string_equal(fault.text, "");
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(frames_in_file(), 98);		/* 24 + 98 * 1016 bytes are below the limit */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back_the_same),
		cmocka_unit_test(link_type_is_kept),
		cmocka_unit_test(snapshot_length),
		cmocka_unit_test(written_through),
		cmocka_unit_test(not_to_be_opened),
		cmocka_unit_test(private_file),
		cmocka_unit_test(full_disk),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
