/*
 * pieces.h - one message whose bytes come in any order, overlapping, over
 * several datagrams (QUIC CRYPTO frames, DTLS fragments).
 *
 * Memory grows with the bytes that came, never with what an offset claims, and
 * lies under a ceiling. Of a byte that came twice the first copy counts. At
 * most PIECES_MOST pieces that do not continue each other are kept.
 */
#ifndef SENSOR_PROTO_PIECES_H
#define SENSOR_PROTO_PIECES_H

#include "proto/bytes.h"

enum { PIECES_MOST = 64 };

struct piece {
	uint32_t offset, len;	/* in the message */
	uint32_t at;		/* in `store` */
};

struct pieces {
	struct bytes store;
	unsigned count;
	struct piece piece[PIECES_MOST];
};

/* False: a ceiling, and nothing changed. */
bool pieces_add(struct pieces *p, struct bytes_ceiling *c, uint32_t offset, struct span bytes);

/* How many bytes from the message's first on are there without a hole. */
uint32_t pieces_whole(const struct pieces *p);

/* The first `len` of them → to. */
void pieces_copy(const struct pieces *p, uint8_t *to, uint32_t len);

void pieces_clear(struct pieces *p, struct bytes_ceiling *c);

#endif
