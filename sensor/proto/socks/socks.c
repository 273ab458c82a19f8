/* socks.c - the course of the talk: each side says its messages in turn, the first byte of each tells which one it is. */
#include "proto/socks/socks.h"

#include <stdlib.h>

#include "proto/socks/private.h"

enum { VERSION_4 = 4, VERSION_5 = 5, LOGIN_VERSION = 1, GRANTED = 0, GRANTED_4 = 0x5a };

enum step {
	STEP_NEXT, STEP_MORE,
	STEP_GIVE_UP,
	STEP_DONE,		/* there is nothing more to read */
	STEP_TUNNEL		/* what follows is of the one who was asked for */
};

struct socks;
typedef enum step state_fn(struct socks *s, struct span *in);

struct socks_side {
	state_fn *state;
	struct bytes held;		/* the beginning of a message */
};

struct socks {
	struct proto *p;
	struct message like;		/* flow and time of the piece being read */
	struct bytes_ceiling ceiling;
	struct socks_side side[2];
	int asker;			/* -1: nobody spoke yet */
	struct socks_asked asked;	/* version 0: not yet */
	uint8_t user_bytes;
	char user[SOCKS_TEXT_MAX];
	bool password;			/* the user came with one */
	bool login_told, bound, tunnel;
	size_t rest;
};

static state_fn client_first, client_next, client_waits, server_first, server_next;

static void *
socks_open(struct proto *p)
{
	struct socks *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->p = p;
	s->asker = -1;
	s->ceiling.most = proto_limits(p)->flow_bytes;
	s->ceiling.total = proto_held(p);
	*proto_held(p) += sizeof *s;
	return s;
}

static void
socks_close(void *reader)
{
	struct socks *s = reader;

	bytes_clear(&s->side[0].held, &s->ceiling);
	bytes_clear(&s->side[1].held, &s->ceiling);
	*proto_held(s->p) -= sizeof *s;
	free(s);
}

/* ---- what is told ---- */

static struct message
message_of(const struct socks *s, enum message_kind kind)
{
	struct message m = s->like;

	m.kind = kind;
	m.from = s->asker;
	return m;
}

/* A user of somebody who asks from outside through a machine's own connection is no user of that machine. */
static void
tell_login(struct socks *s, enum outcome outcome, uint32_t code)
{
	const struct login l = { .app = APP_SOCKS, .method = s->password ? LOGIN_PASSWORD : LOGIN_OTHER, .outcome = outcome,
	    .code = code, .user = span_of(s->user, s->user_bytes) };
	struct message m = message_of(s, MESSAGE_LOGIN);

	if (s->user_bytes == 0 || s->login_told || s->asker != ORIGINATOR)
		return;
	s->login_told = true;
	m.login = &l;
	proto_emit(s->p, &m);
}

static void
tell_request(struct socks *s, bool answered, enum outcome outcome, uint32_t code)
{
	const struct proxy x = { .version = s->asked.version, .action = (enum proxy_action)(s->asked.command - 1),
	    .host = span_of(s->asked.host, s->asked.host_bytes), .answered = answered, .outcome = outcome, .code = code };
	struct message m = message_of(s, MESSAGE_PROXY);

	m.proxy = &x;
	proto_emit(s->p, &m);
}

/* It ends before anything was asked for. */
static void
tell_protocol(struct socks *s)
{
	static const struct protocol told = { .app = APP_SOCKS };
	struct message m = message_of(s, MESSAGE_PROTOCOL);

	m.protocol = &told;
	proto_emit(s->p, &m);
}

static void
keep_user(struct socks *s, struct span user, bool password)
{
	s->user_bytes = (uint8_t)user.left;
	memcpy(s->user, user.at, user.left);
	s->password = password;
}

/* ---- who asks ---- */

static enum step
step_of(enum guess g)
{
	return g == GUESS_MORE ? STEP_MORE : g == GUESS_NO ? STEP_GIVE_UP : STEP_NEXT;
}

