#include "proto/smtp/smtp_reader.h"

enum { ODD_LINES_MAX = 16, ANSWER_REFUSED = 400 };

enum { ANSWER_READY = 220, ANSWER_AUTHENTICATED = 235, ANSWER_GO_ON = 334, ANSWER_SEND_DATA = 354,
	ANSWER_CLOSING = 421, ANSWER_BAD_CREDENTIALS = 535, ANSWER_NO_SERVICE = 554 };

static bool
is_refusal(uint16_t code)
{
	return code >= ANSWER_REFUSED;
}

/* The client may send its data now, or has been told not to. */
static void
settle_data(struct smtp *s, struct smtp_mail *m, uint16_t code)
{
	if (!is_refusal(code))
		return;
	if (s->state == smtp_state_data_asked)
		s->state = smtp_state_command;
	if (m != NULL) {
		m->status = code;
		smtp_mail_tell(s, m);
	}
}

/* With LMTP each recipient has an answer: a success among them is what counts. */
static void
settle_end(struct smtp *s, struct smtp_mail *m, uint16_t code)
{
	if (m == NULL)
		return;
	if (m->status == 0 || !is_refusal(code))
		m->status = code;
	if (m->answers_left > 0)
		m->answers_left--;
	if (m->answers_left == 0)
		smtp_mail_tell(s, m);
}

static void
settle_refusal(struct smtp *s, struct smtp_mail *m, uint16_t code)
{
	if (m == NULL || !is_refusal(code))
		return;
	m->status = code;
	smtp_mail_tell(s, m);
}

static void
settle(struct smtp *s, struct smtp_expected e, uint16_t code)
{
	struct smtp_mail *m = smtp_mail_find(s, e.tag);

	switch ((enum smtp_command)e.command) {
	case SMTP_MAIL:
	case SMTP_BDAT: settle_refusal(s, m, code); break;
	case SMTP_RCPT:
		if (m != NULL)
			smtp_mail_answered(m, !is_refusal(code));
		break;
	case SMTP_DATA: settle_data(s, m, code); break;
	case SMTP_DATA_END:
	case SMTP_BDAT_LAST: settle_end(s, m, code); break;
	case SMTP_RSET:
	case SMTP_HELO:
		if (m != NULL && m->aborted)
			smtp_mail_tell(s, m);
		break;
	case SMTP_AUTH:
		smtp_login_tell(s, code == ANSWER_AUTHENTICATED ? OUTCOME_SUCCESS : OUTCOME_FAILURE, code);
		break;
	case SMTP_STARTTLS:
		s->tls = code == ANSWER_READY;
		if (!s->tls)
			s->state = smtp_state_command;
		break;
	case SMTP_OTHER: break;
	}
}

static unsigned
expected_count(const struct smtp *s)
{
	return (unsigned)(s->expected.used / sizeof(struct smtp_expected) - s->expected_first);
}

static struct smtp_expected
expected_at(const struct smtp *s, unsigned i)
{
	struct smtp_expected e;

	memcpy(&e, s->expected.at + (s->expected_first + i) * sizeof e, sizeof e);
	return e;
}

static void
expected_empty(struct smtp *s)
{
	bytes_empty(&s->expected, &s->ceiling);
	s->expected_first = 0;
}

static struct smtp_expected
expected_pop(struct smtp *s)
{
	struct smtp_expected e = expected_at(s, 0);

	s->expected_first++;
	if (expected_count(s) == 0)
		expected_empty(s);
	return e;
}

/* Answered ones make room; when there are none, the oldest is forgotten. */
static void
expected_push(struct smtp *s, struct smtp_expected e)
{
	size_t begin = s->expected_first * sizeof e;

	if (expected_count(s) >= SMTP_EXPECTED_MAX) {
		expected_pop(s);
		proto_counters(s->p)->smtp_unanswered++;
		begin = s->expected_first * sizeof e;
	}
	if (s->expected.used >= SMTP_EXPECTED_MAX * sizeof e && begin > 0) {
		memmove(s->expected.at, s->expected.at + begin, s->expected.used - begin);
		s->expected.used -= begin;
		s->expected_first = 0;
	}
	bytes_append(&s->expected, &s->ceiling, span_of(&e, sizeof e));
}

bool
smtp_expects(const struct smtp *s, enum smtp_command command)
{
	unsigned i;

	for (i = 0; i < expected_count(s); i++)
		if (expected_at(s, i).command == command)
			return true;
	return false;
}

