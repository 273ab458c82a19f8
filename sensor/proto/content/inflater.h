/*
 * inflater.h - gzip and deflate undone as the bytes come, a buffer at a time.
 */
#ifndef SENSOR_CONTENT_INFLATER_H
#define SENSOR_CONTENT_INFLATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct inflater;

/* What one costs, zlib's window included. */
enum { INFLATER_COST = 48 * 1024 };

/* `gzip`: RFC 1952; else RFC 1950, or RFC 1951 alone, which many senders take "deflate" for. NULL without memory. */
struct inflater *inflater_new(bool gzip);
void inflater_again(struct inflater *i, bool gzip);	/* as new, with the memory it has */
void inflater_free(struct inflater *i);		/* NULL is fine */

enum inflated {
	INFLATED_SOME,		/* *out has bytes; ask again */
	INFLATED_ALL,		/* `in` is used up */
	INFLATED_END,		/* the coded data ended; what is left of `in` is not of it */
	INFLATED_BROKEN
};

/* Uses up some of *in, writes up to `room` bytes. */
enum inflated inflater_bytes(struct inflater *i, struct span *in, uint8_t *to, size_t room, struct span *out);

/* The coded data ended where the last byte did. */
bool inflater_complete(const struct inflater *i);

#endif
