/*
 * memory.h - what the analyst knows again after a restart: a file for each
 * part of it (base/state_file.h) in a folder of the state directory.
 *
 * Live it is written every MEMORY_SEC and at a clean end; in a replay with a
 * state directory at its end alone, so that an analyst that has to begin
 * again begins with what the first one had. Whatever is wrong with a file is
 * said in the log, and that part begins anew.
 */
#ifndef SENSOR_ENGINE_MEMORY_H
#define SENSOR_ENGINE_MEMORY_H

#include "engine/analyst.h"

enum { MEMORY_SEC = 300 };

/* "STATE/memory" → buf. */
const char *memory_folder(const struct config *c, char *buf, size_t size);
/* Make it, for `user` to write in. */
int memory_make_folder(const struct config *c, const char *user, struct fault *fault);

/* `folder`: "" for none, then nothing happens. */
void memory_read(struct analyst *a, const char *folder);
void memory_write(const struct analyst *a, const char *folder, bool sync);

#endif
