/*
 * source.h - what a source of frames is made of; private to this folder.
 *
 * Each kind of source begins with a struct capture and fills its calls.
 */
#ifndef SENSOR_CAPTURE_SOURCE_H
#define SENSOR_CAPTURE_SOURCE_H

#include "capture/capture.h"

struct capture {
	enum capture_result (*take)(struct capture *c, struct frame *out, unsigned most, unsigned *count);
	void (*progress)(const struct capture *c, uint64_t *done_bytes, uint64_t *total_bytes);
	void (*close)(struct capture *c);
	uint64_t ordinal;		/* of the last frame handed out */
	unsigned faults;
	uint64_t lost;			/* in files that are done, as they say */
	int descriptor;			/* -1: not live */
	int link_type;			/* -1: each frame says its own */
	const char *failure;		/* NULL: none */
};

/* Sizes as frame.h promises them, from what a capture claims. */
static inline void
frame_set_sizes(struct frame *f, uint32_t captured, uint32_t wire)
{
	if (wire > CAPTURE_WIRE_MAX)
		wire = CAPTURE_WIRE_MAX;
	f->captured_bytes = captured;
	f->wire_bytes = wire < captured ? captured : wire;
}

#endif
