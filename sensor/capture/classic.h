/*
 * classic.h - frames out of a classic capture, in place in one buffer.
 *
 * libpcap copies every frame twice on its way out of a file (stdio's buffer,
 * then its own) through a chain of calls that costs more than decoding; here
 * a frame is given where the read has put it. The file's header is still read
 * by libpcap, and what is not the ordinary case is left to it altogether:
 * captures of the other byte order, whose pseudo headers it turns around too,
 * of old versions and of systems with longer record headers.
 */
#ifndef SENSOR_CAPTURE_CLASSIC_H
#define SENSOR_CAPTURE_CLASSIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/input.h"
#include "frame.h"

struct classic;

/*
 * 1: *out reads the input from here on, through a buffer of `buffer_bytes`
 * that grows for a frame that is longer (CAPTURE_FRAME_MAX). 0: libpcap has to
 * read this one; nothing was taken from the input. Or SE_NOMEM.
 */
int classic_open(struct input *in, size_t buffer_bytes, struct classic **out);

/*
 * 1: *out is filled but for its ordinal, its bytes valid until the next call.
 * 0: the end. SE_FORMAT: cut or damaged, the words say how ("cut in the middle
 * of packet 17 (12 of 60 bytes are there)"); SE_SYSTEM: input_error() knows
 * why; SE_NOMEM. Nothing can be read after that.
 */
int classic_next(struct classic *c, struct frame *out, struct fault *fault);

/* The next ones, as far as they lie in the buffer whole and sound: how many. What was given before stays where it is. */
unsigned classic_take_ready(struct classic *c, struct frame *out, unsigned most);

/* Do the next `count` frames lie in the buffer, whole and sound? Then reading them leaves all others in it where they are. */
bool classic_has_ready(const struct classic *c, unsigned count);

void classic_close(struct classic *c);	/* NULL is fine */

#endif
