#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/journal.h"

enum { KIND_URGENT = 1, KIND_OTHER = 3 };

static const struct journal_limits roomy = { 1 << 20, 8 << 20, 1u << KIND_URGENT, 0, 0, 0 };

static char root[64], place[128];

static int
make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof root, "/tmp/hansho-journal-XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(place, sizeof place, "%s/j", root);
	return 0;
}

static void
empty_directory(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
}

static int
remove_root(void **state)
{
	(void)state;
	empty_directory(place);
	rmdir(place);
	return rmdir(root);
}

static struct journal *
writer(const struct journal_limits *limits)
{
	struct fault fault = { "" };
	struct journal *j;

	if (journal_open(place, limits, &j, &fault) != 0)
		fail_msg("%s", fault.text);
	return j;
}

static struct journal_reader *
reader(const char *name)
{
	struct fault fault = { "" };
	struct journal_reader *r;

	if (journal_reader_open(place, name, &r, &fault) != 0)
		fail_msg("%s", fault.text);
	return r;
}

/* Record number n has a text that depends on n alone. */
static const char *
text_of(uint64_t n)
{
	static char text[256];
	size_t len = (size_t)(n * 37 % 90);

	snprintf(text, sizeof text, "{\"n\":%" PRIu64 ",\"x\":\"%.*s\"}", n, (int)len,
	    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl");
	return text;
}

static void
append(struct journal *j, uint16_t kind, unsigned how_many)
{
	struct fault fault = { "" };
	uint64_t number;

	while (how_many-- > 0) {
		if (journal_append(j, kind, text_of(journal_count(j) + 1), &number, &fault) != 0)
			fail_msg("%s", fault.text);
		assert_int_equal(number, journal_count(j));
	}
}

/* Reads all there is; returns how many, checks each text; *last: number of the last. */
static unsigned
drain(struct journal_reader *r, uint64_t *last)
{
	struct fault fault = { "" };
	unsigned n = 0;
	const char *line;
	uint64_t number;
	uint16_t kind;
	int code;

	while ((code = journal_read(r, &kind, &line, &number, &fault)) > 0) {
		assert_string_equal(line, text_of(number));
		if (n > 0 && last != NULL)
			assert_true(number > *last);
		if (last != NULL)
			*last = number;
		n++;
	}
	assert_int_equal(code, 0);
	return n;
}

static void
test_round_trip(void **state)
{
	struct journal *j = writer(&roomy);
	struct journal_reader *r = reader("eve");
	struct fault fault;
	const char *line;
	uint64_t number;
	uint16_t kind;

	(void)state;
	assert_int_equal(journal_read(r, &kind, &line, &number, &fault), 0);
	assert_int_equal(journal_append(j, KIND_URGENT, "", &number, &fault), 0);
	assert_int_equal(number, 1);
	assert_int_equal(journal_append(j, KIND_OTHER, "later", NULL, &fault), 0);
	assert_int_equal(journal_read(r, &kind, &line, &number, &fault), 1);
	assert_string_equal(line, "");
	assert_int_equal(kind, KIND_URGENT);
	assert_int_equal(number, 1);
	/* not urgent: waits for the sync */
	assert_int_equal(journal_read(r, &kind, &line, &number, &fault), 0);
	assert_int_equal(journal_sync(j, &fault), 0);
	assert_int_equal(journal_read(r, &kind, &line, &number, &fault), 1);
	assert_string_equal(line, "later");
	assert_int_equal(kind, KIND_OTHER);
	/* an urgent record takes along what waits, in order */
	assert_int_equal(journal_append(j, KIND_OTHER, "a", NULL, &fault), 0);
	assert_int_equal(journal_append(j, KIND_URGENT, "b", NULL, &fault), 0);
	assert_int_equal(journal_read(r, &kind, &line, &number, &fault), 1);
	assert_string_equal(line, "a");
	assert_int_equal(journal_read(r, &kind, &line, &number, &fault), 1);
	assert_string_equal(line, "b");
	assert_int_equal(number, 4);
	journal_reader_close(r);
	journal_close(j);
}

static void
test_two_readers_keep_their_place(void **state)
{
	struct journal *j = writer(&roomy);
	struct journal_reader *a = reader("a"), *b = reader("b");
	struct fault fault;
	const char *line;
	uint64_t number, last;
	int i;

	(void)state;
	append(j, KIND_URGENT, 10);
	for (i = 0; i < 4; i++)
		assert_int_equal(journal_read(a, NULL, &line, &number, &fault), 1);
	assert_int_equal(journal_acknowledge(a, &fault), 0);
	/* read, but not acknowledged: comes again */
	assert_int_equal(journal_read(a, NULL, &line, &number, &fault), 1);
	assert_int_equal(number, 5);
	journal_reader_close(a);
	assert_int_equal(drain(b, &last), 10);
	a = reader("a");
	assert_int_equal(journal_read(a, NULL, &line, &number, &fault), 1);
	assert_int_equal(number, 5);
	assert_int_equal(drain(a, &last), 5);
	assert_int_equal(last, 10);
	assert_int_equal(journal_reader_lost(a), 0);
	journal_reader_close(a);
	journal_reader_close(b);
	journal_close(j);
}

static void
test_second_writer_is_refused(void **state)
{
	struct journal *j = writer(&roomy), *other;
	struct fault fault;

	(void)state;
	assert_int_equal(journal_open(place, &roomy, &other, &fault), SE_USAGE);
	assert_null(other);
	assert_non_null(strstr(fault.text, place));
	journal_close(j);
	j = writer(&roomy);
	journal_close(j);
}

static void
test_count_goes_on(void **state)
{
	struct journal *j = writer(&roomy);
	struct journal_reader *r;

	(void)state;
	append(j, KIND_OTHER, 7);
	journal_close(j);
	j = writer(&roomy);
	assert_int_equal(journal_count(j), 7);
	append(j, KIND_OTHER, 3);
	journal_close(j);
	r = reader("r");
	assert_int_equal(drain(r, NULL), 10);
	journal_reader_close(r);
}

static unsigned
segments(uint64_t *bytes, char *first_name)
{
	DIR *d = opendir(place);
	struct dirent *e;
	struct stat st;
	unsigned n = 0;

	*bytes = 0;
	first_name[0] = '\0';
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		if (strstr(e->d_name, ".j1") == NULL)
			continue;
		assert_int_equal(fstatat(dirfd(d), e->d_name, &st, 0), 0);
		*bytes += (uint64_t)st.st_size;
		if (n++ == 0 || strcmp(e->d_name, first_name) < 0)
			snprintf(first_name, 32, "%.31s", e->d_name);
	}
	closedir(d);
	return n;
}

