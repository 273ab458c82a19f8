/*
 * tls_tools.h - what all TLS readers of one `struct proto` share: digests and
 * their contexts, the certificates, hellos and texts that were read before.
 */
#ifndef SENSOR_TLS_TOOLS_H
#define SENSOR_TLS_TOOLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum tls_digest { TLS_MD5, TLS_SHA1, TLS_SHA256, TLS_DIGESTS };

struct arena_spare;
struct tls_known;
struct tls_repeats;
struct tls_tools;

struct tls_tools *tls_tools_new(void);	/* NULL without memory */
void tls_tools_free(struct tls_tools *t);	/* NULL is fine */

struct tls_known *tls_tools_known(struct tls_tools *t);
struct tls_repeats *tls_tools_repeats(struct tls_tools *t);
struct arena_spare *tls_tools_spare(struct tls_tools *t);	/* of all arenas of one message */

/*
 * The first `digits` lower-case hex digits, an even number, of the hash of `bytes`, and a NUL,
 * → hex. False with hex "" when OpenSSL refuses (md5 in FIPS mode).
 */
bool tls_hash(struct tls_tools *t, enum tls_digest kind, struct span bytes, char *hex, size_t digits);

/* The same, of a text that the same programs send again and again: the latest are remembered, whole. */
bool tls_hash_text(struct tls_tools *t, enum tls_digest kind, struct span text, char *hex, size_t digits);

#endif
