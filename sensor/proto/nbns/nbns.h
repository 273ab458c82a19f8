/*
 * nbns.h - NetBIOS over UDP (RFC 1002): what a machine calls itself.
 *
 * On port 137 name registrations and refreshes, answers to queries, and node
 * status answers; on port 138 the sender that every datagram names. Emits
 * MESSAGE_IDENTITY only for the address that the datagram comes from: any
 * machine may claim any name for any address. No I/O, no state between
 * datagrams.
 */
#ifndef SENSOR_PROTO_NBNS_H
#define SENSOR_PROTO_NBNS_H

#include "proto/proto.h"

extern const struct datagram_row nbns_datagram_row;

#endif
