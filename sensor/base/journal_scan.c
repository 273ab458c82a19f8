#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/journal_files.h"

enum { SCAN_ROOM = 65536, RESYNC_MOST = 4 << 20 };

enum found { FOUND_RECORD, FOUND_NOTHING, FOUND_DAMAGED };

void
scan_begin(struct segment_scan *s, int fd, uint64_t first)
{
	memset(s, 0, sizeof *s);
	s->fd = fd;
	s->number = first;
}

void
scan_clear(struct segment_scan *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->buffer);
	memset(s, 0, sizeof *s);
	s->fd = -1;
}

/* Room for `len` bytes from `at` on; never called for more than the file holds. */
static int
make_room(struct segment_scan *s, size_t len)
{
	uint8_t *grown;

	if (s->at > 0) {
		memmove(s->buffer, s->buffer + s->at, s->have - s->at);
		s->have -= s->at;
		s->at = 0;
	}
	if (len <= s->room)
		return 0;
	if (len < SCAN_ROOM)
		len = SCAN_ROOM;
	if ((grown = realloc(s->buffer, len)) == NULL)
		return SE_NOMEM;
	s->buffer = grown;
	s->room = len;
	return 0;
}

/* At least `len` bytes in the buffer: 1; the file has fewer: 0; or SE_. */
static int
fetch(struct segment_scan *s, size_t len)
{
	struct stat st;
	ssize_t n;
	int r;

	if (s->have - s->at >= len)
		return 1;
	if (fstat(s->fd, &st) < 0)
		return SE_SYSTEM;
	if ((uint64_t)st.st_size < s->offset || (uint64_t)st.st_size - s->offset < len)
		return 0;
	if ((r = make_room(s, len)) < 0)
		return r;
	while (s->have < len) {
		n = pread(s->fd, s->buffer + s->have, s->room - s->have,
		    (off_t)(s->offset + s->have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return SE_SYSTEM;
		if (n == 0)
			return 0;
		s->have += (size_t)n;
	}
	return 1;
}

/* What stands `ahead` bytes behind the next record's start? *len: of its body. */
static int
look(struct segment_scan *s, size_t ahead, enum found *found, uint32_t *len)
{
	int r = fetch(s, ahead + RECORD_HEADER_BYTES);
	const uint8_t *header;

	*found = FOUND_NOTHING;
	*len = 0;
	if (r <= 0)
		return r;
	*len = record_body_length(s->buffer + s->at + ahead);
	if (*len == 0)
		return 0;
	if ((r = fetch(s, ahead + RECORD_HEADER_BYTES + *len)) <= 0)
		return r;
	header = s->buffer + s->at + ahead;
	*found = record_intact(header, header + RECORD_HEADER_BYTES, *len) ?
	    FOUND_RECORD : FOUND_DAMAGED;
	return 0;
}

/*
 * Where behind the next record's start does an intact one begin? 0: nowhere, as far as can be seen.
 * A line has no zero bytes and a length has one at its end, so that hardly any place is tried in vain.
 */
static int
resync(struct segment_scan *s, size_t *ahead)
{
	enum found found;
	uint32_t len;
	size_t at;
	int r;

	*ahead = 0;
	for (at = 1; at <= RESYNC_MOST; at++) {
		if ((r = fetch(s, at + RECORD_HEADER_BYTES)) <= 0)
			return r;
		if (record_body_length(s->buffer + s->at + at) == 0)
			continue;
		if ((r = look(s, at, &found, &len)) < 0)
			return r;
		if (found == FOUND_RECORD) {
			*ahead = at;
			return 0;
		}
	}
	return 0;
}

static void
pass(struct segment_scan *s, size_t bytes)
{
	s->at += bytes;
	s->offset += bytes;
	s->number++;
}

/* 1: the next record is intact, of `len` bytes; 0: there is none. */
static int
find_record(struct segment_scan *s, uint32_t *len)
{
	enum found found;
	size_t ahead = 0;
	int r;

	for (;;) {
		if ((r = look(s, 0, &found, len)) < 0)
			return r;
		if (found == FOUND_RECORD)
			return 1;
		if (ahead == 0) {
			if ((r = resync(s, &ahead)) < 0 || ahead == 0)
				return r;
			/* What was half written when it was looked at may be whole now: it is read once more. */
			s->at = s->have = 0;
			continue;
		}
		if ((r = fetch(s, ahead)) <= 0)
			return r;
		s->damaged++;
		s->damaged_at = s->offset;
		s->damaged_bytes = ahead;
		pass(s, ahead);
		ahead = 0;
	}
}

int
scan_next(struct segment_scan *s, struct segment_record *out)
{
	uint32_t len;
	uint8_t *header;
	int r = find_record(s, &len);

	if (r <= 0) {
		s->at = s->have = 0;
		return r;
	}
	header = s->buffer + s->at;
	out->number = s->number;
	out->kind = record_kind_of(header);
	out->line = (char *)header + RECORD_HEADER_BYTES;
	out->line[len - 1] = '\0';
	pass(s, RECORD_HEADER_BYTES + len);
	return 1;
}
