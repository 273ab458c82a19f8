#include "proto/smtp/smtp.h"

#include <stdlib.h>

#include "proto/smtp/smtp_reader.h"

enum {
	HELO_MOST_BYTES = 255,		/* RFC 5321 section 4.5.3.1.2 */
	CHUNK_DIGITS_MAX = 15,
	ODD_LINES_MAX = 16,
	ODD_LINES_LOOSE_MAX = 4096,	/* behind a loss: lines of a mail whose DATA was lost */
	TLS_HANDSHAKE = 0x16
};

static smtp_state_fn state_auth, state_chunk, state_tls_asked;

/* ---- what is told ---- */

struct message
smtp_message(const struct smtp *s, enum message_kind kind)
{
	struct message m = { .kind = kind, .flow = s->piece->flow, .from = s->piece->from,
	    .ts_ns = s->piece->ts_ns };

	return m;
}

void
smtp_protocol_tell(struct smtp *s, struct span software)
{
	struct protocol protocol;
	struct message m;

	if (s->told)
		return;
	s->told = true;
	m = smtp_message(s, MESSAGE_PROTOCOL);
	protocol = (struct protocol){ .app = APP_SMTP, .software = software };
	if (s->client >= 0)
		m.from = !s->client;
	m.protocol = &protocol;
	proto_emit(s->p, &m);
}

void
smtp_tell(struct smtp *s, const struct message *m)
{
	smtp_protocol_tell(s, span_of(NULL, 0));
	proto_emit(s->p, m);
}

void
smtp_login_tell(struct smtp *s, enum outcome outcome, uint16_t code)
{
	struct message m = smtp_message(s, MESSAGE_LOGIN);
	struct login login = { .app = APP_SMTP, .outcome = outcome, .code = code };

	if (!s->logging_in)
		return;
	s->logging_in = false;
	sasl_describe(&s->sasl, &login);
	if (s->state == state_auth)
		s->state = smtp_state_command;
	if (outcome == OUTCOME_SUCCESS) {
		s->authenticated = true;
		s->user = s->sasl;
	}
	m.login = &login;
	smtp_tell(s, &m);
}

/* ---- what the client says ---- */

/* "FROM:<a@b> SIZE=1" → "a@b"; some leave the brackets out. */
static struct span
read_path(struct span line)
{
	struct span path = span_of(NULL, 0);

	if (!span_until(&line, ':', &path))
		return span_text("");
	line = span_trim(line);
	if (line.left == 0 || line.at[0] != '<')
		return line_word(&line);
	span_skip(&line, 1);
	return span_until(&line, '>', &path) ? path : line;
}

static enum smtp_step
take_helo(struct smtp *s, struct span rest)
{
	struct span name = line_word(&rest);

	if (name.left > HELO_MOST_BYTES)
		name.left = HELO_MOST_BYTES;
	smtp_mail_abort(s);
	bytes_empty(&s->helo, &s->ceiling);
	bytes_append(&s->helo, &s->ceiling, name);
	smtp_expect(s, SMTP_HELO);
	return SMTP_NEXT;
}

static enum smtp_step
take_lhlo(struct smtp *s, struct span rest)
{
	s->lmtp = true;
	return take_helo(s, rest);
}

static enum smtp_step
take_mail(struct smtp *s, struct span rest)
{
	smtp_mail_begin(s, read_path(rest));
	smtp_expect(s, SMTP_MAIL);
	return SMTP_NEXT;
}

static enum smtp_step
take_rcpt(struct smtp *s, struct span rest)
{
	smtp_mail_recipient(s, read_path(rest));
	smtp_expect(s, SMTP_RCPT);
	return SMTP_NEXT;
}

static enum smtp_step
take_data(struct smtp *s, struct span rest)
{
	(void)rest;
	s->state = smtp_state_data_asked;
	smtp_expect(s, SMTP_DATA);
	return SMTP_NEXT;
}

