/*
 * output.h - lines to a descriptor, whole or not at all.
 *
 * Lines are held until output_flush(). In a regular file a line that could
 * not be written to its end (full disk) is taken back; to pipes and terminals the
 * rest is written at the next flush. Never more than OUTPUT_MOST is held.
 */
#ifndef SENSOR_SINKS_OUTPUT_H
#define SENSOR_SINKS_OUTPUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OUTPUT_MOST = 4 << 20, OUTPUT_FLUSH_AT = 256 << 10 };

struct output {
	int fd;
	bool regular;
	bool ours;		/* to close */
	char *held;
	size_t len, room;
	size_t written;		/* of `held`, to what is no regular file */
};

enum output_result { OUTPUT_OK, OUTPUT_FAILED /* errno */, OUTPUT_GONE /* nobody reads any more */ };

void output_init(struct output *o, int fd, bool ours);
void output_clear(struct output *o);

/* Hold `len` bytes: whole lines. False: no memory, or OUTPUT_MOST would be exceeded. */
bool output_add(struct output *o, const char *bytes, size_t len);

/* FAILED: what is not written is held still. GONE: it is dropped. */
enum output_result output_flush(struct output *o, uint32_t timeout_ms, const atomic_bool *cancelled);

/* A writer that was killed may have left half an EVE line at the file's end: take it back. */
void output_mend(const struct output *o);

#endif
