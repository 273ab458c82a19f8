/*
 * own.h - the sensor's own traffic: what this machine sends to where its
 * configuration sends it (feeds, receivers of alerts, proxies). It must not
 * ring: a provider's name may be listed, and a feed that is fetched every hour
 * looks like a beacon. Anybody else who talks to the same places does ring.
 */
#ifndef SENSOR_ANALYST_OWN_H
#define SENSOR_ANALYST_OWN_H

#include "config/config.h"
#include "observation.h"

struct own;

/* The machine's addresses as they are now. NULL: no memory. */
struct own *own_new(const struct config *c);
void own_free(struct own *o);			/* NULL is fine */

void own_add_address(struct own *o, const struct addr *a);

/* `name`: what DNS gave this host for its peer, for traffic that does not name it; "" when nothing is known. */
bool own_is(const struct own *o, const struct observation *seen, const char *name);

#endif
