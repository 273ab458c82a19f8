#include "alert/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/eight.h"
#include "base/hex.h"
#include "base/when.h"

enum {
	LINE_BYTES = 4096,		/* most lines */
	SPARE = JSON_DEPTH + 1		/* what is open can always be closed, and the line ended */
};

/* Room for so many bytes more. */
static bool
room(struct json *j, size_t more)
{
	size_t size = j->size;
	char *line;

	if (j->failed)
		return false;
	if (j->size - j->used >= more + SPARE)
		return true;
	while (size - j->used < more + SPARE)
		size *= 2;
	if ((line = realloc(j->line, size)) == NULL) {
		j->failed = true;
		return false;
	}
	j->line = line;
	j->size = size;
	return true;
}

static void
put(struct json *j, const char *bytes, size_t len)
{
	if (!room(j, len))
		return;
	memcpy(j->line + j->used, bytes, len);
	j->used += len;
}

static void
put_text(struct json *j, const char *text)
{
	put(j, text, strlen(text));
}

static unsigned
open_one(struct json *j, const char *key, const char *brackets)
{
	put(j, brackets, 1);
	assert(j->depth < JSON_DEPTH);
	j->open[j->depth].number = ++j->latest;
	j->open[j->depth].end = brackets[1];
	j->open[j->depth++].key = key;
	return j->latest;
}

static void
close_one(struct json *j)
{
	if (!j->failed)
		j->line[j->used++] = j->open[j->depth - 1].end;
	j->depth--;
}

bool
json_begin(struct json *j)
{
	memset(j, 0, sizeof *j);
	if ((j->line = malloc(LINE_BYTES)) == NULL)
		return false;
	j->size = LINE_BYTES;
	open_one(j, "", "{}");
	j->open[0].number = j->latest = JSON_ROOT;
	return true;
}

char *
json_end(struct json *j)
{
	char *line = j->line;

	while (j->depth > 0)
		close_one(j);
	j->line = NULL;
	if (j->failed) {
		free(line);
		return NULL;
	}
	line[j->used] = '\0';
	return line;
}

/* What stands before a value in `in`: what is open in there is over. */
static void
begin(struct json *j, unsigned in, const char *key)
{
	size_t len = key == NULL ? 0 : strlen(key);
	char *at;

	while (j->open[j->depth - 1].number != in) {
		assert(j->depth > 1);
		close_one(j);
	}
	if (!room(j, len + 4))
		return;
	at = j->line + j->used;
	if (at[-1] != '{' && at[-1] != '[')
		*at++ = ',';
	if (key != NULL) {
		*at++ = '"';
		at = mempcpy(at, key, len);
		*at++ = '"';
		*at++ = ':';
	}
	j->used = (size_t)(at - j->line);
}

unsigned
json_object(struct json *j, unsigned in, const char *key)
{
	begin(j, in, key);
	return open_one(j, key, "{}");
}

unsigned
json_array(struct json *j, unsigned in, const char *key)
{
	begin(j, in, key);
	return open_one(j, key, "[]");
}

unsigned
json_array_object(struct json *j, unsigned array)
{
	begin(j, array, NULL);
	return open_one(j, "", "{}");
}

bool
json_is_open(const struct json *j, const char *key, unsigned *object)
{
	if (j->depth < 2 || strcmp(j->open[1].key, key) != 0)
		return false;
	*object = j->open[1].number;
	return true;
}

/* ---- text ---- */

static bool
is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* So many bytes stand for themselves. */
static size_t
plain_length(struct span s)
{
	size_t n = 0;
	uint64_t w;

	for (; s.left - n >= 8; n += 8) {
		w = eight_load(s.at + n);
		if ((eight_between(w, 0x20, 0x7e) & ~eight_between(w, '"', '"') & ~eight_between(w, '\\', '\\')) != EIGHT(0x80))
			break;
	}
	while (n < s.left && is_plain(s.at[n]))
		n++;
	return n;
}

/*
 * Length of the UTF-8 character at the front (RFC 3629, section 4), or 0. DEL
 * and C1 count as none: terminals obey them as they obey C0, which JSON escapes.
 */
