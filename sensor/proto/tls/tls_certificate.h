/*
 * tls_certificate.h - a Certificate message of TLS 1.2 and before (RFC 5246, 7.4.2).
 */
#ifndef SENSOR_TLS_CERTIFICATE_H
#define SENSOR_TLS_CERTIFICATE_H

#include <stdbool.h>

#include "message.h"
#include "proto/tls/tls_scratch.h"

/*
 * The leaf of a certificate list → *out; `sni` is left to the caller. False
 * when not even one certificate is whole. A leaf that is no X.509 still has
 * its hashes and the chain's length: texts absent, times WHEN_UNKNOWN. Texts
 * stand in the scratch arena, where one that finds no room is absent, or among
 * the certificates read before: they live until the next is read.
 */
bool tls_certificate_read(struct tls_scratch *s, struct span body, struct tls_certificate *out);

#endif
