/*
 * proxy.h - the PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt).
 *
 * What a balancer puts before a client's bytes: for whom it speaks. The
 * client's address is emitted as a claim, no more; the header is passed over,
 * and what follows is read as if it began there. A header is bounded by its
 * own form: 107 bytes in text, 16 and at most 65,535 more in binary, of which
 * only the address is held. Two may stand in a row (chained balancers).
 */
#ifndef SENSOR_PROXY_H
#define SENSOR_PROXY_H

#include "proto/proto.h"

extern const struct proto_row proxy_row;

#endif
