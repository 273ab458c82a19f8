/*
 * charset.h - text of mails to UTF-8.
 *
 * Known are ASCII, UTF-8, and what the table in charset.c names. The C
 * library's tables are files: where none may be opened later (a sandbox),
 * charsets_warm_up() before; it keeps them loaded.
 */
#ifndef SENSOR_PROTO_TEXT_CHARSET_H
#define SENSOR_PROTO_TEXT_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct charsets;		/* converters, opened when first needed */

struct charsets *charsets_new(void);		/* NULL without memory */
void charsets_free(struct charsets *c);		/* NULL is fine */
void charsets_warm_up(void);

/*
 * `text` to UTF-8 in `to`, as much as finds room, characters never cut. What
 * the charset does not have becomes U+FFFD. False: nobody knows the charset.
 */
bool charset_convert(struct charsets *c, struct span name, struct span text, uint8_t *to, size_t room,
    size_t *used);

#endif