static void
test_read_segments_are_removed(void **state)
{
	static const struct journal_limits small = { 4096, 1 << 20, 0, 0, 0, 0 };
	struct journal *j = writer(&small);
	struct journal_reader *a = reader("a"), *b = reader("b");
	struct fault fault;
	char oldest[32];
	uint64_t bytes;

	(void)state;
	append(j, KIND_OTHER, 400);
	journal_sync(j, &fault);
	assert_true(segments(&bytes, oldest) > 4);
	assert_int_equal(drain(a, NULL), 400);
	assert_int_equal(journal_acknowledge(a, &fault), 0);
	append(j, KIND_OTHER, 100);
	/* b has read nothing yet */
	segments(&bytes, oldest);
	assert_string_equal(oldest, "00000000000000000001.j1");
	journal_sync(j, &fault);
	assert_int_equal(drain(b, NULL), 500);
	assert_int_equal(journal_acknowledge(b, &fault), 0);
	append(j, KIND_OTHER, 100);
	journal_sync(j, &fault);
	assert_true(segments(&bytes, oldest) < 6);
	assert_string_not_equal(oldest, "00000000000000000001.j1");
	assert_int_equal(drain(a, NULL), 200);
	assert_int_equal(drain(b, NULL), 100);
	assert_int_equal(journal_lost(j), 0);
	assert_int_equal(journal_reader_lost(a) + journal_reader_lost(b), 0);
	journal_reader_close(a);
	journal_reader_close(b);
	journal_close(j);
}

static void
test_forgotten_reader_holds_nothing(void **state)
{
	static const struct journal_limits small = { 4096, 1 << 20, 0, 0, 0, 0 };
	struct journal *j = writer(&small);
	struct journal_reader *a = reader("a");
	struct fault fault;
	char oldest[32];
	uint64_t bytes;

	(void)state;
	journal_reader_close(reader("gone"));
	append(j, KIND_OTHER, 200);
	journal_sync(j, &fault);
	drain(a, NULL);
	journal_acknowledge(a, &fault);
	assert_int_equal(journal_reader_forget(place, "gone", &fault), 0);
	assert_int_equal(journal_reader_forget(place, "gone", &fault), 0);
	append(j, KIND_OTHER, 100);
	segments(&bytes, oldest);
	assert_string_not_equal(oldest, "00000000000000000001.j1");
	assert_int_equal(journal_lost(j), 0);
	journal_reader_close(a);
	journal_close(j);
}

