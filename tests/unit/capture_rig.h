/*
 * capture_rig.h - inputs in a folder of their own, and all that a test of
 * capture/ asks of them.
 */
#ifndef TESTS_CAPTURE_RIG_H
#define TESTS_CAPTURE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "capture/capture.h"
#include "capture_bytes.h"

#define SEC 1000000000LL
#define MICRO 0xa1b2c3d4u
#define NANO 0xa1b23c4du
#define FILES_MOST 600

static char dir[] = "/tmp/test-capture-XXXXXX";
static struct bytes made;

static struct capture_file files[FILES_MOST];
static char paths[FILES_MOST][64];
static unsigned file_count;

struct told {
	unsigned count;
	char last[1024], all[8192];
};

static inline void
note(void *to, const char *line)
{
	struct told *t = to;

	t->count++;
	snprintf(t->last, sizeof t->last, "%s", line);
	if (strlen(t->all) + strlen(line) + 2 < sizeof t->all)
		strcat(strcat(t->all, line), "\n");
}

static inline int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static inline int
remove_dir(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

static inline int
no_files(void **state)
{
	(void)state;
	file_count = 0;
	made.len = 0;
	made.big = false;
	return 0;
}

static inline const char *
add_path(const char *name)
{
	snprintf(paths[file_count], sizeof paths[0], "%s/%s", dir, name);
	files[file_count].path = paths[file_count];
	return paths[file_count++];
}

static inline void
save(const char *path, const void *at, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(at, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* What was made becomes the next input. */
static inline void
add_made(const char *name)
{
	save(add_path(name), made.at, made.len);
	made.len = 0;
}

/* All read, each frame checked for what every frame must be. Gives the frames' number. */
static inline uint64_t
read_all(struct capture *c)
{
	struct frame f;
	uint64_t n = 0;

	while (capture_next(c, &f) == CAPTURE_FRAME) {
		assert_int_equal(f.ordinal, ++n);
		assert_true(f.wire_bytes >= f.captured_bytes);
	}
	assert_int_equal(capture_next(c, &f), CAPTURE_END);
	return n;
}

static inline struct capture *
open_files(struct told *t)
{
	struct capture *c = NULL;
	struct fault fault;

	memset(t, 0, sizeof *t);
	if (capture_files_open(files, file_count, note, t, &c, &fault) < 0)
		fail_msg("%s\n%s", fault.text, t->all);
	return c;
}

/* One good file beside the one under test, which gives `good` frames and one line with `words`. */
static inline void
assert_faulty(uint64_t good, const char *words)
{
	struct capture *c;
	struct told t;

	put_pcap_head(&made, MICRO, 1);
	put_pcap_packet(&made, 1, 0, 4, 4, 0);
	add_made("good.pcap");
	c = open_files(&t);
	assert_int_equal(read_all(c), good + 1);
	assert_int_equal(t.count, 1);
	assert_int_equal(capture_faults(c), 1);
	if (strstr(t.last, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", t.last, words);
	capture_close(c);
	no_files(NULL);
}

/* Frames that do not compress, so that the file is worth cutting. */
static inline void
make_noise(unsigned frames, bool pcapng)
{
	uint32_t noise = 1, i, k;

	if (pcapng) {
		put_section(&made);
		put_interface(&made, 1, 0, 0, NULL, 0);
	} else {
		put_pcap_head(&made, MICRO, 1);
	}
	for (i = 0; i < frames; i++) {
		if (pcapng)
			put_enhanced(&made, 0, i, 1000, 1000, 0);
		else
			put_pcap_packet(&made, 0, i, 1000, 1000, 0);
		for (k = 0; k < 1000; k++) {
			noise = noise * 1664525 + 1013904223;
			made.at[made.len - 4 - 1000 + (pcapng ? 0 : 4) + k] = (uint8_t)(noise >> 24);
		}
	}
}

#endif
