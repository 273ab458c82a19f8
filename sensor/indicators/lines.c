#include "indicators/lines.h"

#include <string.h>

#include "base/error.h"

void
lines_init(struct lines *l, FILE *in, uint64_t most_bytes)
{
	l->in = in;
	l->unpack = NULL;
	l->most_bytes = most_bytes;
	l->end = l->failed = l->begun = false;
	l->number = 0;
	l->from = l->to = 0;
}

void
lines_clear(struct lines *l)
{
	unpack_free(l->unpack);
	l->unpack = NULL;
}

const char *
lines_fault(const struct lines *l)
{
	const char *why = l->unpack != NULL ? unpack_fault(l->unpack) : NULL;

	return why != NULL ? why : se_text(SE_SYSTEM);
}

/* As fread(3): less than asked for only at the end. */
static size_t
unpack_all(struct unpack *u, uint8_t *to, size_t size)
{
	size_t used = 0, got;

	while (used < size && (got = unpack_read(u, to + used, size - used)) > 0)
		used += got;
	return used;
}

static void
fill(struct lines *l)
{
	size_t room, got;

	if (l->from > 0) {
		memmove(l->bytes, l->bytes + l->from, l->to - l->from);
		l->to -= l->from;
		l->from = 0;
	}
	room = sizeof l->bytes - l->to;
	if (l->end || room == 0)
		return;
	got = l->unpack != NULL ? unpack_all(l->unpack, l->bytes + l->to, room) :
	    fread(l->bytes + l->to, 1, room, l->in);
	l->to += got;
	if (got < room) {
		l->end = true;
		l->failed = l->unpack != NULL ? unpack_fault(l->unpack) != NULL : ferror(l->in) != 0;
	}
}

/* What was read is packed: begin again with what it holds. */
static void
begin_unpacking(struct lines *l)
{
	l->unpack = unpack_new(l->in, span_of(l->bytes, l->to), l->most_bytes);
	l->failed = l->unpack == NULL;
	l->end = l->failed;
	l->to = 0;
	if (!l->failed)
		fill(l);
}

/* The first bytes, less a byte order mark. */
static void
begin(struct lines *l)
{
	if (l->begun)
		return;
	l->begun = true;
	fill(l);
	if (!l->failed && unpack_knows(span_of(l->bytes, l->to)))
		begin_unpacking(l);
	if (l->to >= 3 && memcmp(l->bytes, "\xef\xbb\xbf", 3) == 0)
		l->from = 3;
}

struct span
lines_peek(struct lines *l)
{
	begin(l);
	return span_of(l->bytes + l->from, l->to - l->from);
}

static void
count_line(struct lines *l)
{
	if (l->number < UINT32_MAX)
		l->number++;
}

/* The line at hand has no end within LINE_BYTES: keep its beginning, go to the next. */
static bool
skip_long(struct lines *l, struct span *line)
{
	const uint8_t *end;

	memcpy(l->excerpt, l->bytes + l->from, sizeof l->excerpt);
	*line = span_of(l->excerpt, sizeof l->excerpt);
	for (;;) {
		end = memchr(l->bytes + l->from, '\n', l->to - l->from);
		if (end != NULL) {
			l->from = (size_t)(end - l->bytes) + 1;
			break;
		}
		l->from = l->to;
		if (l->end)
			break;
		fill(l);
	}
	return true;
}

bool
lines_next(struct lines *l, struct span *line, bool *too_long)
{
	const uint8_t *end;
	size_t len;

	begin(l);
	*too_long = false;
	end = memchr(l->bytes + l->from, '\n', l->to - l->from);
	if (end == NULL && !l->end) {
		fill(l);
		end = memchr(l->bytes + l->from, '\n', l->to - l->from);
	}
	if (l->failed || l->from == l->to)
		return false;
	count_line(l);
	len = (end == NULL ? l->to : (size_t)(end - l->bytes)) - l->from;
	if (len > LINE_BYTES) {
		*too_long = true;
		return skip_long(l, line);
	}
	*line = span_of(l->bytes + l->from, len);
	l->from += len + (end != NULL);
	if (line->left > 0 && line->at[line->left - 1] == '\r')
		line->left--;
	return true;
}

bool
lines_block(struct lines *l, struct span *block)
{
	begin(l);
	if (l->from == l->to)
		fill(l);
	if (l->failed || l->from == l->to)
		return false;
	*block = span_of(l->bytes + l->from, l->to - l->from);
	l->from = l->to;
	return true;
}