static void
test_ceiling_drops_the_oldest(void **state)
{
	static const struct journal_limits small = { 4096, 16384, 0, 0, 0, 0 };
	struct journal *j = writer(&small);
	struct journal_reader *r = reader("slow");
	struct fault fault;
	uint64_t bytes, last, number;
	const char *line;
	char oldest[32];
	unsigned got;

	(void)state;
	append(j, KIND_OTHER, 20);
	journal_sync(j, &fault);
	assert_int_equal(journal_read(r, NULL, &line, &number, &fault), 1);
	assert_int_equal(journal_acknowledge(r, &fault), 0);
	append(j, KIND_OTHER, 980);
	journal_sync(j, &fault);
	segments(&bytes, oldest);
	assert_true(bytes <= 16384);
	assert_true(journal_lost(j) > 0);
	got = drain(r, &last);
	assert_int_equal(last, 1000);
	/* this reader still had the first segment open, so it lost a little less than was removed */
	assert_int_equal(got + 1 + journal_reader_lost(r), 1000);
	assert_true(journal_reader_lost(r) <= journal_lost(j));
	assert_true(journal_reader_lost(r) > 0);
	journal_acknowledge(r, &fault);
	journal_reader_close(r);
	r = reader("slow");
	assert_int_equal(got + 1 + journal_reader_lost(r), 1000);
	assert_int_equal(drain(r, NULL), 0);
	journal_reader_close(r);
	journal_close(j);
}

static size_t
load(const char *name, uint8_t *to, size_t most)
{
	char path[192];
	size_t n;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", place, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(to, 1, most, f);
	fclose(f);
	return n;
}

static void
store(const char *name, const uint8_t *from, size_t len)
{
	char path[192];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", place, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(from, 1, len, f), len);
	fclose(f);
}

/* Whatever byte the writer was killed at: whole records stay, the rest goes, numbers go on. */
static void
test_torn_at_every_byte(void **state)
{
	static uint8_t whole[4096];
	size_t end[6], len, cut;
	struct journal_reader *r;
	struct journal *j = writer(&roomy);
	struct fault fault;
	char oldest[32];
	uint64_t last;
	unsigned i, kept;

	(void)state;
	for (i = 0; i < 5; i++) {
		uint64_t bytes;

		append(j, KIND_URGENT, 1);
		segments(&bytes, oldest);
		end[i] = (size_t)bytes;
	}
	journal_close(j);
	len = load("00000000000000000001.j1", whole, sizeof whole);
	for (cut = 0; cut <= len; cut++) {
		empty_directory(place);
		store("00000000000000000001.j1", whole, cut);
		for (kept = 0; kept < 5 && end[kept] <= cut; kept++)
			;
		r = reader("r");
		assert_int_equal(drain(r, NULL), kept);
		j = writer(&roomy);
		assert_int_equal(journal_count(j), kept);
		append(j, KIND_URGENT, 2);
		assert_int_equal(drain(r, &last), 2);
		assert_int_equal(last, kept + 2);
		assert_int_equal(journal_reader_lost(r), 0);
		journal_acknowledge(r, &fault);
		journal_reader_close(r);
		journal_close(j);
	}
}

static void
test_every_flipped_byte_is_noticed(void **state)
{
	static uint8_t first[16384];
	static const struct journal_limits small = { 4096, 1 << 20, 0, 0, 0, 0 };
	struct journal *j = writer(&small);
	struct journal_reader *r;
	uint64_t last;
	unsigned got;
	size_t len, i;

	(void)state;
	append(j, KIND_OTHER, 120);
	journal_close(j);
	len = load("00000000000000000001.j1", first, sizeof first);
	assert_true(len > 2000 && len <= 4096);
	for (i = 0; i < len; i++) {
		first[i] ^= 0x10;
		store("00000000000000000001.j1", first, len);
		first[i] ^= 0x10;
		r = reader("r");
		got = drain(r, &last);
		assert_int_equal(last, 120);
		assert_true(journal_reader_lost(r) > 0);
		assert_int_equal(got + journal_reader_lost(r), 120);
		journal_reader_close(r);
		journal_reader_forget(place, "r", NULL);
	}
}

