/*
 * lines.h - a feed's bytes, line by line, within a ceiling.
 *
 * A line is at most LINE_BYTES long; of a longer one the first LINE_EXCERPT
 * bytes are handed out and the rest is skipped, so that memory is fixed
 * whatever the file holds. CR before LF is dropped, a byte order mark at the
 * start too. What is packed (see unpack.h) is unpacked on the way.
 */
#ifndef SENSOR_INDICATORS_LINES_H
#define SENSOR_INDICATORS_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/span.h"
#include "indicators/unpack.h"

enum { LINE_BYTES = 65536, LINE_EXCERPT = 64 };

struct lines {
	FILE *in;
	struct unpack *unpack;		/* NULL: it is not packed */
	uint64_t most_bytes;		/* unpacked */
	bool end, failed, begun;
	uint32_t number;	/* of the line handed out last, from 1 */
	size_t from, to;	/* what is unread of `bytes` */
	uint8_t excerpt[LINE_EXCERPT];
	uint8_t bytes[2 * LINE_BYTES];
};

/* `most_bytes`: as much may become of what is packed. */
void lines_init(struct lines *l, FILE *in, uint64_t most_bytes);
void lines_clear(struct lines *l);

/* Why reading failed; dies with `l`. */
const char *lines_fault(const struct lines *l);

/* The bytes ahead, at least LINE_BYTES of them when the file has as many. Nothing is read away. */
struct span lines_peek(struct lines *l);

/* The next line, without its end; dies at the next call. False at the end or when reading failed. */
bool lines_next(struct lines *l, struct span *line, bool *too_long);

/* All bytes that are at hand, and at least one. False at the end or when reading failed. */
bool lines_block(struct lines *l, struct span *block);

#endif
