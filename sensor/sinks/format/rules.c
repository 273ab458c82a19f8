#include "sinks/format/rules.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sentence.h"
#include "base/when.h"

enum { PATH_MOST = 96, LONGEST_COPY = 512 };

/* ---- reading ---- */

const cJSON *
rules_find(const cJSON *eve, const char *path)
{
	char key[PATH_MOST];
	size_t len;

	while (eve != NULL && *path != '\0') {
		len = strcspn(path, ".");
		if (len >= sizeof key)
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		eve = cJSON_GetObjectItemCaseSensitive(eve, key);
		path += len + (path[len] == '.');
	}
	return eve;
}

static const char *
digits(double n, char room[RULES_TEXT_ROOM])
{
	if (n == floor(n) && fabs(n) < 9007199254740992.0)
		snprintf(room, RULES_TEXT_ROOM, "%" PRId64, (int64_t)n);
	else
		snprintf(room, RULES_TEXT_ROOM, "%.6g", n);
	return room;
}

static const char *
text_of(const cJSON *item, char room[RULES_TEXT_ROOM])
{
	if (cJSON_IsString(item))
		return item->valuestring;
	return cJSON_IsNumber(item) ? digits(item->valuedouble, room) : NULL;
}

const char *
rules_text(const cJSON *eve, const char *path, char room[RULES_TEXT_ROOM])
{
	return text_of(rules_find(eve, path), room);
}

const char *
rules_word(const struct word *words, const char *text)
{
	const struct word *w = words;

	while (w->from != NULL && strcmp(w->from, text) != 0)
		w++;
	return w->to;
}

bool
rules_millis(const char *text, int64_t *ms)
{
	size_t len = strlen(text);
	int64_t ns;

	/* Every EVE time is UTC and ends so. */
	if (len <= 5 || memcmp(text + len - 5, "+0000", 5) != 0 || !when_parse(text, len - 5, 0, &ns))
		return false;
	*ms = ns / 1000000;
	return true;
}

bool
rules_host_called(const cJSON *eve)
{
	char a[RULES_TEXT_ROOM], b[RULES_TEXT_ROOM];
	const char *host = rules_text(eve, "hansho.host", a), *called = rules_text(eve, "dest_ip", b);

	return host != NULL && called != NULL && strcmp(host, called) == 0;
}

/* ---- writing ---- */

/* The object under `key` of `in`, made when it is missing; "key[]": the only element of that list. */
static cJSON *
enter(cJSON *in, char *key)
{
	size_t len = strlen(key);
	bool list = len > 2 && strcmp(key + len - 2, "[]") == 0;
	cJSON *at;

	if (list)
		key[len - 2] = '\0';
	at = cJSON_GetObjectItemCaseSensitive(in, key);
	if (at == NULL)
		at = list ? cJSON_AddArrayToObject(in, key) : cJSON_AddObjectToObject(in, key);
	if (!list || at == NULL)
		return at;
	if (cJSON_GetArraySize(at) == 0 && !cJSON_AddItemToArray(at, cJSON_CreateObject()))
		return NULL;
	return cJSON_GetArrayItem(at, 0);
}

bool
rules_put(cJSON *to, const char *path, cJSON *value)
{
	char key[PATH_MOST];
	size_t len;

	for (;;) {
		len = strcspn(path, ".");
		if (len >= sizeof key)
			break;
		memcpy(key, path, len);
		key[len] = '\0';
		if (path[len] == '\0') {
			if (cJSON_GetObjectItemCaseSensitive(to, key) != NULL) {
				cJSON_Delete(value);	/* the first one wins */
				return true;
			}
			return value != NULL && cJSON_AddItemToObject(to, key, value);
		}
		if ((to = enter(to, key)) == NULL)
			break;
		path += len + 1;
	}
	cJSON_Delete(value);
	return false;
}

static cJSON *
list_of(const char *text)
{
	cJSON *list = cJSON_CreateArray(), *one = cJSON_CreateString(text);

	if (list != NULL && one != NULL && cJSON_AddItemToArray(list, one))
		return list;
	cJSON_Delete(one);
	cJSON_Delete(list);
	return NULL;
}

/* "network,web" */
static cJSON *
split(const char *text)
{
	cJSON *list = cJSON_CreateArray(), *one;
	char word[PATH_MOST];
	size_t len;

	for (; list != NULL && *text != '\0'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		snprintf(word, sizeof word, "%.*s", (int)len, text);
		if ((one = cJSON_CreateString(word)) == NULL || !cJSON_AddItemToArray(list, one)) {
			cJSON_Delete(list);
			return NULL;
		}
	}
	return list;
}

static cJSON *
whole_number(int64_t n)
{
	char text[RULES_TEXT_ROOM];

	snprintf(text, sizeof text, "%" PRId64, n);
	return cJSON_CreateRaw(text);	/* as a double cJSON may print 1e+15 */
}