/* One record is lost and no more, whichever of its bytes changed, and wherever it stands; the writer goes on, too. */
static void
test_flips_cost_one_record(void **state)
{
	static uint8_t bytes[4096];
	struct journal *j = writer(&roomy);
	struct journal_reader *r;
	uint64_t last;
	size_t len, i;

	(void)state;
	append(j, KIND_URGENT, 20);
	journal_close(j);
	len = load("00000000000000000001.j1", bytes, sizeof bytes);
	for (i = 0; i < len; i++) {
		bytes[i] ^= 0x41;
		store("00000000000000000001.j1", bytes, len);
		bytes[i] ^= 0x41;
		r = reader("r");
		last = 0;
		assert_int_equal(drain(r, &last), 19);
		/* behind the last one nothing tells that it was there */
		assert_int_equal(journal_reader_lost(r), last == 20);
		journal_reader_close(r);
		journal_reader_forget(place, "r", NULL);
	}
	bytes[len / 2] ^= 1;
	store("00000000000000000001.j1", bytes, len);
	j = writer(&roomy);
	assert_int_equal(journal_count(j), 20);
	append(j, KIND_URGENT, 5);
	r = reader("r");
	assert_int_equal(drain(r, &last), 24);
	assert_int_equal(last, 25);
	journal_reader_close(r);
	journal_close(j);
}

/* A stretch of zeros, as a power cut leaves them, and then records again. */
static void
test_zeros_in_the_middle(void **state)
{
	static uint8_t bytes[65536];
	struct journal *j = writer(&roomy);
	struct journal_reader *r;
	struct fault fault;
	const char *line;
	size_t len;

	(void)state;
	append(j, KIND_URGENT, 20);
	journal_close(j);
	len = load("00000000000000000001.j1", bytes, sizeof bytes);
	memmove(bytes + len / 2 + 30000, bytes + len / 2, len - len / 2);
	memset(bytes + len / 2, 0, 30000);
	store("00000000000000000001.j1", bytes, len + 30000);
	r = reader("r");
	while (journal_read(r, NULL, &line, NULL, &fault) > 0)
		;
	assert_string_equal(line, text_of(20));
	journal_reader_close(r);
}

static void
age(const char *name, int hours)
{
	const struct timespec when[2] = { { time(NULL) - hours * 3600, 0 }, { time(NULL) - hours * 3600, 0 } };
	char path[256];

	snprintf(path, sizeof path, "%s/%s", place, name);
	assert_int_equal(utimensat(AT_FDCWD, path, when, 0), 0);
}

/* What is too old goes, read or not, and is counted; a quiet journal begins a new segment for it. */
static void
test_age(void **state)
{
	static const struct journal_limits aged = { 4096, 1 << 20, 1u << KIND_URGENT, 0, 0, 24 };
	struct journal *j = writer(&aged);
	struct journal_reader *r;
	struct fault fault;
	uint64_t last;

	(void)state;
	append(j, KIND_URGENT, 60);
	journal_close(j);
	r = reader("r");
	age("00000000000000000001.j1", 25);
	j = writer(&aged);
	assert_int_equal(journal_sync(j, &fault), 0);
	assert_true(journal_lost(j) > 10 && journal_lost(j) < 60);
	assert_int_equal(drain(r, &last) + journal_reader_lost(r), 60);
	assert_int_equal(last, 60);
	append(j, KIND_URGENT, 1);
	journal_close(j);
	journal_reader_close(r);
}

/* The disk is asked, and says so: what was accepted is there for another process. */
static void
test_sync_policies(void **state)
{
	static const struct journal_limits policies[] = {
		{ 1 << 20, 8 << 20, 1u << KIND_URGENT, JOURNAL_SYNC_NEVER, 0, 0 },
		{ 1 << 20, 8 << 20, 1u << KIND_URGENT, JOURNAL_SYNC_INTERVAL, 10, 0 },
		{ 1 << 20, 8 << 20, 1u << KIND_URGENT, JOURNAL_SYNC_ALWAYS, 0, 0 },
	};
	struct journal_reader *r;
	struct fault fault;
	struct journal *j;
	unsigned i, n;

	(void)state;
	for (i = 0; i < 3; i++) {
		j = writer(&policies[i]);
		r = reader("r");
		for (n = 0; n < 20; n++) {
			append(j, n % 2 == 0 ? KIND_URGENT : KIND_OTHER, 1);
			assert_int_equal(journal_sync(j, &fault), 0);
		}
		assert_int_equal(drain(r, NULL), 20);
		assert_int_equal(journal_acknowledge(r, &fault), 0);
		journal_reader_close(r);
		journal_close(j);
	}
}

