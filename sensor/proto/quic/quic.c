#include "proto/quic/quic.h"

#include <stdlib.h>

#include "base/hash.h"
#include "proto/pieces.h"
#include "proto/quic/quic_frames.h"
#include "proto/quic/quic_keys.h"
#include "proto/tls/tls.h"
#include "proto/tls/tls_describe.h"

enum {
	LONG_HEADER = 0x80, FIXED_BIT = 0x40,
	CLIENT_BYTES_LEAST = 1200,	/* a client's Initial fills its datagram so far (RFC 9000, 14.1) */
	HELLO_HEADER_BYTES = 4,
	CLIENT_HELLO = 1, SERVER_HELLO = 2,
	DERIVATIONS_MAX = 16,		/* for ids and versions that a flow may try */
	/* A mark: the client's side, is it known, hashes of the server's id and of the client's first one. */
	MARK_CLIENT = 1, MARK_KNOWN = 2, MARK_THERE = 4
};

/* One side's CRYPTO stream: its message under way begins at `base`. */
struct quic_stream {
	struct pieces pieces;
	uint64_t base;
	uint64_t next_number;
	bool over;
};

struct quic_flow {
	struct proto *p;
	struct quic_tools *tools;
	struct tls_scratch scratch;
	struct bytes_ceiling ceiling;
	int client;			/* whose packets open with a client's keys; -1: not known */
	uint32_t version;		/* of the keys */
	uint8_t id[QUIC_ID_BYTES_MAX];	/* that they were derived from */
	uint8_t id_bytes;
	struct quic_key_pair keys;
	struct quic_stream stream[2];
	unsigned datagrams, derivations;
	unsigned hellos;		/* of the client, told */
	uint64_t before;		/* the mark of the connection before this one; 0: it is the first */
	uint32_t server_id;		/* hash of the id that the server gave itself; or of what did not open */
	bool retry;			/* HelloRetryRequest: another hello comes */
	bool final;			/* nothing more is to be had */
	bool told;			/* that it is QUIC */
	bool shut;			/* a version that cannot be opened */
};

/* ---- whose ---- */

/* Google's header before Q046: flags (version, 8 bytes of id), id, version. */
static bool
is_old_google(struct span s)
{
	uint32_t version;
	uint8_t flags;

	return span_u8(&s, &flags) && (flags & 0xcb) == 0x09 && span_skip(&s, 8) &&
	    span_u32be(&s, &version) && version >> 24 == 'Q' && quic_version_is_shut(version);
}

/* Q046 writes both ids' lengths into one byte. */
static bool
is_shut(struct span s)
{
	uint32_t version;
	uint8_t first;

	if (is_old_google(s))
		return true;
	return span_u8(&s, &first) && (first & (LONG_HEADER | FIXED_BIT)) == (LONG_HEADER | FIXED_BIT) &&
	    span_u32be(&s, &version) && quic_version_is_shut(version);
}

static bool
quic_guess(const struct flow *f, int from, const struct packet *packet)
{
	struct span in = span_of(packet->payload, packet->payload_bytes);
	struct quic_packet p;

	(void)f;
	(void)from;
	if (is_shut(in))
		return true;
	if (in.left == 0 || (in.at[0] & (LONG_HEADER | FIXED_BIT)) != (LONG_HEADER | FIXED_BIT) ||
	    !quic_packet_next(&in, &p))
		return false;
	switch (p.kind) {
	case QUIC_INITIAL: return p.whole.left >= p.number_at + QUIC_TAG_BYTES + QUIC_SAMPLE_BYTES / 4;
	case QUIC_ZERO_RTT:
	case QUIC_HANDSHAKE:
	case QUIC_RETRY: return p.dcid.left > 0 || p.scid.left > 0;
	case QUIC_STRANGE:
		return quic_version_is_reserved(p.version) && packet->payload_wire_bytes >= CLIENT_BYTES_LEAST;
	default: return false;
	}
}

static void *
quic_open_flow(struct proto *p)
{
	struct quic_tools *tools = proto_datagram_shared(p, &quic_row);
	struct tls_tools *tls_tools = proto_shared(p, &tls_row);
	struct quic_flow *q;

	if (tools == NULL || tls_tools == NULL || (q = calloc(1, sizeof *q)) == NULL)
		return NULL;
	q->p = p;
	q->tools = tools;
	q->client = -1;
	q->ceiling.most = proto_limits(p)->flow_bytes;
	q->ceiling.total = proto_held(p);
	*q->ceiling.total += sizeof *q;
	arena_init(&q->scratch.arena, q->ceiling.most);
	q->scratch.arena.spare = tls_tools_spare(tls_tools);
	q->scratch.tools = tls_tools;
	return q;
}

