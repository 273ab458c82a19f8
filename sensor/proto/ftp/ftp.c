#include "proto/ftp/ftp.h"

#include "proto/text/session.h"

enum { ANSWER_FINAL = 200, ANSWER_GO_ON = 300, ANSWER_REFUSED = 400 };

enum command { FTP_GREETING = SESSION_NOTHING, FTP_OTHER, FTP_USER, FTP_PASS, FTP_AUTH };

/* ---- told by content ---- */

/* Behind a greeting that names nobody: what a server says to USER, or to commands of FTP's own. */
static enum guess
guess_answers(struct span first)
{
	static const char *const own[] = { "331 ", "230 ", "230-", "227 Entering", "229 Entering", "215 ",
		"211-", "234 ", "530 " };
	struct span line;
	size_t i;

	while (span_until(&first, '\n', &line))
		for (i = 0; i < sizeof own / sizeof own[0]; i++)
			if (span_begins_nocase(line, own[i]))
				return GUESS_YES;
	return GUESS_MORE;
}

static enum guess
guess_server(struct span first)
{
	static const char *const alone[] = { "331 ", "227 Entering Passive", "229 Entering Extended" };
	enum guess g;
	size_t i;

	for (i = 0; i < sizeof alone / sizeof alone[0]; i++)
		if ((g = line_guess_word(first, alone[i])) == GUESS_YES)
			return g;
	g = line_guess_greeting(first, "FTP", "SMTP");
	return g == GUESS_MORE && first.left > 4 ? guess_answers(first) : g;
}

static enum guess
guess_client(struct span first)
{
	static const char *const own[] = { "SYST\r", "FEAT\r", "PASV\r", "EPSV\r", "PWD\r", "CWD ", "TYPE ", "PORT ",
		"EPRT ", "AUTH TLS\r", "AUTH SSL\r", "PBSZ ", "PROT ", "OPTS UTF8 ", NULL };
	static const char *const shared[] = { "USER ", "PASS ", "QUIT\r", "NOOP\r", NULL };

	return line_guess_commands(first, own, shared);
}

static bool
is_answer(uint8_t first)
{
	return first >= '1' && first <= '6';
}

static enum guess
ftp_guess(struct span first, int from)
{
	(void)from;
	if (first.left == 0)
		return GUESS_MORE;
	return is_answer(first.at[0]) ? guess_server(first) : guess_client(first);
}

/* ---- what is said ---- */

static enum session_step
ftp_client(struct session *s, struct span line)
{
	struct span rest = line, word = line_word(&rest);

	if (span_equal_nocase(word, span_text("USER"))) {
		session_login_begin(s);
		s->logging_in = false;	/* until the server wants no password, or one comes */
		sasl_set_user(&s->sasl, rest);
		session_expect(s, FTP_USER);
	} else if (span_equal_nocase(word, span_text("PASS"))) {
		session_login_tell(s, OUTCOME_UNKNOWN, 0);
		s->logging_in = true;
		session_expect(s, FTP_PASS);
	} else if (span_equal_nocase(word, span_text("AUTH"))) {
		s->asked_tls = true;
		session_expect(s, FTP_AUTH);
	} else {
		session_expect(s, FTP_OTHER);
		return word.left == 3 || word.left == 4 ? SESSION_NEXT : SESSION_ODD;
	}
	return SESSION_NEXT;
}

static enum session_step
login_answered(struct session *s, uint16_t code)
{
	bool good = code < ANSWER_GO_ON;

	/* A password or an account is wanted (331, 332): neither yes nor no. */
	if (!good && code < ANSWER_REFUSED)
		return SESSION_NEXT;
	session_login_tell(s, good ? OUTCOME_SUCCESS : OUTCOME_FAILURE, code);
	return good ? SESSION_DONE : SESSION_NEXT;
}

static enum session_step
ftp_server(struct session *s, struct span line)
{
	struct span text = span_of(NULL, 0);
	bool more;
	uint16_t code = line_answer(line, &text, &more);

	if (code == 0)
		return SESSION_ODD;
	text = span_trim(text);
	if (session_expects(s) && s->expected[0] == FTP_GREETING && text.left > 0)
		session_protocol_tell(s, text);
	if (more || code < ANSWER_FINAL)
		return SESSION_NEXT;
	switch ((enum command)session_answered(s)) {
	case FTP_GREETING:
		session_protocol_tell(s, span_of(NULL, 0));
		break;
	case FTP_OTHER: break;
	case FTP_USER:
		s->logging_in = code < ANSWER_GO_ON || code >= ANSWER_REFUSED;
		return login_answered(s, code);
	case FTP_PASS: return login_answered(s, code);
	case FTP_AUTH: return code < ANSWER_GO_ON ? SESSION_TLS : SESSION_NEXT;
	}
	return SESSION_NEXT;
}

static const struct session_protocol ftp = { APP_FTP, true, is_answer, ftp_client, ftp_server };

static void *
ftp_open(struct proto *p)
{
	return session_open(p, &ftp);
}

const struct proto_row ftp_row = {
	.app = APP_FTP,
	.tells = true,
	.guess = ftp_guess,
	.open = ftp_open,
	.piece = session_piece,
	.end = session_end,
	.close = session_close,
	.tunnel = session_tunnel,
};
