/*
 * utf16.h - texts of Windows protocols.
 */
#ifndef SENSOR_PROTO_UTF16_H
#define SENSOR_PROTO_UTF16_H

#include "base/span.h"

/*
 * UTF-16LE to UTF-8, with a NUL behind it, cut at a whole character when `size`
 * bytes are too few. It ends at a NUL in the text; half a surrogate pair becomes
 * U+FFFD. Returns its length.
 */
size_t utf16_read(struct span in, char *to, size_t size);

/* The same of a text that is single bytes: it ends at a NUL. */
size_t text_read(struct span in, char *to, size_t size);

#endif
