/*
 * input.h - the bytes of one input, also as a FILE, whatever it is: a plain file, a
 * pipe, standard input, or either of them compressed.
 *
 * gzip, zstd, lz4 and xz are told by their first bytes and undone by
 * libarchive. Nothing is opened after input_open(); reading reads.
 */
#ifndef SENSOR_CAPTURE_INPUT_H
#define SENSOR_CAPTURE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/error.h"

struct input;

/* "-" is standard input. The fault says what is wrong without naming the input. */
int input_open(const char *path, struct input **out, struct fault *fault);

/* The first bytes after decompression, up to 24 and fewer only at the end of the input. Valid until input_close(). */
const uint8_t *input_head(const struct input *in, size_t *len);

/* Some of the next bytes, from the first on; 0 at the end, negative when input_error() knows why. */
ssize_t input_read(struct input *in, void *to, size_t len);

/*
 * Or all of them, from the first on, through a buffer of `buffer_bytes`. Once per
 * input. The caller closes the FILE, before input_close(). NULL: no memory.
 */
FILE *input_stream(struct input *in, size_t buffer_bytes);

/* Why reading failed, or NULL when it did not. Damage in compressed bytes is such a failure. */
const char *input_error(const struct input *in);
bool input_was_compressed(const struct input *in);

/* Bytes taken from the file itself (compressed, if so), and its size; 0 when it has none. */
uint64_t input_done_bytes(const struct input *in);
uint64_t input_total_bytes(const struct input *in);

void input_close(struct input *in);	/* NULL is fine */

/* Do the first bytes say gzip, zstd, lz4 or xz? */
bool input_is_compressed(const uint8_t *head, size_t len);

#endif
