#include "cli/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alert/ageing.h"
#include "base/when.h"
#include "cli/hunt.h"
#include "indicators/value.h"

enum { FOUND_MAX = 256 };

/* Entries that say something of one value, each once. */
struct finds {
	const struct indicators *set;
	uint32_t entry[FOUND_MAX];
	unsigned count;
	bool more;
};

static void
take(struct finds *f, uint32_t entry)
{
	unsigned i;

	for (i = 0; i < f->count; i++)
		if (f->entry[i] == entry)
			return;
	if (f->count == FOUND_MAX)
		f->more = true;
	else
		f->entry[f->count++] = entry;
}

static void
take_all(struct finds *f, const uint32_t *entries, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		take(f, entries[i]);
}

/* ---- as traffic is held against it ---- */

static void
find_address(struct finds *f, const struct value *v)
{
	uint32_t found[MATCHES_MAX];

	take_all(f, found, indicators_by_peer(f->set, &v->net.base, v->port, found, MATCHES_MAX));
	take_all(f, found, indicators_by_source(f->set, &v->net.base, found, MATCHES_MAX));
}

static void
find_domain(struct finds *f, struct span name)
{
	uint32_t found[MATCHES_MAX];

	take_all(f, found, indicators_by_domain(f->set, name, found, MATCHES_MAX));
}

static void
find_url(struct finds *f, const struct value *v)
{
	struct span path = span_of(v->text, v->len), host;
	uint32_t found[MATCHES_MAX];

	if (!span_until(&path, '/', &host))
		return;
	path = span_of(v->text + host.left, v->len - host.left);
	take_all(f, found, indicators_by_url(f->set, host, path, found, MATCHES_MAX));
	find_domain(f, host);
}

/* Hex digits may be of several types; text is compared as it is. */
static void
find_text(struct finds *f, struct span text)
{
	uint32_t found[MATCHES_MAX];
	unsigned t;

	for (t = INDICATOR_JA3; t < INDICATOR_TYPES; t++)
		take_all(f, found, indicators_by_text(f->set, (enum indicator_type)t, text, found, MATCHES_MAX));
}

static void
find_value(struct finds *f, const struct value *v)
{
	switch (v->type) {
	case INDICATOR_ADDRESS:
	case INDICATOR_ADDRESS_PORT:
		find_address(f, v);
		break;
	case INDICATOR_DOMAIN:
		find_domain(f, span_of(v->text, v->len));
		break;
	case INDICATOR_URL:
		find_url(f, v);
		break;
	default:
		find_text(f, span_of(v->text, v->len));
	}
}

/* ---- what no look-up of traffic needs: the address at any port, URLs on the host, names below ---- */

static bool
is_about(const char *entry, enum indicator_type type, const struct value *v)
{
	size_t len = strlen(entry);

	if (v->type == INDICATOR_DOMAIN && type == INDICATOR_DOMAIN)
		return len > v->len && entry[len - v->len - 1] == '.' && strcmp(entry + len - v->len, v->text) == 0;
	if (v->type != INDICATOR_DOMAIN && v->type != INDICATOR_ADDRESS)
		return v->type == type && strcmp(entry, v->text) == 0;
	if (type == INDICATOR_ADDRESS_PORT && entry[0] == '[')
		return strncmp(entry + 1, v->text, v->len) == 0 && entry[1 + v->len] == ']';
	if (type == INDICATOR_ADDRESS_PORT)
		return strncmp(entry, v->text, v->len) == 0 && entry[v->len] == ':';
	if (type == INDICATOR_URL)
		return strncmp(entry, v->text, v->len) == 0 && (entry[v->len] == '/' || entry[v->len] == ':');
	return false;
}

static void
find_around(struct finds *f, const struct value *v)
{
	uint32_t n, count = indicators_count(f->set);
	struct indicator i;

	for (n = 0; n < count && !f->more; n++) {
		indicators_get(f->set, n, &i);
		if (is_about(i.value, i.type, v))
			take(f, n);
	}
}

/* ---- telling ---- */

