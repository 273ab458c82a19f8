#include "proto/tls/dtls.h"

#include <stdlib.h>

#include "proto/pieces.h"
#include "proto/tls/tls.h"
#include "proto/tls/tls_describe.h"
#include "proto/tls/tls_reader.h"

enum { SEQUENCE_BYTES = 6 };

/* A cleartext handshake fragment (RFC 9147, 5.2; the record header is RFC 6347's in all versions). */
struct fragment {
	uint8_t type;
	uint16_t message;
	uint32_t len, offset;
	struct span bytes;
};

struct dtls_flow {
	struct proto *p;
	struct tls_scratch scratch;
	struct bytes_ceiling ceiling;
	struct pieces pieces;		/* of the hello under way */
	uint16_t message;		/* its number */
	uint32_t len;
	int from;
	unsigned datagrams;
};

/* Cuts the next record off: a cleartext handshake record, or *handshake is empty. */
static bool
next_record(struct span *in, struct span *handshake)
{
	uint16_t version, epoch, len;
	uint8_t type;

	handshake->left = 0;
	if (!span_u8(in, &type) || !span_u16be(in, &version) || !span_u16be(in, &epoch) ||
	    !span_skip(in, SEQUENCE_BYTES) || !span_u16be(in, &len) || len > in->left)
		return false;
	if (version != 0xfeff && version != 0xfefd && version != 0xfefc)
		return false;
	span_take(in, len, handshake);
	if (type != TLS_RECORD_HANDSHAKE || epoch != 0)
		handshake->left = 0;
	return type >= TLS_RECORD_CHANGE_CIPHER && type <= TLS_RECORD_DATA;
}

static bool
next_fragment(struct span *in, struct fragment *out)
{
	uint32_t len;

	return span_u8(in, &out->type) && span_u24be(in, &out->len) && span_u16be(in, &out->message) &&
	    span_u24be(in, &out->offset) && span_u24be(in, &len) && len <= out->len &&
	    out->offset <= out->len - len && span_take(in, len, &out->bytes);
}

static bool
dtls_guess(const struct flow *f, int from, const struct packet *packet)
{
	struct span in = span_of(packet->payload, packet->payload_bytes), handshake;
	struct fragment fragment;

	(void)f;
	(void)from;
	return next_record(&in, &handshake) && next_fragment(&handshake, &fragment) &&
	    fragment.type == TLS_CLIENT_HELLO && fragment.message <= 1;
}

static void *
dtls_open(struct proto *p)
{
	struct tls_tools *tools = proto_shared(p, &tls_row);
	struct dtls_flow *d;

	if (tools == NULL || (d = calloc(1, sizeof *d)) == NULL)
		return NULL;
	d->p = p;
	d->from = -1;
	d->ceiling.most = proto_limits(p)->flow_bytes;
	d->ceiling.total = proto_held(p);
	arena_init(&d->scratch.arena, d->ceiling.most);
	d->scratch.arena.spare = tls_tools_spare(tools);
	d->scratch.tools = tools;
	return d;
}

static void
dtls_close(void *state)
{
	struct dtls_flow *d = state;

	pieces_clear(&d->pieces, &d->ceiling);
	arena_clear(&d->scratch.arena);
	free(d);
}

static void
give_up(struct dtls_flow *d, struct message m)
{
	const struct protocol what = { .app = APP_TLS };

	proto_counters(d->p)->given_up[APP_TLS]++;
	m.kind = MESSAGE_PROTOCOL;
	m.protocol = &what;
	proto_emit(d->p, &m);
}

/* The hello is whole: true when it was told. */
static bool
tell(struct dtls_flow *d, struct span body, struct message m)
{
	struct tls_client client = { 0 };
	enum tls_described described;

	d->scratch.arena.most_bytes = d->ceiling.most > d->ceiling.held ? d->ceiling.most - d->ceiling.held : 0;
	described = tls_describe_client(&d->scratch, body, 'd', &client);
	m.kind = MESSAGE_TLS_CLIENT;
	m.tls_client = &client;
	if (described == TLS_DESCRIBED)
		proto_emit(d->p, &m);
	arena_clear(&d->scratch.arena);
	return described == TLS_DESCRIBED;
}

static bool
tell_gathered(struct dtls_flow *d, const struct message *m)
{
	struct bytes whole = { NULL, 0, 0 };
	bool told;

	if (!bytes_reserve(&whole, &d->ceiling, d->len))
		return false;
	pieces_copy(&d->pieces, whole.at, d->len);
	told = tell(d, span_of(whole.at, d->len), *m);
	bytes_clear(&whole, &d->ceiling);
	return told;
}

/* TAKEN: more is needed. OTHER: it cannot be had. */
static enum datagram_taken
take_fragment(struct dtls_flow *d, const struct fragment *f, const struct message *m)
{
	if (f->type != TLS_CLIENT_HELLO)
		return DATAGRAM_TAKEN;
	if (f->len > proto_limits(d->p)->handshake_bytes)
		return DATAGRAM_OTHER;
	if (f->bytes.left == f->len)
		return tell(d, f->bytes, *m) ? DATAGRAM_LAST : DATAGRAM_OTHER;
	if (d->from != m->from || d->message != f->message || d->len != f->len) {
		pieces_clear(&d->pieces, &d->ceiling);
		d->from = m->from;
		d->message = f->message;
		d->len = f->len;
	}
	if (!pieces_add(&d->pieces, &d->ceiling, f->offset, f->bytes)) {
		proto_counters(d->p)->over_limit++;
		return DATAGRAM_OTHER;
	}
	if (pieces_whole(&d->pieces) < f->len)
		return DATAGRAM_TAKEN;
	return tell_gathered(d, m) ? DATAGRAM_LAST : DATAGRAM_OTHER;
}

static enum datagram_taken
dtls_datagram(struct proto *p, void *state, const struct flow *f, int from, const struct packet *packet)
{
	struct span in = span_of(packet->payload, packet->payload_bytes), handshake;
	const struct message m = { .flow = f, .from = from, .ts_ns = packet->ts_ns };
	enum datagram_taken taken = DATAGRAM_TAKEN;
	struct dtls_flow *d = state;
	struct fragment fragment;
	bool ours = false;

	(void)p;
	while (taken == DATAGRAM_TAKEN && next_record(&in, &handshake)) {
		ours = true;
		while (taken == DATAGRAM_TAKEN && next_fragment(&handshake, &fragment))
			taken = take_fragment(d, &fragment, &m);
	}
	if (!ours)
		return DATAGRAM_OTHER;
	if (taken == DATAGRAM_TAKEN && ++d->datagrams < DTLS_DATAGRAMS_MAX)
		return DATAGRAM_TAKEN;
	if (taken != DATAGRAM_LAST)
		give_up(d, m);
	return DATAGRAM_LAST;
}

static void
dtls_end(void *state, const struct flow *f, int64_t ts_ns)
{
	const struct message m = { .flow = f, .from = ORIGINATOR, .ts_ns = ts_ns };

	give_up(state, m);
}

const struct datagram_row dtls_row = {
	.app = APP_TLS,
	.named = true,
	.guess = dtls_guess,
	.open = dtls_open,
	.datagram = dtls_datagram,
	.end = dtls_end,
	.close = dtls_close,
};
