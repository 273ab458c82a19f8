#include "proto/proxy/proxy.h"

#include <stdlib.h>

#include "base/addr.h"

enum {	/* proxy-protocol.txt, sections 2.1 and 2.2 */
	LINE_MAX_BYTES = 107,
	SIGNATURE_BYTES = 12, HEADER_BYTES = 16, VERSION_2 = 2, COMMAND_LOCAL = 0, COMMAND_PROXY = 1,
	FAMILY_V4 = 1, FAMILY_V6 = 2, FAMILY_MAX = 3, TRANSPORT_MAX = 2
};

static const uint8_t signature[SIGNATURE_BYTES] = "\r\n\r\n\0\r\nQUIT\n";

struct proxy_reader {
	struct proto *p;
	uint16_t used;
	uint32_t skip;			/* of a binary header, behind what is held */
	bool read;			/* its address was */
	bool done;			/* it is none of ours after all */
	bool over;			/* the header ended: what follows is the client's */
	size_t rest;
	uint8_t held[LINE_MAX_BYTES];
};

static void *
proxy_open(struct proto *p)
{
	struct proxy_reader *r = calloc(1, sizeof *r);

	if (r != NULL)
		r->p = p;
	return r;
}

static void
proxy_close(void *reader)
{
	free(reader);
}

static void
tell(struct proxy_reader *r, const struct stream_piece *piece, uint8_t version, const struct addr *client)
{
	char text[ADDR_TEXT_MAX];
	const struct proxy x = { .action = PROXY_CLAIM, .version = version, .host = span_text(addr_text(client, text)) };
	const struct message m = { .kind = MESSAGE_PROXY, .flow = piece->flow, .from = piece->from, .ts_ns = piece->ts_ns,
	    .proxy = &x };

	proto_emit(r->p, &m);
}

/* "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443"; of UNKNOWN nothing behind the word counts. */
static void
read_line(struct proxy_reader *r, const struct stream_piece *piece, struct span line)
{
	struct span word, family, source;
	struct addr client;

	if (span_until(&line, ' ', &word) && span_until(&line, ' ', &family) && span_until(&line, ' ', &source) &&
	    addr_parse((const char *)source.at, source.left, &client))
		tell(r, piece, 1, &client);
}

static bool
malformed(struct proxy_reader *r)
{
	proto_counters(r->p)->malformed[APP_PROXY]++;
	proto_counters(r->p)->given_up[APP_PROXY]++;
	r->done = true;
	return false;
}

/* Until `want` bytes are held. */
static bool
gather(struct proxy_reader *r, struct span *in, size_t want)
{
	size_t more = want > r->used ? want - r->used : 0;

	more = more < in->left ? more : in->left;
	span_copy(in, r->held + r->used, more);
	r->used = (uint16_t)(r->used + more);
	return r->used >= want;
}

static bool
take_text(struct proxy_reader *r, const struct stream_piece *piece, struct span *in)
{
	while (r->used == 0 || r->held[r->used - 1] != '\n') {
		if (r->used == LINE_MAX_BYTES)
			return malformed(r);
		if (!gather(r, in, r->used + 1u))
			return true;
	}
	if (r->used < 2 || r->held[r->used - 2] != '\r')
		return malformed(r);
	read_line(r, piece, span_of(r->held, r->used - 2u));
	r->over = true;
	return false;
}

static size_t
address_bytes(uint8_t family)
{
	return family == FAMILY_V4 ? 12 : family == FAMILY_V6 ? 36 : 0;
}

/* LOCAL speaks for nobody but itself: a test whether the server is well. */
static void
read_addresses(struct proxy_reader *r, const struct stream_piece *piece, uint8_t family)
{
	struct addr client;

	if ((r->held[SIGNATURE_BYTES] & 0x0f) != COMMAND_PROXY || address_bytes(family) == 0)
		return;
	if (family == FAMILY_V4)
		client = addr_v4(r->held + HEADER_BYTES);
	else
		memcpy(client.b, r->held + HEADER_BYTES, sizeof client.b);
	tell(r, piece, VERSION_2, &client);
}

static bool
take_binary(struct proxy_reader *r, const struct stream_piece *piece, struct span *in)
{
	uint8_t family;
	size_t len, addresses, skipped;

	if (!gather(r, in, HEADER_BYTES))
		return true;
	family = r->held[SIGNATURE_BYTES + 1] >> 4;
	len = (size_t)(r->held[HEADER_BYTES - 2] << 8 | r->held[HEADER_BYTES - 1]);
	addresses = address_bytes(family);
	if (len < addresses)
		return malformed(r);
	if (!gather(r, in, HEADER_BYTES + addresses))
		return true;
	if (!r->read) {
		r->read = true;
		r->skip = (uint32_t)(len - addresses);
		read_addresses(r, piece, family);
	}
	skipped = r->skip < in->left ? r->skip : in->left;
	span_skip(in, skipped);
	r->skip -= (uint32_t)skipped;
	r->over = r->skip == 0;
	return !r->over;
}

static bool
proxy_piece(void *reader, const struct stream_piece *piece)
{
	struct span in = span_of(piece->bytes, (size_t)piece->len);
	struct proxy_reader *r = reader;
	bool more;

	if (piece->from != ORIGINATOR)
		return !r->done;
	if (piece->gap) {
		proto_counters(r->p)->given_up[APP_PROXY]++;
		return false;
	}
	if (r->used == 0 && !gather(r, &in, 1))
		return true;
	more = r->held[0] == signature[0] ? take_binary(r, piece, &in) : take_text(r, piece, &in);
	r->rest = in.left;
	return more;
}

static bool
proxy_tunnel(const void *reader, size_t *rest)
{
	const struct proxy_reader *r = reader;

	*rest = r->rest;
	return r->over;
}

static enum guess
guess_text(struct span first)
{
	static const char *const forms[] = { "PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN ", "PROXY UNKNOWN\r" };
	enum guess best = GUESS_NO;
	size_t i, len;

	for (i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		len = strlen(forms[i]);
		if (memcmp(first.at, forms[i], first.left < len ? first.left : len) == 0)
			best = first.left >= len ? GUESS_YES : best == GUESS_NO ? GUESS_MORE : best;
	}
	return best;
}

static enum guess
proxy_guess(struct span first, int from)
{
	uint8_t command, family;

	if (from != ORIGINATOR || (first.at[0] != 'P' && first.at[0] != signature[0]))
		return GUESS_NO;
	if (first.at[0] == 'P')
		return guess_text(first);
	if (memcmp(first.at, signature, first.left < SIGNATURE_BYTES ? first.left : SIGNATURE_BYTES) != 0)
		return GUESS_NO;
	if (first.left < HEADER_BYTES)
		return GUESS_MORE;
	command = first.at[SIGNATURE_BYTES];
	family = first.at[SIGNATURE_BYTES + 1];
	return command >> 4 == VERSION_2 && (command & 0x0f) <= COMMAND_PROXY && family >> 4 <= FAMILY_MAX &&
	    (family & 0x0f) <= TRANSPORT_MAX ? GUESS_YES : GUESS_NO;
}

const struct proto_row proxy_row = {
	.app = APP_PROXY,
	.named = true,
	.prefix = true,
	.guess = proxy_guess,
	.open = proxy_open,
	.piece = proxy_piece,
	.close = proxy_close,
	.tunnel = proxy_tunnel,
};
