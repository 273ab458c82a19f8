/*
 * rotation.h - files of a sink that makes room by itself: PATH becomes
 * PATH.1, that PATH.2 and so on; the one behind PATH.KEEP goes.
 */
#ifndef SENSOR_SINKS_ROTATION_H
#define SENSOR_SINKS_ROTATION_H

#include <stdbool.h>

#include "base/error.h"

/* The new file is the caller's to make. SE_SYSTEM: the folder cannot be written; the file stays where it is. */
int rotation_turn(const char *path, unsigned keep, struct fault *fault);

/* Is this still what the path leads to? Somebody else may have moved it. */
bool rotation_is_at(int fd, const char *path);

#endif
