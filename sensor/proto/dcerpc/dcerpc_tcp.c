#include "proto/dcerpc/dcerpc.h"

#include <stdlib.h>

#include "proto/pdu.h"

struct dcerpc_reader {
	struct proto *proto;
	struct pdu_side side[2];
	struct bytes_ceiling ceiling;
	struct attempt attempt;
	struct dcerpc rpc;
};

enum { PING = 1, BIND = 11, ALTER = 14, AUTH3 = 16, CANCEL = 18, ORPHANED = 19 };

static bool
is_asked(uint8_t type)
{
	return type <= PING || type == BIND || type == ALTER || type == AUTH3 || type >= CANCEL;
}

static bool
dcerpc_begins(struct span piece)
{
	return piece.left >= DCERPC_HEADER_BYTES && dcerpc_length(piece.at) > 0;
}

static const struct pdu_rule dcerpc_rule = { DCERPC_HEADER_BYTES, DCERPC_KEEP_BYTES, dcerpc_length, dcerpc_begins };

static enum guess
dcerpc_guess(struct span first, int from)
{
	static const uint8_t representation[4] = { 0x10, 0, 0, 0 };
	size_t len;

	(void)from;
	if (first.at[0] != 5 || (first.left > 1 && first.at[1] > 1) || (first.left > 2 && first.at[2] > ORPHANED))
		return GUESS_NO;
	if (first.left > 4) {
		len = first.left - 4 < sizeof representation ? first.left - 4 : sizeof representation;
		if (memcmp(first.at + 4, representation, len) != 0)
			return GUESS_NO;
	}
	if (first.left < DCERPC_HEADER_BYTES)
		return GUESS_MORE;
	return dcerpc_length(first.at) > 0 ? GUESS_YES : GUESS_NO;
}

static void *
dcerpc_open(struct proto *p)
{
	struct dcerpc_reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->proto = p;
	r->ceiling.most = proto_limits(p)->flow_bytes;
	r->ceiling.total = proto_held(p);
	dcerpc_init(&r->rpc, &r->attempt);
	*proto_held(p) += sizeof *r;
	return r;
}

static void
dcerpc_close(void *reader)
{
	struct dcerpc_reader *r = reader;

	pdu_clear(&r->side[0], &r->ceiling);
	pdu_clear(&r->side[1], &r->ceiling);
	*proto_held(r->proto) -= sizeof *r;
	free(r);
}

static bool
dcerpc_piece(void *reader, const struct stream_piece *piece)
{
	struct dcerpc_reader *r = reader;
	struct pdu_side *side = &r->side[piece->from];
	struct speaker s = { r->proto, piece->flow, piece->ts_ns, piece->from };
	struct span in = span_of(piece->bytes, (size_t)piece->len), pdu;
	enum pdu_step step;
	bool asked;

	if (piece->gap) {
		pdu_gap(side, &r->ceiling, piece->len);
		return true;
	}
	while ((step = pdu_next(side, &dcerpc_rule, &r->ceiling, &in, &pdu)) == PDU_MESSAGE) {
		asked = is_asked(pdu.at[2]);
		s.client = asked ? piece->from : 1 - piece->from;
		dcerpc_pdu(&r->rpc, &s, asked, pdu);
	}
	if (step == PDU_FULL)
		proto_counters(r->proto)->over_limit++;
	return step == PDU_MORE;
}

const struct proto_row dcerpc_row = {
	.app = APP_DCERPC,
	.guess = dcerpc_guess,
	.open = dcerpc_open,
	.piece = dcerpc_piece,
	.close = dcerpc_close,
};
