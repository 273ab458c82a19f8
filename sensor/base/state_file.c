#include "base/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC UINT64_C(0x3165746174736e68)	/* "hnstate1" */

enum { PATH_BYTES = 4096, ALIGN = 8 };

struct header {
	uint64_t magic;
	uint32_t version;
	uint32_t crc;			/* of what is behind the header */
	uint64_t length;		/* of that */
};

struct table {
	char name[STATE_NAME_MAX + 1];
	uint32_t record_bytes, count;	/* behind it, filled up to ALIGN */
};

_Static_assert(sizeof(struct header) % ALIGN == 0 && sizeof(struct table) % ALIGN == 0, "records are aligned");

static size_t
padded(size_t bytes)
{
	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

/* ---- writing ---- */

struct state_out {
	uint8_t *bytes;			/* header first */
	size_t used, room;
	struct table open;
	size_t open_at;
	bool lost;
	char path[PATH_BYTES], beside[PATH_BYTES];
	int fd;				/* of what is written beside; -1: nothing is */
	size_t written;
	uint32_t crc;
};

struct state_out *
state_out_new(void)
{
	struct state_out *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->used = sizeof(struct header);
	s->fd = -1;
	return s;
}

static void
let_go(struct state_out *s)
{
	if (s->bytes != NULL)
		munmap(s->bytes, s->room);
	s->bytes = NULL;
	s->room = 0;
}

static void
break_off(struct state_out *s)
{
	if (s->fd < 0)
		return;
	close(s->fd);
	s->fd = -1;
	unlink(s->beside);
}

void
state_out_free(struct state_out *s)
{
	if (s == NULL)
		return;
	break_off(s);
	let_go(s);
	free(s);
}

static bool
grow(struct state_out *s, size_t more)
{
	size_t room = s->room == 0 ? 65536 : s->room;
	uint8_t *bytes;

	while (room - s->used < more + ALIGN)
		room *= 2;
	if (room == s->room)
		return true;
	/* A mapping of its own: megabytes every few minutes would leave holes in the heap. */
	bytes = s->bytes == NULL ? mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
	    : mremap(s->bytes, s->room, room, MREMAP_MAYMOVE);
	if (bytes == MAP_FAILED)
		return false;
	s->bytes = bytes;
	s->room = room;
	return true;
}

void
state_out_table(struct state_out *s, const char *name, size_t record_bytes)
{
	size_t before = s->used;

	s->used = padded(s->used);
	if (s->lost || !grow(s, sizeof s->open)) {
		s->lost = true;
		return;
	}
	memset(s->bytes + before, 0, s->used - before);
	memset(&s->open, 0, sizeof s->open);
	snprintf(s->open.name, sizeof s->open.name, "%s", name);
	s->open.record_bytes = (uint32_t)record_bytes;
	s->open_at = s->used;
	memcpy(s->bytes + s->used, &s->open, sizeof s->open);
	s->used += sizeof s->open;
}

void
state_out_put(struct state_out *s, const void *records, size_t count)
{
	size_t bytes = s->open.record_bytes * count;

	if (s->lost || count > UINT32_MAX - s->open.count || !grow(s, bytes)) {
		s->lost = true;
		return;
	}
	if (bytes > 0)
		memcpy(s->bytes + s->used, records, bytes);
	s->used += bytes;
	s->open.count += (uint32_t)count;
	memcpy(s->bytes + s->open_at, &s->open, sizeof s->open);
}

static int
failed(struct fault *fault, const char *path)
{
	return fault_set(fault, SE_SYSTEM, "%s: %s", path, strerror(errno));
}

int
state_out_begin(struct state_out *s, const char *path, uint32_t version, struct fault *fault)
{
	struct header h = { .magic = MAGIC, .version = version };

	if (s->lost || !grow(s, 0))
		return fault_set(fault, SE_NOMEM, "%s: no memory for it", path);
	if ((size_t)snprintf(s->path, sizeof s->path, "%s", path) >= sizeof s->path ||
	    (size_t)snprintf(s->beside, sizeof s->beside, "%s.new", path) >= sizeof s->beside)
		return fault_set(fault, SE_USAGE, "%s: the path is too long", path);
	memset(s->bytes + s->used, 0, padded(s->used) - s->used);
	s->used = padded(s->used);
	h.length = s->used - sizeof h;
	memcpy(s->bytes, &h, sizeof h);
	s->written = 0;
	s->crc = 0;
	if ((s->fd = open(s->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0)
		return failed(fault, s->beside);
	return 0;
}

/* Up to `most` bytes; the checksum is of all behind the header. */
static int
write_some(struct state_out *s, size_t most)
{
	size_t end = s->used - s->written > most ? s->written + most : s->used;
	size_t from = s->written > sizeof(struct header) ? s->written : sizeof(struct header);
	ssize_t n;

	if (end > from)
		s->crc = (uint32_t)crc32_z(s->crc, s->bytes + from, end - from);
	while (s->written < end) {
		n = write(s->fd, s->bytes + s->written, end - s->written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s->written += (size_t)n;
	}
	return 0;
}

/* The header is whole only when all else is there. */
static int
finish(struct state_out *s, bool sync, struct fault *fault)
{
	int r = 0;

	if (pwrite(s->fd, &s->crc, sizeof s->crc, offsetof(struct header, crc)) != (ssize_t)sizeof s->crc ||
	    (sync && fdatasync(s->fd) < 0))
		r = failed(fault, s->beside);
	if (close(s->fd) < 0 && r == 0)
		r = failed(fault, s->beside);
	s->fd = -1;
	if (r == 0 && rename(s->beside, s->path) < 0)
		r = failed(fault, s->path);
	if (r < 0)
		unlink(s->beside);
	return r;
}

int
state_out_step(struct state_out *s, size_t most, bool sync, struct fault *fault)
{
	int r;

	if (write_some(s, most) < 0) {
		r = failed(fault, s->beside);
		break_off(s);
		return r;
	}
	return s->written < s->used ? 1 : finish(s, sync, fault);
}

int
state_out_write(struct state_out *s, const char *path, uint32_t version, bool sync, struct fault *fault)
{
	int r = state_out_begin(s, path, version, fault);

	return r < 0 ? r : state_out_step(s, SIZE_MAX, sync, fault);
}

/* ---- reading ---- */

struct state_in {
	uint8_t *bytes;
	size_t length;
};

void
state_in_close(struct state_in *s)
{
	if (s == NULL)
		return;
	free(s->bytes);
	free(s);
}

static int
read_whole(int fd, size_t most, struct state_in *s)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return SE_SYSTEM;
	if (!S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > most)
		return SE_FORMAT;
	if ((s->bytes = malloc((size_t)st.st_size + 1)) == NULL)
		return SE_NOMEM;
	while (s->length < (size_t)st.st_size) {
		n = read(fd, s->bytes + s->length, (size_t)st.st_size - s->length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SE_SYSTEM;
		if (n == 0)
			break;
		s->length += (size_t)n;
	}
	return 0;
}

/* Do the tables fill it, one behind the other? */
static bool
tables_fit(const struct state_in *s)
{
	size_t at = sizeof(struct header), room;
	struct table t;

	while (at < s->length) {
		room = s->length - at;
		if (room < sizeof t)
			return false;
		memcpy(&t, s->bytes + at, sizeof t);
		if (t.name[STATE_NAME_MAX] != '\0' || padded((size_t)t.record_bytes * t.count) > room - sizeof t)
			return false;
		at += sizeof t + padded((size_t)t.record_bytes * t.count);
	}
	return true;
}

/* NULL: it is as it should be. */
static const char *
what_is_wrong(const struct state_in *s, uint32_t version)
{
	struct header h;

	if (s->length < sizeof h)
		return "is shorter than its header";
	memcpy(&h, s->bytes, sizeof h);
	if (h.magic != MAGIC)
		return "is no state file";
	if (h.version != version)
		return "was written by another version";
	if (h.length != s->length - sizeof h)
		return "is cut";
	if (h.crc != (uint32_t)crc32_z(0, s->bytes + sizeof h, s->length - sizeof h))
		return "is damaged: its checksum is another";
	return tables_fit(s) ? NULL : "is damaged: its tables do not fit";
}

static int
set_aside(const char *path, const char *why, struct fault *fault)
{
	char aside[PATH_BYTES];

	if ((size_t)snprintf(aside, sizeof aside, "%s.damaged", path) >= sizeof aside || rename(path, aside) < 0)
		return fault_set(fault, SE_FORMAT, "%s %s, and could not be set aside: %s", path, why, strerror(errno));
	return fault_set(fault, SE_FORMAT, "%s %s: it is set aside as %s, and what it knew is forgotten", path, why, aside);
}

int
state_in_open(const char *path, uint32_t version, size_t most_bytes, struct state_in **out, struct fault *fault)
{
	struct state_in *s = NULL;
	const char *why;
	int fd, r;

	*out = NULL;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return errno == ENOENT ? 0 : fault_set(fault, SE_SYSTEM, "%s: %s", path, strerror(errno));
	if ((s = calloc(1, sizeof *s)) == NULL) {
		r = fault_set(fault, SE_NOMEM, "%s: no memory", path);
		goto done;
	}
	r = read_whole(fd, most_bytes, s);
	if (r == SE_FORMAT)
		r = set_aside(path, "is no file of such a size", fault);
	else if (r < 0)
		fault_set(fault, r, "%s: %s", path, se_text(r));
	else if ((why = what_is_wrong(s, version)) != NULL)
		r = set_aside(path, why, fault);
	if (r == 0) {
		*out = s;
		s = NULL;
	}
done:
	close(fd);
	state_in_close(s);
	return r;
}

const void *
state_in_records(const struct state_in *s, const char *name, size_t record_bytes, size_t *count)
{
	size_t at = sizeof(struct header);
	struct table t;

	*count = 0;
	while (at < s->length) {
		memcpy(&t, s->bytes + at, sizeof t);
		at += sizeof t;
		if (strcmp(t.name, name) == 0 && t.record_bytes == record_bytes) {
			*count = t.count;
			return s->bytes + at;
		}
		at += padded((size_t)t.record_bytes * t.count);
	}
	return NULL;
}
