/*
 * quic_version.h - what differs between versions of QUIC.
 */
#ifndef SENSOR_QUIC_VERSION_H
#define SENSOR_QUIC_VERSION_H

#include <stdbool.h>
#include <stdint.h>

enum { QUIC_SALT_BYTES = 20 };

enum quic_kind { QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY, QUIC_NEGOTIATION, QUIC_STRANGE };

/* One whose Initial packets can be opened. */
struct quic_version {
	uint32_t first, last;			/* versions, both included */
	uint8_t salt[QUIC_SALT_BYTES];
	const char *key, *iv, *hp;		/* labels */
	enum quic_kind kind[4];			/* by the type bits of a long header */
};

/* NULL: not one of those. */
const struct quic_version *quic_version_find(uint32_t version);

/*
 * Is this number QUIC's, though its packets stay shut: Google's own versions
 * (Q043 to T051), drafts before 23, Facebook's mvfst?
 */
bool quic_version_is_shut(uint32_t version);

/* 0x?a?a?a?a: sent to make the server say which versions it has (RFC 9000, 15). */
bool quic_version_is_reserved(uint32_t version);

#endif
