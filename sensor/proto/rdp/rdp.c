#include "proto/rdp/rdp.h"

#include <stdlib.h>

#include "proto/pdu.h"
#include "proto/utf16.h"

enum {	/* TPKT (RFC 1006) and X.224 class 0 before what is RDP's */
	TPKT_BYTES = 4, TPKT_VERSION = 3, CONNECT_BYTES = 11, DATA_BYTES = 7,
	REQUEST = 0xe0, CONFIRM = 0xd0, DATA = 0xf0
};

enum { OFFER = 1, CHOICE, REFUSAL, OFFER_BYTES = 8, TLS_HANDSHAKE = 22, MESSAGES_MAX = 8 };
enum { TEXT_BYTES = 128, CLIENT_NAME_AT = 24, CLIENT_NAME_BYTES = 32, CORE_DATA = 0xc001 };

struct rdp_reader {
	struct proto *proto;
	struct pdu_side side[2];
	struct bytes_ceiling ceiling;
	unsigned messages;
	int client;
	bool told, tunnel;
	size_t rest;			/* of the piece at whose end the tunnel begins */
	char user[TEXT_BYTES], domain[TEXT_BYTES], machine[TEXT_BYTES];
};

static uint64_t
tpkt_length(const uint8_t *header)
{
	uint16_t len = (uint16_t)(header[2] << 8 | header[3]);

	return header[0] == TPKT_VERSION && header[1] == 0 && len >= DATA_BYTES ? len : 0;
}

static const struct pdu_rule tpkt_rule = { TPKT_BYTES, RDP_KEEP_BYTES, tpkt_length, NULL };

/* Other protocols use TPKT too: a connection request of RDP has no parameters of X.224, but its own. */
static bool
is_connect(const uint8_t *at, uint16_t len)
{
	bool request = at[5] == REQUEST;

	return (request || at[5] == CONFIRM) && at[4] == len - TPKT_BYTES - 1 &&
	    (!request || (at[6] == 0 && at[7] == 0)) && at[10] == 0;
}

static enum guess
rdp_guess(struct span first, int from)
{
	static const uint8_t begins[] = { TPKT_VERSION, 0 };
	uint16_t len;
	uint8_t next;

	(void)from;
	if (memcmp(first.at, begins, first.left < sizeof begins ? first.left : sizeof begins) != 0)
		return GUESS_NO;
	if (first.left > 5 && first.at[5] != REQUEST && first.at[5] != CONFIRM)
		return GUESS_NO;
	if (first.left < CONNECT_BYTES)
		return GUESS_MORE;
	len = (uint16_t)(first.at[2] << 8 | first.at[3]);
	if (len < CONNECT_BYTES || !is_connect(first.at, len))
		return GUESS_NO;
	if (len == CONNECT_BYTES)
		return GUESS_YES;
	if (first.left == CONNECT_BYTES)
		return GUESS_MORE;
	next = first.at[CONNECT_BYTES];
	if (first.at[5] == CONFIRM)
		return next == CHOICE || next == REFUSAL ? GUESS_YES : GUESS_NO;
	return next == OFFER || next == 'C' || next == 't' ? GUESS_YES : GUESS_NO;	/* "Cookie:", "tsv:" */
}

static void *
rdp_open(struct proto *p)
{
	struct rdp_reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->proto = p;
	r->ceiling.most = proto_limits(p)->flow_bytes;
	r->ceiling.total = proto_held(p);
	*proto_held(p) += sizeof *r;
	return r;
}

static void
rdp_close(void *reader)
{
	struct rdp_reader *r = reader;

	pdu_clear(&r->side[0], &r->ceiling);
	pdu_clear(&r->side[1], &r->ceiling);
	*proto_held(r->proto) -= sizeof *r;
	free(r);
}

static void
tell_login(struct rdp_reader *r, const struct stream_piece *piece, enum outcome outcome, uint32_t code)
{
	struct login l = { .app = APP_RDP, .outcome = outcome, .code = code, .user = span_said(r->user),
	    .domain = span_said(r->domain), .workstation = span_said(r->machine) };
	struct message m = { .kind = MESSAGE_LOGIN, .flow = piece->flow, .from = r->client,
	    .ts_ns = piece->ts_ns, .login = &l };

	if (!r->told)
		proto_emit(r->proto, &m);
	r->told = true;
}

