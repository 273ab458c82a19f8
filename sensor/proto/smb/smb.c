#include "proto/smb/smb.h"

#include <stddef.h>
#include <stdlib.h>

#include "proto/smb/smb_reader.h"

enum {	/* of RFC 1002 4.3.1; SMB over TCP without NetBIOS has the first alone, with 24 bits of length */
	SESSION_MESSAGE = 0, SESSION_REQUEST = 0x81, SESSION_POSITIVE = 0x82, SESSION_NEGATIVE = 0x83,
	SESSION_RETARGET = 0x84, SESSION_KEEPALIVE = 0x85
};

enum {
	PREFIX_BYTES = 4, HEADER_BYTES = 4, NAME_BYTES = 34,
	SMB1 = 0xff, SMB2 = 0xfe, ENCRYPTED = 0xfd, COMPRESSED = 0xfc
};

static uint32_t
length_of(const uint8_t *header)
{
	return (uint32_t)header[1] << 16 | (uint32_t)header[2] << 8 | header[3];
}

static uint64_t
smb_length(const uint8_t *header)
{
	uint32_t len = length_of(header);

	switch (header[0]) {
	case SESSION_MESSAGE: return (uint64_t)len + PREFIX_BYTES;
	case SESSION_REQUEST: return len <= 2 * NAME_BYTES ? (uint64_t)len + PREFIX_BYTES : 0;
	case SESSION_POSITIVE: return len == 0 ? PREFIX_BYTES : 0;
	case SESSION_KEEPALIVE: return len == 0 ? PREFIX_BYTES : 0;
	case SESSION_NEGATIVE: return len == 1 ? PREFIX_BYTES + 1 : 0;
	case SESSION_RETARGET: return len == 6 ? PREFIX_BYTES + 6 : 0;
	default: return 0;
	}
}

static bool
is_magic(const uint8_t *at)
{
	return at[0] >= COMPRESSED && memcmp(at + 1, "SMB", 3) == 0;
}

static bool
smb_begins(struct span piece)
{
	return piece.left >= PREFIX_BYTES + HEADER_BYTES && piece.at[0] == SESSION_MESSAGE &&
	    is_magic(piece.at + PREFIX_BYTES);
}

static const struct pdu_rule smb_rule = { PREFIX_BYTES, SMB_KEEP_BYTES, smb_length, smb_begins };

/* The first name of a session request is one label of 32 letters A to P (RFC 1001 14.1). */
static enum guess
guess_session(struct span first)
{
	if (first.left < PREFIX_BYTES + 2)
		return first.left > 1 && first.at[1] != 0 ? GUESS_NO : GUESS_MORE;
	return length_of(first.at) == 2 * NAME_BYTES && first.at[4] == 0x20 && first.at[5] >= 'A' &&
	    first.at[5] <= 'P' ? GUESS_YES : GUESS_NO;
}

static enum guess
smb_guess(struct span first, int from)
{
	(void)from;
	if (first.left > 0 && first.at[0] == SESSION_REQUEST)
		return guess_session(first);
	if (first.left > 0 && first.at[0] != SESSION_MESSAGE)
		return GUESS_NO;
	if (first.left > PREFIX_BYTES && first.at[PREFIX_BYTES] < COMPRESSED)
		return GUESS_NO;
	if (first.left < PREFIX_BYTES + HEADER_BYTES)
		return GUESS_MORE;
	return is_magic(first.at + PREFIX_BYTES) ? GUESS_YES : GUESS_NO;
}

static void *
smb_open(struct proto *p)
{
	struct smb_reader *r = malloc(sizeof *r);
	size_t i;

	if (r == NULL)
		return NULL;
	/* What is asked and which pipes are open: nothing, and there is no more to it. */
	memset(r, 0, offsetof(struct smb_reader, asked));
	for (i = 0; i < SMB_ASKED_MAX; i++)
		r->asked[i].want = 0;
	for (i = 0; i < SMB_OPEN_PIPES_MAX; i++)
		r->pipe[i].used = false;
	r->proto = p;
	r->ceiling.most = proto_limits(p)->flow_bytes;
	r->ceiling.total = proto_held(p);
	*proto_held(p) += sizeof *r;
	return r;
}

static void
smb_close(void *reader)
{
	struct smb_reader *r = reader;

	pdu_clear(&r->side[0], &r->ceiling);
	pdu_clear(&r->side[1], &r->ceiling);
	*proto_held(r->proto) -= sizeof *r;
	free(r);
}

static void
take_message(struct smb_reader *r, struct span message)
{
	if (message.at[0] != SESSION_MESSAGE || !span_skip(&message, PREFIX_BYTES) ||
	    message.left < HEADER_BYTES || !is_magic(message.at))
		return;
	if (message.at[0] == SMB2)
		smb2_message(r, message);
	else if (message.at[0] == SMB1)
		smb1_message(r, message);
}

static bool
smb_piece(void *reader, const struct stream_piece *piece)
{
	struct smb_reader *r = reader;
	struct pdu_side *side = &r->side[piece->from];
	struct span in = span_of(piece->bytes, (size_t)piece->len), message;
	enum pdu_step step;

	if (piece->gap) {
		pdu_gap(side, &r->ceiling, piece->len);
		return true;
	}
	r->piece = piece;
	while ((step = pdu_next(side, &smb_rule, &r->ceiling, &in, &message)) == PDU_MESSAGE)
		take_message(r, message);
	r->piece = NULL;
	if (step == PDU_FULL)
		proto_counters(r->proto)->over_limit++;
	return step == PDU_MORE;
}

bool
smb_at(struct span whole, size_t offset, struct span *rest)
{
	*rest = whole;
	return span_skip(rest, offset);
}

bool
smb_field(struct span whole, size_t offset, size_t len, struct span *field)
{
	struct span rest;

	return smb_at(whole, offset, &rest) && span_take(&rest, len, field);
}

const struct proto_row smb_row = {
	.app = APP_SMB,
	.guess = smb_guess,
	.open = smb_open,
	.piece = smb_piece,
	.close = smb_close,
};
