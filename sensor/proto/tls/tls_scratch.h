/*
 * tls_scratch.h - what a reader computes with: room for the texts of one
 * message, and the tools that all readers share.
 */
#ifndef SENSOR_TLS_SCRATCH_H
#define SENSOR_TLS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/span.h"
#include "proto/tls/tls_tools.h"

struct tls_scratch {
	struct arena arena;		/* cleared after each message */
	struct tls_tools *tools;
};

/* Text that grows by pieces within room taken beforehand; what does not fit sets `full`. */
struct tls_text {
	char *at;
	size_t used, room;
	bool full;
};

/* False when the arena has no such room. */
bool tls_text_begin(struct tls_text *t, struct arena *a, size_t room);
void tls_text_bytes(struct tls_text *t, const void *bytes, size_t len);
void tls_text_byte(struct tls_text *t, char c);
struct span tls_text_span(const struct tls_text *t);

#endif