/* RFC 3030 section 2: BDAT SP chunk-size [SP "LAST"] */
static enum smtp_step
take_bdat(struct smtp *s, struct span rest)
{
	struct span size = line_word(&rest);
	size_t i;

	s->chunk_left = 0;
	s->chunk_last = span_equal_nocase(line_word(&rest), span_text("LAST"));
	if (size.left == 0 || size.left > CHUNK_DIGITS_MAX)
		return SMTP_GIVE_UP;
	for (i = 0; i < size.left; i++) {
		if (size.at[i] < '0' || size.at[i] > '9')
			return SMTP_GIVE_UP;
		s->chunk_left = s->chunk_left * 10 + (uint64_t)(size.at[i] - '0');
	}
	s->state = state_chunk;
	return SMTP_NEXT;
}

static enum smtp_step
take_rset(struct smtp *s, struct span rest)
{
	(void)rest;
	smtp_mail_abort(s);
	smtp_expect(s, SMTP_RSET);
	return SMTP_NEXT;
}

static enum smtp_step
take_auth(struct smtp *s, struct span rest)
{
	struct span mechanism = line_word(&rest), response = line_word(&rest);

	smtp_login_tell(s, OUTCOME_UNKNOWN, 0);
	sasl_begin(&s->sasl, mechanism);
	s->logging_in = true;
	s->state = state_auth;
	if (response.left > 0)
		sasl_response(&s->sasl, response);
	smtp_expect(s, SMTP_AUTH);
	return SMTP_NEXT;
}

static enum smtp_step
take_starttls(struct smtp *s, struct span rest)
{
	(void)rest;
	smtp_mail_abort(s);
	s->state = state_tls_asked;
	smtp_expect(s, SMTP_STARTTLS);
	return s->tls ? SMTP_TLS : SMTP_NEXT;
}

static enum smtp_step
take_other(struct smtp *s, struct span rest)
{
	(void)rest;
	smtp_expect(s, SMTP_OTHER);
	return SMTP_NEXT;
}

static const struct verb {
	struct span name;
	enum smtp_step (*take)(struct smtp *s, struct span rest);
} verbs[] = {
	{ SPAN_LITERAL("EHLO"), take_helo }, { SPAN_LITERAL("HELO"), take_helo }, { SPAN_LITERAL("LHLO"), take_lhlo },
	{ SPAN_LITERAL("MAIL"), take_mail }, { SPAN_LITERAL("RCPT"), take_rcpt }, { SPAN_LITERAL("DATA"), take_data },
	{ SPAN_LITERAL("BDAT"), take_bdat }, { SPAN_LITERAL("RSET"), take_rset }, { SPAN_LITERAL("AUTH"), take_auth },
	{ SPAN_LITERAL("STARTTLS"), take_starttls }, { SPAN_LITERAL("QUIT"), take_other },
	{ SPAN_LITERAL("NOOP"), take_other }, { SPAN_LITERAL("VRFY"), take_other }, { SPAN_LITERAL("EXPN"), take_other },
	{ SPAN_LITERAL("HELP"), take_other }, { SPAN_LITERAL("XCLIENT"), take_other },
	{ SPAN_LITERAL("XFORWARD"), take_other }, { SPAN_LITERAL("ETRN"), take_other }, { SPAN_LITERAL("SEND"), take_other },
	{ SPAN_LITERAL("SOML"), take_other }, { SPAN_LITERAL("SAML"), take_other }, { SPAN_LITERAL("TURN"), take_other },
	{ SPAN_LITERAL("BURL"), take_other },
};

static const struct verb *
find_verb(struct span *line)
{
	struct span word = line_word(line);
	size_t i;

	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (span_equal_nocase(word, verbs[i].name))
			return &verbs[i];
	return NULL;
}

/* What is no command, a server refuses. */
static enum smtp_step
take_odd(struct smtp *s, struct span line)
{
	uint32_t most = s->loose ? ODD_LINES_LOOSE_MAX : ODD_LINES_MAX;

	if (!s->loose && line.left > 0)
		smtp_expect(s, SMTP_OTHER);
	return ++s->odd[s->client] < most ? SMTP_NEXT : SMTP_GIVE_UP;
}

enum smtp_step
smtp_state_command(struct smtp *s, struct span *in)
{
	const struct verb *verb;
	struct span line, rest;

	if (!line_next(&s->lines[s->client], &s->ceiling, in, &line))
		return SMTP_MORE;
	rest = line;
	if ((verb = find_verb(&rest)) == NULL)
		return take_odd(s, line);
	s->odd[s->client] = 0;
	return verb->take(s, rest);
}

