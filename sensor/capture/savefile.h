/*
 * savefile.h - the frames of one capture file, whatever its format.
 *
 * Classic captures are read by classic.c, unusual ones of them by libpcap and
 * pcapng by pcapng.c, both from the FILE of input.h. All is opened at
 * savefile_open().
 */
#ifndef SENSOR_CAPTURE_SAVEFILE_H
#define SENSOR_CAPTURE_SAVEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "frame.h"

struct savefile;

/* The fault is the line for the user: "NAME: what is wrong". */
int savefile_open(const char *path, size_t buffer_bytes, struct savefile **out,
    struct fault *fault);

/*
 * 1: *out is filled but for its ordinal, its bytes valid until the next call.
 * 0: the end. Negative: an SE_ code and the line for the user; nothing can be
 * read after that.
 */
int savefile_next(struct savefile *s, struct frame *out, struct fault *fault);

/* The same of as many as lie side by side, `most` (not 0) at most: their number instead of 1. */
int savefile_take(struct savefile *s, struct frame *out, unsigned most, struct fault *fault);

/* Will the bytes of frames handed out before still be there when `count` more have been read? False: nobody knows. */
bool savefile_keeps(const struct savefile *s, unsigned count);

/* Bytes of the file read so far, and its size (0: unknown). */
void savefile_progress(const struct savefile *s, uint64_t *done_bytes, uint64_t *total_bytes);

/* Packets that were lost when it was recorded, as far as the file has said so. */
uint64_t savefile_lost(const struct savefile *s);

void savefile_close(struct savefile *s);	/* NULL is fine */

#endif
