/*
 * quic_packet.h - QUIC packets with long headers, as far as they are readable
 * without keys (RFC 8999; RFC 9000, 17.2).
 */
#ifndef SENSOR_QUIC_PACKET_H
#define SENSOR_QUIC_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "proto/quic/quic_version.h"

enum { QUIC_ID_BYTES_MAX = 20 };

struct quic_packet {
	enum quic_kind kind;
	uint32_t version;
	const struct quic_version *known;	/* NULL for QUIC_NEGOTIATION and QUIC_STRANGE */
	struct span dcid, scid;
	struct span whole;			/* header and protected rest; INITIAL, ZERO_RTT, HANDSHAKE */
	size_t number_at;			/* where in it the packet number begins */
};

/*
 * The next packet of a datagram. False: what follows is none with a long
 * header, or it is cut. Behind RETRY, NEGOTIATION and STRANGE (a version whose
 * lengths we do not know) nothing is left.
 */
bool quic_packet_next(struct span *in, struct quic_packet *out);

/* A variable-length integer (RFC 9000, 16). */
bool quic_varint(struct span *in, uint64_t *out);

#endif
