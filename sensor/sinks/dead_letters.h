/*
 * dead_letters.h - what a receiver refused for good, kept with the reason.
 *
 * JSON lines: {"timestamp":…,"sink":…,"reason":…,"record":{the EVE object}}.
 * At DEAD_LETTERS_MOST bytes the file becomes PATH.1, in place of an older
 * one, so that never more than twice that much is kept. Mode 0600.
 */
#ifndef SENSOR_SINKS_DEAD_LETTERS_H
#define SENSOR_SINKS_DEAD_LETTERS_H

#include <stddef.h>

#include "base/error.h"

enum { DEAD_LETTERS_MOST = 16 << 20 };

/* `most`: bytes of one file. SE_SYSTEM with words when it cannot be kept; half a line is never left. */
int dead_letters_add(const char *path, const char *sink, const char *reason, const char *line, size_t most,
    struct fault *fault);

#endif
