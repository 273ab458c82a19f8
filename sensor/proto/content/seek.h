/*
 * seek.h - does a short pattern stand between two offsets of a stream?
 *
 * The pattern's first byte must not occur in it again: then a mismatch needs
 * no going back.
 */
#ifndef SENSOR_CONTENT_SEEK_H
#define SENSOR_CONTENT_SEEK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct seek {
	const char *pattern;	/* NULL: nothing is sought */
	uint64_t from, to;	/* offsets; `to` is behind the last byte looked at */
	uint8_t len, matched;
	bool found;
};

void seek_bytes(struct seek *s, uint64_t offset, struct span bytes);
void seek_lost(struct seek *s);		/* bytes are missing here */
bool seek_done(const struct seek *s, uint64_t offset);

#endif
