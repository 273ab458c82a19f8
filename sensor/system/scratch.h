/*
 * scratch.h - a directory of its own for a replay's journal, below $TMPDIR or /tmp.
 */
#ifndef SENSOR_SYSTEM_SCRATCH_H
#define SENSOR_SYSTEM_SCRATCH_H

#include <stddef.h>

#include "base/error.h"

/* On failure `path` is empty. */
int scratch_make(char *path, size_t size, struct fault *fault);

/* Removes the directory and the files in it. */
void scratch_remove(const char *path);

#endif
