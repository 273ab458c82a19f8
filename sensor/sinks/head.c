#include "sinks/head.h"

#include <string.h>

#include "base/span.h"

static const char *const kinds[HEAD_KINDS] = {
	"", "indicator", "beacon", "behaviour", "case", "retro", "evasion", "sensor", "summary",
};

const char *
head_kind_text(enum head_kind kind)
{
	return kind < HEAD_KINDS ? kinds[kind] : "";
}

/* ---- places of the record ---- */

enum { ABOVE = 2 };

struct scan {
	struct head *head;
	struct span in;
	unsigned depth;			/* objects and arrays that are open */
	struct span above[ABOVE];	/* the keys that hold what is being read, from the root on */
	struct addr asker;
	bool has_asker;
};

static bool
is(struct span text, const char *word)
{
	return text.left == strlen(word) && memcmp(text.at, word, text.left) == 0;
}

static enum head_kind
kind_of(struct span text)
{
	unsigned k;

	for (k = 1; k < HEAD_KINDS; k++)
		if (is(text, kinds[k]))
			return (enum head_kind)k;
	return HEAD_OTHER;
}

static enum head_state
state_of(struct span text)
{
	if (text.left == 0)
		return HEAD_NO_STATE;
	return is(text, "open") ? HEAD_OPEN : is(text, "close") ? HEAD_CLOSE : HEAD_UPDATE;
}

static uint32_t
number_of(struct span text)
{
	uint32_t n = 0;

	while (text.left > 0 && *text.at >= '0' && *text.at <= '9' && n < UINT32_MAX / 10 - 1) {
		n = n * 10 + (uint32_t)(*text.at - '0');
		span_advance(&text, 1);
	}
	return n;
}

static void
note_own(struct head *h, struct span key, struct span value)
{
	if (is(key, "id") && value.left < sizeof h->id) {
		memcpy(h->id, value.at, value.left);
		h->id[value.left] = '\0';
	} else if (is(key, "revision")) {
		h->revision = number_of(value);
	} else if (is(key, "state")) {
		h->state = state_of(value);
	} else if (is(key, "kind")) {
		h->kind = kind_of(value);
	} else if (is(key, "host")) {
		h->has_host = addr_parse((const char *)value.at, value.left, &h->host);
	}
}

/* A string without its quotes, or a word: "key": value at depth 1, "above": { "key": value } at depth 2, and so on. */
static void
note(struct scan *s, struct span key, struct span value)
{
	if (s->depth == 1 && is(key, "src_ip"))
		s->has_asker = addr_parse((const char *)value.at, value.left, &s->asker);
	else if (s->depth == 2 && is(s->above[0], "hansho"))
		note_own(s->head, key, value);
	else if (s->depth == 2 && is(s->above[0], "alert") && is(key, "severity") && number_of(value) <= 4)
		s->head->severity = (uint8_t)number_of(value);
	else if (s->depth == 3 && is(s->above[1], "case") && is(s->above[0], "hansho") && is(key, "worse"))
		s->head->worse = is(value, "true");
}

/* ---- JSON, as far as it is needed ---- */

/* Behind the opening quote. False: the line ends in it. */
static bool
take_string(struct span *in, struct span *out)
{
	const uint8_t *quote, *before;

	for (out->at = in->at; (quote = memchr(in->at, '"', in->left)) != NULL; ) {
		for (before = quote; before > out->at && before[-1] == '\\'; before--)
			continue;
		span_advance(in, (size_t)(quote + 1 - in->at));
		out->left = (size_t)(quote - out->at);
		if ((quote - before) % 2 == 0)
			return true;
	}
	return false;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span
take_word(struct span *in)
{
	struct span out = { in->at, 0 };

	while (in->left > 0 && *in->at != ',' && *in->at != '}' && *in->at != ']' && !is_blank(*in->at))
		span_advance(in, 1);
	out.left = (size_t)(in->at - out.at);
	return out;
}

/* One token. `key`: the latest string, which is a key when a colon follows it. False: no JSON any more. */
static bool
take_token(struct scan *s, struct span *key, bool *keyed)
{
	struct span value;
	uint8_t c = *s->in.at;

	if (c == '{' || c == '[') {
		if (s->depth > 0 && s->depth <= ABOVE)
			s->above[s->depth - 1] = *keyed ? *key : span_of("", 0);
		s->depth++;
		*keyed = false;
		span_advance(&s->in, 1);
		return true;
	}
	if (c == '}' || c == ']' || c == ',') {
		*keyed = false;
		span_advance(&s->in, 1);
		return c == ',' || s->depth-- > 0;
	}
	if (c == ':') {
		*keyed = true;
		span_advance(&s->in, 1);
		return true;
	}
	if (c == '"') {
		span_advance(&s->in, 1);
		if (!take_string(&s->in, &value))
			return false;
	} else if ((value = take_word(&s->in)).left == 0) {
		return false;
	}
	if (*keyed)
		note(s, *key, value);
	*key = value;
	return true;
}

void
head_read(struct head *h, const char *line)
{
	struct scan s = { .head = h, .in = span_text(line) };
	struct span key = { NULL, 0 };
	bool keyed = false;

	memset(h, 0, sizeof *h);
	while (s.in.left > 0) {
		if (is_blank(*s.in.at)) {
			span_advance(&s.in, 1);
			continue;
		}
		if (!take_token(&s, &key, &keyed))
			break;
	}
	if (!h->has_host && s.has_asker && h->kind != HEAD_SENSOR) {
		h->host = s.asker;
		h->has_host = true;
	}
}

/* ---- the shelf ---- */

void
head_shelf_init(struct head_shelf *s)
{
	memset(s, 0, sizeof *s);
	pthread_mutex_init(&s->lock, NULL);
}

void
head_shelf_clear(struct head_shelf *s)
{
	pthread_mutex_destroy(&s->lock);
}

void
head_shelf_get(struct head_shelf *s, uint64_t number, const char *line, struct head *out)
{
	unsigned at = (unsigned)(number % HEADS_KEPT);

	pthread_mutex_lock(&s->lock);
	if (s->number[at] != number) {
		head_read(&s->head[at], line);
		s->number[at] = number;
	}
	*out = s->head[at];
	pthread_mutex_unlock(&s->lock);
}
