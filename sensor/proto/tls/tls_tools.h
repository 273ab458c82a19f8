/*
 * tls_tools.h - what all TLS readers of one `struct proto` share: a digest
 * context, the digests, and the certificates that were read before.
 */
#ifndef SENSOR_TLS_TOOLS_H
#define SENSOR_TLS_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum tls_digest { TLS_MD5, TLS_SHA1, TLS_SHA256, TLS_DIGESTS };

struct tls_known;
struct tls_tools;

struct tls_tools *tls_tools_new(void);	/* NULL without memory */
void tls_tools_free(struct tls_tools *t);	/* NULL is fine */

struct tls_known *tls_tools_known(struct tls_tools *t);

/*
 * The first `digits` lower-case hex digits of the hash of `bytes`, and a NUL,
 * → hex. False with hex "" when OpenSSL refuses (md5 in FIPS mode).
 */
bool tls_hash(struct tls_tools *t, enum tls_digest kind, struct span bytes, char *hex, size_t digits);

#endif