/* A colon becomes another character, or none. */
static cJSON *
changed(const char *text, int (*change)(int), const char *colon)
{
	size_t len = strlen(text), most = sentence_whole(text, len, LONGEST_COPY - 1), n = 0;
	const char *end = text + most;
	char copy[LONGEST_COPY];

	for (; text < end; text++) {
		char c = *text == ':' ? *colon : (char)change((unsigned char)*text);

		if (c != '\0')
			copy[n++] = c;
	}
	copy[n] = '\0';
	return cJSON_CreateString(copy);
}

static cJSON *
time_text(const char *text)
{
	char when[WHEN_TEXT_MAX];
	int64_t ms;

	if (!rules_millis(text, &ms))
		return NULL;
	when_rfc3339(ms * 1000000, when);
	memcpy(when + 23, "Z", 2);		/* to the millisecond */
	return cJSON_CreateString(when);
}

static cJSON *
number_of_text(const char *text)
{
	char *end;
	double d = strtod(text, &end);

	if (end == text || *end != '\0')
		return NULL;
	return d == floor(d) && fabs(d) < 9007199254740992.0 ? whole_number((int64_t)d) : cJSON_CreateNumber(d);
}

static cJSON *
technique(const char *text, bool sub)
{
	char base[16];

	if (sub)
		return strchr(text, '.') != NULL ? list_of(text) : NULL;
	snprintf(base, sizeof base, "%.*s", (int)strcspn(text, "."), text);
	return list_of(base);
}

static cJSON *
value_of_text(const struct rule *r, const char *text)
{
	int64_t ms;

	switch (r->how) {
	case RULE_LIST:
		return list_of(text);
	case RULE_NUMBER:
	case RULE_WORD_NUMBER:
		return number_of_text(text);
	case RULE_TIME:
		return time_text(text);
	case RULE_MILLIS:
		return rules_millis(text, &ms) ? whole_number(ms) : NULL;
	case RULE_LOWER:
		return changed(text, tolower, ":");
	case RULE_HEX:
		return changed(text, toupper, "");
	case RULE_MAC:
		return changed(text, toupper, "-");
	case RULE_TECHNIQUE:
	case RULE_SUBTECHNIQUE:
		return technique(text, r->how == RULE_SUBTECHNIQUE);
	case RULE_WORDS:
		return split(text);
	default:
		return cJSON_CreateString(text);
	}
}

/* NULL also where there is nothing to write. */
static cJSON *
value_of(const struct rule *r, const cJSON *eve)
{
	const cJSON *item = r->from == NULL ? NULL : rules_find(eve, r->from);
	char room[RULES_TEXT_ROOM];
	const char *text = "";

	if (r->how == RULE_COPY)
		return item == NULL ? NULL : cJSON_Duplicate(item, 1);
	if (r->how == RULE_FIRST)
		item = cJSON_GetArrayItem(item, 0);
	if (r->from != NULL && (text = text_of(item, room)) == NULL)
		return NULL;
	if (r->words != NULL && (text = rules_word(r->words, text)) == NULL)
		return NULL;
	return value_of_text(r, text);
}

/* "{peer}.ip" → "destination.ip", "evidences[].{PEER}_endpoint.ip" → "evidences[].dst_endpoint.ip" */
static const char *
resolve(const char *path, bool host_called, char buf[PATH_MOST])
{
	static const char *const ends[2][2] = { { "source", "destination" }, { "src", "dst" } };
	const char *open = strchr(path, '{'), *close = strchr(path, '}');
	bool called, brief;

	if (open == NULL || close == NULL)
		return path;
	called = (tolower((unsigned char)open[1]) == 'h') == host_called;
	brief = isupper((unsigned char)open[1]) != 0;
	snprintf(buf, PATH_MOST, "%.*s%s%s", (int)(open - path), path, ends[brief][called], close + 1);
	return buf;
}

cJSON *
rules_apply(const struct rule *rules, size_t count, const cJSON *eve)
{
	bool host_called = rules_host_called(eve);
	cJSON *out = cJSON_CreateObject(), *value;
	char path[PATH_MOST];
	size_t i;

	for (i = 0; i < count && out != NULL; i++) {
		if (rules[i].when != NULL && rules_find(eve, rules[i].when) == NULL)
			continue;
		if ((value = value_of(&rules[i], eve)) == NULL)
			continue;
		if (!rules_put(out, resolve(rules[i].to, host_called, path), value)) {
			cJSON_Delete(out);
			return NULL;
		}
	}
	return out;
}

bool
rules_put_id(cJSON *to, const char *path, const cJSON *eve)
{
	char a[RULES_TEXT_ROOM], b[RULES_TEXT_ROOM], both[96];
	const char *id = rules_text(eve, "hansho.id", a), *revision = rules_text(eve, "hansho.revision", b);

	if (id == NULL || revision == NULL)
		return true;
	snprintf(both, sizeof both, "%s-%s", id, revision);
	return rules_put(to, path, cJSON_CreateString(both));
}