static void
test_missing_segment_is_counted(void **state)
{
	static const struct journal_limits small = { 4096, 1 << 20, 0, 0, 0, 0 };
	struct journal *j = writer(&small);
	struct journal_reader *r = reader("r");
	char oldest[32], path[192];
	struct fault fault;
	uint64_t bytes, last;
	unsigned got;

	(void)state;
	append(j, KIND_OTHER, 150);
	journal_sync(j, &fault);
	assert_true(segments(&bytes, oldest) > 2);
	snprintf(path, sizeof path, "%s/%s", place, oldest);
	/* a reader that was never here counts from the oldest there is; this one was asked for all */
	journal_reader_close(r);
	store("r.position", (const uint8_t *)"1 0\n", 4);
	assert_int_equal(unlink(path), 0);
	r = reader("r");
	got = drain(r, &last);
	assert_int_equal(last, 150);
	assert_int_equal(got + journal_reader_lost(r), 150);
	assert_true(journal_reader_lost(r) > 0);
	journal_reader_close(r);
	journal_close(j);
}

static void
test_position_behind_the_end(void **state)
{
	struct journal *j = writer(&roomy);
	struct journal_reader *r;
	uint64_t last;

	(void)state;
	append(j, KIND_URGENT, 3);
	/* the disk lost records 4 and 5 that this reader had already */
	store("r.position", (const uint8_t *)"6 0\n", 4);
	r = reader("r");
	assert_int_equal(drain(r, NULL), 0);
	append(j, KIND_URGENT, 1);
	assert_int_equal(drain(r, &last), 1);
	assert_int_equal(last, 4);
	assert_int_equal(journal_reader_lost(r), 0);
	journal_reader_close(r);
	journal_close(j);
	/* all segments taken away by hand: numbers go on */
	empty_directory(place);
	store("r.position", (const uint8_t *)"50 2\n", 5);
	j = writer(&roomy);
	assert_int_equal(journal_count(j), 49);
	append(j, KIND_URGENT, 1);
	r = reader("r");
	assert_int_equal(drain(r, &last), 1);
	assert_int_equal(last, 50);
	assert_int_equal(journal_reader_lost(r), 2);
	journal_reader_close(r);
	journal_close(j);
}

static void
test_damaged_position_begins_again(void **state)
{
	struct journal *j = writer(&roomy);
	struct journal_reader *r;

	(void)state;
	append(j, KIND_URGENT, 3);
	store("r.position", (const uint8_t *)"what\n", 5);
	r = reader("r");
	assert_int_equal(drain(r, NULL), 3);
	journal_reader_close(r);
	journal_close(j);
}

static size_t
position_bytes(char text[64])
{
	char path[256];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "%s/r.position", place);
	assert_non_null(f = fopen(path, "re"));
	n = fread(text, 1, 63, f);
	fclose(f);
	text[n] = '\0';
	return n;
}

/* Whatever byte of a stored position is another, it is not believed; nor is one that was cut. */
static void
test_position_has_a_sum(void **state)
{
	struct journal *j = writer(&roomy);
	struct journal_reader *r = reader("r");
	char text[64], other[64];
	size_t len, i;

	(void)state;
	append(j, KIND_URGENT, 3);
	assert_int_equal(drain(r, NULL), 3);
	assert_int_equal(journal_acknowledge(r, NULL), 0);
	journal_reader_close(r);
	len = position_bytes(text);
	assert_true(len > 40);
	for (i = 0; i <= len; i++) {
		memcpy(other, text, sizeof other);
		other[i < len ? i : 20] = other[i < len ? i : 20] == '7' ? '8' : '7';
		store("r.position", (const uint8_t *)other, len);
		r = reader("r");
		assert_int_equal(drain(r, NULL), 3);
		journal_reader_close(r);
		store("r.position", (const uint8_t *)text, i);
		r = reader("r");
		assert_int_equal(drain(r, NULL), i < len ? 3 : 0);
		journal_reader_close(r);
	}
	journal_close(j);
}

