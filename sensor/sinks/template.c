#include "sinks/template.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "sinks/template_private.h"

enum { DEPTH_MOST = 8, SHOWN = 40 };

struct parser {
	struct template *t;
	const char *name;
	struct span in;
	unsigned line;
	bool in_string, escaped;	/* of the template's JSON: a string is open; a backslash was last */
	enum escape escape;
	struct block {
		unsigned at;		/* its IF, then its ELSE */
		unsigned line;
		bool in_string;		/* where it began: both branches must end so */
		bool has_else;
	} block[DEPTH_MOST];
	unsigned depth;
	struct fault *fault;
};

static int __attribute__((format(printf, 2, 3)))
refuse(struct parser *p, const char *format, ...)
{
	char words[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(words, sizeof words, format, ap);
	va_end(ap);
	return fault_set(p->fault, SE_USAGE, "%s:%u: %s", p->name, p->line, words);
}

static struct step *
new_step(struct parser *p, enum step_kind kind)
{
	struct step *s;

	if (p->t->steps == STEPS_MOST) {
		refuse(p, "expected at most %d places", (int)STEPS_MOST / 2);
		return NULL;
	}
	s = &p->t->step[p->t->steps++];
	s->kind = kind;
	s->line = p->line;
	return s;
}

static bool
is(struct span text, const char *word)
{
	return text.left == strlen(word) && memcmp(text.at, word, text.left) == 0;
}

static bool
begins(struct span text, const char *word)
{
	return text.left >= strlen(word) && memcmp(text.at, word, strlen(word)) == 0;
}

static struct span
trimmed(struct span text)
{
	while (text.left > 0 && strchr(" \t\r\n", *text.at) != NULL)
		span_advance(&text, 1);
	while (text.left > 0 && strchr(" \t\r\n", text.at[text.left - 1]) != NULL)
		text.left--;
	return text;
}

/* Which quotes are the template's own: a value's are escaped and change nothing. */
static void
follow_quotes(struct parser *p, struct span text)
{
	for (; text.left > 0; span_advance(&text, 1)) {
		p->line += *text.at == '\n';
		if (p->escaped)
			p->escaped = false;
		else if (*text.at == '\\')
			p->escaped = p->in_string;
		else if (*text.at == '"')
			p->in_string = !p->in_string;
	}
}

/* ---- what stands between {{ and }} ---- */

/* "hansho.peer.ip"; "." is the record. */
static int
read_path(struct parser *p, struct span text, struct step *s)
{
	struct span part;
	const uint8_t *dot;

	if (is(text, "."))
		return 0;
	do {
		if (s->parts == PATH_PARTS)
			return refuse(p, "\"%.*s\": expected a path of at most %d names", (int)text.left, (const char *)text.at,
			    (int)PATH_PARTS);
		dot = text.left == 0 ? NULL : memchr(text.at, '.', text.left);
		span_take(&text, dot == NULL ? text.left : (size_t)(dot - text.at), &part);
		if (part.left == 0 || strcspn((const char *)part.at, " \t\r\n{}|=!#/\"\\") < part.left)
			return refuse(p, "expected a path such as hansho.peer.ip between {{ and }}");
		s->part[s->parts++] = part;
	} while (dot != NULL && span_skip(&text, 1));
	return 0;
}

static int
read_value(struct parser *p, struct span text)
{
	const uint8_t *bar = text.left == 0 ? NULL : memchr(text.at, '|', text.left);
	struct step *s = new_step(p, STEP_VALUE);
	struct span path = text;

	if (s == NULL)
		return SE_USAGE;
	if (begins(text, "rfc3339 ")) {
		if (!p->in_string)
			return refuse(p, "{{rfc3339 ...}}: expected quotes around it");
		s->is_time = true;
		span_advance(&text, 8);
		path = text;
	}
	s->quoted = p->in_string;
	s->escape = p->escape;
	if (bar != NULL) {
		path.left = (size_t)(bar - path.at);
		s->text = span_of(bar + 1, text.left - path.left - 1);
		s->has_text = true;
	}
	return read_path(p, trimmed(path), s);
}

static int
read_if(struct parser *p, struct span text)
{
	const uint8_t *equals = text.left == 0 ? NULL : memchr(text.at, '=', text.left);
	struct step *s = new_step(p, STEP_IF);
	struct span path = text;

	if (s == NULL)
		return SE_USAGE;
	if (p->depth == DEPTH_MOST)
		return refuse(p, "expected no more than %d blocks within each other", (int)DEPTH_MOST);
	p->block[p->depth++] = (struct block){ p->t->steps - 1, p->line, p->in_string, false };
	if (equals != NULL) {
		s->has_text = true;
		path.left = (size_t)(equals - text.at);
		s->text = trimmed(span_of(equals + 1, text.left - path.left - 1));
		s->differs = path.left > 0 && path.at[path.left - 1] == '!';
		path.left -= s->differs;
	}
	return read_path(p, trimmed(path), s);
}

static int
read_else(struct parser *p)
{
	struct block *b = p->depth == 0 ? NULL : &p->block[p->depth - 1];
	struct step *s;

	if (b == NULL || b->has_else)
		return refuse(p, "{{else}} without {{#if ...}}");
	if (p->in_string != b->in_string)
		return refuse(p, "expected as many quotes before {{else}} as behind its {{#if}} in line %u", b->line);
	if ((s = new_step(p, STEP_ELSE)) == NULL)
		return SE_USAGE;
	p->t->step[b->at].next = p->t->steps;
	b->at = p->t->steps - 1;
	b->has_else = true;
	return 0;
}

static int
read_end(struct parser *p)
{
	const struct block *b;

	if (p->depth == 0)
		return refuse(p, "{{/if}} without {{#if ...}}");
	b = &p->block[--p->depth];
	if (p->in_string != b->in_string)
		return refuse(p, "expected as many quotes before {{/if}} as behind its {{#if}} in line %u", b->line);
	p->t->step[b->at].next = p->t->steps;
	return 0;
}

static int
read_escape(struct parser *p, struct span text)
{
	static const char *const names[] = { "none", "slack", "markdown" };
	unsigned i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (is(text, names[i])) {
			p->escape = (enum escape)i;
			return 0;
		}
	return refuse(p, "{{!escape}}: expected none, slack or markdown");
}

static int
read_place(struct parser *p, struct span text)
{
	if (begins(text, "!escape")) {
		span_advance(&text, 7);
		return read_escape(p, trimmed(text));
	}
	if (begins(text, "!"))
		return 0;
	if (begins(text, "#if ")) {
		span_advance(&text, 4);
		return read_if(p, trimmed(text));
	}
	if (is(text, "else"))
		return read_else(p);
	if (is(text, "/if"))
		return read_end(p);
	if (begins(text, "#") || begins(text, "/"))
		return refuse(p, "{{%.*s}}: expected a path, #if, else, /if or !", (int)(text.left < SHOWN ? text.left : SHOWN),
		    (const char *)text.at);
	return read_value(p, text);
}

/* ---- the whole ---- */

static int
parse_piece(struct parser *p)
{
	const uint8_t *open = memmem(p->in.at, p->in.left, "{{", 2), *end;
	struct span text;
	struct step *s;
	int r;

	span_take(&p->in, open == NULL ? p->in.left : (size_t)(open - p->in.at), &text);
	if (text.left > 0) {
		if ((s = new_step(p, STEP_TEXT)) == NULL)
			return SE_USAGE;
		s->text = text;
		follow_quotes(p, text);
	}
	if (open == NULL)
		return 0;
	if ((end = memmem(p->in.at, p->in.left, "}}", 2)) == NULL)
		return refuse(p, "{{ without }}");
	text = span_of(p->in.at + 2, (size_t)(end - p->in.at) - 2);
	if ((r = read_place(p, trimmed(text))) < 0)
		return r;
	for (; text.left > 0; span_advance(&text, 1))
		p->line += *text.at == '\n';
	p->in = span_of(end + 2, p->in.left - (size_t)(end + 2 - p->in.at));
	return 0;
}

/* Every path through the blocks is not tried; the one of a record without anything is. */
static int
try_empty(struct parser *p)
{
	cJSON *none = cJSON_CreateObject(), *made = NULL;
	const char *end = NULL;
	char *body = none == NULL ? NULL : template_render(p->t, none);
	int r = 0;

	if (body == NULL)
		r = fault_set(p->fault, SE_NOMEM, "%s: out of memory", p->name);
	else if ((made = cJSON_ParseWithOpts(body, &end, 1)) == NULL)
		r = fault_set(p->fault, SE_USAGE, "%s: what it makes is no JSON, near \"%.*s\"", p->name, (int)SHOWN,
		    end == NULL ? "" : end);
	cJSON_Delete(made);
	cJSON_Delete(none);
	free(body);
	return r;
}

int
template_parse(const char *name, const char *text, size_t len, struct template **out, struct fault *fault)
{
	struct parser p = { .name = name, .line = 1, .fault = fault };
	int r = 0;

	*out = NULL;
	if ((p.t = calloc(1, sizeof *p.t)) == NULL || (p.t->source = strndup(text, len)) == NULL) {
		r = fault_set(fault, SE_NOMEM, "%s: out of memory", name);
		goto done;
	}
	if (strlen(p.t->source) != len) {
		r = fault_set(fault, SE_USAGE, "%s: a NUL: expected text", name);
		goto done;
	}
	p.in = span_of(p.t->source, len);
	while (p.in.left > 0 && r == 0)
		r = parse_piece(&p);
	if (r == 0 && p.depth > 0) {
		p.line = p.block[p.depth - 1].line;
		r = refuse(&p, "{{#if}} without {{/if}}");
	}
	if (r == 0)
		r = try_empty(&p);
	if (r < 0)
		goto done;
	*out = p.t;
	p.t = NULL;
done:
	template_free(p.t);
	return r;
}

int
template_read(const char *path, struct template **out, struct fault *fault)
{
	char *text = malloc(TEMPLATE_FILE_MOST + 1);
	FILE *f = NULL;
	size_t len;
	int r;

	*out = NULL;
	if (text == NULL)
		return fault_set(fault, SE_NOMEM, "%s: out of memory", path);
	if ((f = fopen(path, "re")) == NULL) {
		r = fault_set(fault, SE_USAGE, "%s: %s: expected a template", path, strerror(errno));
		goto done;
	}
	len = fread(text, 1, TEMPLATE_FILE_MOST + 1, f);
	if (ferror(f))
		r = fault_set(fault, SE_USAGE, "%s: %s: expected a template", path, strerror(errno));
	else if (len > TEMPLATE_FILE_MOST)
		r = fault_set(fault, SE_USAGE, "%s: expected a template of at most 64 KiB", path);
	else
		r = template_parse(path, text, len, out, fault);
done:
	if (f != NULL)
		fclose(f);
	free(text);
	return r;
}

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	free(t->source);
	free(t);
}
