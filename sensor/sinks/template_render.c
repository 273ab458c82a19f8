#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/when.h"
#include "sinks/template_private.h"
#include "sinks/text.h"

enum { FIRST_ROOM = 2048, INDEX_MOST = 1000000 };

struct body {
	char *at;
	size_t len, room;
	bool failed;
};

static void
put(struct body *b, const void *bytes, size_t len)
{
	size_t room = b->room == 0 ? FIRST_ROOM : b->room;
	char *more;

	if (b->failed || len >= TEMPLATE_BODY_MOST - b->len) {
		b->failed = true;
		return;
	}
	while (room - b->len <= len)
		room *= 2;
	if (room > b->room) {
		if ((more = realloc(b->at, room)) == NULL) {
			b->failed = true;
			return;
		}
		b->at = more;
		b->room = room;
	}
	if (len > 0)
		memcpy(b->at + b->len, bytes, len);
	b->len += len;
	b->at[b->len] = '\0';
}

static void
put_text(struct body *b, const char *text)
{
	put(b, text, strlen(text));
}

/* ---- finding ---- */

static const cJSON *
entry_of(const cJSON *list, struct span name)
{
	unsigned n = 0;

	for (; name.left > 0; span_advance(&name, 1)) {
		if (*name.at < '0' || *name.at > '9' || n > INDEX_MOST)
			return NULL;
		n = n * 10 + (unsigned)(*name.at - '0');
	}
	return cJSON_GetArrayItem(list, (int)n);
}

static const cJSON *
member_of(const cJSON *object, struct span name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
		if (item->string != NULL && strlen(item->string) == name.left &&
		    memcmp(item->string, name.at, name.left) == 0)
			return item;
	return NULL;
}

static const cJSON *
find(const cJSON *at, const struct step *s)
{
	unsigned i;

	for (i = 0; i < s->parts && at != NULL; i++)
		at = cJSON_IsArray(at) ? entry_of(at, s->part[i]) : cJSON_IsObject(at) ? member_of(at, s->part[i]) : NULL;
	return cJSON_IsNull(at) ? NULL : at;
}

/* A scalar's text; NULL for what has none. */
static const char *
scalar_text(const cJSON *item, char number[40])
{
	if (cJSON_IsString(item))
		return item->valuestring;
	if (cJSON_IsBool(item))
		return cJSON_IsTrue(item) ? "true" : "false";
	if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble))
		return NULL;
	if (item->valuedouble == floor(item->valuedouble) && fabs(item->valuedouble) < 1e15)
		snprintf(number, 40, "%.0f", item->valuedouble);
	else
		snprintf(number, 40, "%.15g", item->valuedouble);
	return number;
}

/* ---- escaping ---- */

/* One clean character as it stands in a JSON string. */
static void
put_json(struct body *b, const char *unit, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (unit[i] == '"' || unit[i] == '\\')
			put(b, "\\", 1);
		put(b, unit + i, 1);
	}
}

static void
put_slack(struct body *b, const char *unit, size_t len)
{
	/* docs.slack.dev, "formatting message text": these three are control characters; a code span ends at `. */
	if (unit[0] == '&')
		put_text(b, "&amp;");
	else if (unit[0] == '<')
		put_text(b, "&lt;");
	else if (unit[0] == '>')
		put_text(b, "&gt;");
	else if (unit[0] == '`')
		put_text(b, "'");
	else
		put_json(b, unit, len);
}

/* CommonMark 2.4: a backslash takes the meaning from ASCII punctuation. */
static void
put_markdown(struct body *b, const char *unit, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (unit[i] == '`') {
			put_text(b, "'");
			continue;
		}
		if (strchr("\\*_[]()<>~|#!", unit[i]) != NULL)
			put_text(b, "\\\\");
		put_json(b, unit + i, 1);
		/* A zero-width space behind: nobody is called. */
		if (unit[i] == '@')
			put_text(b, "\xe2\x80\x8b");
	}
}

static void
put_unit(struct body *b, enum escape e, const char *unit, size_t len)
{
	if (e == ESCAPE_SLACK)
		put_slack(b, unit, len);
	else if (e == ESCAPE_MARKDOWN)
		put_markdown(b, unit, len);
	else
		put_json(b, unit, len);
}

