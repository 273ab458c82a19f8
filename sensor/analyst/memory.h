/*
 * memory.h - what the analyst knows again after a restart: a file for each
 * part of it (base/state_file.h) in a folder of the state directory.
 *
 * Live it is written every `save_sec` and at a clean end; in a replay with a
 * state directory at its end alone, so that an analyst that has to begin
 * again begins with what the first one had. Whatever is wrong with a file is
 * said in the log, and that part begins anew.
 */
#ifndef SENSOR_ANALYST_MEMORY_H
#define SENSOR_ANALYST_MEMORY_H

#include "analyst/analyst.h"

/* "STATE/memory" → buf. */
const char *memory_folder(const struct config *c, char *buf, size_t size);
/* Make it, for `user` to write in. */
int memory_make_folder(const struct config *c, const char *user, struct fault *fault);

struct memory;

/* `folder`: "" for none, then nothing is read or written. `live`: else some parts begin anew each time. NULL: no memory. */
struct memory *memory_new(const char *folder, bool live);
void memory_free(struct memory *m);	/* what is half written is removed; NULL is fine */

void memory_read(const struct memory *m, struct analyst *a);

/* All of it at once, to the disk. */
void memory_write(struct memory *m, const struct analyst *a);

/* The same by and by: begin (again: nothing happens while it goes on), then steps of some milliseconds, also when there is nothing to do. */
void memory_begin(struct memory *m);
void memory_step(struct memory *m, const struct analyst *a);

#endif
