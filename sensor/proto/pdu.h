/*
 * pdu.h - messages that tell their own length, cut out of one side's bytes.
 *
 * Of each message the first `keep_bytes` are handed out, at most; the rest is
 * passed over by its length, so that the files it carries cost nothing. What
 * lies whole in a piece is not copied.
 */
#ifndef SENSOR_PROTO_PDU_H
#define SENSOR_PROTO_PDU_H

#include "proto/bytes.h"

struct pdu_rule {
	size_t header_bytes;		/* so many tell the length; keep_bytes is not less */
	size_t keep_bytes;
	/* How long is the message that begins so, header included? 0: it is none of ours. */
	uint64_t (*length)(const uint8_t *header);
	/* After a gap: does a message begin here, beyond doubt? NULL: a side that lost its place stays so. */
	bool (*begins)(struct span piece);
};

struct pdu_side {
	struct bytes held;		/* the begin of a message that came in parts */
	uint64_t skip;			/* of the message handed out last */
	uint64_t whole_bytes;		/* length of that message on the wire */
	bool given;			/* it is in `held` */
	bool lost;			/* a gap: where messages begin is not known */
};

enum pdu_step {
	PDU_MESSAGE,	/* *message is one; it dies at the next call */
	PDU_MORE,	/* all of *in is used up */
	PDU_BAD,	/* what comes is none of ours */
	PDU_FULL	/* the ceiling */
};

/* The next one. A lost side begins anew with a piece that begins a message. */
enum pdu_step pdu_next(struct pdu_side *s, const struct pdu_rule *rule, struct bytes_ceiling *c,
    struct span *in, struct span *message);

/* So many bytes are missing. What is passed over anyway does no harm. */
void pdu_gap(struct pdu_side *s, struct bytes_ceiling *c, uint64_t len);

void pdu_clear(struct pdu_side *s, struct bytes_ceiling *c);

#endif
