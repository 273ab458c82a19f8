#include "proto/text/session.h"

#include <stdlib.h>

enum { ODD_LINES_MAX = 32, ODD_LINES_LOOSE_MAX = 1024, TLS_HANDSHAKE = 0x16 };

void *
session_open(struct proto *p, const struct session_protocol *protocol)
{
	struct session *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->p = p;
	s->protocol = protocol;
	s->client = -1;
	s->ceiling.most = proto_limits(p)->flow_bytes;
	s->ceiling.total = proto_held(p);
	if (protocol->server_first)
		session_expect(s, SESSION_NOTHING);
	return s;
}

void
session_close(void *session)
{
	struct session *s = session;

	line_clear(&s->lines[0], &s->ceiling);
	line_clear(&s->lines[1], &s->ceiling);
	free(s);
}

static struct message
message_of(const struct session *s, enum message_kind kind)
{
	struct message m = { .kind = kind, .flow = s->piece->flow, .from = s->piece->from,
	    .ts_ns = s->piece->ts_ns };

	return m;
}

void
session_protocol_tell(struct session *s, struct span software)
{
	struct protocol protocol;
	struct message m;

	if (s->told)
		return;
	s->told = true;
	m = message_of(s, MESSAGE_PROTOCOL);
	protocol = (struct protocol){ .app = s->protocol->app, .software = software };
	if (s->client >= 0)
		m.from = !s->client;
	m.protocol = &protocol;
	proto_emit(s->p, &m);
}

void
session_login_tell(struct session *s, enum outcome outcome, uint32_t code)
{
	struct message m = message_of(s, MESSAGE_LOGIN);
	struct login login = { .app = s->protocol->app, .outcome = outcome, .code = code };

	s->in_auth = false;
	if (!s->logging_in)
		return;
	s->logging_in = false;
	sasl_describe(&s->sasl, &login);
	if (span_equal_nocase(login.user, span_text("anonymous")) || span_equal_nocase(login.user, span_text("ftp")))
		login.method = LOGIN_ANONYMOUS;
	session_protocol_tell(s, span_of(NULL, 0));
	m.login = &login;
	proto_emit(s->p, &m);
}

void
session_login_begin(struct session *s)
{
	session_login_tell(s, OUTCOME_UNKNOWN, 0);
	memset(&s->sasl, 0, sizeof s->sasl);
	s->logging_in = true;
}

void
session_expect(struct session *s, uint8_t command)
{
	if (s->loose)
		s->expected_count = 0;
	if (s->expected_count == SESSION_EXPECTED_MAX)
		session_answered(s);
	s->expected[s->expected_count++] = command;
}

bool
session_expects(const struct session *s)
{
	return s->expected_count > 0;
}

uint8_t
session_answered(struct session *s)
{
	uint8_t command = s->expected[0];

	if (s->expected_count == 0)
		return SESSION_NOTHING;
	memmove(s->expected, s->expected + 1, --s->expected_count);
	return command;
}

static void
take_gap(struct session *s, int from, uint64_t len)
{
	s->loose = true;
	if (from == s->client && s->literal_left >= len && len > 0) {
		s->literal_left -= len;
		return;
	}
	s->expected_count = 0;
	s->in_auth = s->in_auth && from != s->client;
	s->literal_left = 0;
	line_lose(&s->lines[from], &s->ceiling);
}

static bool
begin_piece(struct session *s, const struct stream_piece *piece)
{
	s->piece = piece;
	if (!s->begun[piece->from] && (piece->offset != 0 || piece->flow->midway)) {
		s->loose = true;
		s->expected_count = 0;
	}
	s->begun[piece->from] = true;
	if (s->over[piece->from] || piece->len == 0)
		return false;
	if (piece->gap) {
		take_gap(s, piece->from, piece->len);
		return false;
	}
	if (s->client < 0)
		s->client = s->protocol->is_answer(piece->bytes[0]) ? !piece->from : piece->from;
	return true;
}

/* What stands in a literal is no line; the user may. */
static enum session_step
take_literal(struct session *s, struct span *in)
{
	size_t len = s->literal_left < in->left ? (size_t)s->literal_left : in->left, room;
	struct span part;

	span_take(in, len, &part);
	s->literal_left -= len;
	if (!s->literal_user)
		return SESSION_NEXT;
	room = sizeof s->sasl.user - s->sasl.user_bytes;
	if (part.left > room)
		part.left = room;
	memcpy(s->sasl.user + s->sasl.user_bytes, part.at, part.left);
	s->sasl.user_bytes = (uint16_t)(s->sasl.user_bytes + part.left);
	return SESSION_NEXT;
}

static enum session_step
take_line(struct session *s, struct span *in)
{
	int from = s->piece->from;
	bool client = from == s->client;
	enum session_step step;
	struct span line;

	if (client && s->literal_left > 0)
		return take_literal(s, in);
	if (client && s->asked_tls && in->at[0] == TLS_HANDSHAKE)
		return SESSION_TLS;
	if (!line_next(&s->lines[from], &s->ceiling, in, &line))
		return SESSION_NEXT;
	if (client)
		s->asked_tls = false;
	step = client ? s->protocol->client(s, line) : s->protocol->server(s, line);
	s->odd[from] = step == SESSION_ODD ? s->odd[from] + 1 : 0;
	return step;
}

static bool
is_lost(const struct session *s)
{
	uint32_t most = s->loose ? ODD_LINES_LOOSE_MAX : ODD_LINES_MAX;

	return s->odd[s->piece->from] > most;
}

static void
tell_rest(struct session *s)
{
	session_protocol_tell(s, span_of(NULL, 0));
	session_login_tell(s, OUTCOME_UNKNOWN, 0);
}

static bool
give_up_side(struct session *s)
{
	proto_counters(s->p)->given_up[s->protocol->app]++;
	s->over[s->piece->from] = true;
	line_clear(&s->lines[s->piece->from], &s->ceiling);
	if (!s->over[!s->piece->from])
		return true;
	tell_rest(s);
	return false;
}

bool
session_piece(void *session, const struct stream_piece *piece)
{
	struct session *s = session;
	struct span in = span_of(piece->bytes, (size_t)piece->len);
	enum session_step step = SESSION_NEXT;

	if (!begin_piece(s, piece))
		return true;
	while (in.left > 0 && (step == SESSION_NEXT || step == SESSION_ODD)) {
		step = take_line(s, &in);
		if (is_lost(s))
			return give_up_side(s);
	}
	if (step != SESSION_DONE && step != SESSION_TLS)
		return true;
	s->tls = step == SESSION_TLS;
	s->tls_rest = in.left;
	tell_rest(s);
	return false;
}

void
session_end(void *session, const struct flow *f, int64_t ts_ns)
{
	struct session *s = session;
	struct stream_piece last = { .flow = (struct flow *)(uintptr_t)f, .ts_ns = ts_ns,
	    .from = s->client == RESPONDER ? RESPONDER : ORIGINATOR };

	s->piece = &last;
	tell_rest(s);
}

bool
session_tunnel(const void *session, size_t *rest)
{
	const struct session *s = session;

	*rest = s->tls_rest;
	return s->tls;
}
