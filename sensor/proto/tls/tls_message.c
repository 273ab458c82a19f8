#include "proto/tls/tls_reader.h"

#include "proto/tls/tls_certificate.h"
#include "proto/tls/tls_describe.h"
#include "proto/tls/tls_hello.h"

enum { CERTIFICATE = 11, SERVER_HELLO_DONE = 14 };	/* the other handshake types that are read */

/* ---- memory ---- */

/* The texts of a message have what the buffers leave. */
static struct tls_scratch *
scratch(struct tls_reader *r)
{
	const struct bytes_ceiling *c = &r->ceiling;

	r->scratch.arena.most_bytes = c->most > c->held ? c->most - c->held : 0;
	return &r->scratch;
}

static enum tls_step
over_limit(struct tls_reader *r)
{
	proto_counters(r->proto)->over_limit++;
	arena_clear(&r->scratch.arena);
	return TLS_GIVE_UP;
}

void
tls_end_side(struct tls_side *side)
{
	side->over = true;
	bytes_clear(&side->held, &side->reader->ceiling);
	if (side->reader->patience_bytes > TLS_PATIENCE_BYTES)
		side->reader->patience_bytes = TLS_PATIENCE_BYTES;
}

static void
keep_sni(struct tls_reader *r, struct span sni)
{
	bytes_clear(&r->sni, &r->ceiling);
	r->has_sni = sni.at != NULL && bytes_append(&r->sni, &r->ceiling, sni);
}

static struct span
kept_sni(const struct tls_reader *r)
{
	return r->has_sni ? span_of(r->sni.at == NULL ? (const uint8_t *)"" : r->sni.at, r->sni.used) :
	    span_of(NULL, 0);
}

/* ---- messages out ---- */

void
tls_emit(struct tls_side *side, struct message *m)
{
	struct tls_reader *r = side->reader;

	m->flow = r->piece->flow;
	m->from = r->piece->from;
	m->ts_ns = r->piece->ts_ns;
	proto_emit(r->proto, m);
	arena_clear(&r->scratch.arena);
}

static enum tls_step
client_hello(struct tls_side *side, struct span body)
{
	struct tls_reader *r = side->reader;
	struct tls_client client = { 0 };
	struct tls_scratch *s = scratch(r);
	struct message m = { .kind = MESSAGE_TLS_CLIENT, .tls_client = &client };

	switch (tls_describe_client(s, body, 't', &client)) {
	case TLS_DESCRIBED: break;
	case TLS_NO_HELLO: return TLS_GIVE_UP;
	case TLS_NO_ROOM: return over_limit(r);
	}
	tls_emit(side, &m);
	keep_sni(r, client.sni);
	r->offers_hiding = tls_version_hides(client.best_version);
	side->encrypted = false;
	if (++side->client_hellos == TLS_CLIENT_HELLOS_MAX)
		tls_end_side(side);
	return TLS_NEXT;
}

static enum tls_step
server_hello(struct tls_side *side, struct span body)
{
	struct tls_reader *r = side->reader;
	struct tls_server server = { 0 };
	struct tls_scratch *s = scratch(r);
	struct message m = { .kind = MESSAGE_TLS_SERVER, .tls_server = &server };

	switch (tls_describe_server(s, body, &server)) {
	case TLS_DESCRIBED: break;
	case TLS_NO_HELLO: return TLS_GIVE_UP;
	case TLS_NO_ROOM: return over_limit(r);
	}
	/* One HelloRetryRequest, one ServerHello. */
	if (r->final || (server.retry && r->retry)) {
		arena_clear(&s->arena);
		return TLS_GIVE_UP;
	}
	tls_emit(side, &m);
	side->server = true;
	if (server.retry)
		r->retry = true;
	else
		r->final = true;
	if (r->final && tls_version_hides(server.version))
		tls_end_side(side);
	return TLS_NEXT;
}

