#include "proto/text/words.h"

#include <stdio.h>

#include "proto/text/coding.h"
#include "proto/text/line.h"

struct span
words_span(const struct words_text *t)
{
	return t->there ? span_of(t->at, t->used) : span_of(NULL, 0);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What does not fit is left out. */
static void
add(struct words_text *t, struct span s)
{
	size_t room = sizeof t->at - t->used;

	if (s.left > room)
		s.left = room;
	if (s.left > 0)
		memcpy(t->at + t->used, s.at, s.left);
	t->used += s.left;
	t->there = true;
}

static void
add_byte(struct words_text *t, uint8_t c)
{
	if (t->used < sizeof t->at)
		t->at[t->used++] = c;
	t->there = true;
}

/* ---- encoded words ---- */

struct word {
	struct span charset, text;
	bool quoted;		/* "Q", else "B" */
};

/* =?charset*language?B?text?= at the beginning of `s`; then it is skipped. */
static bool
read_word(struct span *s, struct word *w)
{
	struct span rest = *s, language, encoding;

	if (rest.left < 2 || rest.at[0] != '=' || rest.at[1] != '?')
		return false;
	span_skip(&rest, 2);
	if (!span_until(&rest, '?', &w->charset) || !span_until(&rest, '?', &encoding) ||
	    !span_until(&rest, '?', &w->text))
		return false;
	if (encoding.left != 1 || rest.left == 0 || rest.at[0] != '=')
		return false;
	w->quoted = (encoding.at[0] | 0x20) == 'q';
	if (!w->quoted && (encoding.at[0] | 0x20) != 'b')
		return false;
	language = w->charset;
	if (span_until(&language, '*', &encoding))
		w->charset = encoding;
	span_skip(&rest, 1);
	*s = rest;
	return true;
}

/* Bytes of words in one charset: some mail programs cut in the middle of a character. */
struct run {
	struct span charset;
	size_t used;
	uint8_t at[WORDS_TEXT_BYTES];
};

static void
run_add(struct run *r, const struct word *w)
{
	struct coding c = { .kind = w->quoted ? CODING_QUOTED : CODING_BASE64 };
	struct span text = w->text;
	size_t from = r->used, i;

	r->charset = w->charset;
	r->used += coding_decode(&c, &text, r->at + r->used, sizeof r->at - r->used);
	for (i = from; w->quoted && i < r->used; i++)
		if (r->at[i] == '_')
			r->at[i] = ' ';
}

static void
run_flush(struct charsets *c, struct run *r, struct words_text *out)
{
	size_t used;

	if (r->used == 0)
		return;
	if (charset_convert(c, r->charset, span_of(r->at, r->used), out->at + out->used,
	    sizeof out->at - out->used, &used))
		out->used += used;
	else
		add(out, span_of(r->at, r->used));
	out->there = true;
	r->used = 0;
}

/* What stands between words: blanks between two of them are none. */
static void
add_plain(struct words_text *out, struct span s)
{
	bool blank = false;

	for (; s.left > 0; span_skip(&s, 1)) {
		if (s.at[0] == '\r' || s.at[0] == '\n' || (is_blank(s.at[0]) && blank))
			continue;
		blank = is_blank(s.at[0]);
		add_byte(out, blank ? ' ' : s.at[0]);
	}
}

void
words_decode(struct charsets *c, struct span text, struct words_text *out)
{
	struct span plain = span_of(text.at, 0);
	const uint8_t *sign;
	struct run run;
	struct word w;

	run.used = 0;
	run.charset = span_of(NULL, 0);
	out->there = true;
	while (text.left > 0 && (sign = memchr(text.at, '=', text.left)) != NULL) {
		plain.left += (size_t)(sign - text.at);
		span_skip(&text, (size_t)(sign - text.at));
		if (!read_word(&text, &w)) {
			span_skip(&text, 1);
			plain.left++;
			continue;
		}
		if (run.used > 0 && (span_trim(plain).left > 0 || !span_equal_nocase(run.charset, w.charset)))
			run_flush(c, &run, out);
		if (run.used == 0 && (out->used == 0 || span_trim(plain).left > 0))
			add_plain(out, plain);
		run_add(&run, &w);
		plain = span_of(text.at, 0);
	}
	plain.left += text.left;
	run_flush(c, &run, out);
	add_plain(out, plain);
}

/* ---- parameters ---- */

/* Skips a comment, however deep, and what is quoted in it. */
static void
skip_comment(struct span *s)
{
	size_t depth = 0;
	uint8_t c;

	while (span_u8(s, &c)) {
		if (c == '\\')
			span_skip(s, 1);
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return;
	}
}

static void
skip_blanks(struct span *s)
{
	while (s->left > 0 && (is_blank(s->at[0]) || s->at[0] == '(')) {
		if (s->at[0] == '(')
			skip_comment(s);
		else
			span_skip(s, 1);
	}
}

/* The quotes' inside, as it stands. *s begins with the first quote. */
static struct span
take_quoted(struct span *s)
{
	size_t len = 0;
	struct span in;

	span_skip(s, 1);
	while (len < s->left && s->at[len] != '"')
		len += s->at[len] == '\\' && len + 1 < s->left ? 2 : 1;
	span_take(s, len, &in);
	span_skip(s, 1);
	return in;
}

/* Without the backslashes of a quoted string. Some write C:\x: they lose theirs. */
static void
add_unquoted(struct words_text *out, struct span s)
{
	uint8_t c;

	while (span_u8(&s, &c)) {
		if (c == '\\' && s.left > 0)
			span_u8(&s, &c);
		add_byte(out, c);
	}
}

/* What ends a part of a field: a bit for each byte, all of them below 64. A NUL ends any. */
#define END(c) ((uint64_t)1 << (c))

static const uint64_t VALUE_ENDS = END('\0') | END(';') | END(' ') | END('\t') | END('\r') | END('\n') | END('('),
    PARAMETER_ENDS = END('\0') | END(';'), NAME_ENDS = END('\0') | END(';') | END('='),
    PLAIN_ENDS = END('\0') | END(';') | END('\r') | END('\n');

static struct span
take_until(struct span *s, uint64_t ends)
{
	struct span taken;
	size_t len = 0;

	while (len < s->left && (s->at[len] >= 64 || (ends >> s->at[len] & 1) == 0))
		len++;
	span_take(s, len, &taken);
	return span_trim(taken);
}

struct span
words_value(struct span field)
{
	skip_blanks(&field);
	return take_until(&field, VALUE_ENDS);
}

struct parameter {
	struct span name, value;
	bool quoted;
};

static bool
next_parameter(struct span *field, struct parameter *p)
{
	while (field->left > 0) {
		take_until(field, PARAMETER_ENDS);
		span_skip(field, 1);
		skip_blanks(field);
		p->name = take_until(field, NAME_ENDS);
		if (field->left == 0 || field->at[0] == ';')
			continue;
		span_skip(field, 1);
		skip_blanks(field);
		p->quoted = field->left > 0 && field->at[0] == '"';
		p->value = p->quoted ? take_quoted(field) : take_until(field, PLAIN_ENDS);
		return true;
	}
	return false;
}

static bool
find_parameter(struct span field, struct span name, struct parameter *p)
{
	/* A ";" in the value that stands before the parameters would need quotes. */
	while (next_parameter(&field, p))
		if (span_equal_nocase(p->name, name))
			return true;
	return false;
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
add_percent(struct words_text *out, struct span s)
{
	uint8_t c;

	while (span_u8(&s, &c)) {
		if (c == '%' && s.left >= 2 && hex_value(s.at[0]) >= 0 && hex_value(s.at[1]) >= 0) {
			c = (uint8_t)(hex_value(s.at[0]) << 4 | hex_value(s.at[1]));
			span_skip(&s, 2);
		}
		add(out, span_of(&c, 1));
	}
}

static void
add_value(struct words_text *out, const struct parameter *p)
{
	if (p->quoted)
		add_unquoted(out, p->value);
	else
		add(out, p->value);
}

/* RFC 2231 section 4: charset'language'text */
static struct span
take_charset(struct span *value)
{
	struct span rest = *value, charset, language;

	if (!span_until(&rest, '\'', &charset) || !span_until(&rest, '\'', &language))
		return span_text("");
	*value = rest;
	return charset;
}

static void
convert_into(struct charsets *c, struct span charset, const struct words_text *raw, struct words_text *out)
{
	out->there = true;
	if (!charset_convert(c, charset, words_span(raw), out->at, sizeof out->at, &out->used))
		add(out, words_span(raw));
}

/* Segment `n` of `name`; n < 0: the only one. True: it was there. */
static bool
add_segment(struct span field, const char *name, int n, struct words_text *raw, struct span *charset)
{
	struct parameter p;
	char full[64];

	if (n < 0)
		snprintf(full, sizeof full, "%s*", name);
	else
		snprintf(full, sizeof full, "%s*%d*", name, n);
	if (find_parameter(field, span_text(full), &p)) {
		if (n <= 0)
			*charset = take_charset(&p.value);
		add_percent(raw, p.value);
		return true;
	}
	full[strlen(full) - 1] = '\0';
	if (n < 0 || !find_parameter(field, span_text(full), &p))
		return false;
	add_value(raw, &p);
	return true;
}

/* `name` as it is: its first one → *p. *starred: it is there in another form, too, whichever. */
static bool
find_plain(struct span field, struct span name, struct parameter *p, bool *starred)
{
	struct parameter next;
	struct span head;
	bool found = false;

	*starred = false;
	while (next_parameter(&field, &next)) {
		if (!span_take(&next.name, name.left, &head) || !span_equal_nocase(head, name))
			continue;
		if (next.name.left > 0)
			*starred |= next.name.at[0] == '*';
		else if (!found)
			*p = next;
		found |= next.name.left == 0;
	}
	return found;
}

/* In one of its other forms. False: it is there in none. */
static bool
read_starred(struct charsets *c, struct span field, const char *name, struct words_text *out)
{
	struct span charset = span_text("");
	struct words_text raw;
	int n = 0;

	words_clear(&raw);
	if (add_segment(field, name, -1, &raw, &charset)) {
		convert_into(c, charset, &raw, out);
		return true;
	}
	while (n < PARAMETER_SEGMENTS_MAX && add_segment(field, name, n, &raw, &charset))
		n++;
	if (n > 0 && charset.left > 0)
		convert_into(c, charset, &raw, out);
	else if (n > 0)
		words_decode(c, words_span(&raw), out);
	return n > 0;
}

void
words_parameter(struct charsets *c, struct span field, const char *name, struct words_text *out)
{
	struct words_text raw;
	struct parameter p;
	bool starred, plain = find_plain(field, span_text(name), &p, &starred);

	words_clear(out);
	if ((starred && read_starred(c, field, name, out)) || !plain)
		return;
	words_clear(&raw);
	add_value(&raw, &p);
	words_decode(c, words_span(&raw), out);
}

/* ---- addresses ---- */

/* What stands before <: words and quoted strings, comments left out. */
struct phrase {
	struct words_text text;
	struct span comment;		/* the last one */
	bool at_sign;
};

static void
phrase_clear(struct phrase *p)
{
	words_clear(&p->text);
	p->comment = span_of(NULL, 0);
	p->at_sign = false;
}

/* One piece of it. False: what comes is for the caller. */
static bool
phrase_take(struct phrase *p, struct span *s)
{
	const uint8_t *from = s->at;

	switch (s->at[0]) {
	case '<': case ',': case ';': case ':': return false;
	case '"': add_unquoted(&p->text, take_quoted(s)); return true;
	case '(':
		skip_comment(s);
		p->comment = span_of(from + 1, (size_t)(s->at - from) - 1);
		if (p->comment.left > 0 && p->comment.at[p->comment.left - 1] == ')')
			p->comment.left--;
		return true;
	default:
		p->at_sign = p->at_sign || s->at[0] == '@';
		add_byte(&p->text, s->at[0]);
		span_skip(s, 1);
		return true;
	}
}

static void
bare_address(struct charsets *c, const struct phrase *p, struct words_text *name, struct words_text *address)
{
	struct span text = span_trim(words_span(&p->text));

	if (text.left > 0)
		add(address, text);
	if (p->comment.at != NULL)
		words_decode(c, p->comment, name);
}

void
words_address(struct charsets *c, struct span field, struct words_text *name, struct words_text *address)
{
	struct phrase p;
	struct span inside;

	words_clear(name);
	words_clear(address);
	phrase_clear(&p);
	while (field.left > 0) {
		if (phrase_take(&p, &field))
			continue;
		if (field.at[0] == '<') {
			span_skip(&field, 1);
			if (!span_until(&field, '>', &inside))
				inside = field;
			add(address, span_trim(inside));
			if (span_trim(words_span(&p.text)).left > 0)
				words_decode(c, span_trim(words_span(&p.text)), name);
			return;
		}
		/* "Group:" goes before its members; "Last, First <a@b>" should have quotes. */
		if (field.at[0] == ':')
			phrase_clear(&p);
		else if (p.at_sign || field.at[0] == ';')
			break;
		else
			add_byte(&p.text, field.at[0]);
		span_skip(&field, 1);
	}
	bare_address(c, &p, name, address);
}
