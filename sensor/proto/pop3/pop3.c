#include "proto/pop3/pop3.h"

#include "proto/text/session.h"

enum { ANSWERS_ENOUGH = 2, STATUS_BYTES = 4 };

enum command { POP3_GREETING = SESSION_NOTHING, POP3_OTHER, POP3_LOGIN, POP3_STLS };

/* ---- told by content ---- */

static bool
is_status(struct span line)
{
	return span_begins_nocase(line, "+OK") || span_begins_nocase(line, "-ERR");
}

static bool
holds_byte(struct span s, uint8_t c)
{
	return s.left > 0 && memchr(s.at, c, s.left) != NULL;
}

/* Redis answers with "+OK" as well, but never with words behind it. */
static enum guess
guess_server(struct span first)
{
	enum guess g = line_guess_word(first, "+OK");
	struct span line;
	unsigned answers = 0;
	bool words = false;

	if (g != GUESS_YES)
		return g;
	while (span_until(&first, '\n', &line)) {
		line = span_trim(line);
		if (span_holds_nocase(line, "POP") || span_holds_nocase(line, " ready") ||
		    (holds_byte(line, '<') && holds_byte(line, '@')))
			return GUESS_YES;
		words = words || line.left > STATUS_BYTES;
		answers += is_status(line);
	}
	return answers >= ANSWERS_ENOUGH && words ? GUESS_YES : GUESS_MORE;
}

static enum guess
guess_client(struct span first)
{
	static const char *const own[] = { "CAPA\r", "STLS\r", "APOP ", "UIDL\r", "STAT\r", "AUTH PLAIN", "AUTH LOGIN",
		"AUTH CRAM-MD5", NULL };
	static const char *const shared[] = { "USER ", "PASS ", "QUIT\r", "NOOP\r", NULL };

	return line_guess_commands(first, own, shared);
}

static enum guess
pop3_guess(struct span first, int from)
{
	(void)from;
	if (first.left == 0)
		return GUESS_MORE;
	return first.at[0] == '+' ? guess_server(first) : guess_client(first);
}

/* ---- what is said ---- */

static bool
is_answer(uint8_t first)
{
	return first == '+' || first == '-';
}

static uint8_t
take_user(struct session *s, struct span rest)
{
	session_login_begin(s);
	s->logging_in = false;		/* without a password it is none */
	sasl_set_user(&s->sasl, line_word(&rest));
	return POP3_OTHER;
}

static uint8_t
take_pass(struct session *s, struct span rest)
{
	(void)rest;
	session_login_tell(s, OUTCOME_UNKNOWN, 0);
	s->logging_in = true;
	return POP3_LOGIN;
}

static uint8_t
take_apop(struct session *s, struct span rest)
{
	session_login_begin(s);
	sasl_set_user(&s->sasl, line_word(&rest));
	return POP3_LOGIN;
}

/* Without a mechanism it asks which there are. */
static uint8_t
take_auth(struct session *s, struct span rest)
{
	struct span mechanism = line_word(&rest), response = line_word(&rest);

	if (mechanism.left == 0)
		return POP3_OTHER;
	session_login_begin(s);
	sasl_begin(&s->sasl, mechanism);
	if (response.left > 0)
		sasl_response(&s->sasl, response);
	s->in_auth = true;
	return POP3_LOGIN;
}

static uint8_t
take_stls(struct session *s, struct span rest)
{
	(void)rest;
	s->asked_tls = true;
	return POP3_STLS;
}

static uint8_t
take_other(struct session *s, struct span rest)
{
	(void)s;
	(void)rest;
	return POP3_OTHER;
}

static const struct verb {
	const char *name;
	uint8_t (*take)(struct session *s, struct span rest);
} verbs[] = {
	{ "USER", take_user }, { "PASS", take_pass }, { "APOP", take_apop }, { "AUTH", take_auth },
	{ "STLS", take_stls }, { "CAPA", take_other }, { "QUIT", take_other }, { "NOOP", take_other },
	{ "STAT", take_other }, { "LIST", take_other }, { "RETR", take_other }, { "DELE", take_other },
	{ "UIDL", take_other }, { "TOP", take_other }, { "RSET", take_other }, { "LAST", take_other },
	{ "UTF8", take_other }, { "LANG", take_other },
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static enum session_step
pop3_client(struct session *s, struct span line)
{
	struct span rest = line, word = line_word(&rest);
	size_t i;

	for (i = 0; i < VERBS; i++)
		if (span_equal_nocase(word, span_text(verbs[i].name)))
			break;
	if (s->in_auth && (i == VERBS || !sasl_complete(&s->sasl))) {
		sasl_response(&s->sasl, line);
		return SESSION_NEXT;
	}
	if (i == VERBS) {
		session_expect(s, POP3_OTHER);
		return SESSION_ODD;
	}
	s->in_auth = false;
	session_expect(s, verbs[i].take(s, rest));
	return SESSION_NEXT;
}

static enum session_step
pop3_server(struct session *s, struct span line)
{
	bool good = span_begins_nocase(line, "+OK"), expected = session_expects(s);

	/* "+ " goes on with AUTH; other lines belong to a list. */
	if (!is_status(line))
		return span_begins_nocase(line, "+ ") ? SESSION_NEXT : SESSION_ODD;
	span_skip(&line, good ? 3 : 4);
	line = span_trim(line);
	switch ((enum command)session_answered(s)) {
	case POP3_GREETING:
		session_protocol_tell(s, expected && line.left > 0 ? line : span_of(NULL, 0));
		break;
	case POP3_OTHER: break;
	case POP3_LOGIN:
		session_login_tell(s, good ? OUTCOME_SUCCESS : OUTCOME_FAILURE, 0);
		return good ? SESSION_DONE : SESSION_NEXT;
	case POP3_STLS: return good ? SESSION_TLS : SESSION_NEXT;
	}
	return SESSION_NEXT;
}

static const struct session_protocol pop3 = { APP_POP3, true, is_answer, pop3_client, pop3_server };

static void *
pop3_open(struct proto *p)
{
	return session_open(p, &pop3);
}

const struct proto_row pop3_row = {
	.app = APP_POP3,
	.tells = true,
	.guess = pop3_guess,
	.open = pop3_open,
	.piece = session_piece,
	.end = session_end,
	.close = session_close,
	.tunnel = session_tunnel,
};
