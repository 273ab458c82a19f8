/*
 * The image on disk: taken as long as it would come out the same, and never when anything differs or is damaged.
 */
#include "engine/image_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"

enum { IMAGE_BYTES = IMAGE_FILE_LEAST + 12345 };

#define NOW (INT64_C(1800000000) * NS_PER_SEC)

static char root[64];
static struct config config;
static struct feed_result results[2];

static void
write_file(const char *path, const char *text)
{
	const struct timespec old[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
}

static int
make_folder(void **state)
{
	struct fault fault;

	(void)state;
	snprintf(root, sizeof root, "/tmp/image-file-XXXXXX");
	if (mkdtemp(root) == NULL || chdir(root) < 0 || config_defaults(&config) < 0)
		return -1;
	write_file("one.txt", "c2.example\n");
	write_file("two.txt", "d2.example\n");
	write_file("allow.txt", "domain example  ours\n");
	snprintf(config.state_directory, sizeof config.state_directory, "%s", root);
	if (config_add_feed(&config, "one.txt", &fault) < 0 || config_add_feed(&config, "two.txt", &fault) < 0)
		return -1;
	return image_file_make_folder(&config, "", &fault);
}

static int
remove_folder(void **state)
{
	char command[128];

	(void)state;
	config_clear(&config);
	snprintf(command, sizeof command, "rm -rf %s", root);
	return chdir("/") < 0 || system(command);
}

static struct image_origin
origin(bool live)
{
	FILE *in[2] = { fopen("one.txt", "re"), fopen("two.txt", "re") };
	struct image_origin o;

	image_origin_of(&config, live, in, &o);
	fclose(in[0]);
	if (in[1] != NULL)
		fclose(in[1]);
	return o;
}

static int
new_image(size_t bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint32_t n;

	assert_true(fd >= 0);
	for (n = 0; n < bytes / 4; n++)
		assert_int_equal(write(fd, &n, 4), 4);
	return fd;
}

static void
keep(size_t bytes)
{
	struct image_made made = { origin(false), NOW, NOW + 100 * NS_PER_SEC };
	int image = new_image(bytes), file = image_file_begin("indicators/image");

	assert_true(file >= 0);
	snprintf(results[1].summary.format, sizeof results[1].summary.format, "plain");
	results[1].summary.loaded = 7;
	image_file_write(file, &made, results, 2, image);
	image_file_end("indicators/image", file);
	close(image);
	assert_int_equal(access("indicators/image.new", F_OK), -1);
}

/* Is it there, and as it was? */
static bool
is_there(struct image_origin o, int64_t now_ns, unsigned count)
{
	struct feed_result got[3];
	uint32_t word;
	struct stat st;
	int image;

	memset(got, 0, sizeof got);
	if (!image_file_load("indicators/image", &o, now_ns, got, count, &image)) {
		assert_int_equal(image, -1);
		assert_int_equal(got[1].summary.loaded, 0);
		return false;
	}
	assert_int_equal(got[1].summary.loaded, 7);
	assert_string_equal(got[1].summary.format, "plain");
	assert_int_equal(fstat(image, &st), 0);
	assert_int_equal(st.st_size, IMAGE_BYTES / 4 * 4);
	assert_int_equal(pread(image, &word, 4, 4000), 4);
	assert_int_equal(word, 1000);
	assert_int_equal(write(image, "x", 1), -1);	/* sealed */
	close(image);
	return true;
}

static void
it_is_taken_when_nothing_differs(void **state)
{
	struct image_origin o;

	(void)state;
	assert_false(is_there(origin(false), NOW, 2));
	keep(IMAGE_BYTES);
	assert_true(is_there(origin(false), NOW, 2));
	assert_true(is_there(origin(false), NOW + 100 * NS_PER_SEC, 2));
	assert_false(is_there(origin(false), NOW + 100 * NS_PER_SEC + 1, 2));	/* a rule of an allow list has ended */
	assert_false(is_there(origin(false), NOW - 1, 2));	/* the clock was set back */
	assert_false(is_there(origin(true), NOW, 2));
	assert_false(is_there(origin(false), NOW, 1));
	o = origin(false);
	o.lasting = false;
	assert_false(is_there(o, NOW, 2));
	o = origin(false);
	o.latest_ns = NOW - 1;		/* younger than the clock of file times can tell */
	assert_false(is_there(o, NOW, 2));
	assert_true(is_there(origin(false), NOW, 2));
}

/* Each option and each file, changed and changed back. */
static void
what_differs_is_compiled_anew(void **state)
{
	struct config_feed *f = &config.feeds[0];

	(void)state;
	keep(IMAGE_BYTES);
#define DIFFERS(field, value) do { \
		__typeof__(field) before = field; \
		field = value; \
		assert_false(is_there(origin(false), NOW, 2)); \
		field = before; \
		assert_true(is_there(origin(false), NOW, 2)); \
	} while (0)
	DIFFERS(f->role, 2);
	DIFFERS(f->confidence, 99);
	DIFFERS(f->format[0], 'p');
	DIFFERS(f->name[0], 'X');
	DIFFERS(f->fetch.url[0], 'h');
	DIFFERS(config.max_indicators, 5);
	DIFFERS(config.feed_bytes, 5);
	DIFFERS(config.allow_shipped, !config.allow_shipped);
	DIFFERS(config.allow_documentation, !config.allow_documentation);
#undef DIFFERS
	write_file("one.txt", "c2.example\nmore.example\n");
	assert_false(is_there(origin(false), NOW, 2));
	keep(IMAGE_BYTES);
	assert_int_equal(utimensat(AT_FDCWD, "one.txt", (struct timespec[2]){ { 5, 0 }, { 5, 0 } }, 0), 0);
	assert_false(is_there(origin(false), NOW, 2));
	keep(IMAGE_BYTES);
	snprintf(config.allow_path, sizeof config.allow_path, "allow.txt");
	assert_false(is_there(origin(false), NOW, 2));
	keep(IMAGE_BYTES);
	assert_true(is_there(origin(false), NOW, 2));
	write_file("allow.txt", "domain example.net  ours\n");
	assert_false(is_there(origin(false), NOW, 2));
	assert_int_equal(mkdir("lists", 0700), 0);
	snprintf(config.allow_path, sizeof config.allow_path, "lists");
	keep(IMAGE_BYTES);
	assert_true(is_there(origin(false), NOW, 2));
	write_file("lists/a.txt", "domain example  ours\n");
	assert_false(is_there(origin(false), NOW, 2));
	config.allow_path[0] = '\0';
}

