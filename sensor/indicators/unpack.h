/*
 * unpack.h - a packed feed's bytes: gzip, xz, zstd, or the first file of a zip.
 *
 * Reads on from a file whose first bytes are at hand already. What is unpacked
 * has a ceiling, and so has how much one packed byte may become: a bomb ends as
 * a failure with one line. Opens no file and makes no process.
 */
#ifndef SENSOR_INDICATORS_UNPACK_H
#define SENSOR_INDICATORS_UNPACK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/span.h"

enum {
	UNPACK_RATIO_MAX = 300,		/* lists of text are packed to a tenth or so */
	UNPACK_RATIO_FROM = 16 << 20	/* unpacked bytes before the ratio is asked */
};

struct unpack;

/* Load what unpacking takes if this file may need it: a process that will give up its files does so before. False: it is not there. */
bool unpack_prepare(FILE *in);

/* Do these first bytes belong to something packed that is read here? */
bool unpack_knows(struct span head);

/* `head`: what was read from `in` already; copied. NULL: no memory. */
struct unpack *unpack_new(FILE *in, struct span head, uint64_t most_bytes);
void unpack_free(struct unpack *u);	/* NULL is fine */

/* Up to `size` bytes; 0 at the end, or when it failed: unpack_fault() says why. */
size_t unpack_read(struct unpack *u, void *to, size_t size);
const char *unpack_fault(const struct unpack *u);	/* NULL: it did not fail */

#endif