static void
quic_close_flow(void *state)
{
	struct quic_flow *q = state;

	pieces_clear(&q->stream[0].pieces, &q->ceiling);
	pieces_clear(&q->stream[1].pieces, &q->ceiling);
	arena_clear(&q->scratch.arena);
	*q->ceiling.total -= sizeof *q;
	free(q);
}

/* ---- messages ---- */

static void
emit(struct quic_flow *q, struct message *m)
{
	q->told = true;
	proto_emit(q->p, m);
}

/* No hello will name this flow. */
static void
tell_protocol(struct quic_flow *q, struct message m)
{
	const struct protocol what = { .app = APP_QUIC };

	if (q->told)
		return;
	if (!q->shut)
		proto_counters(q->p)->given_up[APP_QUIC]++;
	m.kind = MESSAGE_PROTOCOL;
	m.protocol = &what;
	emit(q, &m);
}

static struct tls_scratch *
scratch(struct quic_flow *q)
{
	const struct bytes_ceiling *c = &q->ceiling;

	q->scratch.arena.most_bytes = c->most > c->held ? c->most - c->held : 0;
	return &q->scratch;
}

static void
end_stream(struct quic_flow *q, struct quic_stream *s)
{
	pieces_clear(&s->pieces, &q->ceiling);
	s->over = true;
}

static void
over_limit(struct quic_flow *q, struct quic_stream *s)
{
	proto_counters(q->p)->over_limit++;
	end_stream(q, s);
}

static void
client_hello(struct quic_flow *q, struct span body, struct message m)
{
	struct tls_client client = { .quic = true, .quic_version = q->version, .again = q->before != 0 };
	struct quic_stream *s = &q->stream[m.from];

	m.kind = MESSAGE_TLS_CLIENT;
	m.tls_client = &client;
	switch (tls_describe_client(scratch(q), body, 'q', &client)) {
	case TLS_DESCRIBED: break;
	case TLS_NO_HELLO: end_stream(q, s); return;
	case TLS_NO_ROOM: over_limit(q, s); return;
	}
	q->hellos++;
	emit(q, &m);
}

static void
server_hello(struct quic_flow *q, struct span body, struct message m)
{
	struct tls_server server = { 0 };

	m.kind = MESSAGE_TLS_SERVER;
	m.tls_server = &server;
	if (tls_describe_server(scratch(q), body, &server) == TLS_DESCRIBED && (!server.retry || !q->retry)) {
		emit(q, &m);
		q->retry = server.retry;
		q->final = !server.retry;
	} else {
		q->final = true;
	}
}

static void
take_hello(struct quic_flow *q, struct span whole, struct message m)
{
	struct span body = whole;

	span_skip(&body, HELLO_HEADER_BYTES);
	if (m.from == q->client && whole.at[0] == CLIENT_HELLO)
		client_hello(q, body, m);
	else if (m.from != q->client && whole.at[0] == SERVER_HELLO)
		server_hello(q, body, m);
	else
		end_stream(q, &q->stream[m.from]);
	arena_clear(&q->scratch.arena);
}