/* A candidate that was compiled and put in place by a rename is the same file. */
static void
a_renamed_file_is_the_same(void **state)
{
	(void)state;
	keep(IMAGE_BYTES);
	assert_int_equal(rename("two.txt", "three.txt"), 0);
	assert_false(is_there(origin(false), NOW, 2));
	assert_int_equal(rename("three.txt", "two.txt"), 0);
	assert_true(is_there(origin(false), NOW, 2));
}

static void
damage(off_t at)
{
	FILE *f = fopen("indicators/image", "r+e");
	int c;

	assert_non_null(f);
	fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
	c = fgetc(f);
	fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
	fputc(c ^ 0x10, f);
	fclose(f);
}

static void
what_is_damaged_is_set_aside(void **state)
{
	static const off_t places[] = { 0, 8, 40, 64, 100, 5000, 100000, IMAGE_BYTES / 2, -5, -100000 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof places / sizeof *places + 3; i++) {
		unlink("indicators/image.damaged");
		keep(IMAGE_BYTES);
		assert_true(is_there(origin(false), NOW, 2));
		if (i < sizeof places / sizeof *places)
			damage(places[i]);
		else
			assert_int_equal(truncate("indicators/image", i % 3 == 0 ? 0 : i % 3 == 1 ? 30 : IMAGE_BYTES), 0);
		assert_false(is_there(origin(false), NOW, 2));
		assert_int_equal(access("indicators/image.damaged", F_OK), 0);
		assert_int_equal(access("indicators/image", F_OK), -1);
	}
}

static void
what_is_not_kept(void **state)
{
	struct image_made made = { origin(false), NOW, INT64_MAX };
	int file;

	(void)state;
	unlink("indicators/image");
	keep(IMAGE_FILE_LEAST - 4);
	assert_int_equal(access("indicators/image", F_OK), -1);
	results[0].code = SE_FORMAT;
	keep(IMAGE_BYTES);
	assert_int_equal(access("indicators/image", F_OK), -1);
	results[0].code = 0;
	keep(IMAGE_BYTES);
	/* One that was begun and not ended leaves the old one. */
	file = image_file_begin("indicators/image");
	assert_int_equal(write(file, "half", 4), 4);
	image_file_end("indicators/image", file);
	assert_true(is_there(origin(false), NOW, 2));
	file = image_file_begin("indicators/image");
	made.origin.lasting = false;
	image_file_write(file, &made, results, 2, -1);
	image_file_end("indicators/image", file);
	image_file_end("indicators/image", -1);
	assert_true(is_there(origin(false), NOW, 2));
	assert_int_equal(mkdir("indicators/folder", 0700), 0);
	made.origin = origin(false);
	assert_false(image_file_load("indicators/folder", &made.origin, NOW, results, 2, &file));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_taken_when_nothing_differs), cmocka_unit_test(what_differs_is_compiled_anew),
		cmocka_unit_test(a_renamed_file_is_the_same), cmocka_unit_test(what_is_damaged_is_set_aside),
		cmocka_unit_test(what_is_not_kept),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
