/*
 * tls_scratch.h - what a reader computes with: room for the texts of one
 * message, and one digest context for all its hashes.
 */
#ifndef SENSOR_TLS_SCRATCH_H
#define SENSOR_TLS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/span.h"

struct tls_scratch {
	struct arena arena;		/* cleared after each message */
	EVP_MD_CTX *digest;		/* made at the first hash */
};

void tls_scratch_init(struct tls_scratch *s, size_t most_bytes);
void tls_scratch_clear(struct tls_scratch *s);

/*
 * The first `digits` lower-case hex digits of the hash of `bytes`, and a NUL,
 * → hex. False with hex "" when OpenSSL refuses (md5 in FIPS mode).
 */
bool tls_hash(struct tls_scratch *s, const EVP_MD *kind, struct span bytes, char *hex,
    size_t digits);

/* Text that grows by pieces within room taken beforehand; what does not fit sets `full`. */
struct tls_text {
	char *at;
	size_t used, room;
	bool full;
};

/* False when the arena has no such room. */
bool tls_text_begin(struct tls_text *t, struct arena *a, size_t room);
void tls_text_bytes(struct tls_text *t, const void *bytes, size_t len);
void tls_text_byte(struct tls_text *t, char c);
struct span tls_text_span(const struct tls_text *t);

#endif
