/*
 * dtls.h - the ClientHello of DTLS 1.0 to 1.3 (RFC 4347, 6347, 9147), whole or in fragments.
 *
 * One is told per flow: the one that repeats it with a cookie says the same.
 * Whose hello is not whole after DTLS_DATAGRAMS_MAX datagrams, or too long, is
 * given up, told as MESSAGE_PROTOCOL and counted in given_up.
 */
#ifndef SENSOR_DTLS_H
#define SENSOR_DTLS_H

#include "proto/proto.h"

enum { DTLS_DATAGRAMS_MAX = 32 };

extern const struct datagram_row dtls_row;

#endif