/* A mail's command on a line where a response was expected: the exchange is over, unseen. */
static bool
is_mail_command(struct span line)
{
	return span_begins_nocase(line, "MAIL FROM:") || span_begins_nocase(line, "EHLO ") ||
	    span_begins_nocase(line, "AUTH ");
}

static enum smtp_step
state_auth(struct smtp *s, struct span *in)
{
	const struct verb *verb;
	struct span line, rest;

	if (!line_next(&s->lines[s->client], &s->ceiling, in, &line))
		return SMTP_MORE;
	if (!is_mail_command(line) && !sasl_complete(&s->sasl)) {
		sasl_response(&s->sasl, line);
		return SMTP_NEXT;
	}
	s->state = smtp_state_command;
	if (!smtp_expects(s, SMTP_AUTH))
		smtp_login_tell(s, OUTCOME_UNKNOWN, 0);
	rest = line;
	verb = find_verb(&rest);
	return verb == NULL ? take_odd(s, line) : verb->take(s, rest);
}

enum smtp_step
smtp_state_data_asked(struct smtp *s, struct span *in)
{
	(void)in;
	memset(&s->data, 0, sizeof s->data);
	s->lost_data = false;
	s->state = smtp_state_data;
	return SMTP_NEXT;
}

static void
take_body(void *to, struct span bytes)
{
	smtp_mail_body(to, bytes);
}

/* Behind a loss, or when the server has answered already: is the data over, and we missed its end? */
static bool
is_past_data(const struct smtp *s, struct span in)
{
	if (!s->piece_start || (!s->lost_data && s->early_count == 0))
		return false;
	if (!s->lost_data && s->data.at != SMTP_AT_START)
		return false;
	return span_begins_nocase(in, "MAIL FROM:<") || span_begins_nocase(in, "RSET\r\n") ||
	    span_begins_nocase(in, "QUIT\r\n");
}

enum smtp_step
smtp_state_data(struct smtp *s, struct span *in)
{
	bool past = is_past_data(s, *in);

	if (!past && !smtp_data_read(&s->data, in, take_body, s))
		return SMTP_MORE;
	smtp_mail_end(s);
	s->state = smtp_state_command;
	smtp_expect_end(s, SMTP_DATA_END);
	return SMTP_NEXT;
}

/* Also a chunk of no bytes, whose end needs none. */
static enum smtp_step
state_chunk(struct smtp *s, struct span *in)
{
	size_t len = s->chunk_left < in->left ? (size_t)s->chunk_left : in->left;
	struct span part;

	span_take(in, len, &part);
	if (len > 0)
		smtp_mail_body(s, part);
	s->chunk_left -= len;
	if (s->chunk_left > 0)
		return SMTP_MORE;
	s->state = smtp_state_command;
	if (!s->chunk_last) {
		smtp_expect(s, SMTP_BDAT);
		return SMTP_NEXT;
	}
	smtp_mail_end(s);
	smtp_expect_end(s, SMTP_BDAT_LAST);
	return SMTP_NEXT;
}

/* The client goes on: with TLS, or because STARTTLS was refused. */
static enum smtp_step
state_tls_asked(struct smtp *s, struct span *in)
{
	if (in->at[0] == TLS_HANDSHAKE) {
		s->tls = true;
		return SMTP_TLS;
	}
	s->state = smtp_state_command;
	return SMTP_NEXT;
}

/* ---- losses ---- */

static void
lose_commands(struct smtp *s)
{
	s->state = smtp_state_command;
	line_lose(&s->lines[s->client], &s->ceiling);
	smtp_out_of_step(s);
}

static void
client_gap(struct smtp *s, uint64_t len)
{
	if (s->state == state_chunk && len <= s->chunk_left) {
		struct span none = span_text("");

		smtp_mail_gap(s, len);
		s->chunk_left -= len;
		if (s->chunk_left == 0)
			state_chunk(s, &none);
		return;
	}
	if (s->state == smtp_state_data_asked)
		smtp_state_data_asked(s, NULL);
	if (s->state != smtp_state_data) {
		lose_commands(s);
		return;
	}
	smtp_mail_gap(s, len);
	s->lost_data = true;
	s->data.at = SMTP_AT_TEXT;
	s->data.after_cr = false;
}

