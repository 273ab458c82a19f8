/*
 * plain.h - what nearly all frames are: Ethernet, IPv4 without options, and TCP
 * or UDP whole in one piece.
 *
 * The readers of layers.h would come to the same, one header after another,
 * field by field. Here it is asked once whether all of that is so, and then
 * the fields are where they always are. Whatever is anything else is theirs.
 */
#ifndef SENSOR_DECODE_PLAIN_H
#define SENSOR_DECODE_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "decode/checksum.h"
#include "frame.h"
#include "packet.h"

struct plain {
	const uint8_t *ip;
	struct span transport;		/* behind the IP header: header and payload, both whole */
	uint32_t header_bytes;		/* of the transport */
	uint8_t protocol;
};

/* Of an Ethernet frame: is it one? */
bool plain_find(const struct frame *f, struct plain *out);

/* Which of `shards` its packet belongs to, as decode_shard() says. */
uint32_t plain_shard(const struct plain *p, uint32_t shards);

/* The packet, and where its checksums are. */
void plain_read(const struct plain *p, const struct frame *f, struct packet *out, struct checksum_place *place);

#endif
