#include "proto/smtp/smtp_reader.h"

#include <stdlib.h>

enum {
	ADDRESS_MOST_BYTES = 320,	/* RFC 5321 section 4.5.3.1: 64 + 1 + 255 */
	RECIPIENTS_TOLD_BYTES = 4096
};

/* Stands before each kept recipient's text. */
struct smtp_recipient {
	uint16_t text_bytes;
	bool refused;
};

static void
mail_free(struct smtp *s, struct smtp_mail *m)
{
	bytes_clear(&m->from, &s->ceiling);
	bytes_clear(&m->recipients, &s->ceiling);
	mime_close(m->mime);
	*proto_held(s->p) -= sizeof *m;
	free(m);
}

void
smtp_mail_drop(struct smtp *s, struct smtp_mail *m)
{
	struct smtp_mail **at = &s->mails;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	s->mails_count--;
	if (s->current == m)
		s->current = NULL;
	mail_free(s, m);
}

uint8_t
smtp_mail_tag(const struct smtp *s)
{
	return (uint8_t)s->numbers;
}

struct smtp_mail *
smtp_mail_find(const struct smtp *s, uint8_t tag)
{
	struct smtp_mail *m = s->mails;

	while (m != NULL && m->tag != tag)
		m = m->next;
	return m;
}

static void
append_last(struct smtp *s, struct smtp_mail *m)
{
	struct smtp_mail **at = &s->mails;

	while (*at != NULL)
		at = &(*at)->next;
	*at = m;
	s->mails_count++;
}

static struct span
shorter(struct span text)
{
	if (text.left > ADDRESS_MOST_BYTES)
		text.left = ADDRESS_MOST_BYTES;
	return text;
}

void
smtp_mail_begin(struct smtp *s, struct span from)
{
	struct smtp_mail *m;

	/* Of one that was refused without our seeing it nothing more will be said. */
	if (s->current != NULL)
		smtp_mail_tell(s, s->current);
	if (s->mails_count >= SMTP_WAITING_MAX)
		smtp_mail_tell(s, s->mails);
	if ((m = calloc(1, sizeof *m)) == NULL)
		return;
	*proto_held(s->p) += sizeof *m;
	m->number = ++s->numbers;
	m->tag = smtp_mail_tag(s);
	m->answers_left = 1;
	m->sender_known = from.at != NULL;
	bytes_append(&m->from, &s->ceiling, shorter(from));
	append_last(s, m);
	s->current = m;
}

void
smtp_mail_recipient(struct smtp *s, struct span to)
{
	struct smtp_mail *m = s->current;
	struct smtp_recipient r = { 0 };

	/* Joined in the middle, or behind a loss: the sender is not known. */
	if (m == NULL) {
		smtp_mail_begin(s, span_of(NULL, 0));
		if ((m = s->current) == NULL)
			return;
	}
	m->asked++;
	to = shorter(to);
	r.text_bytes = (uint16_t)to.left;
	if (m->kept + 1 < m->asked || m->kept >= proto_limits(s->p)->mail_recipients ||
	    !bytes_reserve(&m->recipients, &s->ceiling, sizeof r + to.left)) {
		proto_counters(s->p)->mail_recipients_left_out++;
		return;
	}
	bytes_append(&m->recipients, &s->ceiling, span_of(&r, sizeof r));
	bytes_append(&m->recipients, &s->ceiling, to);
	m->kept++;
}

/* The kept recipient at *at; moves on behind it. */
static bool
next_recipient(const struct smtp_mail *m, size_t *at, struct smtp_recipient *r, struct span *text)
{
	struct span s = span_of(m->recipients.at, m->recipients.used);

	if (*at >= m->recipients.used || !span_skip(&s, *at) || !span_copy(&s, r, sizeof *r) ||
	    !span_take(&s, r->text_bytes, text))
		return false;
	*at += sizeof *r + r->text_bytes;
	return true;
}

