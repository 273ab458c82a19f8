/*
 * bytes.h - growing buffers that share one ceiling.
 *
 * The ceiling is asked before a buffer grows. Emptied buffers above
 * BYTES_KEEP give their memory back: most connections are idle.
 */
#ifndef SENSOR_PROTO_BYTES_H
#define SENSOR_PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { BYTES_KEEP = 1024 };

struct bytes_ceiling {
	size_t held, most;
	uint64_t *total;	/* what many ceilings hold together; NULL: nobody counts */
};

struct bytes {
	uint8_t *at;
	size_t used, size;
};

/* Room for `more` bytes behind `used`. False: ceiling or no memory; nothing changed. */
bool bytes_reserve(struct bytes *b, struct bytes_ceiling *c, size_t more);
bool bytes_append(struct bytes *b, struct bytes_ceiling *c, struct span s);
void bytes_empty(struct bytes *b, struct bytes_ceiling *c);
void bytes_clear(struct bytes *b, struct bytes_ceiling *c);

#endif