static enum step
client_first(struct socks *s, struct span *in)
{
	struct span methods, user;
	enum guess g;

	if (in->at[0] == VERSION_5) {
		if ((g = socks_read_greeting(in, &methods)) == GUESS_YES)
			s->side[s->asker].state = client_next;
		return step_of(g);
	}
	if ((g = socks_read_request4(in, &s->asked, &user)) != GUESS_YES) {
		s->asked.version = 0;
		return step_of(g);
	}
	keep_user(s, user, false);
	tell_request(s, false, OUTCOME_UNKNOWN, 0);
	s->side[s->asker].state = client_waits;
	return STEP_NEXT;
}

static enum step
client_next(struct socks *s, struct span *in)
{
	struct span user;
	enum guess g;

	if (in->at[0] == LOGIN_VERSION) {
		if ((g = socks_read_password(in, &user)) == GUESS_YES)
			keep_user(s, user, true);
		return step_of(g);
	}
	if ((g = socks_read_request(in, &s->asked)) != GUESS_YES) {
		s->asked.version = 0;
		return step_of(g);
	}
	tell_login(s, OUTCOME_UNKNOWN, 0);
	tell_request(s, false, OUTCOME_UNKNOWN, 0);
	s->side[s->asker].state = client_waits;
	return STEP_NEXT;
}

/* It does not wait for the answer, or that was not seen. */
static enum step
client_waits(struct socks *s, struct span *in)
{
	(void)in;
	return s->asked.command - 1 == PROXY_ASSOCIATE ? STEP_DONE : STEP_TUNNEL;
}

/* ---- who is asked ---- */

static enum step
take_answer(struct socks *s, bool granted, uint32_t code)
{
	if (s->asked.version == 0)
		return STEP_GIVE_UP;
	if (!s->bound || !granted)
		tell_request(s, true, granted ? OUTCOME_SUCCESS : OUTCOME_FAILURE, code);
	if (!granted || s->asked.command - 1 == PROXY_ASSOCIATE)
		return STEP_DONE;
	if (s->asked.command - 1 == PROXY_CONNECT || s->bound)
		return STEP_TUNNEL;
	s->bound = true;	/* BIND is answered once more, when somebody came */
	return STEP_NEXT;
}

static enum step
server_answers4(struct socks *s, struct span *in)
{
	struct socks_asked answer;
	enum guess g = socks_read_answer4(in, &answer);

	if (g != GUESS_YES)
		return step_of(g);
	tell_login(s, answer.command == GRANTED_4 ? OUTCOME_SUCCESS : OUTCOME_FAILURE, answer.command);
	return take_answer(s, answer.command == GRANTED_4, answer.command);
}

static enum step
server_first(struct socks *s, struct span *in)
{
	struct socks_side *side = &s->side[!s->asker];
	uint8_t method;
	enum guess g;

	/* Who called may have said who he is before anybody asked for anything. */
	if (in->at[0] != VERSION_5 && in->at[0] != 0 && s->side[s->asker].state == client_first) {
		span_skip(in, in->left);
		return STEP_NEXT;
	}
	if (in->at[0] != VERSION_5)
		return server_answers4(s, in);
	if ((g = socks_read_pair(in, VERSION_5, &method)) != GUESS_YES)
		return step_of(g);
	side->state = server_next;
	return method == SOCKS_METHOD_NONE || method == SOCKS_METHOD_PASSWORD ? STEP_NEXT : STEP_DONE;
}

static enum step
server_next(struct socks *s, struct span *in)
{
	struct socks_asked answer;
	uint8_t code;
	enum guess g;

	if (in->at[0] == LOGIN_VERSION) {
		if ((g = socks_read_pair(in, LOGIN_VERSION, &code)) != GUESS_YES)
			return step_of(g);
		tell_login(s, code == GRANTED ? OUTCOME_SUCCESS : OUTCOME_FAILURE, code);
		return code == GRANTED ? STEP_NEXT : STEP_DONE;
	}
	if ((g = socks_read_answer(in, &answer)) != GUESS_YES)
		return step_of(g);
	return take_answer(s, answer.command == GRANTED, answer.command);
}

/* ---- the reader ---- */

/*
 * An unpadded greeting is three bytes, which is little: nothing else may lie
 * behind it but what a client says next that does not wait for answers.
 */
