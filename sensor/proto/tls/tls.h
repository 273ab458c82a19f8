/*
 * tls.h - TLS over TCP: the cleartext part of the handshake.
 *
 * SSL 3.0 to TLS 1.3 (RFC 6101, 2246, 4346, 5246, 8446) and the ClientHello
 * in SSLv2 form (RFC 5246, E.2), of which the version alone is told; DTLS is
 * not read. Out come every ClientHello and ServerHello, and up to TLS 1.2
 * the server's leaf certificate. Which side is the client is told by what it
 * says, so a flow joined from the wrong end is read all the same, and so is
 * a flow of which one direction alone was captured.
 *
 * `piece` returns false when there is nothing more to be had. At most
 * `handshake_bytes` are kept of one message and `flow_bytes` in all; what
 * would be more, a gap, and bytes that are no TLS give up that side, counted
 * in given_up (and over_limit).
 */
#ifndef SENSOR_TLS_H
#define SENSOR_TLS_H

#include <stdbool.h>

#include "proto/proto.h"

extern const struct proto_row tls_row;

/*
 * Use every algorithm once. OpenSSL reads its configuration and makes its
 * tables at first use: a process that will give up its files does this before.
 * False: not all of it could be used.
 */
bool tls_warm_up(void);

#endif
