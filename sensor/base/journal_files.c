#include "base/journal_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define SEGMENT_SUFFIX ".j1"
#define POSITION_SUFFIX ".position"

enum { SEGMENT_DIGITS = 20, READER_NAME_MAX = 48 };

static void
put_u32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)v;
	at[1] = (uint8_t)(v >> 8);
	at[2] = (uint8_t)(v >> 16);
	at[3] = (uint8_t)(v >> 24);
}

static uint32_t
get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* CRC-32 (ISO 3309) over length, kind and body: a flipped length is seen as well. */
static uint32_t
record_crc(const uint8_t *header, const uint8_t *body, uint32_t len)
{
	return (uint32_t)crc32(crc32(0, header, 6), body, len);
}

void
record_header_put(uint8_t *header, uint16_t kind, const void *body, uint32_t len)
{
	put_u32(header, len);
	header[4] = (uint8_t)kind;
	header[5] = (uint8_t)(kind >> 8);
	put_u32(header + 6, record_crc(header, body, len));
}

uint32_t
record_body_length(const uint8_t *header)
{
	uint32_t len = get_u32(header);

	return len <= JOURNAL_LINE_MAX + 1 ? len : 0;
}

uint16_t
record_kind_of(const uint8_t *header)
{
	return (uint16_t)(header[4] | header[5] << 8);
}

bool
record_intact(const uint8_t *header, const uint8_t *body, uint32_t len)
{
	return len > 0 && body[len - 1] == '\n' && record_crc(header, body, len) == get_u32(header + 6);
}

const char *
segment_name(uint64_t first, char name[SEGMENT_NAME_BYTES])
{
	snprintf(name, SEGMENT_NAME_BYTES, "%020" PRIu64 SEGMENT_SUFFIX, first);
	return name;
}

static bool
segment_number(const char *name, uint64_t *first)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < SEGMENT_DIGITS; i++) {
		if (name[i] < '0' || name[i] > '9' || n > UINT64_MAX / 10 - 1)
			return false;
		n = n * 10 + (uint64_t)(name[i] - '0');
	}
	*first = n;
	return n > 0 && strcmp(name + SEGMENT_DIGITS, SEGMENT_SUFFIX) == 0;
}

static int
compare_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool
list_add(struct segment_list *l, uint64_t first)
{
	uint64_t *grown;

	if (l->count == l->room) {
		grown = reallocarray(l->first, l->room * 2 + 16, sizeof *grown);
		if (grown == NULL)
			return false;
		l->first = grown;
		l->room = l->room * 2 + 16;
	}
	l->first[l->count++] = first;
	return true;
}

/* A stream of its own: the position of `directory` itself stays where it is. */
static DIR *
directory_stream(int directory)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL && fd >= 0)
		close(fd);
	return d;
}

int
segments_list(int directory, struct segment_list *out)
{
	DIR *d = directory_stream(directory);
	struct dirent *e;
	uint64_t first;
	int r = 0;

	memset(out, 0, sizeof *out);
	if (d == NULL)
		return SE_SYSTEM;
	while (r == 0 && (e = readdir(d)) != NULL)
		if (segment_number(e->d_name, &first) && !list_add(out, first))
			r = SE_NOMEM;
	closedir(d);
	if (r < 0) {
		free(out->first);
		memset(out, 0, sizeof *out);
		return r;
	}
	if (out->count > 1)
		qsort(out->first, out->count, sizeof *out->first, compare_first);
	return 0;
}

bool
reader_name_valid(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len <= READER_NAME_MAX && name[len] == '\0';
}

/* ---- positions ---- */

enum { POSITION_BYTES = 51, POSITION_LOOKS = 3 };

/* Always as long, so that it can be written over the one before in one go; its sum tells who reads meanwhile. */
static void
position_text(const struct reader_position *p, char text[POSITION_BYTES + 1])
{
	int len = snprintf(text, POSITION_BYTES, "%020" PRIu64 " %020" PRIu64, p->next, p->lost);

	snprintf(text + len, POSITION_BYTES + 1 - (size_t)len, " %08lx\n", crc32(0, (const uint8_t *)text, (unsigned)len));
}

static bool
position_parse(const char *text, struct reader_position *out)
{
	char again[POSITION_BYTES + 1];
	int end = 0;

	if (sscanf(text, "%" SCNu64 " %" SCNu64 "%n", &out->next, &out->lost, &end) != 2)
		return false;
	position_text(out, again);
	/* Two numbers alone: an earlier version wrote it. */
	return strcmp(text, again) == 0 || strcmp(text + end, "\n") == 0;
}

static int
position_read(int fd, struct reader_position *out)
{
	char text[64];
	ssize_t n;
	int i;

	for (i = 0; i < POSITION_LOOKS; i++) {
		if ((n = pread(fd, text, sizeof text - 1, 0)) < 0)
			return SE_SYSTEM;
		text[n] = '\0';
		if (position_parse(text, out))
			return 0;
	}
	return SE_FORMAT;
}

int
position_load(int directory, const char *file, struct reader_position *out)
{
	int fd = openat(directory, file, O_RDONLY | O_CLOEXEC), code;

	if (fd < 0)
		return SE_SYSTEM;
	code = position_read(fd, out);
	close(fd);
	return code;
}

int
position_put(int fd, const struct reader_position *p)
{
	char text[POSITION_BYTES + 1];
	ssize_t n;

	position_text(p, text);
	n = pwrite(fd, text, POSITION_BYTES, 0);
	if (n >= 0 && n != POSITION_BYTES)
		errno = ENOSPC;
	return n == POSITION_BYTES ? 0 : SE_SYSTEM;
}

/* Nobody ever sees one that is empty. */
static int
position_make(int directory, const char *file)
{
	static const struct reader_position none;
	char fresh[POSITION_NAME_BYTES + 4];
	int fd, saved;

	snprintf(fresh, sizeof fresh, "%s.new", file);
	if ((fd = openat(directory, fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)) < 0)
		return -1;
	if (position_put(fd, &none) == 0 && renameat(directory, fresh, directory, file) == 0)
		return fd;
	saved = errno;
	close(fd);
	unlinkat(directory, fresh, 0);
	errno = saved;
	return -1;
}

int
position_open(int directory, const char *name, int *fd, struct reader_position *out)
{
	char file[POSITION_NAME_BYTES];
	int code;

	snprintf(file, sizeof file, "%s" POSITION_SUFFIX, name);
	*fd = openat(directory, file, O_RDWR | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		*fd = position_make(directory, file);
	if (*fd < 0)
		return SE_SYSTEM;
	if ((code = position_read(*fd, out)) != SE_FORMAT)
		return code;
	memset(out, 0, sizeof *out);
	return position_put(*fd, out) < 0 ? SE_SYSTEM : 1;
}

static bool
is_position(const char *name)
{
	size_t len = strlen(name), suffix = strlen(POSITION_SUFFIX);

	return len > suffix && strcmp(name + len - suffix, POSITION_SUFFIX) == 0;
}

bool
positions_range(int directory, uint64_t *smallest, uint64_t *largest)
{
	DIR *d = directory_stream(directory);
	struct reader_position p;
	struct dirent *e;
	bool any = false;

	*smallest = UINT64_MAX;
	*largest = 0;
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_position(e->d_name))
			continue;
		any = true;
		/* Damaged: its reader will begin again at the oldest record. */
		if (position_load(directory, e->d_name, &p) < 0)
			p.next = 0;
		if (p.next < *smallest)
			*smallest = p.next;
		if (p.next > *largest)
			*largest = p.next;
	}
	if (d != NULL)
		closedir(d);
	return any;
}