static size_t
character_length(struct span s)
{
	uint8_t c = s.at[0], low = 0x80, high = 0xbf;
	size_t len, i;

	if (c < 0x80)
		return c != 0 && c != 0x7f;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	len = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (s.left < len)
		return 0;
	/* No overlong forms, no C1, no surrogates, nothing above U+10FFFF. */
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xc2)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (s.at[1] < low || s.at[1] > high)
		return 0;
	for (i = 2; i < len; i++)
		if ((s.at[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* RFC 8259, section 7. */
static void
put_escaped(struct json *j, uint8_t c)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";	/* the character, and what is written for it */
	char text[7] = { '\\', 'u', '0', '0' };
	const char *s;

	for (s = shorts; *s != '\0'; s += 2) {
		if (*s != (char)c)
			continue;
		text[1] = s[1];
		put(j, text, 2);
		return;
	}
	hex_put(text + 4, &c, 1);
	put(j, text, 6);
}

/* One character that does not stand for itself, or a byte that is none. */
static void
put_odd(struct json *j, struct span *text)
{
	size_t len = character_length(*text);
	char hex[5] = { '\\', '\\', 'x' };

	if (len > 1) {
		put(j, (const char *)text->at, len);
	} else if (len == 1) {
		put_escaped(j, text->at[0]);
	} else {
		len = 1;
		hex_put(hex + 3, text->at, 1);
		put(j, hex, sizeof hex);
	}
	span_skip(text, len);
}

/* Nothing in it needs an escape. */
static void
put_quoted(struct json *j, const void *bytes, size_t len)
{
	char *at;

	if (!room(j, len + 2))
		return;
	at = j->line + j->used;
	*at++ = '"';
	at = mempcpy(at, bytes, len);
	*at = '"';
	j->used += len + 2;
}

static void
put_string(struct json *j, struct span text)
{
	size_t plain = plain_length(text);

	if (plain == text.left) {
		put_quoted(j, text.at, plain);
		return;
	}
	put(j, "\"", 1);
	while (text.left > 0) {
		put(j, (const char *)text.at, plain);
		span_skip(&text, plain);
		if (text.left > 0)
			put_odd(j, &text);
		plain = plain_length(text);
	}
	put(j, "\"", 1);
}

void
json_span(struct json *j, unsigned in, const char *key, struct span text)
{
	if (text.at == NULL)
		return;
	begin(j, in, key);
	put_string(j, text);
}

void
json_text(struct json *j, unsigned in, const char *key, const char *text)
{
	begin(j, in, key);
	put_string(j, span_text(text));
}

void
json_text_if(struct json *j, unsigned in, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_text(j, in, key, text);
}

void
json_array_span(struct json *j, unsigned array, struct span text)
{
	begin(j, array, NULL);
	put_string(j, text);
}

/* ---- numbers ---- */

static void
put_digits(struct json *j, uint64_t n)
{
	char text[20], *at = text + sizeof text;

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	put(j, at, (size_t)(text + sizeof text - at));
}

void
json_number(struct json *j, unsigned in, const char *key, uint64_t n)
{
	begin(j, in, key);
	put_digits(j, n);
}

void
json_array_number(struct json *j, unsigned array, uint64_t n)
{
	json_number(j, array, NULL, n);
}

void
json_integer(struct json *j, unsigned in, const char *key, int n)
{
	begin(j, in, key);
	if (n < 0)
		put(j, "-", 1);
	put_digits(j, (uint64_t)llabs(n));
}

void
json_decimal(struct json *j, unsigned in, const char *key, double d)
{
	char text[DECIMAL_TEXT_MAX];

	begin(j, in, key);
	put(j, text, decimal_text(isfinite(d) && fabs(d) <= 1e15 ? d : 0, 3, text));
}

void
json_chance(struct json *j, unsigned in, const char *key, double p)
{
	char text[48];

	begin(j, in, key);
	snprintf(text, sizeof text, "%.3g", isfinite(p) ? fmin(fmax(p, 0), 1) : 1);
	put_text(j, text);
}

void
json_array_seconds(struct json *j, unsigned array, int64_t ns)
{
	int64_t ms = ns / (NS_PER_SEC / 1000);
	unsigned rest = (unsigned)(llabs(ms) % 1000);
	const char places[4] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };

	begin(j, array, NULL);
	if (ms < 0)
		put(j, "-", 1);
	put_digits(j, (uint64_t)llabs(ms) / 1000);
	put(j, places, sizeof places);
}

void
json_bool(struct json *j, unsigned in, const char *key, bool b)
{
	begin(j, in, key);
	put_text(j, b ? "true" : "false");
}

/* ---- addresses, times ---- */

void
json_addr(struct json *j, unsigned in, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX], *to = text;
	size_t i;

	if (addr_is_v4(a)) {
		json_addr_short(j, in, key, a);
		return;
	}
	for (i = 0; i < sizeof a->b; i += 2, to += 5) {
		hex_put(to, a->b + i, 2);
		to[4] = ':';
	}
	to[-1] = '\0';
	begin(j, in, key);
	put_quoted(j, text, strlen(text));
}

void
json_array_addr(struct json *j, unsigned array, const struct addr *a)
{
	json_addr(j, array, NULL, a);
}

void
json_addr_short(struct json *j, unsigned in, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	begin(j, in, key);
	addr_text(a, text);
	put_quoted(j, text, strlen(text));
}

void
json_array_addr_short(struct json *j, unsigned array, const struct addr *a)
{
	json_addr_short(j, array, NULL, a);
}

void
json_when(struct json *j, unsigned in, const char *key, int64_t ns)
{
	char text[WHEN_TEXT_MAX];

	if (ns == WHEN_UNKNOWN)
		return;
	begin(j, in, key);
	when_eve(ns, text);
	put_quoted(j, text, strlen(text));
}
