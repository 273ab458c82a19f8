/*
 * dhcp.h - DHCP for IPv4 (RFC 2131) and IPv6 (RFC 8415): who gets which address.
 *
 * Emits MESSAGE_IDENTITY: for what a client asks for or gives back, as it
 * calls itself, and for what a server grants (lease_sec is not 0 then). The
 * grant of IPv4 seldom repeats the client's name: who joins both has the
 * hardware address. No I/O, no state between datagrams.
 */
#ifndef SENSOR_PROTO_DHCP_H
#define SENSOR_PROTO_DHCP_H

#include "proto/proto.h"

extern const struct datagram_row dhcp_datagram_row;	/* known by its magic cookie, on any port */
extern const struct datagram_row dhcpv6_datagram_row;	/* on its ports, 546 and 547 */

#endif
