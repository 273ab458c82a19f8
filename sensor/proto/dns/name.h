/*
 * name.h - a domain name on the wire (RFC 1035 sections 3.1 and 4.1.4) as text.
 */
#ifndef SENSOR_PROTO_DNS_NAME_H
#define SENSOR_PROTO_DNS_NAME_H

#include <stdbool.h>

#include "base/span.h"
#include "message.h"

/*
 * Reads the name at *in, which lies within `whole` (the message, where
 * pointers lead). Lower case, no trailing dot, the root is "". Pointers lead
 * backwards only, each one further back than the one before. False: no name
 * (*in is undefined then).
 */
bool dns_name(struct span whole, struct span *in, char text[DNS_NAME_MAX]);

/* Moves *in behind a name without following it. */
bool dns_name_skip(struct span *in);

#endif
