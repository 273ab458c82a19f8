/*
 * tls.h - TLS towards a receiver whose name is verified (RFC 5425, RFC 9525),
 * over a socket that is connected and does not block. TLS 1.2 and 1.3.
 *
 * All waits end at a deadline of wait.h, or when cancelled. Faults say whose
 * certificate does not hold and why, on one line.
 */
#ifndef SENSOR_SINKS_TLS_H
#define SENSOR_SINKS_TLS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct tls;

/* "" for those that are not given: the system's authorities; no certificate of ours; the key in cert_file. SE_USAGE. */
int tls_new(const char *host, const char *ca_file, const char *cert_file, const char *key_file, struct tls **out,
    struct fault *fault);
void tls_free(struct tls *t);		/* NULL is fine */

/* The handshake, and until the receiver has looked at our certificate, as far as it lets us know. */
int tls_connect(struct tls *t, int fd, int64_t until_ns, const atomic_bool *cancelled, struct fault *fault);

/* All of it, or SE_PEER. */
int tls_send(struct tls *t, const char *bytes, size_t len, int64_t until_ns, const atomic_bool *cancelled,
    struct fault *fault);

/* Takes what came unasked. SE_PEER: it has closed, or refused us. */
int tls_check(struct tls *t, struct fault *fault);

/* Says so to the receiver, without waiting; the socket is the caller's to close. */
void tls_end(struct tls *t);

#endif
