/*
 * quic_keys.h - keys of Initial packets, which anybody can derive who saw the
 * client's first one, and packets opened with them (RFC 9001, 5).
 */
#ifndef SENSOR_QUIC_KEYS_H
#define SENSOR_QUIC_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "proto/quic/quic_packet.h"

enum { QUIC_KEY_BYTES = 16, QUIC_IV_BYTES = 12, QUIC_TAG_BYTES = 16, QUIC_SAMPLE_BYTES = 16, QUIC_SECRET_BYTES = 32 };

struct quic_keys {
	uint8_t key[QUIC_KEY_BYTES], iv[QUIC_IV_BYTES], hp[QUIC_KEY_BYTES];
};

struct quic_key_pair {
	struct quic_keys client, server;
};

/* Ciphers and room that all flows share. */
struct quic_tools;

struct quic_tools *quic_tools_new(void);	/* NULL without memory */
void quic_tools_free(struct quic_tools *t);	/* NULL is fine */

/* `dcid`: the destination id of the client's first Initial, or of its first after a Retry. False when OpenSSL refuses. */
bool quic_keys_derive(struct quic_tools *t, const struct quic_version *v, struct span dcid,
    struct quic_key_pair *out);

/*
 * Opens an Initial packet. *next: the number that comes after the highest one
 * this sender has used so far; moved on. *plain lives until the next call.
 * False: these keys do not open it.
 */
bool quic_open(struct quic_tools *t, const struct quic_keys *k, const struct quic_packet *p, uint64_t *next,
    struct span *plain);

#endif