/* Is the message under way whole? *len: its bytes. False, too, when it is too long to wait for. */
static bool
is_whole(struct quic_flow *q, struct quic_stream *s, uint32_t *len)
{
	uint32_t there = pieces_whole(&s->pieces);
	uint8_t head[HELLO_HEADER_BYTES];

	if (there < HELLO_HEADER_BYTES)
		return false;
	pieces_copy(&s->pieces, head, HELLO_HEADER_BYTES);
	*len = (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
	if (*len > proto_limits(q->p)->handshake_bytes) {
		over_limit(q, s);
		return false;
	}
	*len += HELLO_HEADER_BYTES;
	return there >= *len;
}

/* What stands behind a hello is sent later, or again: only one message is put together at a time. */
static void
finish_hello(struct quic_flow *q, const struct message *m)
{
	struct quic_stream *s = &q->stream[m->from];
	struct bytes whole = { NULL, 0, 0 };
	uint32_t len;

	if (!is_whole(q, s, &len))
		return;
	if (!bytes_reserve(&whole, &q->ceiling, len)) {
		over_limit(q, s);
		return;
	}
	pieces_copy(&s->pieces, whole.at, len);
	pieces_clear(&s->pieces, &q->ceiling);
	s->base += len;
	take_hello(q, span_of(whole.at, len), *m);
	bytes_clear(&whole, &q->ceiling);
}

/* A client's bytes are of use until its hello is told, and again after a HelloRetryRequest. */
static bool
is_wanted(const struct quic_flow *q, int from)
{
	if (q->stream[from].over)
		return false;
	return from != q->client || q->hellos == 0 || (q->retry && q->hellos == 1);
}

static void
take_crypto(struct quic_flow *q, uint64_t offset, struct span bytes, int from)
{
	struct quic_stream *s = &q->stream[from];
	uint64_t end = offset + bytes.left;

	if (end <= s->base)
		return;
	if (offset < s->base) {
		span_skip(&bytes, (size_t)(s->base - offset));
		offset = s->base;
	}
	if (offset - s->base > HELLO_HEADER_BYTES + (uint64_t)proto_limits(q->p)->handshake_bytes)
		return;
	if (!pieces_add(&s->pieces, &q->ceiling, (uint32_t)(offset - s->base), bytes))
		over_limit(q, s);
}

static void
take_frames(struct quic_flow *q, struct span frames, const struct message *m)
{
	struct span bytes;
	uint64_t offset;

	while (is_wanted(q, m->from) && quic_next_crypto(&frames, &offset, &bytes))
		take_crypto(q, offset, bytes, m->from);
	if (is_wanted(q, m->from))
		finish_hello(q, m);
}

/* ---- keys ---- */

static bool
open_as(struct quic_flow *q, const struct quic_key_pair *keys, const struct quic_packet *p, int from, int client,
    struct span *plain)
{
	return quic_open(q->tools, from == client ? &keys->client : &keys->server, p,
	    &q->stream[from].next_number, plain);
}

static bool
try_keys(struct quic_flow *q, const struct quic_packet *p, struct span id, int from, int client, struct span *plain)
{
	struct quic_key_pair keys;

	if (q->derivations == DERIVATIONS_MAX)
		return false;
	q->derivations++;
	if (!quic_keys_derive(q->tools, p->known, id, &keys) || !open_as(q, &keys, p, from, client, plain))
		return false;
	q->keys = keys;
	q->version = p->version;
	q->client = client;
	q->id_bytes = (uint8_t)id.left;
	if (id.at != q->id)
		span_copy(&id, q->id, id.left);
	return true;
}

/*
 * A client's packet opens with the keys in force; or, where the version was
 * changed on the way (RFC 9369, 4), with those of the same id in the new
 * one; or, behind a Retry or a version negotiation, or as the first one seen,
 * with those of its own id.
 */
static bool
find_keys(struct quic_flow *q, const struct quic_packet *p, int from, struct span *plain)
{
	struct span id = span_of(q->id, q->id_bytes);

	if (q->client >= 0 && p->version == q->version && open_as(q, &q->keys, p, from, q->client, plain))
		return true;
	if (q->client >= 0 && p->version != q->version && try_keys(q, p, id, from, q->client, plain))
		return true;
	if (q->client == 1 - from || (q->client == from && span_equal(id, p->dcid) && p->version == q->version))
		return false;
	if (!try_keys(q, p, p->dcid, from, from, plain))
		return false;
	if (q->hellos == 0)	/* another attempt says all from the start */
		pieces_clear(&q->stream[from].pieces, &q->ceiling);
	return true;
}

/* ---- one connection after the other ---- */

static uint32_t
id_hash(struct span id)
{
	return (uint32_t)(hash_table(id.at, id.left) >> 35);
}

/* The packets of a client that go on are sent to the id that the server chose, or repeat the first ones. */
static uint64_t
quic_mark(const void *state)
{
	const struct quic_flow *q = state;
	uint64_t server = (uint64_t)q->server_id << 3;

	if (q->client < 0)
		return (q->before & ~(((uint64_t)1 << 32) - 8)) | MARK_THERE | server;
	return (uint64_t)id_hash(span_of(q->id, q->id_bytes)) << 32 | server | MARK_THERE | MARK_KNOWN |
	    (q->client == RESPONDER ? MARK_CLIENT : 0);
}

static bool
quic_again(uint64_t mark, int from, const struct packet *packet)
{
	struct span in = span_of(packet->payload, packet->payload_bytes);
	struct quic_packet p;

	if (packet->payload_wire_bytes < CLIENT_BYTES_LEAST || (in.at[0] & LONG_HEADER) == 0 ||
	    !quic_packet_next(&in, &p) || p.kind != QUIC_INITIAL)
		return false;
	if ((mark & MARK_KNOWN) != 0 && from != ((mark & MARK_CLIENT) != 0 ? RESPONDER : ORIGINATOR))
		return false;
	return id_hash(p.dcid) != mark >> 32 && id_hash(p.dcid) != (uint32_t)mark >> 3;
}

static void
quic_resume(void *state, uint64_t mark)
{
	struct quic_flow *q = state;

	q->before = mark;
	q->told = true;
}

/* ---- datagrams ---- */

static void
take_packet(struct quic_flow *q, const struct quic_packet *p, const struct message *m)
{
	struct span plain;

	if (p->kind != QUIC_INITIAL)
		return;
	if (!find_keys(q, p, m->from, &plain)) {
		if (q->client < 0)
			q->server_id = id_hash(p->dcid);
		return;
	}
	if (m->from != q->client)
		q->server_id = id_hash(p->scid);
	take_frames(q, plain, m);
}

/* Behind the handshake: a client's short header. Nothing of use comes from it any more. */
static bool
is_behind(const struct quic_flow *q, const struct message *m, struct span in)
{
	return q->client == m->from && q->hellos > 0 && !q->retry && (in.at[0] & LONG_HEADER) == 0;
}

static bool
is_finished(const struct quic_flow *q)
{
	if (q->final && q->hellos > 0)
		return true;
	if (q->client >= 0 && q->hellos == 0 && q->stream[q->client].over)
		return true;
	return q->datagrams >= QUIC_DATAGRAMS_MAX;
}

static enum datagram_taken
quic_datagram(struct proto *proto, void *state, const struct flow *f, int from, const struct packet *packet)
{
	struct span in = span_of(packet->payload, packet->payload_bytes);
	const struct message m = { .flow = f, .from = from, .ts_ns = packet->ts_ns };
	struct quic_flow *q = state;
	struct quic_packet p;

	(void)proto;
	q->shut = is_shut(in);
	if (!q->shut && (in.left == 0 || (in.at[0] & FIXED_BIT) == 0) && !(in.left > 0 && in.at[0] & LONG_HEADER))
		return DATAGRAM_OTHER;
	q->datagrams++;
	if (q->shut || is_behind(q, &m, in) || is_finished(q)) {
		tell_protocol(q, m);
		return DATAGRAM_LAST;
	}
	while (quic_packet_next(&in, &p))
		take_packet(q, &p, &m);
	if (!is_finished(q) && (q->before == 0 || q->client >= 0))
		return DATAGRAM_TAKEN;
	tell_protocol(q, m);
	return DATAGRAM_LAST;
}

static void
quic_end(void *state, const struct flow *f, int64_t ts_ns)
{
	const struct message m = { .flow = f, .from = ORIGINATOR, .ts_ns = ts_ns };

	tell_protocol(state, m);
}

static void *
quic_share(void)
{
	return quic_tools_new();
}

static void
quic_unshare(void *tools)
{
	quic_tools_free(tools);
}

const struct datagram_row quic_row = {
	.app = APP_QUIC,
	.named = true,
	.guess = quic_guess,
	.open = quic_open_flow,
	.datagram = quic_datagram,
	.mark = quic_mark,
	.again = quic_again,
	.resume = quic_resume,
	.end = quic_end,
	.close = quic_close_flow,
	.share = quic_share,
	.unshare = quic_unshare,
};

void
quic_warm_up(void)
{
	static const uint8_t id[8], bytes[64];
	struct quic_packet p = { .kind = QUIC_INITIAL, .version = 1, .known = quic_version_find(1),
	    .whole = span_of(bytes, sizeof bytes), .number_at = 8 };
	struct quic_tools *tools = quic_tools_new();
	struct quic_key_pair keys;
	uint64_t next = 0;
	struct span plain;

	if (tools != NULL && quic_keys_derive(tools, p.known, span_of(id, sizeof id), &keys))
		quic_open(tools, &keys.client, &p, &next, &plain);
	quic_tools_free(tools);
}
