/*
 * steady.h - the frames of one capture file, at times that can be.
 *
 * One frame whose time leaps by more than an hour, when the next frame's leaps
 * back as far, carries a time that was wrong (a clock that was set, a damaged
 * record). Believed, one such frame from the future would end every
 * conversation. It is given the time of the frame before it and marked
 * `retimed`. A leap where the next frame stays is a gap, of whatever length.
 */
#ifndef SENSOR_CAPTURE_STEADY_H
#define SENSOR_CAPTURE_STEADY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "frame.h"

struct savefile;

struct steady {				/* zeroed but for `file` at first */
	struct savefile *file;		/* borrowed */
	bool begun;
	int64_t before_ns;		/* time of the frame handed out last */
	uint8_t *kept;			/* bytes of a frame behind which we looked */
	size_t kept_bytes;
	bool has_next;			/* what savefile_next() said then: */
	int next_result;
	struct frame next;
	struct fault next_fault;
};

/* As savefile_next(). */
int steady_next(struct steady *s, struct frame *out, struct fault *fault);

/* As savefile_take(). */
int steady_take(struct steady *s, struct frame *out, unsigned most, struct fault *fault);

/* Is what was handed out before still there after the next steady_next()? */
bool steady_keeps(const struct steady *s);

void steady_clear(struct steady *s);

#endif
