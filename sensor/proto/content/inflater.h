/*
 * inflater.h - gzip, deflate and brotli undone as the bytes come, a buffer at a time.
 *
 * zlib's memory is known before: INFLATER_COST. What brotli takes depends on
 * its stream: window and code tables. Each allocation is asked for first
 * (struct inflater_purse), and BROTLI_MOST is the most that one may have: a
 * stream that needs a larger window than 1 MiB at a time is taken for broken.
 */
#ifndef SENSOR_CONTENT_INFLATER_H
#define SENSOR_CONTENT_INFLATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct inflater;

enum {
	INFLATER_COST = 48 * 1024,	/* what one costs, zlib's window included */
	BROTLI_MOST = (1024 + 256) * 1024
};

/* Who says how much memory there is. `take` may say no. */
struct inflater_purse {
	bool (*take)(void *from, size_t bytes);
	void (*give)(void *from, size_t bytes);
	void *from;
};

/* `gzip`: RFC 1952; else RFC 1950, or RFC 1951 alone, which many senders take "deflate" for. NULL without memory. */
struct inflater *inflater_new(bool gzip);
void inflater_again(struct inflater *i, bool gzip);	/* as new, with the memory it has */

/* Brotli (RFC 7932), without its large windows. NULL without memory. It is not used again. */
struct inflater *inflater_new_brotli(const struct inflater_purse *purse);
bool inflater_is_brotli(const struct inflater *i);

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