static void
mark_refused(struct smtp_mail *m, uint32_t index)
{
	struct smtp_recipient r;
	struct span text;
	size_t at = 0, here = 0;
	uint32_t i;

	for (i = 0; i <= index; i++) {
		here = at;
		if (!next_recipient(m, &at, &r, &text))
			return;
	}
	r.refused = true;
	memcpy(m->recipients.at + here, &r, sizeof r);
}

void
smtp_mail_answered(struct smtp_mail *m, bool accepted)
{
	if (m->answered == m->asked)
		return;
	if (!accepted) {
		m->refused++;
		mark_refused(m, m->answered);
	}
	m->answered++;
}

/* Those that were not refused, joined by ",". */
static struct span
join_recipients(const struct smtp_mail *m, uint8_t *to, size_t room)
{
	struct smtp_recipient r;
	struct span text;
	size_t at = 0, used = 0;

	while (next_recipient(m, &at, &r, &text)) {
		if (r.refused)
			continue;
		if (text.left + 1 > room - used)
			break;
		if (used > 0)
			to[used++] = ',';
		if (text.left > 0)
			memcpy(to + used, text.at, text.left);
		used += text.left;
	}
	return span_of(to, used);
}

/* Of a mail whose MAIL was not seen the sender is absent; that of a bounce is empty. */
static struct span
sender_of(const struct smtp_mail *m)
{
	if (!m->sender_known)
		return span_of(NULL, 0);
	return m->from.used > 0 ? span_of(m->from.at, m->from.used) : span_text("");
}

/* What an attachment is, when it ends. */
static void
tell_file(void *to, struct file *f)
{
	struct smtp *s = to;
	struct message message = smtp_message(s, MESSAGE_FILE);

	message.file = f;
	smtp_tell(s, &message);
}

void
smtp_mail_tell(struct smtp *s, struct smtp_mail *m)
{
	struct message message = smtp_message(s, MESSAGE_MAIL);
	uint8_t recipients[RECIPIENTS_TOLD_BYTES];
	struct mail mail = { .number = m->number, .from = sender_of(m), .status = m->status,
	    .recipients_count = m->asked, .recipients_refused = m->refused, .bytes = m->bytes,
	    .authenticated = s->authenticated, .user = sasl_user(&s->user) };

	if (m->aborted && m->asked == 0 && m->status == 0) {
		smtp_mail_drop(s, m);
		return;
	}
	if (!m->ended)
		mime_end(m->mime, false);
	mime_fill(m->mime, &mail);
	if (s->helo.used > 0)
		mail.helo = span_of(s->helo.at, s->helo.used);
	if (m->asked > 0)
		mail.recipients = join_recipients(m, recipients, sizeof recipients);
	message.mail = &mail;
	smtp_tell(s, &message);
	smtp_mail_drop(s, m);
}

void
smtp_mail_end(struct smtp *s)
{
	struct smtp_mail *m = s->current;

	if (m == NULL)
		return;
	mime_end(m->mime, !m->aborted);
	s->current = NULL;
	m->ended = true;
	if (s->lmtp && m->asked > m->refused)
		m->answers_left = m->asked - m->refused;
}

void
smtp_mail_abort(struct smtp *s)
{
	if (s->current == NULL)
		return;
	s->current->aborted = true;
	smtp_mail_end(s);
}

static void
begin_body(struct smtp *s, struct smtp_mail *m)
{
	struct charsets *charsets = proto_shared(s->p, &smtp_row);

	if (charsets != NULL)
		m->mime = mime_open(s->p, charsets, &s->ceiling, tell_file, s);
	if (m->mime == NULL)
		proto_counters(s->p)->over_limit++;
}

void
smtp_mail_body(struct smtp *s, struct span bytes)
{
	struct smtp_mail *m = s->current;

	if (m == NULL)
		return;
	if (m->bytes == 0)
		begin_body(s, m);
	m->bytes += bytes.left;
	mime_bytes(m->mime, bytes);
}

void
smtp_mail_gap(struct smtp *s, uint64_t len)
{
	struct smtp_mail *m = s->current;

	if (m == NULL)
		return;
	if (m->bytes == 0)
		begin_body(s, m);
	m->bytes += len;
	mime_lost(m->mime, len);
}