/* As an alert of now would judge it. */
static const char *
state_text(const struct config *c, const struct indicator *i)
{
	static const char *const words[] = {
		[INDICATOR_ACTIVE] = "active", [INDICATOR_FADING] = "fading", [INDICATOR_EXPIRED] = "expired",
	};
	struct ageing_feed feed = { i->feed, { 0, 0 } };
	const struct ageing rules = { &feed, 1 };
	struct observation_buffer match;
	unsigned n;

	for (n = 0; n < c->feeds_count; n++)
		if (strcmp(c->feeds[n].name, i->feed) == 0)
			feed.days = (struct ageing_days){ c->feeds[n].fade_days, c->feeds[n].expire_days };
	memset(&match.o, 0, sizeof match.o);
	match.o.kind = OBSERVE_MATCH;
	match.o.ts_ns = (int64_t)time(NULL) * NS_PER_SEC;
	match.o.indicator_type = (uint8_t)i->type;
	match.o.indicator_first_ns = i->first_seen_ns;
	match.o.indicator_last_ns = i->last_seen_ns;
	match.o.indicator_until_ns = i->valid_until_ns;
	observation_add(&match, TEXT_INDICATOR_FEED, span_text(i->feed), FETCH_NAME_MAX);
	observation_seal(&match);
	return words[ageing_look(&rules, &match.o).state];
}

static void
print_time(const char *what, int64_t ns)
{
	char buf[WHEN_TEXT_MAX];

	if (ns != WHEN_UNKNOWN)
		printf(", %s %.10s", what, when_rfc3339(ns, buf));
}

static void
print(const struct config *c, const char *word, const struct indicator *i)
{
	printf("%s: %s %s, %s: %s, feed %s line %u, confidence %u", word, indicator_type_text(i->type), i->value,
	    state_text(c, i), indicator_role_text(i->role), i->feed, i->line, i->confidence);
	print_time("first seen", i->first_seen_ns);
	print_time("last seen", i->last_seen_ns);
	print_time("valid until", i->valid_until_ns);
	printf("%s%s%s%s\n", i->malware[0] == '\0' ? "" : ", ", i->malware, i->reference[0] == '\0' ? "" : ", ",
	    i->reference);
}

static void
add_time(cJSON *o, const char *key, int64_t ns)
{
	char buf[WHEN_TEXT_MAX];

	if (ns != WHEN_UNKNOWN)
		cJSON_AddStringToObject(o, key, when_rfc3339(ns, buf));
}

static void
print_json(const struct config *c, const char *word, const struct indicator *i)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "value", word);
	cJSON_AddStringToObject(o, "type", indicator_type_text(i->type));
	cJSON_AddStringToObject(o, "indicator", i->value);
	cJSON_AddStringToObject(o, "state", state_text(c, i));
	cJSON_AddStringToObject(o, "role", indicator_role_text(i->role));
	cJSON_AddStringToObject(o, "feed", i->feed);
	cJSON_AddNumberToObject(o, "line", i->line);
	cJSON_AddNumberToObject(o, "confidence", i->confidence);
	add_time(o, "first_seen", i->first_seen_ns);
	add_time(o, "last_seen", i->last_seen_ns);
	add_time(o, "valid_until", i->valid_until_ns);
	cJSON_AddStringToObject(o, "malware", i->malware);
	cJSON_AddStringToObject(o, "reference", i->reference);
	feed_print_json(o);
}

static void
print_none(const struct feed_request *q, const char *word, const char *why)
{
	cJSON *o;

	if (!q->json) {
		printf("%s: %s\n", word, why);
		return;
	}
	o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "value", word);
	cJSON_AddStringToObject(o, "state", why);
	feed_print_json(o);
}

/* True: something is known of it. */
static bool
lookup(const struct feed_request *q, const struct config *c, const struct indicators *set, const char *word)
{
	struct finds f = { .set = set };
	struct indicator i;
	struct value v;
	const char *why, *called = word;
	unsigned n;

	if (value_read(span_text(word), VALUE_ANY, &v, &why)) {
		called = v.text;
		find_value(&f, &v);
		find_around(&f, &v);
	} else {
		find_text(&f, span_text(word));
	}
	for (n = 0; n < f.count; n++) {
		indicators_get(set, f.entry[n], &i);
		(q->json ? print_json : print)(c, word, &i);
	}
	if (f.count == 0)
		print_none(q, word, "not known");
	if (f.more)
		fprintf(stderr, "hansho: feed lookup: %s: only the first %d entries are shown\n", word, (int)FOUND_MAX);
	/* Who inside called it, known to a feed or not. */
	return (hunt_print_history(c, called, q->json) > 0) | (f.count > 0);
}

int
feed_lookup(const struct feed_request *q, const struct config *c)
{
	struct feed_result *results;
	struct indicators *set;
	bool known = false;
	int i;

	if (!feed_map(c, &results, &set))
		return 1;
	feeds_report(results, c->feeds_count);
	for (i = 0; i < q->words_count; i++)
		known = lookup(q, c, set, q->words[i]) || known;
	indicators_unmap(set);
	free(results);
	return known ? 0 : 1;
}
