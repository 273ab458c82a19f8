/*
 * One TCP flow's bytes. The first byte: its low seven bits are an enum app,
 * whose reader is tried alone, or 0: recognised by content, tunnels and all
 * (0 too where no row is that protocol's); its top bit: small limits, so that
 * they are met. The second byte: bit 0 the flow began midway. Then pieces of
 * one byte and their bytes: bit 7 the side, the rest the length:
 *     0         a gap, its length in the next byte
 *     1..63     so many bytes
 *     64..126   32 for each above 63
 *     127       all that is left
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proto.h"
#include "touch_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct talk {
	const struct proto_row *row;	/* NULL: `dialogue` */
	void *reader;
	struct dialogue *dialogue;
	struct flow flow;
	uint64_t offset[2];
	bool over;			/* nobody wants more */
};

static void
take_message(void *to, const struct message *m)
{
	(void)to;
	touch_message(m);
}

static bool
give(struct talk *t, const struct stream_piece *piece)
{
	size_t rest;
	bool more = t->row == NULL ? dialogue_piece(t->dialogue, piece) :
	    t->row->piece(t->reader, piece);

	t->over = !more;
	if (!more && t->row != NULL && t->row->tunnel != NULL && t->row->tunnel(t->reader, &rest) && rest > piece->len)
		abort();
	return more;
}

/* At its exact size, so that a sanitizer sees the first byte too far. */
static bool
give_bytes(struct talk *t, int from, struct span part)
{
	struct stream_piece piece = { .flow = &t->flow, .from = from, .offset = t->offset[from], .len = part.left };
	uint8_t *copy;
	bool more;

	if (part.left == 0)
		return true;
	if ((copy = malloc(part.left)) == NULL)
		return false;
	memcpy(copy, part.at, part.left);
	piece.bytes = copy;
	t->offset[from] += part.left;
	if (t->row != NULL)
		t->row->guess(span_of(copy, part.left), from);
	more = give(t, &piece);
	free(copy);
	return more;
}

static bool
give_gap(struct talk *t, int from, uint8_t len)
{
	struct stream_piece piece = { .flow = &t->flow, .from = from, .gap = true, .offset = t->offset[from],
	    .len = len };

	t->offset[from] += len;
	return len == 0 || give(t, &piece);
}

/* False: no more of the input, or nobody wants it. */
static bool
next_piece(struct talk *t, struct span *in)
{
	struct span part = span_of(NULL, 0);
	uint8_t how, gap;
	size_t len;
	int from;

	if (!span_u8(in, &how))
		return false;
	from = how >> 7;
	how &= 0x7f;
	if (how == 0)
		return span_u8(in, &gap) && give_gap(t, from, gap);
	len = how < 64 ? how : how < 127 ? (how - 63u) * 32 : in->left;
	span_take(in, len < in->left ? len : in->left, &part);
	return give_bytes(t, from, part);
}

static bool
open_talk(struct talk *t, struct proto *p, uint8_t app)
{
	t->row = app == APP_UNKNOWN ? NULL : proto_row_of((enum app)app);
	if (t->row != NULL)
		t->reader = t->row->open(p);
	else
		t->dialogue = dialogue_new(p);
	return t->reader != NULL || t->dialogue != NULL;
}

static void
close_talk(struct talk *t)
{
	if (t->dialogue != NULL)
		dialogue_end(t->dialogue, &t->flow, 1);
	dialogue_free(t->dialogue);
	if (t->reader == NULL)
		return;
	if (t->row->end != NULL && !t->over)
		t->row->end(t->reader, &t->flow, 1);
	t->row->close(t->reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct proto_limits large = { .header_bytes = 4096, .handshake_bytes = 4096,
	    .flow_bytes = 16384, .mail_recipients = 4, .file_bytes = 4096, .file_total_bytes = 1 << 20 };
	static const struct proto_limits small = { .header_bytes = 512, .handshake_bytes = 512,
	    .flow_bytes = 2048, .file_bytes = 3000, .file_total_bytes = 60000 };
	struct span in = span_of(data, size);
	uint8_t which, how;
	struct proto *p;
	struct talk t;

	memset(&t, 0, sizeof t);
	if (!span_u8(&in, &which) || !span_u8(&in, &how))
		return 0;
	if ((p = proto_new((which & 0x80) != 0 ? &small : &large, take_message, NULL)) == NULL)
		return 0;
	t.flow.protocol = PROTO_TCP;
	t.flow.midway = (how & 1) != 0;
	if (open_talk(&t, p, which & 0x7f)) {
		while (next_piece(&t, &in))
			continue;
		close_talk(&t);
	}
	if (proto_counts(p)->held_bytes != 0)
		abort();
	proto_free(p);
	return 0;
}