static void
take_gap(struct smtp *s, int from, uint64_t len)
{
	if (s->client < 0) {
		line_lose(&s->lines[from], &s->ceiling);
		s->loose = true;
	} else if (from == s->client) {
		client_gap(s, len);
	} else {
		line_lose(&s->lines[from], &s->ceiling);
		s->in_answer = false;
		smtp_out_of_step(s);
	}
}

/* ---- the row ---- */

static void *
smtp_open(struct proto *p)
{
	struct smtp *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->p = p;
	s->client = -1;
	s->state = smtp_state_command;
	s->ceiling.most = proto_limits(p)->flow_bytes;
	s->ceiling.total = proto_held(p);
	return s;
}

static void
smtp_close(void *reader)
{
	struct smtp *s = reader;

	while (s->mails != NULL)
		smtp_mail_drop(s, s->mails);
	line_clear(&s->lines[0], &s->ceiling);
	line_clear(&s->lines[1], &s->ceiling);
	bytes_clear(&s->helo, &s->ceiling);
	bytes_clear(&s->expected, &s->ceiling);
	free(s);
}

/* The session is over, or becomes another protocol's: what it left open is told. */
static void
tell_rest(struct smtp *s)
{
	smtp_protocol_tell(s, span_of(NULL, 0));
	smtp_login_tell(s, OUTCOME_UNKNOWN, 0);
	while (s->mails != NULL)
		smtp_mail_tell(s, s->mails);
}

static void
smtp_end(void *reader, const struct flow *f, int64_t ts_ns)
{
	struct smtp *s = reader;
	struct stream_piece last = { .flow = (struct flow *)(uintptr_t)f, .ts_ns = ts_ns,
	    .from = s->client == RESPONDER ? RESPONDER : ORIGINATOR };

	s->piece = &last;
	tell_rest(s);
}

/* Answers begin with a digit, commands do not. */
static void
tell_sides(struct smtp *s, const struct stream_piece *piece)
{
	bool answer = piece->bytes[0] >= '0' && piece->bytes[0] <= '9';

	if (s->client < 0)
		s->client = answer ? !piece->from : piece->from;
}

static bool
begin_piece(struct smtp *s, const struct stream_piece *piece)
{
	s->piece = piece;
	if (!s->begun[piece->from] && (piece->offset != 0 || piece->flow->midway))
		s->loose = true;
	s->begun[piece->from] = true;
	s->piece_start = true;
	if (s->over[piece->from] || piece->len == 0)
		return false;
	if (piece->gap) {
		take_gap(s, piece->from, piece->len);
		return false;
	}
	tell_sides(s, piece);
	return true;
}

static bool
give_up_side(struct smtp *s)
{
	proto_counters(s->p)->given_up[APP_SMTP]++;
	s->over[s->piece->from] = true;
	line_clear(&s->lines[s->piece->from], &s->ceiling);
	if (!s->over[!s->piece->from])
		return true;
	tell_rest(s);
	return false;
}

static bool
smtp_piece(void *reader, const struct stream_piece *piece)
{
	struct smtp *s = reader;
	struct span in = span_of(piece->bytes, (size_t)piece->len);
	enum smtp_step step = SMTP_NEXT;

	if (!begin_piece(s, piece))
		return true;
	while (in.left > 0 && step == SMTP_NEXT) {
		step = piece->from == s->client ? s->state(s, &in) : smtp_read_server(s, &in);
		s->piece_start = false;
	}
	if (step == SMTP_GIVE_UP)
		return give_up_side(s);
	if (step != SMTP_TLS)
		return true;
	s->tls_rest = in.left;
	tell_rest(s);
	return false;
}

static bool
smtp_tunnel(const void *reader, size_t *rest)
{
	const struct smtp *s = reader;

	*rest = s->tls_rest;
	return s->tls;
}

static void *
smtp_share(void)
{
	return charsets_new();
}

static void
smtp_unshare(void *shared)
{
	charsets_free(shared);
}

const struct proto_row smtp_row = {
	.app = APP_SMTP,
	.tells = true,
	.guess = smtp_guess,
	.open = smtp_open,
	.piece = smtp_piece,
	.end = smtp_end,
	.close = smtp_close,
	.tunnel = smtp_tunnel,
	.share = smtp_share,
	.unshare = smtp_unshare,
};
