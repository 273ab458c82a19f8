/*
 * text.h - bytes of a feed as text that may be kept and shown.
 */
#ifndef SENSOR_INDICATORS_TEXT_H
#define SENSOR_INDICATORS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

/* Well-formed UTF-8 (RFC 3629): no overlong form, no surrogate. */
bool text_is_utf8(struct span s);

/* What feeds write where they know nothing: nothing at all, "-", "?", "null", "None", "N/A", "unknown". */
bool text_is_missing(struct span s);

/*
 * Copy into `buf` what may be stored and shown: UTF-8 without control
 * characters; each byte that is neither becomes '?'. Cut between characters
 * when it is too long. Returns `buf`.
 */
const char *text_clean(struct span s, char *buf, size_t size);

/* Printable ASCII for a complaint; the rest as \xHH; "..." where it was cut. Returns `buf`. */
const char *text_escape(struct span s, char *buf, size_t size);

/* Position of `word` (lower case) in `s`, ASCII case ignored; s.left when it is not there. */
size_t text_find(struct span s, const char *word);

/* Of which kinds bytes are; "a" is HEX and no WORD, what is not named here OTHER. */
enum {
	BYTE_DIGIT = 1, BYTE_HEX = 2,		/* a-f, A-F */
	BYTE_WORD = 4,				/* other letters, "-", "_" */
	BYTE_DOT = 8, BYTE_COLON = 16, BYTE_SLASH = 32,
	BYTE_BRACKET = 64,			/* any of "[](){}" */
	BYTE_OTHER = 128, BYTE_NUL = 256
};

extern const uint8_t text_kind[256];	/* 0: OTHER or NUL */

/* The kinds that are in it. */
unsigned text_kinds(struct span s);

#endif
