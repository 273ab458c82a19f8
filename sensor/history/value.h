/*
 * value.h - what somebody looks for among contacts: an address, address:port,
 * a network, or a name with all below it.
 */
#ifndef SENSOR_HISTORY_VALUE_H
#define SENSOR_HISTORY_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"

struct sought {
	bool is_name;
	struct cidr net;	/* one address: all bits */
	uint16_t port;		/* 0: any */
	char name[256];		/* lower case, no dot at its end */
};

/* "192.0.2.7", "192.0.2.7:443", "[2001:db8::7]:443", "192.0.2.0/24", "panel.example", "panel.example:443". */
bool sought_parse(const char *text, struct sought *out);

bool sought_name(const struct sought *s, struct span name);
bool sought_end(const struct sought *s, const struct addr *a, uint16_t port);

#endif
