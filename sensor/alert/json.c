#include "alert/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/when.h"

bool
json_begin(struct json *j)
{
	j->failed = false;
	j->root = cJSON_CreateObject();
	return j->root != NULL;
}

char *
json_end(struct json *j)
{
	char *line = j->failed ? NULL : cJSON_PrintUnformatted(j->root);

	cJSON_Delete(j->root);
	j->root = NULL;
	return line;
}

/* Takes `item`. Keys are literals of ours: not copied. */
static cJSON *
put(struct json *j, cJSON *in, const char *key, cJSON *item)
{
	bool done = false;

	if (in != NULL && item != NULL)
		done = key == NULL ? cJSON_AddItemToArray(in, item) :
		    cJSON_AddItemToObjectCS(in, key, item);
	if (done)
		return item;
	cJSON_Delete(item);
	j->failed = true;
	return NULL;
}

cJSON *
json_object(struct json *j, cJSON *in, const char *key)
{
	return put(j, in, key, cJSON_CreateObject());
}

cJSON *
json_array(struct json *j, cJSON *in, const char *key)
{
	return put(j, in, key, cJSON_CreateArray());
}

cJSON *
json_array_object(struct json *j, cJSON *array)
{
	return put(j, array, NULL, cJSON_CreateObject());
}

/*
 * Length of the UTF-8 character at the front (RFC 3629, section 4), or 0. DEL
 * and C1 count as none: cJSON escapes C0 only, and terminals obey them too.
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

static cJSON *
clean_string(struct span text)
{
	enum { GROWTH = 4 };	/* one odd byte becomes \xNN */
	char *clean = malloc(text.left * GROWTH + 1), *to = clean;
	cJSON *item;
	size_t len;

	if (clean == NULL)
		return NULL;
	while (text.left > 0) {
		len = character_length(text);
		if (len > 0) {
			memcpy(to, text.at, len);
			to += len;
		} else {
			len = 1;
			*to++ = '\\';
			*to++ = 'x';
			hex_put(to, text.at, 1);
			to += 2;
		}
		span_skip(&text, len);
	}
	*to = '\0';
	item = cJSON_CreateString(clean);
	free(clean);
	return item;
}

void
json_span(struct json *j, cJSON *in, const char *key, struct span text)
{
	if (text.at != NULL)
		put(j, in, key, clean_string(text));
}

void
json_text(struct json *j, cJSON *in, const char *key, const char *text)
{
	put(j, in, key, clean_string(span_text(text)));
}

void
json_text_if(struct json *j, cJSON *in, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_text(j, in, key, text);
}

void
json_array_span(struct json *j, cJSON *array, struct span text)
{
	put(j, array, NULL, clean_string(text));
}

static cJSON *
digits(uint64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, n);
	return cJSON_CreateRaw(text);
}

void
json_number(struct json *j, cJSON *in, const char *key, uint64_t n)
{
	put(j, in, key, digits(n));
}

void
json_array_number(struct json *j, cJSON *array, uint64_t n)
{
	put(j, array, NULL, digits(n));
}

void
json_integer(struct json *j, cJSON *in, const char *key, int n)
{
	char text[16];

	snprintf(text, sizeof text, "%d", n);
	put(j, in, key, cJSON_CreateRaw(text));
}

void
json_decimal(struct json *j, cJSON *in, const char *key, double d)
{
	char text[48];

	if (!isfinite(d) || fabs(d) > 1e15)
		d = 0;
	snprintf(text, sizeof text, "%.3f", d);
	put(j, in, key, cJSON_CreateRaw(text));
}

void
json_chance(struct json *j, cJSON *in, const char *key, double p)
{
	char text[48];

	snprintf(text, sizeof text, "%.3g", isfinite(p) ? fmin(fmax(p, 0), 1) : 1);
	put(j, in, key, cJSON_CreateRaw(text));
}

void
json_array_seconds(struct json *j, cJSON *array, int64_t ns)
{
	long long ms = (long long)(ns / (NS_PER_SEC / 1000)), sec = llabs(ms) / 1000;
	char text[48];

	snprintf(text, sizeof text, "%s%lld.%03lld", ms < 0 ? "-" : "", sec, llabs(ms) % 1000);
	put(j, array, NULL, cJSON_CreateRaw(text));
}

void
json_bool(struct json *j, cJSON *in, const char *key, bool b)
{
	put(j, in, key, cJSON_CreateBool(b));
}

static cJSON *
addr_string(const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	size_t i, used = 0;

	if (addr_is_v4(a))
		return cJSON_CreateString(addr_text(a, text));
	for (i = 0; i < sizeof a->b; i += 2)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%02x%02x", i == 0 ? "" : ":",
		    a->b[i], a->b[i + 1]);
	return cJSON_CreateString(text);
}

void
json_addr(struct json *j, cJSON *in, const char *key, const struct addr *a)
{
	put(j, in, key, addr_string(a));
}

void
json_array_addr(struct json *j, cJSON *array, const struct addr *a)
{
	put(j, array, NULL, addr_string(a));
}

void
json_addr_short(struct json *j, cJSON *in, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	put(j, in, key, cJSON_CreateString(addr_text(a, text)));
}

void
json_array_addr_short(struct json *j, cJSON *array, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	put(j, array, NULL, cJSON_CreateString(addr_text(a, text)));
}

void
json_when(struct json *j, cJSON *in, const char *key, int64_t ns)
{
	char text[WHEN_TEXT_MAX];

	if (ns != WHEN_UNKNOWN)
		put(j, in, key, cJSON_CreateString(when_eve(ns, text)));
}
