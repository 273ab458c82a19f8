/*
 * peer_names.h - what DNS answers called an address, as one host heard it.
 *
 * Bounded: at `max_names` the one heard longest ago gives way (counted by
 * the caller's counter). Private to alert/.
 */
#ifndef SENSOR_ALERT_PEER_NAMES_H
#define SENSOR_ALERT_PEER_NAMES_H

#include <stdint.h>

#include "base/span.h"
#include "realm.h"

struct peer_names;

struct peer_names *peer_names_new(uint32_t max_names, uint64_t *evicted);
void peer_names_free(struct peer_names *n);	/* NULL is fine */

/* Without memory the name is not remembered. */
void peer_names_add(struct peer_names *n, const struct realm *realm, const struct addr *host,
    const struct addr *peer, struct span name);

/* "" when not heard; valid until the next peer_names_add(). */
const char *peer_names_find(const struct peer_names *n, const struct realm *realm,
    const struct addr *host, const struct addr *peer);

/* The same in two steps, between which the memory it takes is on its way: the first gives what the second is asked with. */
uint64_t peer_names_ask(const struct peer_names *n, const struct realm *realm, const struct addr *host,
    const struct addr *peer);
const char *peer_names_asked(const struct peer_names *n, uint64_t asked);

/* The most that one costs. */
size_t peer_names_name_bytes(void);

#endif
