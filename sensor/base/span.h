/*
 * span.h - the one door through which bytes from outside are read.
 *
 * A span is a place and how much is left there. A reader either succeeds and
 * moves on, or returns false and leaves the span (and *out) as it was. A
 * length field becomes a smaller span at once: span_take().
 */
#ifndef SENSOR_BASE_SPAN_H
#define SENSOR_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *at;
	size_t left;
};

static inline struct span
span_of(const void *bytes, size_t len)
{
	struct span s = { bytes, len };

	return s;
}

/* The bytes of a C string, without its NUL. */
static inline struct span
span_text(const char *text)
{
	return span_of(text, strlen(text));
}

/* As an initialiser, of what is known when this is compiled. */
#define SPAN_LITERAL(text) { (const uint8_t *)text, sizeof text - 1 }

/* The same as span_text(); an empty one was not said: absent. */
static inline struct span
span_said(const char *text)
{
	return text[0] == '\0' ? span_of(NULL, 0) : span_text(text);
}

/* For the functions below. An absent span may give up its no bytes: in C NULL + 0 has no meaning. */
static inline void
span_advance(struct span *s, size_t len)
{
	if (len > 0)
		s->at += len;
	s->left -= len;
}

static inline bool
span_skip(struct span *s, size_t len)
{
	if (len > s->left)
		return false;
	span_advance(s, len);
	return true;
}

/* Cut the next `len` bytes off into *out. */
static inline bool
span_take(struct span *s, size_t len, struct span *out)
{
	if (len > s->left)
		return false;
	out->at = s->at;
	out->left = len;
	span_advance(s, len);
	return true;
}

static inline bool
span_copy(struct span *s, void *to, size_t len)
{
	if (len > s->left)
		return false;
	if (len > 0)
		memcpy(to, s->at, len);
	span_advance(s, len);
	return true;
}

static inline bool
span_u8(struct span *s, uint8_t *out)
{
	if (s->left < 1)
		return false;
	*out = s->at[0];
	s->at += 1;
	s->left -= 1;
	return true;
}

static inline bool
span_u16be(struct span *s, uint16_t *out)
{
	if (s->left < 2)
		return false;
	*out = (uint16_t)(s->at[0] << 8 | s->at[1]);
	s->at += 2;
	s->left -= 2;
	return true;
}

static inline bool
span_u24be(struct span *s, uint32_t *out)
{
	if (s->left < 3)
		return false;
	*out = (uint32_t)s->at[0] << 16 | (uint32_t)s->at[1] << 8 | s->at[2];
	s->at += 3;
	s->left -= 3;
	return true;
}

static inline bool
span_u32be(struct span *s, uint32_t *out)
{
	if (s->left < 4)
		return false;
	*out = (uint32_t)s->at[0] << 24 | (uint32_t)s->at[1] << 16 |
	    (uint32_t)s->at[2] << 8 | s->at[3];
	s->at += 4;
	s->left -= 4;
	return true;
}

static inline bool
span_u16le(struct span *s, uint16_t *out)
{
	if (s->left < 2)
		return false;
	*out = (uint16_t)(s->at[1] << 8 | s->at[0]);
	s->at += 2;
	s->left -= 2;
	return true;
}

static inline bool
span_u32le(struct span *s, uint32_t *out)
{
	if (s->left < 4)
		return false;
	*out = (uint32_t)s->at[3] << 24 | (uint32_t)s->at[2] << 16 |
	    (uint32_t)s->at[1] << 8 | s->at[0];
	s->at += 4;
	s->left -= 4;
	return true;
}

static inline bool
span_equal(struct span a, struct span b)
{
	return a.left == b.left && (a.left == 0 || memcmp(a.at, b.at, a.left) == 0);
}

/* Cut up to and without byte `c` into *word and skip the byte itself. False when `c` is not there. */
static inline bool
span_until(struct span *s, uint8_t c, struct span *word)
{
	const uint8_t *end = s->left == 0 ? NULL : memchr(s->at, c, s->left);

	if (end == NULL)
		return false;
	word->at = s->at;
	word->left = (size_t)(end - s->at);
	s->left -= word->left + 1;
	s->at = end + 1;
	return true;
}

/* ASCII case is ignored. Most answers are no, and most of those are in the length. */
bool span_same_nocase(const uint8_t *a, const uint8_t *b, size_t len);

/* Nearly always no, at the length or the first byte. */
static inline bool
span_equal_nocase(struct span a, struct span b)
{
	return a.left == b.left && (a.left == 0 || (((a.at[0] ^ b.at[0]) & ~0x20) == 0 && span_same_nocase(a.at, b.at, a.left)));
}

/* Without leading and trailing spaces, tabs, CR and LF. */
struct span span_trim(struct span s);

#endif
