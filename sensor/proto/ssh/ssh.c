#include "proto/ssh/ssh.h"

#include <stdlib.h>

#include "proto/pdu.h"

enum {
	LINE_BYTES_MAX = 255,		/* RFC 4253 4.2, CR and LF included */
	PACKET_BYTES_MAX = 35000,	/* 6.1 */
	PACKET_HEADER_BYTES = 6,	/* length, length of the padding, and the payload's first byte */
	PACKETS_MAX = 64,		/* of one side before its new keys: a key exchange has four */
	DISCONNECT = 1, NEWKEYS = 21
};

struct ssh_side {
	char line[LINE_BYTES_MAX];
	uint8_t line_bytes;
	bool greeted;			/* the version line is whole */
	unsigned packets;
	struct pdu_side pdu;
};

struct ssh_reader {
	struct proto *proto;
	struct ssh_side side[2];
	struct bytes_ceiling ceiling;
	bool told;
	bool over;
};

static uint64_t
packet_length(const uint8_t *header)
{
	struct span s = span_of(header, PACKET_HEADER_BYTES);
	uint32_t len;

	if (!span_u32be(&s, &len) || len > PACKET_BYTES_MAX || len < s.left || header[4] >= len)
		return 0;
	return (uint64_t)len + 4;
}

static const struct pdu_rule packet_rule = { PACKET_HEADER_BYTES, PACKET_HEADER_BYTES, packet_length, NULL };

static enum guess
ssh_guess(struct span first, int from)
{
	static const char begin[] = { 'S', 'S', 'H', '-' };
	size_t len = first.left < sizeof begin ? first.left : sizeof begin;

	(void)from;
	if (memcmp(first.at, begin, len) != 0)
		return GUESS_NO;
	if (first.left <= sizeof begin)
		return GUESS_MORE;
	return first.at[4] == '1' || first.at[4] == '2' ? GUESS_YES : GUESS_NO;
}

static void *
ssh_open(struct proto *p)
{
	struct ssh_reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->proto = p;
	r->ceiling.most = proto_limits(p)->flow_bytes;
	r->ceiling.total = proto_held(p);
	return r;
}

static void
ssh_close(void *reader)
{
	struct ssh_reader *r = reader;

	pdu_clear(&r->side[0].pdu, &r->ceiling);
	pdu_clear(&r->side[1].pdu, &r->ceiling);
	free(r);
}

static struct span
version_of(const struct ssh_side *side)
{
	return side->greeted ? span_trim(span_of(side->line, side->line_bytes)) : span_of(NULL, 0);
}

/* With what the server calls itself, unless the client is there without it. */
static void
tell_protocol(struct ssh_reader *r, const struct stream_piece *piece)
{
	struct protocol what = { .app = APP_SSH, .software = version_of(&r->side[RESPONDER]) };
	struct message m = { .kind = MESSAGE_PROTOCOL, .flow = piece->flow, .from = piece->from,
	    .ts_ns = piece->ts_ns, .protocol = &what };

	if (!r->told)
		proto_emit(r->proto, &m);
	r->told = true;
}

/* Both sides take new keys: the first one decides, since nothing tells more afterwards. */
static void
tell_login(struct ssh_reader *r, const struct stream_piece *piece)
{
	struct login l = { .app = APP_SSH, .software = version_of(&r->side[ORIGINATOR]) };
	struct message m = { .kind = MESSAGE_LOGIN, .flow = piece->flow, .from = ORIGINATOR,
	    .ts_ns = piece->ts_ns, .login = &l };

	r->over = true;
	proto_emit(r->proto, &m);
}

/* A server may say other lines first (4.2): they are passed over, and counted as packets are. */
static void
take_line(struct ssh_reader *r, struct ssh_side *side)
{
	if (side->line_bytes < 4 || memcmp(side->line, "SSH-", 4) != 0) {
		side->line_bytes = 0;
		if (++side->packets > PACKETS_MAX)
			r->over = true;
		return;
	}
	side->greeted = true;
	side->packets = 0;
}

static void
read_line(struct ssh_reader *r, struct ssh_side *side, struct span *in)
{
	uint8_t c;

	while (!side->greeted && !r->over && span_u8(in, &c)) {
		if (c == '\n')
			take_line(r, side);
		else if (side->line_bytes < LINE_BYTES_MAX)
			side->line[side->line_bytes++] = (char)c;
		else
			r->over = true;
	}
}

static void
read_packets(struct ssh_reader *r, struct ssh_side *side, const struct stream_piece *piece, struct span *in)
{
	struct span packet;
	enum pdu_step step = PDU_MESSAGE;

	while (!r->over && (step = pdu_next(&side->pdu, &packet_rule, &r->ceiling, in, &packet)) == PDU_MESSAGE) {
		tell_protocol(r, piece);
		if (packet.at[5] == NEWKEYS)
			tell_login(r, piece);
		else if (packet.at[5] == DISCONNECT || ++side->packets > PACKETS_MAX)
			r->over = true;
	}
	if (step != PDU_MORE)
		r->over = true;
}

static bool
ssh_piece(void *reader, const struct stream_piece *piece)
{
	struct ssh_reader *r = reader;
	struct ssh_side *side = &r->side[piece->from];
	struct span in = span_of(piece->bytes, (size_t)piece->len);

	if (piece->gap)
		return false;
	read_line(r, side, &in);
	if (side->greeted && piece->from == RESPONDER)
		tell_protocol(r, piece);
	if (side->greeted && !r->over)
		read_packets(r, side, piece, &in);
	return !r->over;
}

const struct proto_row ssh_row = {
	.app = APP_SSH,
	.tells = true,
	.guess = ssh_guess,
	.open = ssh_open,
	.piece = ssh_piece,
	.close = ssh_close,
};
