#include "proto/tls/tls.h"

#include <stdlib.h>

#include "base/heap.h"
#include "proto/tls/tls_reader.h"

static enum guess
guess_v2(struct span first)
{
	uint16_t version;
	uint32_t left;

	if (first.left >= 3 && first.at[2] != TLS_CLIENT_HELLO)
		return GUESS_NO;
	if (first.left < TLS_V2_HEADER_BYTES)
		return GUESS_MORE;
	return tls_v2_hello_read(first.at, &version, &left) ? GUESS_YES : GUESS_NO;
}

/*
 * A handshake record that begins with a hello, or what a flow joined midway
 * shows: any other record. `from` does not matter: such a flow may have its
 * sides exchanged.
 */
static enum guess
tls_guess(struct span first, int from)
{
	static const uint8_t empty[2];
	uint8_t head[TLS_RECORD_HEADER_BYTES] = { TLS_RECORD_HANDSHAKE, 3, 0, 0, 1 };
	struct span s = first;

	(void)from;
	if (first.left > 0 && first.at[0] & 0x80)
		return guess_v2(first);
	do {	/* servers pass over empty records, OpenSSL over 32 of them */
		span_copy(&s, head, tls_smaller(s.left, sizeof head));
		if (!tls_record_plausible(head))
			return GUESS_NO;
		if (head[0] != TLS_RECORD_HANDSHAKE)
			return first.left < TLS_RECORD_HEADER_BYTES ? GUESS_MORE : GUESS_YES;
		if (s.left == 0)
			return GUESS_MORE;
	} while (memcmp(head + 3, empty, sizeof empty) == 0);
	return s.at[0] == TLS_CLIENT_HELLO || s.at[0] == TLS_SERVER_HELLO ? GUESS_YES : GUESS_NO;
}

static void *
tls_open(struct proto *p)
{
	struct tls_tools *tools = proto_shared(p, &tls_row);
	struct tls_reader *r;
	int i;

	if (tools == NULL || (r = heap_zeroed(sizeof *r)) == NULL)
		return NULL;
	r->proto = p;
	r->patience_bytes = 4 * (uint64_t)proto_limits(p)->handshake_bytes + TLS_PATIENCE_BYTES;
	r->ceiling.most = proto_limits(p)->flow_bytes;
	r->ceiling.total = proto_held(p);
	arena_init(&r->scratch.arena, r->ceiling.most);
	r->scratch.arena.spare = tls_tools_spare(tools);
	r->scratch.tools = tools;
	for (i = 0; i < 2; i++) {
		r->side[i].reader = r;
		r->side[i].state = tls_read_start;
	}
	return r;
}

static void
tls_close(void *reader)
{
	struct tls_reader *r = reader;

	if (r == NULL)
		return;
	bytes_clear(&r->side[0].held, &r->ceiling);
	bytes_clear(&r->side[1].held, &r->ceiling);
	bytes_clear(&r->sni, &r->ceiling);
	arena_clear(&r->scratch.arena);
	free(r);
}

static void
give_up(struct tls_side *side)
{
	proto_counters(side->reader->proto)->given_up[APP_TLS]++;
	tls_end_side(side);
}

static void
feed(struct tls_side *side, const struct stream_piece *piece)
{
	struct span in = span_of(piece->bytes, (size_t)piece->len);
	enum tls_step step = TLS_NEXT;

	if (piece->gap) {
		give_up(side);
		return;
	}
	while (!side->over && step == TLS_NEXT)
		step = side->state(side, &in);
	if (step == TLS_GIVE_UP)
		give_up(side);
}

/* Is one side over, and has the other, the client, said all it has to say? */
static bool
is_finished(const struct tls_reader *r)
{
	const struct tls_side *other;
	int i;

	if (r->side[0].over && r->side[1].over)
		return true;
	for (i = 0; i < 2; i++) {
		other = &r->side[1 - i];
		if (!r->side[i].over || other->client_hellos == 0)
			continue;
		if (!r->retry || other->client_hellos == TLS_CLIENT_HELLOS_MAX)
			return true;
	}
	return false;
}

/* Handshakes that do not come to an end are no better than a buffer without one. */
static bool
is_patience_over(struct tls_reader *r)
{
	if (r->patience_bytes > 0)
		return false;
	if (!r->side[0].over && !r->side[1].over)
		proto_counters(r->proto)->over_limit++;
	return true;
}

static bool
tls_piece(void *reader, const struct stream_piece *piece)
{
	struct tls_reader *r = reader;
	struct tls_side *side = &r->side[piece->from];

	r->piece = piece;
	r->patience_bytes -= piece->len < r->patience_bytes ? piece->len : r->patience_bytes;
	if (!side->over)
		feed(side, piece);
	r->piece = NULL;
	return !is_finished(r) && !is_patience_over(r);
}

static void *
tls_share(void)
{
	return tls_tools_new();
}

static void
tls_unshare(void *tools)
{
	tls_tools_free(tools);
}

const struct proto_row tls_row = {
	.app = APP_TLS,
	.named = true,
	.guess = tls_guess,
	.open = tls_open,
	.piece = tls_piece,
	.end = NULL,
	.close = tls_close,
	.share = tls_share,
	.unshare = tls_unshare,
};
