/*
 * tls_fingerprint.h - JA3, JA3S (Salesforce) and JA4 (FoxIO) of hellos.
 *
 * Texts stand in the scratch arena. False when the arena has no room for them.
 */
#ifndef SENSOR_TLS_FINGERPRINT_H
#define SENSOR_TLS_FINGERPRINT_H

#include <stdbool.h>

#include "message.h"
#include "proto/tls/tls_hello.h"
#include "proto/tls/tls_scratch.h"

bool tls_ja3(struct tls_scratch *s, const struct tls_client_hello *h, struct tls_client *out);
bool tls_ja3s(struct tls_scratch *s, const struct tls_server_hello *h, struct tls_server *out);

/* `transport`: 't' TCP, 'q' QUIC, 'd' DTLS. */
bool tls_ja4(struct tls_scratch *s, char transport, const struct tls_client_hello *h, struct tls_client *out);

#endif
