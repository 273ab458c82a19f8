#include "proto/content/seek.h"

/* The part of `bytes`, which stand at `offset`, between the two ends. */
static struct span
within(const struct seek *s, uint64_t offset, struct span bytes)
{
	uint64_t before = offset < s->from ? s->from - offset : 0;
	uint64_t room = offset < s->to ? s->to - offset : 0;

	if (bytes.left > room)
		bytes.left = (size_t)room;
	if (before >= bytes.left)
		return span_of(bytes.at, 0);
	span_skip(&bytes, (size_t)before);
	return bytes;
}

void
seek_bytes(struct seek *s, uint64_t offset, struct span bytes)
{
	const uint8_t *first;
	uint8_t c;

	if (s->pattern == NULL || s->found)
		return;
	bytes = within(s, offset, bytes);
	while (bytes.left > 0 && !s->found) {
		if (s->matched == 0) {
			first = memchr(bytes.at, s->pattern[0], bytes.left);
			if (first == NULL)
				return;
			span_skip(&bytes, (size_t)(first - bytes.at));
		}
		if (!span_u8(&bytes, &c))
			return;
		if (c == (uint8_t)s->pattern[s->matched])
			s->matched++;
		else
			s->matched = c == (uint8_t)s->pattern[0];
		s->found = s->matched == s->len;
	}
}

void
seek_lost(struct seek *s)
{
	s->matched = 0;
}

bool
seek_done(const struct seek *s, uint64_t offset)
{
	return s->pattern == NULL || s->found || offset >= s->to;
}
