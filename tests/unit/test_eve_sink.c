#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink_rig.h"
#include "sinks/format/format.h"
#include "sinks/sink.h"

struct place {
	char directory[32], path[64];
	struct sink_options options;
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	strcpy(p->directory, "/tmp/hansho-eve-XXXXXX");
	assert_non_null(mkdtemp(p->directory));
	snprintf(p->path, sizeof p->path, "%s/eve.json", p->directory);
	p->options = (struct sink_options){ .kind = SINK_EVE, .name = "eve", .descriptor = -1,
		.timeout_ms = 2000 };
	strcpy(p->options.target, p->path);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;

	unlink(p->path);
	rmdir(p->directory);
	free(p);
	return 0;
}

static struct sink *
open_sink(const struct sink_options *o)
{
	struct fault fault = { "" };
	struct sink *s = NULL;

	if (sink_open(o, &s, &fault) < 0)
		fail_msg("%s", fault.text);
	return s;
}

static void
deliver(struct sink *s, unsigned from, unsigned to)
{
	struct fault fault;
	char line[64];

	for (; from < to; from++) {
		snprintf(line, sizeof line, "{\"n\":%u,\"pad\":\"xxxxxxxxxxxxxxxxxxxx\"}", from);
		assert_int_equal(give(s, RECORD_ALERT, line, &fault), SINK_DONE);
	}
}

static void
put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* The file holds lines from..to-1, each once, in order and whole. */
static void
assert_lines(const char *path, unsigned from, unsigned to)
{
	FILE *f = fopen(path, "r");
	char line[256], want[64];

	assert_non_null(f);
	for (; from < to; from++) {
		snprintf(want, sizeof want, "{\"n\":%u,\"pad\":\"xxxxxxxxxxxxxxxxxxxx\"}\n", from);
		assert_non_null(fgets(line, sizeof line, f));
		assert_string_equal(line, want);
	}
	assert_null(fgets(line, sizeof line, f));
	fclose(f);
}

static void
test_appends(void **state)
{
	struct place *p = *state;
	struct fault fault;
	struct sink *s;
	unsigned round;

	for (round = 0; round < 3; round++) {
		s = open_sink(&p->options);
		deliver(s, round * 100, round * 100 + 100);
		assert_int_equal(sink_probe(s, &fault), 0);
		assert_int_equal(sink_flush(s, &fault), SINK_DONE);
		assert_int_equal(sink_flush(s, &fault), SINK_DONE);
		sink_close(s);
	}
	assert_lines(p->path, 0, 300);
}

static void
test_nothing_before_flush(void **state)
{
	struct place *p = *state;
	struct sink *s = open_sink(&p->options);

	deliver(s, 0, 100);
	assert_lines(p->path, 0, 0);
	sink_close(s);
	assert_lines(p->path, 0, 0);
}

static void
limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that may not grow stands for a full disk: short writes, then an error. */
static void
test_full_disk(void **state)
{
	struct place *p = *state;
	struct sink *s = open_sink(&p->options);
	struct fault fault;
	unsigned i;
	rlim_t bytes;
	char line[256];
	FILE *f;

	signal(SIGXFSZ, SIG_IGN);
	deliver(s, 0, 200);
	for (i = 0, bytes = 100; bytes < 7000; bytes += 333, i++) {
		limit_files(bytes);
		assert_int_equal(sink_flush(s, &fault), SINK_LATER);
		limit_files(RLIM_INFINITY);
		assert_non_null(strstr(fault.text, p->path));
		assert_non_null(strstr(fault.text, "cannot write"));
		/* At every moment there are whole lines only. */
		assert_non_null(f = fopen(p->path, "r"));
		while (fgets(line, sizeof line, f) != NULL)
			assert_int_equal(line[strlen(line) - 1], '\n');
		fclose(f);
	}
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	deliver(s, 200, 210);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	sink_close(s);
	assert_lines(p->path, 0, 210);
}

static void
test_device_full(void **state)
{
	struct place *p = *state;
	struct fault fault;
	struct sink *s;

	strcpy(p->options.target, "/dev/full");
	s = open_sink(&p->options);
	deliver(s, 0, 3);
	assert_int_equal(sink_flush(s, &fault), SINK_LATER);
	assert_non_null(strstr(fault.text, "/dev/full: cannot write: No space left on device"));
	sink_close(s);
}

