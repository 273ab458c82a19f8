#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/state_file.h"

enum { MOST = 1 << 20 };

struct bell {
	uint64_t number;
	char name[5];
};

static char folder[64], path[128], aside[160];
static struct fault fault;

static int
setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/hansho-state-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/bells.state", folder);
	snprintf(aside, sizeof aside, "%s.damaged", path);
	return 0;
}

static int
teardown(void **state)
{
	char beside[160];

	(void)state;
	snprintf(beside, sizeof beside, "%s.new", path);
	assert_int_equal(access(beside, F_OK), -1);	/* nothing half-written stays */
	unlink(path);
	unlink(aside);
	return rmdir(folder);
}

static void
write_bells(uint32_t version, bool sync)
{
	static const struct bell bells[] = { { 1, "ichi" }, { 2, "ni" }, { 3, "san" } };
	static const uint8_t odd[] = { 7, 8, 9 };
	struct state_out *s = state_out_new();

	assert_non_null(s);
	state_out_table(s, "bells", sizeof *bells);
	state_out_put(s, bells, 3);
	state_out_table(s, "none", 4);
	state_out_put(s, NULL, 0);
	state_out_table(s, "odd", 1);
	state_out_put(s, odd, 3);
	assert_int_equal(state_out_write(s, path, version, sync, &fault), 0);
	state_out_free(s);
}

static void
test_comes_back(void **state)
{
	struct state_in *s;
	const struct bell *bells;
	const uint8_t *odd;
	size_t count;

	(void)state;
	assert_int_equal(state_in_open(path, 1, MOST, &s, &fault), 0);
	assert_null(s);		/* nothing was ever written */
	write_bells(1, false);
	write_bells(1, true);	/* in place of the first */
	assert_int_equal(state_in_open(path, 1, MOST, &s, &fault), 0);
	bells = state_in_records(s, "bells", sizeof *bells, &count);
	assert_int_equal(count, 3);
	assert_int_equal(bells[2].number, 3);
	assert_string_equal(bells[1].name, "ni");
	odd = state_in_records(s, "odd", 1, &count);
	assert_int_equal(count, 3);
	assert_int_equal((uintptr_t)odd % 8, 0);
	assert_int_equal(odd[2], 9);
	assert_non_null(state_in_records(s, "none", 4, &count));
	assert_int_equal(count, 0);
	assert_null(state_in_records(s, "bells", sizeof *bells + 8, &count));	/* records of another build */
	assert_null(state_in_records(s, "gongs", 1, &count));
	assert_int_equal(count, 0);
	state_in_close(s);
	state_in_close(NULL);
	state_out_free(NULL);
}

static void
test_many_records(void **state)
{
	uint64_t *numbers = calloc(50000, sizeof *numbers);
	const uint64_t *read;
	struct state_out *s = state_out_new();
	struct state_in *in;
	size_t count, i;

	(void)state;
	for (i = 0; i < 50000; i++)
		numbers[i] = i * i;
	state_out_table(s, "a", sizeof *numbers);
	state_out_put(s, numbers, 50000);
	state_out_table(s, "b", sizeof *numbers);
	state_out_put(s, numbers, 50000);
	assert_int_equal(state_out_write(s, path, 3, false, &fault), 0);
	state_out_free(s);
	assert_int_equal(state_in_open(path, 3, MOST, &in, &fault), 0);
	read = state_in_records(in, "b", sizeof *read, &count);
	assert_int_equal(count, 50000);
	assert_memory_equal(read, numbers, 50000 * sizeof *numbers);
	state_in_close(in);
	assert_int_equal(state_in_open(path, 3, 50000, &in, &fault), SE_FORMAT);	/* longer than anybody wants */
	assert_null(in);
	assert_non_null(strstr(fault.text, "is no file of such a size"));
	free(numbers);
}

static void
refused(uint32_t version, const char *why)
{
	struct state_in *s;

	assert_int_equal(state_in_open(path, version, MOST, &s, &fault), SE_FORMAT);
	assert_null(s);
	assert_non_null(strstr(fault.text, why));
	assert_non_null(strstr(fault.text, ".damaged"));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(state_in_open(path, version, MOST, &s, &fault), 0);	/* it begins anew */
	assert_null(s);
}

static void
put(const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static void
test_damage_is_set_aside(void **state)
{
	uint8_t bytes[4096];
	size_t len, i;
	FILE *f;

	(void)state;
	write_bells(1, false);
	f = fopen(path, "r");
	len = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	assert_true(len > 100 && len < sizeof bytes);
	refused(2, "was written by another version");
	for (i = 0; i < len; i++) {	/* cut, and one bit turned */
		put(bytes, i);
		refused(1, i < 24 ? "is shorter" : "is cut");
		bytes[i] ^= 0x10;
		put(bytes, len);
		refused(1, "");
		bytes[i] ^= 0x10;
	}
	put(bytes, len);
	bytes[len] = 0;
	put(bytes, len + 1);
	refused(1, "is cut");
}

static void
test_cannot_be_written(void **state)
{
	struct state_out *s = state_out_new();
	struct state_in *in;

	(void)state;
	state_out_table(s, "none", 4);
	state_out_put(s, NULL, 0);
	assert_int_equal(state_out_write(s, "/nonexistent/folder/x.state", 1, false, &fault), SE_SYSTEM);
	assert_non_null(strstr(fault.text, "/nonexistent/folder/x.state.new"));
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(state_out_write(s, path, 1, false, &fault), SE_SYSTEM);
	assert_int_equal(state_in_open(path, 1, MOST, &in, &fault), SE_FORMAT);	/* a folder is set aside too */
	state_out_free(s);
	assert_int_equal(rmdir(aside), 0);
}

/* A step at a time it is the same file, and in place only with the last one; who gives up leaves the one before. */
static void
test_by_and_by(void **state)
{
	struct state_out *s = state_out_new();
	struct state_in *in;
	const struct bell *bells;
	struct bell many[100] = { { 0 } };
	size_t count, steps = 0;
	int r;

	(void)state;
	write_bells(1, false);
	many[99].number = 99;
	state_out_table(s, "bells", sizeof *many);
	state_out_put(s, many, 100);
	assert_int_equal(state_out_begin(s, path, 1, &fault), 0);
	assert_int_equal(state_out_step(s, 7, false, &fault), 1);
	state_out_free(s);
	assert_int_equal(state_in_open(path, 1, MOST, &in, &fault), 0);
	assert_non_null(state_in_records(in, "bells", sizeof *bells, &count));
	assert_int_equal(count, 3);
	state_in_close(in);
	s = state_out_new();
	state_out_table(s, "bells", sizeof *many);
	state_out_put(s, many, 100);
	assert_int_equal(state_out_begin(s, path, 1, &fault), 0);
	while ((r = state_out_step(s, 7, true, &fault)) == 1)
		steps++;
	assert_int_equal(r, 0);
	assert_true(steps > 200);
	state_out_free(s);
	assert_int_equal(state_in_open(path, 1, MOST, &in, &fault), 0);
	bells = state_in_records(in, "bells", sizeof *bells, &count);
	assert_int_equal(count, 100);
	assert_int_equal(bells[99].number, 99);
	state_in_close(in);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_comes_back),
		TEST(test_many_records),
		TEST(test_damage_is_set_aside),
		TEST(test_cannot_be_written),
		TEST(test_by_and_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
