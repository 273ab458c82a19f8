/*
 * text.h - building bounded text for screens and wires.
 *
 * An addition that does not fit is left out whole and `full` is set; the
 * text stays NUL-terminated. "Clean" is printable UTF-8: control characters,
 * those that turn the writing direction, and bytes that are no UTF-8 become \xNN.
 */
#ifndef SENSOR_SINKS_TEXT_H
#define SENSOR_SINKS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct text {
	char *at;
	size_t size, len;
	bool full;
};

enum { TEXT_UNIT_MAX = 17 };	/* one character of clean text, with its NUL */

void text_init(struct text *t, char *buf, size_t size);
bool text_add(struct text *t, const char *s);
bool text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Cut the next character off `in` and write it clean. Its length; 0 at the end. */
size_t text_unit(struct span *in, char unit[TEXT_UNIT_MAX]);

/* Up to `most` bytes of `s`, clean; "..." says that there was more. As much as fits. */
void text_add_clean(struct text *t, const char *s, size_t most);

/* How many columns clean text takes: its characters. */
size_t text_columns(const char *s);

/* Length in bytes of the first character, 0 at the end; how many columns a terminal gives it. */
size_t text_cell(const char *s, size_t *columns);
/* The same of all of it: East Asian characters take two columns. */
size_t text_width(const char *s);

#endif
