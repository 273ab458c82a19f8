/*
 * tls_known.h - certificates that were read before, by their SHA-256.
 *
 * Most handshakes show a certificate that others have shown: to take it apart
 * again costs more than all the rest of the handshake. TLS_KNOWN_MOST are
 * kept, each with at most TLS_KNOWN_TEXT_BYTES of texts; one takes the place
 * of another whose hash leads there. Who sends many new ones makes them all
 * be read, as without it.
 */
#ifndef SENSOR_TLS_KNOWN_H
#define SENSOR_TLS_KNOWN_H

#include <stdbool.h>

#include "message.h"

enum { TLS_KNOWN_MOST = 512, TLS_KNOWN_TEXT_BYTES = 4096 };

struct tls_known;

struct tls_known *tls_known_new(void);	/* NULL without memory */
void tls_known_free(struct tls_known *k);	/* NULL is fine */

/*
 * The certificate with out->sha256: all else of *out that its bytes tell, with
 * texts that live until the next tls_known_add(). False: not known.
 */
bool tls_known_find(const struct tls_known *k, struct tls_certificate *out);

/* Keep a copy, if its texts are not too long and there is memory. */
void tls_known_add(struct tls_known *k, const struct tls_certificate *c);

#endif
