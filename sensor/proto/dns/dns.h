/*
 * dns.h - one DNS message (RFC 1035), as a datagram or from a TCP connection.
 *
 * Emits one message per datagram: the first question, the answer section, and
 * behind it what address hints, authority and additional records say about
 * addresses and aliases (DNS_ANSWERS_MAX in all; the rest is walked over).
 * Updates (RFC 2136) and the messages of a zone transfer (RFC 5936) are
 * messages like others. What is malformed behind a whole question is counted and the
 * question emitted. Names follow compression pointers backwards only, within
 * a budget.
 * No I/O, no state between datagrams.
 */
#ifndef SENSOR_PROTO_DNS_H
#define SENSOR_PROTO_DNS_H

#include "packet.h"
#include "proto/proto.h"

/*
 * DNS on its ports (53, mDNS 5353, LLMNR 5355), or on any other one a message
 * that is flawless to the last byte.
 */
extern const struct datagram_row dns_datagram_row;

/* The same over TCP, each message behind a two-byte length (RFC 1035 section 4.2.2). */
extern const struct proto_row dns_row;

#endif
