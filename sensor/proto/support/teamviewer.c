/* teamviewer.c - two bytes that are always the same, a command, in the newer form the length of what follows. */
#include <stdlib.h>

#include "base/when.h"
#include "proto/support/support.h"

enum {
	HEADER_BYTES = 5, PORT = 5938,
	COMMAND_AT = 2,
	DATAGRAM_HEADER_AT = 11, DATAGRAM_BYTES_MIN = 14,
	TRIES_MAX = 64			/* pieces that may begin in the middle of a message */
};

#define PATIENCE_NS (3 * NS_PER_SEC)	/* for the other side's first bytes */

struct teamviewer_side {
	uint8_t first[HEADER_BYTES];
	uint8_t used, tries;
	bool right, lost;
};

struct teamviewer_reader {
	struct proto *proto;
	int64_t since_ns;
	struct teamviewer_side side[2];
};

static bool
is_command(uint8_t c)
{
	return (c >= 10 && c <= 63) || (c >= 70 && c <= 72) || (c >= 90 && c <= 113);
}

static enum guess
is_header(const uint8_t *at, size_t len)
{
	static const uint8_t begins[2][2] = { { 0x17, 0x24 }, { 0x11, 0x30 } };
	unsigned form = len > 0 && at[0] == begins[1][0];

	if (memcmp(at, begins[form], len < COMMAND_AT ? len : COMMAND_AT) != 0 ||
	    (len > COMMAND_AT && !is_command(at[COMMAND_AT])))
		return GUESS_NO;
	return len < HEADER_BYTES ? GUESS_MORE : GUESS_YES;
}

static enum guess
teamviewer_guess(struct span first, int from)
{
	(void)from;
	return is_header(first.at, first.left);
}

static void *
teamviewer_open(struct proto *p)
{
	struct teamviewer_reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->proto = p;
	r->since_ns = WHEN_UNKNOWN;
	return r;
}

static void
teamviewer_close(void *reader)
{
	free(reader);
}

/* Of a stream that is not whole each piece is hoped to begin a message. */
static enum guess
read_side(struct teamviewer_side *s, const struct stream_piece *piece)
{
	bool exact = !s->lost && !piece->flow->midway;
	enum guess g;
	uint64_t i;

	if (!exact)
		s->used = 0;
	for (i = 0; i < piece->len && s->used < HEADER_BYTES; i++)
		s->first[s->used++] = piece->bytes[i];
	g = is_header(s->first, s->used);
	return g == GUESS_NO && !exact && ++s->tries < TRIES_MAX ? GUESS_MORE : g;
}

static void
tell(const struct teamviewer_reader *r, const struct stream_piece *piece)
{
	const struct protocol told = { .app = APP_TEAMVIEWER };
	const struct message m = { .kind = MESSAGE_PROTOCOL, .flow = piece->flow, .from = piece->from,
	    .ts_ns = piece->ts_ns, .protocol = &told };

	proto_emit(r->proto, &m);
}

/* Who waits for an answer that does not come has a contact that nobody counts: not for long. */
static bool
teamviewer_piece(void *reader, const struct stream_piece *piece)
{
	struct teamviewer_reader *r = reader;
	struct teamviewer_side *s = &r->side[piece->from];
	enum guess g;

	if (piece->gap) {
		s->lost = true;
		return true;
	}
	if (r->since_ns == WHEN_UNKNOWN)
		r->since_ns = piece->ts_ns;
	if (!s->right) {
		if ((g = read_side(s, piece)) == GUESS_NO)
			return false;
		s->right = g == GUESS_YES;
	}
	if (!r->side[0].right || !r->side[1].right)
		return piece->ts_ns - r->since_ns <= PATIENCE_NS;
	tell(r, piece);
	return false;
}

const struct proto_row teamviewer_row = {
	.app = APP_TEAMVIEWER,
	.tells = true,
	.guess = teamviewer_guess,
	.open = teamviewer_open,
	.piece = teamviewer_piece,
	.close = teamviewer_close,
};

/* ---- datagrams: a counter that begins with 0, ten bytes, the header ---- */

static bool
is_datagram(const struct flow *f, int from, const struct packet *packet)
{
	const uint8_t *at = packet->payload;

	(void)from;
	return (f->port[ORIGINATOR] == PORT || f->port[RESPONDER] == PORT) &&
	    packet->payload_bytes >= DATAGRAM_BYTES_MIN && at[0] == 0 &&
	    is_header(at + DATAGRAM_HEADER_AT, packet->payload_bytes - DATAGRAM_HEADER_AT) != GUESS_NO;
}

static enum datagram_taken
take_datagram(struct proto *p, void *state, const struct flow *f, int from, const struct packet *packet)
{
	(void)state;
	return support_tell(p, f, from, packet, APP_TEAMVIEWER);
}

const struct datagram_row teamviewer_datagram_row = {
	.app = APP_TEAMVIEWER,
	.guess = is_datagram,
	.datagram = take_datagram,
};