/* What waits for the disk does not grow without end. */
static void
test_ceiling(void **state)
{
	struct place *p = *state;
	char *line = malloc(1 << 20);
	struct fault fault;
	unsigned taken = 0;
	struct sink *s;

	strcpy(p->options.target, "/dev/full");
	s = open_sink(&p->options);
	assert_non_null(line);
	memset(line, 'x', (1 << 20) - 1);
	line[(1 << 20) - 1] = '\0';
	while (give(s, RECORD_ALERT, line, &fault) == SINK_DONE)
		assert_in_range(++taken, 1, 5);
	assert_non_null(strstr(fault.text, "No space left"));
	sink_close(s);
	free(line);
}

static void
test_torn_end_is_mended(void **state)
{
	struct place *p = *state;
	struct fault fault;
	struct sink *s;

	put_file(p->path, "{\"n\":0,\"pad\":\"xxxxxxxxxxxxxxxxxxxx\"}\n{\"n\":1,\"pa");
	s = open_sink(&p->options);
	deliver(s, 1, 5);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	sink_close(s);
	assert_lines(p->path, 0, 5);
}

static void
test_foreign_end_is_kept(void **state)
{
	struct place *p = *state;
	char text[64] = "";
	FILE *f;

	put_file(p->path, "my notes");
	sink_close(open_sink(&p->options));
	assert_non_null(f = fopen(p->path, "r"));
	assert_int_equal(fread(text, 1, sizeof text - 1, f), 9);
	fclose(f);
	assert_string_equal(text, "my notes\n");
}

struct drinker {
	int fd;
	size_t bytes;
	unsigned lines;
};

static void *
drink_slowly(void *arg)
{
	struct drinker *d = arg;
	struct timespec pause = { 0, 200000 };
	char buf[1000];
	ssize_t n, i;

	while ((n = read(d->fd, buf, sizeof buf)) > 0) {
		d->bytes += (size_t)n;
		for (i = 0; i < n; i++)
			d->lines += buf[i] == '\n';
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void
test_slow_pipe(void **state)
{
	struct place *p = *state;
	struct drinker d = { 0 };
	struct fault fault;
	pthread_t thread;
	struct sink *s;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	d.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, drink_slowly, &d), 0);
	p->options.descriptor = ends[1];
	s = open_sink(&p->options);
	deliver(s, 0, 5000);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	sink_close(s);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	assert_int_equal(d.lines, 5000);
}

/* Nobody drinks: LATER after the timeout, and the rest follows without a byte twice. */
static void
test_stuck_pipe(void **state)
{
	struct place *p = *state;
	struct drinker d = { 0 };
	struct fault fault;
	pthread_t thread;
	struct sink *s;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	p->options.descriptor = ends[1];
	p->options.timeout_ms = 100;
	s = open_sink(&p->options);
	deliver(s, 0, 4000);
	assert_int_equal(sink_flush(s, &fault), SINK_LATER);
	assert_non_null(strstr(fault.text, "timed out"));
	d.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, drink_slowly, &d), 0);
	while (sink_flush(s, &fault) != SINK_DONE)
		;
	sink_close(s);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	assert_int_equal(d.lines, 4000);
}

static void
test_reader_left(void **state)
{
	struct place *p = *state;
	struct fault fault;
	struct sink *s;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	p->options.descriptor = ends[1];
	s = open_sink(&p->options);
	deliver(s, 0, 3);
	close(ends[0]);
	assert_int_equal(sink_flush(s, &fault), SINK_REFUSED);
	assert_non_null(strstr(fault.text, "the reader has left"));
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	sink_close(s);
	close(ends[1]);
}

static void
test_no_such_place(void **state)
{
	struct place *p = *state;
	struct fault fault;
	struct sink *s;

	strcpy(p->options.target, "/nowhere/eve.json");
	assert_int_equal(sink_open(&p->options, &s, &fault), SE_SYSTEM);
	assert_null(s);
	assert_non_null(strstr(fault.text, "/nowhere/eve.json: cannot open"));
	p->options.target[0] = '\0';
	assert_int_equal(sink_open(&p->options, &s, &fault), SE_USAGE);
}

