#include "proto/imap/imap.h"

#include "proto/text/session.h"

enum { LITERAL_DIGITS_MAX = 15 };

enum command { IMAP_GREETING = SESSION_NOTHING, IMAP_LOGIN, IMAP_STARTTLS };

/* ---- told by content ---- */

static bool
is_tag_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '.' || c == '_' || c == '-';
}

static bool
is_tag(struct span tag)
{
	size_t i;

	if (tag.left == 0 || tag.left > SESSION_TAG_BYTES)
		return false;
	for (i = 0; i < tag.left; i++)
		if (!is_tag_byte(tag.at[i]))
			return false;
	return true;
}

static enum guess
guess_words(struct span first, const char *const words[])
{
	enum guess g, best = GUESS_NO;

	for (; *words != NULL && best != GUESS_YES; words++)
		if ((g = line_guess_word(first, *words)) != GUESS_NO)
			best = g;
	return best;
}

static enum guess
imap_guess(struct span first, int from)
{
	static const char *const answers[] = { "* OK", "* PREAUTH ", "* BYE ", "* CAPABILITY IMAP4", NULL };
	static const char *const commands[] = { "CAPABILITY\r", "LOGIN ", "AUTHENTICATE ", "STARTTLS\r", "ID (",
		"ID NIL", NULL };
	struct span rest = first, tag;

	(void)from;
	if (first.left == 0)
		return GUESS_MORE;
	if (first.at[0] == '*')
		return guess_words(first, answers);
	if (!span_until(&rest, ' ', &tag))
		return is_tag(first) ? GUESS_MORE : GUESS_NO;
	if (!is_tag(tag))
		return GUESS_NO;
	return rest.left == 0 ? GUESS_MORE : guess_words(rest, commands);
}

/* ---- what is said ---- */

static bool
is_answer(uint8_t first)
{
	return first == '*' || first == '+';
}

/* {12} or {12+} at the line's end: so many bytes follow that are no line. */
static bool
read_literal(struct span line, uint64_t *len)
{
	size_t end = line.left, digits = 0;
	uint64_t scale = 1;

	*len = 0;
	if (end < 3 || line.at[end - 1] != '}')
		return false;
	end -= line.at[end - 2] == '+' ? 2 : 1;
	for (; end > 0 && line.at[end - 1] >= '0' && line.at[end - 1] <= '9' && digits < LITERAL_DIGITS_MAX; digits++) {
		*len += scale * (uint64_t)(line.at[--end] - '0');
		scale *= 10;
	}
	return digits > 0 && end > 0 && line.at[end - 1] == '{';
}

/* An atom, a quoted string, or a literal: then the user comes with the next bytes. */
static void
read_user(struct session *s, struct span rest)
{
	struct span user;
	uint64_t len;

	if (rest.left > 0 && rest.at[0] == '"') {
		span_skip(&rest, 1);
		if (!span_until(&rest, '"', &user))
			user = rest;
	} else if (rest.left > 0 && rest.at[0] == '{' && read_literal(rest, &len)) {
		s->literal_user = true;
		user = span_text("");
	} else {
		user = line_word(&rest);
	}
	sasl_set_user(&s->sasl, user);
}

static void
await(struct session *s, struct span tag, enum command command)
{
	memcpy(s->tag, tag.at, tag.left);
	s->tag_bytes = (uint8_t)tag.left;
	s->tag_command = (uint8_t)command;
}

static void
take_login(struct session *s, struct span tag, struct span rest)
{
	session_login_begin(s);
	read_user(s, rest);
	await(s, tag, IMAP_LOGIN);
}

static void
take_authenticate(struct session *s, struct span tag, struct span rest)
{
	struct span mechanism = line_word(&rest), response = line_word(&rest);

	session_login_begin(s);
	sasl_begin(&s->sasl, mechanism);
	if (response.left > 0)
		sasl_response(&s->sasl, response);
	s->in_auth = true;
	await(s, tag, IMAP_LOGIN);
}

static void
take_starttls(struct session *s, struct span tag, struct span rest)
{
	(void)rest;
	s->asked_tls = true;
	await(s, tag, IMAP_STARTTLS);
}

static const struct verb {
	const char *name;
	void (*take)(struct session *s, struct span tag, struct span rest);
} verbs[] = {
	{ "LOGIN", take_login }, { "AUTHENTICATE", take_authenticate }, { "STARTTLS", take_starttls },
};

static enum session_step
take_command(struct session *s, struct span line)
{
	struct span tag = line_word(&line), verb = line_word(&line);
	size_t i;

	if (!is_tag(tag) || verb.left == 0)
		return SESSION_ODD;
	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (span_equal_nocase(verb, span_text(verbs[i].name)))
			verbs[i].take(s, tag, line);
	return SESSION_NEXT;
}

static enum session_step
imap_client(struct session *s, struct span line)
{
	bool behind = s->in_literal;	/* a command goes on behind its literal */
	uint64_t len;

	s->literal_user = s->in_literal = false;
	if (s->in_auth && (line.left == 0 || memchr(line.at, ' ', line.left) == NULL)) {
		sasl_response(&s->sasl, line);
		return SESSION_NEXT;
	}
	s->in_auth = false;
	if (!behind && take_command(s, line) == SESSION_ODD)
		return SESSION_ODD;
	if (read_literal(line, &len)) {
		s->literal_left = len;
		s->in_literal = true;
	}
	return SESSION_NEXT;
}

static enum session_step
take_untagged(struct session *s, struct span line)
{
	bool greeting = session_expects(s), authenticated = span_begins_nocase(line, "PREAUTH");

	session_answered(s);
	session_protocol_tell(s, greeting && line.left > 0 ? line : span_of(NULL, 0));
	return authenticated ? SESSION_DONE : SESSION_NEXT;
}

static enum session_step
imap_server(struct session *s, struct span line)
{
	struct span tag = line_word(&line);
	bool good = span_begins_nocase(line, "OK");

	if (span_equal(tag, span_text("*")))
		return take_untagged(s, line);
	if (span_equal(tag, span_text("+")))
		return SESSION_NEXT;
	session_protocol_tell(s, span_of(NULL, 0));
	if (s->tag_bytes == 0 || !span_equal(tag, span_of(s->tag, s->tag_bytes)))
		return is_tag(tag) && line.left > 0 ? SESSION_NEXT : SESSION_ODD;
	s->tag_bytes = 0;
	if (s->tag_command == IMAP_STARTTLS)
		return good ? SESSION_TLS : SESSION_NEXT;
	session_login_tell(s, good ? OUTCOME_SUCCESS : OUTCOME_FAILURE, 0);
	return good ? SESSION_DONE : SESSION_NEXT;
}

static const struct session_protocol imap = { APP_IMAP, true, is_answer, imap_client, imap_server };

static void *
imap_open(struct proto *p)
{
	return session_open(p, &imap);
}

const struct proto_row imap_row = {
	.app = APP_IMAP,
	.tells = true,
	.guess = imap_guess,
	.open = imap_open,
	.piece = session_piece,
	.end = session_end,
	.close = session_close,
	.tunnel = session_tunnel,
};
