/*
 * value.h - one indicator's value: what kind it is, its canonical text, and
 * whether it may be loaded at all.
 */
#ifndef SENSOR_INDICATORS_VALUE_H
#define SENSOR_INDICATORS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"
#include "indicator.h"

enum {
	VALUE_BYTES = 2048,		/* longest canonical text */
	VALUE_ANY = (1 << INDICATOR_TYPES) - 1,
	NETWORK_V4_LEAST = 8,		/* shorter prefixes are no indicators */
	NETWORK_V6_LEAST = 19
};

struct value {
	enum indicator_type type;
	struct cidr net;		/* ADDRESS, ADDRESS_PORT, CIDR; URL whose host is an address */
	uint16_t port;			/* ADDRESS_PORT */
	bool host_is_address;		/* URL */
	size_t len;
	char text[VALUE_BYTES + 1];	/* canonical, as under enum indicator_type */
};

/*
 * Form only: `text` → one of `types` (a bit for each enum indicator_type).
 * False: *why says what was expected.
 */
bool value_parse(struct span text, unsigned types, struct value *out, const char **why);

/* Can look-ups find it? Networks need their least length, names two labels. */
bool value_is_findable(const struct value *v);

/*
 * As a feed writes it: defanged ("hxxp", "[.]", "(.)", "[:]"), "*.name",
 * ".name", "||name^". Refuses also what must never be loaded: unspecified,
 * loopback, broadcast and multicast addresses, networks shorter than /8 (IPv6: /19),
 * names of one label, public suffixes.
 */
bool value_read(struct span text, unsigned types, struct value *out, const char **why);

/* ADDRESS → ADDRESS_PORT. False: not a port from 1 to 65535, and nothing is changed. */
bool value_add_port(struct value *v, struct span port);

/*
 * "HOST[:port]" as in a URL or a Host field → lower case, without the ports
 * 80 and 443 and without trailing dot. Returns its length in `buf` (with a
 * NUL behind it); 0 when it is no such thing or longer than size - 1.
 */
size_t value_host(struct span host, char *buf, size_t size);

#endif