/* Lines 0..n-1 in batches of ten; every file is whole, the oldest ones are gone. */
static void
test_rotates_by_size(void **state)
{
	struct place *p = *state;
	char path[80];
	struct fault fault;
	struct sink *s;
	unsigned n;

	p->options.rotate_bytes = 100;	/* three lines */
	p->options.rotate_keep = 2;
	s = open_sink(&p->options);
	for (n = 0; n < 50; n += 10) {
		deliver(s, n, n + 10);
		assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	}
	sink_close(s);
	assert_lines(p->path, 0, 0);
	snprintf(path, sizeof path, "%s.1", p->path);
	assert_lines(path, 40, 50);
	unlink(path);
	snprintf(path, sizeof path, "%s.2", p->path);
	assert_lines(path, 30, 40);
	unlink(path);
	snprintf(path, sizeof path, "%s.3", p->path);
	assert_int_equal(access(path, F_OK), -1);
}

/* A descriptor that was handed in stands for a file that was rotated away since: the path's file is meant. */
static void
test_rotated_descriptor(void **state)
{
	struct place *p = *state;
	struct fault fault;
	char path[80];
	struct sink *s;

	p->options.descriptor = open(p->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	p->options.rotate_bytes = 100;
	assert_true(p->options.descriptor >= 0);
	s = open_sink(&p->options);
	deliver(s, 0, 10);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	sink_close(s);
	s = open_sink(&p->options);	/* as a new courier does */
	deliver(s, 10, 12);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	sink_close(s);
	close(p->options.descriptor);
	assert_lines(p->path, 10, 12);
	snprintf(path, sizeof path, "%s.1", p->path);
	assert_lines(path, 0, 10);
	unlink(path);
}

/* Where it cannot be rotated it grows, and nothing is lost: somebody else moved it, or the folder is shut. */
static void
test_rotation_that_fails(void **state)
{
	struct place *p = *state;
	char moved[96], blocked[80];
	struct fault fault;
	struct sink *s;

	p->options.rotate_bytes = 100;
	snprintf(blocked, sizeof blocked, "%s.1", p->path);
	assert_int_equal(mkdir(blocked, 0700), 0);
	snprintf(moved, sizeof moved, "%s/x", blocked);
	put_file(moved, "");
	s = open_sink(&p->options);
	deliver(s, 0, 10);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	deliver(s, 10, 20);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	assert_lines(p->path, 0, 20);
	unlink(moved);
	rmdir(blocked);
	snprintf(moved, sizeof moved, "%s.moved", p->path);
	assert_int_equal(rename(p->path, moved), 0);
	deliver(s, 20, 30);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	assert_lines(moved, 0, 30);
	sink_close(s);
	unlink(moved);
}

static void
test_another_format(void **state)
{
	struct place *p = *state;
	struct fault fault;
	char line[256];
	struct sink *s;
	FILE *f;

	p->options.format = FORMAT_CEF;
	s = open_sink(&p->options);
	assert_int_equal(give(s, RECORD_DNS, "{\"event_type\":\"dns\"}", &fault), SINK_DONE);
	assert_int_equal(give(s, RECORD_DNS, "no JSON", &fault), SINK_REFUSED);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	sink_close(s);
	p->options.format = FORMAT_OCSF;	/* of alerts only */
	s = open_sink(&p->options);
	assert_int_equal(give(s, RECORD_DNS, "{\"event_type\":\"dns\"}", &fault), SINK_DONE);
	assert_int_equal(sink_flush(s, &fault), SINK_DONE);
	sink_close(s);
	assert_non_null(f = fopen(p->path, "r"));
	assert_non_null(fgets(line, sizeof line, f));
	assert_int_equal(strncmp(line, "CEF:0|hansho|sensor|", 20), 0);
	assert_null(fgets(line, sizeof line, f));
	fclose(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_appends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_before_flush, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_device_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ceiling, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_torn_end_is_mended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_foreign_end_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_slow_pipe, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stuck_pipe, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reader_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_such_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotates_by_size, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotated_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotation_that_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_format, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
