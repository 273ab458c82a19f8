/*
 * fuzz_journal.c - any bytes as a segment: a reader ends, and what a writer
 * takes up and adds to can be read on.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/journal.h"
#include "base/log.h"

static const char segment[] = "00000000000000000001.j1";

static uint64_t
read_all(struct journal_reader *r)
{
	const char *line;
	uint64_t number = 0, last = 0;
	uint16_t kind;

	while (journal_read(r, &kind, &line, &number, NULL) > 0) {
		assert(number > last);
		assert(strlen(line) <= JOURNAL_LINE_MAX);
		last = number;
	}
	return last;
}

static void
try_segment(const char *directory, const uint8_t *data, size_t size)
{
	static const struct journal_limits limits = { 65536, 1 << 20, UINT32_MAX, 0, 0, 0 };
	struct journal_reader *r;
	struct journal *j;
	uint64_t before, number;
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/%s", directory, segment);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	if (journal_reader_open(directory, "r", &r, NULL) < 0)
		abort();
	before = read_all(r);
	if (journal_open(directory, &limits, &j, NULL) < 0)
		abort();
	assert(journal_count(j) >= before);
	if (journal_append(j, 1, "{}", &number, NULL) < 0)
		abort();
	assert(read_all(r) == number);
	journal_close(j);
	journal_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char directory[] = "/tmp/hansho-fuzz-XXXXXX", path[128];
	static const char *const files[] = { segment, "r.position", "00000000000000000002.j1" };
	size_t i;

	log_set_level(LOG_LEVEL_ERROR);
	if (mkdtemp(directory) == NULL)
		abort();
	try_segment(directory, data, size);
	for (i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", directory, files[i]);
		unlink(path);
	}
	rmdir(directory);
	return 0;
}