/* "http://" becomes no link that somebody might follow. */
static bool
begins_link(struct span in)
{
	return in.left >= 3 && memcmp(in.at, "://", 3) == 0;
}

static void
put_escaped(struct body *b, enum escape e, struct span in)
{
	char unit[TEXT_UNIT_MAX];
	size_t n, done = 0;

	while (in.left > 0) {
		bool link = e != ESCAPE_NONE && begins_link(in);

		n = text_unit(&in, unit);
		if ((done += n) > TEMPLATE_VALUE_MOST) {
			put_text(b, "...");
			return;
		}
		if (link)
			put_unit(b, e, "[", 1);
		put_unit(b, e, unit, n);
		if (link)
			put_unit(b, e, "]", 1);
	}
}

/* ---- running ---- */

static void
put_list(struct body *b, const struct step *s, const cJSON *list)
{
	const char *text, *sep = "";
	const cJSON *item;
	char number[40];

	cJSON_ArrayForEach(item, list) {
		if ((text = scalar_text(item, number)) == NULL)
			continue;
		put_text(b, sep);
		put_escaped(b, s->escape, span_text(text));
		sep = ", ";
	}
}

static void
put_quoted(struct body *b, const struct step *s, const cJSON *item)
{
	char number[40], when[WHEN_TEXT_MAX];
	const char *text = scalar_text(item, number);
	int64_t ns;

	if (s->is_time && text != NULL)
		text = when_parse(text, strlen(text), 0, &ns) ? when_rfc3339(ns, when) : NULL;
	if (text != NULL && text[0] != '\0')
		put_escaped(b, s->escape, span_text(text));
	else if (cJSON_IsArray(item) && cJSON_GetArraySize(item) > 0)
		put_list(b, s, item);
	else if (s->has_text)
		put_escaped(b, ESCAPE_NONE, s->text);
}

/* Where no quotes are: a JSON value of its own, never a piece of one. */
static void
put_bare(struct body *b, const struct step *s, const cJSON *item)
{
	char number[40];
	char *text;

	if (item == NULL) {
		if (s->has_text)
			put(b, s->text.at, s->text.left);
		else
			put_text(b, "null");
	} else if (cJSON_IsNumber(item) || cJSON_IsBool(item)) {
		put_text(b, scalar_text(item, number) == NULL ? "null" : scalar_text(item, number));
	} else if ((text = cJSON_PrintUnformatted(item)) == NULL) {
		b->failed = true;
	} else {
		put_text(b, text);
		cJSON_free(text);
	}
}

static bool
holds(const struct step *s, const cJSON *item)
{
	char number[40];
	const char *text = scalar_text(item, number);

	if (s->has_text)
		return (text != NULL && strlen(text) == s->text.left &&
		    memcmp(text, s->text.at, s->text.left) == 0) != s->differs;
	if (text != NULL)
		return text[0] != '\0' && strcmp(text, "0") != 0 && !cJSON_IsFalse(item);
	return item != NULL && item->child != NULL;
}

/* The index of the next step. */
static unsigned
run_step(const struct template *t, unsigned i, const cJSON *record, struct body *b)
{
	const struct step *s = &t->step[i];

	switch (s->kind) {
	case STEP_TEXT:
		put(b, s->text.at, s->text.left);
		break;
	case STEP_VALUE:
		if (s->quoted)
			put_quoted(b, s, find(record, s));
		else
			put_bare(b, s, find(record, s));
		break;
	case STEP_IF:
		return holds(s, find(record, s)) ? i + 1 : s->next;
	case STEP_ELSE:
		return s->next;
	}
	return i + 1;
}

char *
template_render(const struct template *t, const cJSON *record)
{
	struct body b = { NULL, 0, 0, false };
	unsigned i = 0;

	put(&b, "", 0);
	while (i < t->steps && !b.failed)
		i = run_step(t, i, record, &b);
	if (!b.failed)
		return b.at;
	free(b.at);
	return NULL;
}