static enum tls_step
certificate(struct tls_side *side, struct span body)
{
	struct tls_reader *r = side->reader;
	struct tls_certificate out;
	struct message m = { .kind = MESSAGE_TLS_CERTIFICATE, .tls_certificate = &out };

	if (!tls_certificate_read(scratch(r), body, &out))
		return TLS_GIVE_UP;
	out.sni = kept_sni(r);
	tls_emit(side, &m);
	tls_end_side(side);
	return TLS_NEXT;
}

static enum tls_step
server_hello_done(struct tls_side *side, struct span body)
{
	(void)body;
	tls_end_side(side);
	return TLS_NEXT;
}

static const struct message_row {
	uint8_t type;
	bool client, server, unknown;	/* read when the side is known to be, or still unknown */
	enum tls_step (*read)(struct tls_side *side, struct span body);
} MESSAGES[] = {
	{ TLS_CLIENT_HELLO, true, false, true, client_hello },
	{ TLS_SERVER_HELLO, false, true, true, server_hello },
	{ CERTIFICATE, false, true, false, certificate },
	{ SERVER_HELLO_DONE, false, true, false, server_hello_done },
};

/* NULL: this message of this side is skipped. */
static const struct message_row *
find_message(const struct tls_side *side)
{
	const struct message_row *row;
	size_t i;

	for (i = 0; i < sizeof MESSAGES / sizeof MESSAGES[0]; i++) {
		row = &MESSAGES[i];
		if (row->type != side->message_head[0])
			continue;
		if (side->server)
			return row->server ? row : NULL;
		if (side->client_hellos > 0)
			return row->client ? row : NULL;
		return row->unknown ? row : NULL;
	}
	return NULL;
}

/* ---- putting messages together ---- */

/* Sets up what is done with a message, its header being there. */
static enum tls_step
begin_message(struct tls_side *side, uint32_t *len)
{
	struct span head = span_of(side->message_head + 1, 3);

	span_u24be(&head, len);
	if (find_message(side) == NULL) {
		side->message_left = *len;
		side->message_have = 0;
		return TLS_MORE;
	}
	if (*len > proto_limits(side->reader->proto)->handshake_bytes)
		return over_limit(side->reader);
	return TLS_NEXT;
}

/* The body as one span: where it stands when it came whole, else gathered. */
static enum tls_step
whole_body(struct tls_side *side, struct span *in, uint32_t len, struct span *body)
{
	struct bytes *held = &side->held;
	struct span part;

	if (held->used == 0 && span_take(in, len, body))
		return TLS_NEXT;
	span_take(in, tls_smaller(in->left, len - held->used), &part);
	if (!bytes_append(held, &side->reader->ceiling, part))
		return over_limit(side->reader);
	if (held->used < len)
		return TLS_MORE;
	*body = span_of(held->at, len);
	return TLS_NEXT;
}

enum tls_step
tls_read_message(struct tls_side *side, struct span *in)
{
	struct span body;
	enum tls_step step;
	uint32_t len;

	if (side->message_left > 0) {
		len = (uint32_t)tls_smaller(in->left, side->message_left);
		span_skip(in, len);
		side->message_left -= len;
		return TLS_MORE;
	}
	len = (uint32_t)tls_smaller(in->left, (size_t)(TLS_MESSAGE_HEADER_BYTES - side->message_have));
	span_copy(in, side->message_head + side->message_have, len);
	side->message_have = (uint8_t)(side->message_have + len);
	if (side->message_have < TLS_MESSAGE_HEADER_BYTES)
		return TLS_MORE;
	if ((step = begin_message(side, &len)) != TLS_NEXT)
		return step;
	if ((step = whole_body(side, in, len, &body)) != TLS_NEXT)
		return step;
	step = find_message(side)->read(side, body);
	side->message_have = 0;
	bytes_empty(&side->held, &side->reader->ceiling);
	return step;
}
