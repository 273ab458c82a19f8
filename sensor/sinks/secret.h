/*
 * secret.h - what must stand neither in the configuration nor in a log:
 * "file:PATH" (its first line) or "env:NAME".
 */
#ifndef SENSOR_SINKS_SECRET_H
#define SENSOR_SINKS_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { SECRET_MAX = 4096 };

/* Does it name a place, rather than being the text itself? */
bool secret_is_place(const char *text);

/*
 * The secret into `buf`, NUL-terminated. SE_USAGE: neither form, nothing
 * there, control characters in it, or more than `size` holds. The fault names the place, never what is there.
 */
int secret_read(const char *place, char *buf, size_t size, struct fault *fault);

#endif
