/*
 * tls_describe.h - a hello's body into what is told of it: for TLS over TCP,
 * QUIC and DTLS, which differ in how the body came.
 *
 * Spans of *out point into the body and into the scratch arena. `transport`
 * is JA4's first letter: 't' TCP, 'q' QUIC, 'd' DTLS.
 */
#ifndef SENSOR_TLS_DESCRIBE_H
#define SENSOR_TLS_DESCRIBE_H

#include "message.h"
#include "proto/tls/tls_scratch.h"

enum tls_described { TLS_DESCRIBED, TLS_NO_HELLO, TLS_NO_ROOM };

enum tls_described tls_describe_client(struct tls_scratch *s, struct span body, char transport,
    struct tls_client *out);
enum tls_described tls_describe_server(struct tls_scratch *s, struct span body, struct tls_server *out);

#endif
