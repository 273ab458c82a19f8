/* http2.c - HTTP/2 in the clear, by the preface that every client sends (RFC 9113 section 3.4). Not decoded. */
#include "proto/http/http.h"

static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum { PREFACE_BYTES = sizeof PREFACE - 1 };

static enum guess
http2_guess(struct span first, int from)
{
	size_t len = first.left < PREFACE_BYTES ? first.left : PREFACE_BYTES;

	(void)from;
	if (memcmp(first.at, PREFACE, len) != 0)
		return GUESS_NO;
	return len == PREFACE_BYTES ? GUESS_YES : GUESS_MORE;
}

/* There is nothing to keep: any address will do. */
static void *
http2_open(struct proto *p)
{
	return p;
}

static bool
http2_piece(void *reader, const struct stream_piece *piece)
{
	(void)reader;
	(void)piece;
	return false;
}

static void
http2_close(void *reader)
{
	(void)reader;
}

const struct proto_row http2_row = {
	.app = APP_HTTP2,
	.guess = http2_guess,
	.open = http2_open,
	.piece = http2_piece,
	.close = http2_close,
};
