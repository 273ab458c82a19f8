/*
 * keep.h - what of an observation the keeper is told.
 */
#ifndef SENSOR_ANALYST_KEEP_H
#define SENSOR_ANALYST_KEEP_H

#include <stdbool.h>

#include "history/kept.h"
#include "observation.h"

/* Dies on return. */
typedef void kept_fn(void *to, const struct kept *k);

/* Contacts, ends of flows with contacts, and live matches; what is of no use to the history only when there is a contact log. */
bool keep_wants(const struct observation *o, bool log);

/* Of one that is wanted. `resolved`: what DNS called the peer, for traffic that does not name it; "" when nothing is known. */
void keep_of(const struct observation *o, const char *resolved, struct kept_buffer *out);

#endif