/* MS-RDPBCGR 2.2.1.1: the name, with its domain before a backslash now and then. */
static void
read_cookie(struct rdp_reader *r, struct span in)
{
	static const char cookie[] = "Cookie: mstshash=";
	struct span name, domain;

	if (in.left < sizeof cookie - 1 || memcmp(in.at, cookie, sizeof cookie - 1) != 0)
		return;
	span_skip(&in, sizeof cookie - 1);
	if (!span_until(&in, '\r', &name))
		return;
	if (span_until(&name, '\\', &domain))
		text_read(domain, r->domain, sizeof r->domain);
	text_read(name, r->user, sizeof r->user);
}

/* False: the flow's next bytes are none of ours. */
static bool
read_confirm(struct rdp_reader *r, const struct stream_piece *piece, struct span in)
{
	uint8_t kind = 0, flags;
	uint16_t len;
	uint32_t value = 0;

	if (!span_u8(&in, &kind) || !span_u8(&in, &flags) || !span_u16le(&in, &len) || len != OFFER_BYTES ||
	    !span_u32le(&in, &value))
		return true;	/* an old server says nothing: RDP's own security */
	if (kind == REFUSAL) {
		tell_login(r, piece, OUTCOME_FAILURE, value);
		return false;
	}
	r->tunnel = kind == CHOICE && value != 0;
	if (r->tunnel)
		tell_login(r, piece, OUTCOME_UNKNOWN, 0);
	return !r->tunnel;
}

/* The client's core data lies in the user data of a GCC request, which is marked (T.124, "Duca"). */
static void
read_connect_initial(struct rdp_reader *r, struct span in)
{
	struct span block, name;
	uint16_t kind, len;

	while (in.left >= 4 && memcmp(in.at, "Duca", 4) != 0)
		span_skip(&in, 1);
	if (!span_skip(&in, 4) || in.left < 2 || !span_skip(&in, (in.at[0] & 0x80) != 0 ? 2 : 1))
		return;
	block = in;
	if (!span_u16le(&in, &kind) || !span_u16le(&in, &len) || kind != CORE_DATA ||
	    !span_skip(&block, CLIENT_NAME_AT) || !span_take(&block, CLIENT_NAME_BYTES, &name))
		return;
	utf16_read(name, r->machine, sizeof r->machine);
}

static bool
take_message(struct rdp_reader *r, const struct stream_piece *piece, struct span message)
{
	uint8_t kind = message.left > 5 ? message.at[5] : 0;
	struct span in = message;

	if (++r->messages > MESSAGES_MAX)
		return false;
	if (kind == DATA) {
		span_skip(&in, DATA_BYTES);
		r->client = piece->from;
		read_connect_initial(r, in);
		tell_login(r, piece, OUTCOME_UNKNOWN, 0);
		return false;
	}
	if (!span_skip(&in, CONNECT_BYTES))
		return true;
	if (kind == REQUEST) {
		r->client = piece->from;
		read_cookie(r, in);
		return true;
	}
	r->client = 1 - piece->from;
	return kind != CONFIRM || read_confirm(r, piece, in);
}

/* TLS where the answer, or what follows it, should be: that was not seen. */
static bool
leave_for_tls(struct rdp_reader *r, const struct stream_piece *piece, struct span in)
{
	const struct pdu_side *side = &r->side[piece->from];

	if ((side->held.used > 0 && !side->given) || side->skip > 0 || in.left == 0 || in.at[0] != TLS_HANDSHAKE)
		return false;
	r->client = piece->from;
	r->tunnel = true;
	tell_login(r, piece, OUTCOME_UNKNOWN, 0);
	return true;
}

static bool
rdp_piece(void *reader, const struct stream_piece *piece)
{
	struct rdp_reader *r = reader;
	struct span in = span_of(piece->bytes, (size_t)piece->len), message;
	enum pdu_step step = PDU_MESSAGE;
	bool more = !piece->gap;

	while (more && step == PDU_MESSAGE && !leave_for_tls(r, piece, in)) {
		step = pdu_next(&r->side[piece->from], &tpkt_rule, &r->ceiling, &in, &message);
		if (step == PDU_MESSAGE)
			more = take_message(r, piece, message);
	}
	r->rest = in.left;
	if (step == PDU_FULL)
		proto_counters(r->proto)->over_limit++;
	return more && !r->tunnel && step == PDU_MORE;
}

static bool
rdp_tunnel(const void *reader, size_t *rest)
{
	const struct rdp_reader *r = reader;

	*rest = r->rest;
	return r->tunnel;
}

const struct proto_row rdp_row = {
	.app = APP_RDP,
	.guess = rdp_guess,
	.open = rdp_open,
	.piece = rdp_piece,
	.close = rdp_close,
	.tunnel = rdp_tunnel,
};