static void
limit_file_size(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A full disk, played by the limit on file sizes: writes come up short, then fail. */
static void
test_full_disk(void **state)
{
	struct journal *j = writer(&roomy);
	struct journal_reader *r = reader("r");
	struct fault fault;
	uint64_t before, last;
	unsigned i, good;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	append(j, KIND_URGENT, 5);
	for (i = 0; i < 120; i++) {
		before = journal_count(j);
		limit_file_size(300 + i * 7);
		for (good = 0; good < 60; good++)
			if (journal_append(j, good % 3 == 0 ? KIND_URGENT : KIND_OTHER,
			    text_of(journal_count(j) + 1), NULL, &fault) != 0)
				break;
		if (good < 60) {
			assert_int_equal(journal_count(j), before + good);
			assert_non_null(strstr(fault.text, place));
			assert_non_null(strstr(fault.text, "00000000000000000001.j1"));
			assert_non_null(strstr(fault.text, strerror(EFBIG)));
		}
		drain(r, NULL);
	}
	limit_file_size(RLIM_INFINITY);
	append(j, KIND_URGENT, 1);
	drain(r, &last);
	assert_int_equal(last, journal_count(j));
	assert_int_equal(journal_reader_lost(r), 0);
	journal_reader_close(r);
	journal_close(j);
	r = reader("check");
	assert_int_equal(drain(r, NULL), last);
	journal_reader_close(r);
}

static void
test_refusals(void **state)
{
	struct journal *j = writer(&roomy);
	struct journal_reader *r;
	struct fault fault;
	char *line = malloc(JOURNAL_LINE_MAX + 2);
	const char *read;

	(void)state;
	assert_non_null(line);
	memset(line, 'x', JOURNAL_LINE_MAX + 1);
	line[JOURNAL_LINE_MAX + 1] = '\0';
	assert_int_equal(journal_append(j, KIND_OTHER, line, NULL, &fault), SE_LIMIT);
	assert_int_equal(journal_count(j), 0);
	line[JOURNAL_LINE_MAX] = '\0';
	assert_int_equal(journal_append(j, KIND_URGENT, line, NULL, &fault), 0);
	assert_int_equal(journal_reader_open(place, "../x", &r, &fault), SE_USAGE);
	assert_int_equal(journal_reader_open(place, "", &r, &fault), SE_USAGE);
	assert_int_equal(journal_reader_open("/nonexistent/j", "x", &r, &fault), SE_SYSTEM);
	assert_null(r);
	assert_int_equal(journal_open("/nonexistent/j", &roomy, &(struct journal *){ NULL },
	    &fault), SE_SYSTEM);
	r = reader("x");
	assert_int_equal(journal_read(r, NULL, &read, NULL, &fault), 1);
	assert_string_equal(read, line);
	free(line);
	journal_reader_close(r);
	journal_close(j);
}

/* A writer in another process that dies in the middle of it all. */
static void
test_reader_follows_another_process(void **state)
{
	static const struct journal_limits small = { 4096, 1 << 20, 1u << KIND_URGENT, 0, 0, 0 };
	struct journal_reader *r;
	struct journal *j;
	uint64_t last = 0;
	unsigned got = 0;
	int status;
	pid_t pid;

	(void)state;
	journal_close(writer(&small));
	r = reader("r");
	if ((pid = fork()) == 0) {
		struct fault fault;

		if (journal_open(place, &small, &j, &fault) != 0)
			_exit(1);
		while (journal_count(j) < 2000)
			if (journal_append(j, KIND_URGENT, text_of(journal_count(j) + 1), NULL, &fault) != 0)
				_exit(1);
		raise(SIGKILL);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		got += drain(r, &last);
	got += drain(r, &last);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(got, 2000);
	assert_int_equal(last, 2000);
	j = writer(&small);
	assert_int_equal(journal_count(j), 2000);
	journal_close(j);
	journal_reader_close(r);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_round_trip), EACH(test_two_readers_keep_their_place),
		EACH(test_second_writer_is_refused), EACH(test_count_goes_on),
		EACH(test_read_segments_are_removed), EACH(test_forgotten_reader_holds_nothing),
		EACH(test_ceiling_drops_the_oldest), EACH(test_torn_at_every_byte),
		EACH(test_every_flipped_byte_is_noticed), EACH(test_missing_segment_is_counted),
		EACH(test_position_behind_the_end), EACH(test_damaged_position_begins_again), EACH(test_position_has_a_sum),
		EACH(test_flips_cost_one_record), EACH(test_zeros_in_the_middle), EACH(test_age), EACH(test_sync_policies),
		EACH(test_full_disk), EACH(test_refusals), EACH(test_reader_follows_another_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
