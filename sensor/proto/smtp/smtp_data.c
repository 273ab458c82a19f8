#include "proto/smtp/smtp_reader.h"

/*
 * Whether a lone LF ends a line of this mail. Servers differ (which is how
 * mails are smuggled); a mail is read as its first line is written.
 */
static bool
ends_line(struct smtp_data *d, bool after_cr)
{
	if (!d->told) {
		d->told = true;
		d->bare = !after_cr;
	}
	return after_cr || d->bare;
}

/* Up to and with the next LF. */
static void
take_text(struct smtp_data *d, struct span *in, smtp_data_fn *take, void *to)
{
	const uint8_t *lf = memchr(in->at, '\n', in->left);
	size_t len = lf == NULL ? in->left : (size_t)(lf - in->at) + 1;
	bool after_cr = d->after_cr;
	struct span part;

	span_take(in, len, &part);
	d->after_cr = part.at[len - 1] == '\r';
	if (lf != NULL) {
		if (len > 1)
			after_cr = part.at[len - 2] == '\r';
		if (ends_line(d, after_cr))
			d->at = SMTP_AT_START;
	}
	take(to, part);
}

/* Behind a dot at a line's beginning. True: it was the last line. */
static bool
after_dot(struct smtp_data *d, struct span *in, smtp_data_fn *take, void *to)
{
	uint8_t c = in->at[0];

	if (d->at == SMTP_AT_DOT_CR) {
		if (c == '\n') {
			span_skip(in, 1);
			return true;
		}
		take(to, span_text("\r"));
		d->after_cr = true;
	} else if (c == '\r') {
		span_skip(in, 1);
		d->at = SMTP_AT_DOT_CR;
		return false;
	} else if (c == '\n' && (d->bare || !d->told)) {
		span_skip(in, 1);
		return true;
	}
	d->at = SMTP_AT_TEXT;
	return false;
}

bool
smtp_data_read(struct smtp_data *d, struct span *in, smtp_data_fn *take, void *to)
{
	while (in->left > 0) {
		switch (d->at) {
		case SMTP_AT_START:
			d->at = SMTP_AT_TEXT;
			d->after_cr = false;
			if (in->at[0] == '.') {
				span_skip(in, 1);
				d->at = SMTP_AT_DOT;
			}
			break;
		case SMTP_AT_DOT:
		case SMTP_AT_DOT_CR:
			if (after_dot(d, in, take, to))
				return true;
			break;
		case SMTP_AT_TEXT: take_text(d, in, take, to); break;
		}
	}
	return false;
}
