/*
 * checksum.h - Internet checksums (RFC 1071), and which wrong ones are the
 * capturing machine's own.
 *
 * A packet that the kernel handed to its network card with checksums left to
 * the card is captured with the sum of the pseudo-header alone, or with
 * zero, in their place. CHECKSUM_AUTO takes these as good.
 */
#ifndef SENSOR_DECODE_CHECKSUM_H
#define SENSOR_DECODE_CHECKSUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "packet.h"

/* Where the sums of a packet stand. An absent span is not verified. */
struct checksum_place {
	struct span ipv4;	/* the innermost IPv4 header */
	struct span transport;	/* header and payload, whole */
};

enum checksum_verdict {
	CHECKSUM_NONE,		/* there is none, or it cannot be verified */
	CHECKSUM_GOOD, CHECKSUM_OFFLOADED, CHECKSUM_BAD
};

/* One's complement sum of all 16-bit words, in the machine's byte order: 0xffff over what carries a right checksum. */
uint16_t checksum_sum(struct span s, uint64_t start);

/* The header is 20 bytes at least. */
enum checksum_verdict checksum_ipv4(struct span header, bool offload);

/* TCP and UDP, whose headers are whole; anything else has none. */
enum checksum_verdict checksum_transport(struct span s, const struct packet *p, bool offload);

#endif
