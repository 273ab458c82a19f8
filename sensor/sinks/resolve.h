/*
 * resolve.h - a host name's addresses, but not later than a deadline.
 *
 * getaddrinfo() cannot be told when to give up, so names are asked for in a
 * thread. One that is too late is left to itself and cleans up behind itself;
 * until it is back no other is started, so there is one at most per resolver.
 */
#ifndef SENSOR_SINKS_RESOLVE_H
#define SENSOR_SINKS_RESOLVE_H

#include <netdb.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"

struct resolver;

/* `socket_type`: SOCK_STREAM or SOCK_DGRAM. */
int resolver_new(const char *host, const char *port, int socket_type, struct resolver **out);
void resolver_free(struct resolver *r);		/* waits for nobody; NULL is fine */

/* *out: yours, freeaddrinfo() it. SE_PEER with words, SE_NOMEM, SE_STOPPED. */
int resolver_ask(struct resolver *r, int64_t until_ns, const atomic_bool *cancelled,
    struct addrinfo **out, struct fault *fault);

#endif
