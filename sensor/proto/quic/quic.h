/*
 * quic.h - the hellos of QUIC connections.
 *
 * Initial packets of version 1 (RFC 9000, 9001), version 2 (RFC 9369) and
 * drafts 23 to 34 are opened with the keys that everybody has who saw the
 * client's first one: CRYPTO frames in any order, over any number of packets
 * and datagrams, before or after a Retry, a version negotiation or a
 * HelloRetryRequest. Out come the ClientHello (MESSAGE_TLS_CLIENT with `quic`)
 * and the ServerHello. Who is the client is told by whose packets open with a
 * client's keys.
 *
 * A flow of which no ClientHello can be had (a version whose packets stay
 * shut, one joined too late, a limit) is told as MESSAGE_PROTOCOL, once, and
 * counted in given_up, unless its version was not to be opened anyway.
 * When both hellos are read, 176 bytes stay with the flow: a client's Initial to
 * an id that is neither its first one nor the server's begins another
 * connection (`again`), if it opens.
 *
 * At most `handshake_bytes` are kept of one hello and `flow_bytes` in all,
 * QUIC_DATAGRAMS_MAX datagrams are looked at.
 */
#ifndef SENSOR_QUIC_H
#define SENSOR_QUIC_H

#include "proto/proto.h"

enum { QUIC_DATAGRAMS_MAX = 128 };

extern const struct datagram_row quic_row;

/* As tls_warm_up(): before files are given up. */
void quic_warm_up(void);

#endif
