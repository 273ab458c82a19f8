/*
 * words.h - what the fields of a mail's header say: encoded words (RFC 2047),
 * parameters (RFC 2045, 2231), addresses (RFC 5322).
 *
 * Fields come unfolded or not: line ends in them count as blanks. Results are
 * UTF-8 where the bytes are encoded, else the bytes as they are; they are cut
 * where there is no room. Nothing recurses, comments nest without a limit.
 */
#ifndef SENSOR_PROTO_TEXT_WORDS_H
#define SENSOR_PROTO_TEXT_WORDS_H

#include <stdbool.h>

#include "proto/text/charset.h"

enum { WORDS_TEXT_BYTES = 1024, PARAMETER_SEGMENTS_MAX = 32 };

struct words_text {
	bool there;
	size_t used;
	uint8_t at[WORDS_TEXT_BYTES];
};

/* Nothing is there. What stands in `at` stays: it is never read beyond `used`. */
static inline void
words_clear(struct words_text *t)
{
	t->there = false;
	t->used = 0;
}

/* Absent when it is not there. */
struct span words_span(const struct words_text *t);

/* Text with encoded words. */
void words_decode(struct charsets *c, struct span text, struct words_text *out);

/* "text/plain; charset=x" → "text/plain" */
struct span words_value(struct span field);

/* Parameter `name` ("filename"), also in its forms name*, name*0, name*0*. */
void words_parameter(struct charsets *c, struct span field, const char *name, struct words_text *out);

/* The first address of From: its display name (or the comment behind it), and a@b. */
void words_address(struct charsets *c, struct span field, struct words_text *name, struct words_text *address);

#endif
