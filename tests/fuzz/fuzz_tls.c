/*
 * The TLS reader, both sides, in any slicing. The input is a row of pieces:
 * one byte (bit 0 the side, bit 1 a gap), two bytes of length, the bytes (none
 * for a gap).
 * Small limits, so that they too are met.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/tls/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t sum;

static void
read_text(struct span s)
{
	size_t i;

	for (i = 0; i < s.left; i++)
		sum += s.at[i];
}

/* Reads all texts, so that a sanitizer sees where they point. */
static void
take_message(void *to, const struct message *m)
{
	(void)to;
	if (m->kind == MESSAGE_TLS_CLIENT) {
		read_text(m->tls_client->sni);
		read_text(m->tls_client->alpn);
		read_text(m->tls_client->ja3_text);
	} else if (m->kind == MESSAGE_TLS_SERVER) {
		read_text(m->tls_server->alpn);
		read_text(m->tls_server->ja3s_text);
	} else {
		read_text(m->tls_certificate->subject);
		read_text(m->tls_certificate->issuer);
		read_text(m->tls_certificate->names);
		read_text(m->tls_certificate->serial);
		read_text(m->tls_certificate->sni);
	}
}

static bool
say(void *reader, struct span bytes, int from)
{
	struct stream_piece piece = { .from = from, .len = bytes.left };
	uint8_t *copy = malloc(bytes.left + 1);
	bool more;

	if (copy == NULL)
		return false;
	span_copy(&bytes, copy, bytes.left);
	piece.bytes = copy;
	tls_row.guess(span_of(copy, (size_t)piece.len), from);
	more = tls_row.piece(reader, &piece);
	free(copy);
	return more;
}

/* One piece of the input. False: no more of it, or the reader has enough. */
static bool
say_next(void *reader, struct span *in)
{
	struct stream_piece gap = { .gap = true };
	struct span bytes;
	uint16_t len;
	uint8_t how;

	if (!span_u8(in, &how) || !span_u16be(in, &len))
		return false;
	if (how & 2) {
		gap.from = how & 1;
		gap.len = len;
		return tls_row.piece(reader, &gap);
	}
	span_take(in, len < in->left ? len : in->left, &bytes);
	return say(reader, bytes, how & 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct proto_limits limits = { 4096, 4096, 16384, 0 };
	struct proto *p = proto_new(&limits, take_message, NULL);
	void *reader = p == NULL ? NULL : tls_row.open(p);
	struct span in = span_of(data, size);

	while (reader != NULL && say_next(reader, &in))
		;
	if (reader != NULL)
		tls_row.close(reader);
	proto_free(p);
	return 0;
}
