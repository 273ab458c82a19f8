/*
 * socks.h - SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): who asks a proxy for what.
 *
 * Told by content on any port and from either side: who connects need not be
 * who asks. A machine that opens a connection and is then asked through it
 * lends itself to others (include/message.h, struct proxy). Emitted are the
 * request, the answer to it, and the login. Behind a granted CONNECT or BIND
 * the tunnel is handed back when the connection's originator asked; what
 * others do through a machine here is not read on, since the flow would be
 * called by names that are theirs.
 *
 * Before what was asked stands on the wire, a gap ends it; behind it the
 * tunnel is taken to stand. Not read: the GSS-API method (RFC 1961), which
 * wraps all that follows; UDP that is relayed, whose header proves nothing.
 */
#ifndef SENSOR_SOCKS_H
#define SENSOR_SOCKS_H

#include "proto/proto.h"

extern const struct proto_row socks_row;

#endif
