/* private.h - what both versions of DHCP share. */
#ifndef SENSOR_PROTO_DHCP_PRIVATE_H
#define SENSOR_PROTO_DHCP_PRIVATE_H

#include "proto/proto.h"

enum { HARDWARE_ETHERNET = 1 };

/* Where a message comes from, for what is emitted because of it. */
struct dhcp_source {
	struct proto *p;
	const struct flow *flow;
	int from;
	int64_t ts_ns;
};

/* The flow's protocol, once. */
void dhcp_tell_protocol(const struct dhcp_source *s);

/* Counted as one more datagram that could not be read to its end, unless the capture cut it. */
void dhcp_malformed(const struct dhcp_source *s, const struct packet *packet);

void dhcp_emit(const struct dhcp_source *s, const struct identity *i);

/* A name on the wire (RFC 1035 section 3.1) → text in `name`. False: it is none. */
bool dhcp_wire_name(struct span wire, char name[DNS_NAME_MAX]);

#endif