static enum guess
guess_greeting(struct span first)
{
	struct span rest = first, text;
	struct socks_asked asked;
	enum guess g = socks_read_greeting(&rest, &text);

	if (g != GUESS_YES || rest.left == 0)
		return g;
	g = rest.at[0] == LOGIN_VERSION ? socks_read_password(&rest, &text) : socks_read_request(&rest, &asked);
	return g == GUESS_NO ? GUESS_NO : GUESS_YES;
}

static enum guess
socks_guess(struct span first, int from)
{
	struct socks_asked asked;
	struct span rest = first, user;
	enum guess g;

	(void)from;
	if (first.at[0] == VERSION_5)
		return guess_greeting(first);
	if (first.at[0] != VERSION_4)
		return GUESS_NO;
	g = socks_read_request4(&rest, &asked, &user);
	return g == GUESS_YES && rest.left > 0 ? GUESS_NO : g;
}

static void
begin(struct socks *s, const struct stream_piece *piece)
{
	s->asker = socks_guess(span_of(piece->bytes, (size_t)piece->len), piece->from) == GUESS_YES ? piece->from : !piece->from;
	s->side[s->asker].state = client_first;
	s->side[!s->asker].state = server_first;
}

/* One message, or the beginning of one: of a piece as much as the longest takes. */
static enum step
read_one(struct socks *s, struct socks_side *side, struct span *in)
{
	size_t room = SOCKS_MESSAGE_MAX - side->held.used, more = in->left < room ? in->left : room;
	size_t before = side->held.used, used;
	struct span all;
	enum step step;

	if (before == 0)
		return side->state(s, in);
	if (!bytes_append(&side->held, &s->ceiling, span_of(in->at, more)))
		return STEP_GIVE_UP;
	all = span_of(side->held.at, side->held.used);
	step = side->state(s, &all);
	if (step == STEP_MORE) {
		span_skip(in, more);
		return side->held.used < SOCKS_MESSAGE_MAX ? STEP_MORE : STEP_GIVE_UP;
	}
	used = side->held.used - all.left;
	span_skip(in, used > before ? used - before : 0);
	bytes_empty(&side->held, &s->ceiling);
	return step;
}

static enum step
read_piece(struct socks *s, struct socks_side *side, struct span *in)
{
	enum step step = STEP_NEXT;
	struct span whole;

	while (in->left > 0 && step == STEP_NEXT) {
		whole = *in;
		step = read_one(s, side, in);
		if (step == STEP_MORE && side->held.used == 0)
			return bytes_append(&side->held, &s->ceiling, whole) ? STEP_MORE : STEP_GIVE_UP;
	}
	return step;
}

/* What was lost may be the answer; who has asked already has his tunnel then. */
static bool
take_gap(struct socks *s)
{
	s->tunnel = s->asked.version != 0 && s->asked.command - 1 == PROXY_CONNECT && s->asker == ORIGINATOR;
	if (s->asked.version == 0)
		proto_counters(s->p)->given_up[APP_SOCKS]++;
	return false;
}

static bool
socks_piece(void *reader, const struct stream_piece *piece)
{
	struct span in = span_of(piece->bytes, (size_t)piece->len);
	struct socks *s = reader;
	enum step step;

	s->like.flow = piece->flow;
	s->like.ts_ns = piece->ts_ns;
	if (piece->gap)
		return take_gap(s);
	if (piece->len == 0)
		return true;
	if (s->asker < 0)
		begin(s, piece);
	step = read_piece(s, &s->side[piece->from], &in);
	if (step == STEP_GIVE_UP) {
		proto_counters(s->p)->malformed[APP_SOCKS]++;
		proto_counters(s->p)->given_up[APP_SOCKS]++;
	}
	if (step == STEP_DONE && s->asked.version == 0)
		tell_protocol(s);
	s->tunnel = step == STEP_TUNNEL && s->asker == ORIGINATOR;
	s->rest = in.left;
	return step == STEP_NEXT || step == STEP_MORE;
}

static bool
socks_tunnel(const void *reader, size_t *rest)
{
	const struct socks *s = reader;

	*rest = s->rest;
	return s->tunnel;
}

const struct proto_row socks_row = {
	.app = APP_SOCKS,
	.named = true,
	.late = true,
	.guess = socks_guess,
	.open = socks_open,
	.piece = socks_piece,
	.close = socks_close,
	.tunnel = socks_tunnel,
};
