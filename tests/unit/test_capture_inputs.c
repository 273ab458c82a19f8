#include "capture/capture.h"

#include <archive.h>
#include <archive_entry.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "capture_rig.h"

typedef int filter_fn(struct archive *a);

static void
compress_to(const char *path, filter_fn *filter, const void *at, size_t len)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();

	assert_non_null(a);
	assert_non_null(e);
	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_int_equal(filter(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	archive_entry_set_filetype(e, AE_IFREG);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, at, len), len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_entry_free(e);
	archive_write_free(a);
}

/* In blocks of 64 KiB: a cut block is lost as a whole, and the default is 4 MiB. */
static int
add_lz4(struct archive *a)
{
	int r = archive_write_add_filter_lz4(a);

	return r != ARCHIVE_OK ? r : archive_write_set_filter_option(a, "lz4", "block-size", "4");
}

static filter_fn *const filters[] = {
	archive_write_add_filter_gzip, archive_write_add_filter_zstd, add_lz4,
	archive_write_add_filter_xz,
};

static void
compressed(void **state)
{
	uint64_t done, total;
	struct capture *c;
	struct told t;
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		no_files(NULL);
		make_noise(500, i >= 4);
		compress_to(add_path("a.pcap.x"), filters[i % 4], made.at, made.len);
		assert_false(capture_files_are_plain(files, 1));
		c = open_files(&t);
		capture_progress(c, &done, &total);
		assert_true(total > 400000 && total < 600000 && done <= total);
		assert_int_equal(read_all(c), 500);
		capture_progress(c, &done, &total);
		assert_int_equal(done, total);
		assert_int_equal(t.count, 0);
		capture_close(c);
	}
}

static void
compressed_and_cut(void **state)
{
	struct capture *c;
	struct told t;
	struct stat st;
	uint64_t n;
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		no_files(NULL);
		make_noise(900, i >= 4);
		compress_to(add_path("a.pcap.x"), filters[i % 4], made.at, made.len);
		assert_int_equal(stat(paths[0], &st), 0);
		assert_int_equal(truncate(paths[0], st.st_size * 9 / 10), 0);
		c = open_files(&t);
		n = read_all(c);
		assert_true(n > 300 && n < 900);
		assert_int_equal(t.count, 1);
		assert_int_equal(capture_faults(c), 1);
		assert_non_null(strstr(t.last, "its compressed data is cut or damaged behind packet "));
		assert_non_null(strstr(t.last, " before it are used"));
		capture_close(c);
	}
}

static void
compressed_nothing(void **state)
{
	(void)state;
	compress_to(add_path("empty.gz"), filters[0], "", 0);
	assert_faulty(0, "/empty.gz: is empty");
	compress_to(add_path("text.xz"), filters[3], "hello, world", 12);
	assert_faulty(0, "/text.xz: is no capture: begins with 68 65 6c 6c");
}

/* A child writes `len` bytes into the pipe, in small pieces. */
static int
pipe_of(const void *at, size_t len)
{
	size_t done, n;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	if (fork() == 0) {
		close(ends[0]);
		for (done = 0; done < len; done += n) {
			n = len - done < 7 ? len - done : 7;
			if (write(ends[1], (const uint8_t *)at + done, n) != (ssize_t)n)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void
standard_input(void **state)
{
	int kept = dup(STDIN_FILENO), from, i;
	uint64_t done, total;
	struct capture *c;
	struct told t;

	(void)state;
	for (i = 0; i < 2; i++) {
		no_files(NULL);
		make_noise(20, i == 1);
		from = pipe_of(made.at, made.len);
		assert_true(dup2(from, STDIN_FILENO) >= 0);
		close(from);
		files[file_count++].path = "-";
		files[file_count++].path = "-";
		assert_false(capture_files_are_plain(files, 1));
		c = open_files(&t);
		assert_string_equal(t.last, "standard input: is named twice; it is read once");
		assert_int_equal(read_all(c), 20);
		capture_progress(c, &done, &total);
		assert_int_equal(done, made.len);
		assert_int_equal(total, 0);
		assert_int_equal(t.count, 1);
		capture_close(c);
		wait(NULL);
	}
	dup2(kept, STDIN_FILENO);
	close(kept);
}

static void
ignore_signal(int number)
{
	(void)number;
}

/* A pipe that falls silent: frames come at once, and a signal without SA_RESTART ends the wait. */
static void
silent_pipe(void **state)
{
	struct itimerval soon = { .it_value = { .tv_usec = 50000 } };
	struct sigaction act = { .sa_handler = ignore_signal };
	int kept = dup(STDIN_FILENO), ends[2];
	struct capture *c;
	struct frame f;
	struct told t;

	(void)state;
	put_pcap_head(&made, MICRO, 1);
	put_pcap_packet(&made, 1, 0, 4, 4, 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], made.at, made.len), made.len);
	assert_true(dup2(ends[0], STDIN_FILENO) >= 0);
	files[file_count++].path = "-";
	c = open_files(&t);
	assert_int_equal(capture_next(c, &f), CAPTURE_FRAME);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(capture_next(c, &f), CAPTURE_END);
	assert_int_equal(t.count, 1);
	assert_string_equal(t.last, "standard input: cannot be read behind packet 1 (interrupted by a "
	    "signal); the one before it is used");
	capture_close(c);
	dup2(kept, STDIN_FILENO);
	close(kept);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(compressed, no_files),
		cmocka_unit_test_setup(compressed_and_cut, no_files),
		cmocka_unit_test_setup(compressed_nothing, no_files),
		cmocka_unit_test_setup(standard_input, no_files),
		cmocka_unit_test_setup(silent_pipe, no_files),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
