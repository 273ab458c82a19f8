/*
 * traffic.h - made-up traffic of many hosts, to measure with: TLS and HTTP
 * with answers, DNS, other UDP; conversations that begin, talk and end, 64 of
 * them at a time. The same bytes in every run.
 */
#ifndef SENSOR_ENGINE_TRAFFIC_H
#define SENSOR_ENGINE_TRAFFIC_H

#include <stdint.h>

#include "frame.h"

struct traffic;

/* NULL: no memory. Its clock begins at `from_ns`. */
struct traffic *traffic_new(int64_t from_ns);
void traffic_free(struct traffic *t);		/* NULL is fine */

/* Conversations that were not there before; frames of the batch before die. Returns the number of frames. */
unsigned traffic_make(struct traffic *t);
void traffic_frame(const struct traffic *t, unsigned n, struct frame *f);

#endif