static uint16_t
early_pop(struct smtp *s)
{
	uint16_t code = s->early[0];

	memmove(s->early, s->early + 1, --s->early_count * sizeof s->early[0]);
	return code;
}

void
smtp_expect(struct smtp *s, enum smtp_command command)
{
	struct smtp_expected e = { (uint8_t)command, smtp_mail_tag(s) };

	if (s->loose && expected_count(s) == 0)
		s->loose = false;
	else if (s->loose)
		expected_empty(s);
	if (s->early_count > 0 && expected_count(s) == 0)
		settle(s, e, early_pop(s));
	else
		expected_push(s, e);
}

void
smtp_expect_end(struct smtp *s, enum smtp_command command)
{
	const struct smtp_mail *m = smtp_mail_find(s, smtp_mail_tag(s));
	uint32_t i, count = m == NULL || m->answers_left == 0 ? 1 : m->answers_left;

	for (i = 0; i < count && i < SMTP_EXPECTED_MAX; i++)
		smtp_expect(s, command);
}

void
smtp_out_of_step(struct smtp *s)
{
	struct smtp_mail *m, *next;

	expected_empty(s);
	s->early_count = 0;
	s->loose = true;
	for (m = s->mails; m != NULL; m = next) {
		next = m->next;
		if (m->ended)
			smtp_mail_tell(s, m);
	}
}

/* The command was lost, its answer was not. */
static void
answer_out_of_step(struct smtp *s, uint16_t code)
{
	if (code == ANSWER_SEND_DATA && s->state == smtp_state_command && s->current != NULL) {
		s->state = smtp_state_data_asked;
		line_clear(&s->lines[s->client], &s->ceiling);
	}
	if (s->logging_in && code == ANSWER_AUTHENTICATED)
		smtp_login_tell(s, OUTCOME_SUCCESS, code);
	if (s->logging_in && code == ANSWER_BAD_CREDENTIALS)
		smtp_login_tell(s, OUTCOME_FAILURE, code);
}

/* Only the server is heard: 354, then what became of the mail. */
static void
answer_alone(struct smtp *s, uint16_t code)
{
	if (s->current != NULL && code != ANSWER_SEND_DATA && code != ANSWER_GO_ON) {
		s->current->status = code;
		smtp_mail_tell(s, s->current);
	} else if (code == ANSWER_SEND_DATA) {
		smtp_mail_begin(s, span_of(NULL, 0));
	}
}

static void
answer_without_command(struct smtp *s, uint16_t code)
{
	if (!s->begun[s->client])
		answer_alone(s, code);
	if (s->loose)
		answer_out_of_step(s, code);
	else if (code != ANSWER_CLOSING && code != ANSWER_GO_ON && s->early_count < SMTP_EARLY_MAX)
		s->early[s->early_count++] = code;
}

static bool
is_greeting(struct smtp *s, uint16_t code)
{
	if (s->greeted)
		return false;
	s->greeted = true;
	if (code == ANSWER_READY)
		return expected_count(s) == 0 || expected_at(s, 0).command != SMTP_STARTTLS;
	return (code == ANSWER_NO_SERVICE || code == ANSWER_CLOSING) && expected_count(s) == 0;
}

static void
take_answer(struct smtp *s, uint16_t code)
{
	if (is_greeting(s, code))
		return;
	if (expected_count(s) == 0) {
		answer_without_command(s, code);
		return;
	}
	if (code == ANSWER_GO_ON)
		return;
	settle(s, expected_pop(s), code);
}

enum smtp_step
smtp_read_server(struct smtp *s, struct span *in)
{
	struct span line, text;
	uint16_t code;
	bool more;

	if (!line_next(&s->lines[!s->client], &s->ceiling, in, &line))
		return SMTP_MORE;
	code = line_answer(line, &text, &more);
	if (code == 0)
		return s->in_answer || ++s->odd[!s->client] < ODD_LINES_MAX ? SMTP_NEXT : SMTP_GIVE_UP;
	s->odd[!s->client] = 0;
	if (!s->in_answer)
		smtp_protocol_tell(s, s->greeted || s->loose ? span_of(NULL, 0) : span_trim(text));
	s->in_answer = more;
	if (!more)
		take_answer(s, code);
	return s->tls ? SMTP_TLS : SMTP_NEXT;
}
