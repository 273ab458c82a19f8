#include "cli/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/when.h"
#include "config/catalogue.h"
#include "engine/refresh.h"
#include "fetch/store.h"

/* All that is told of one feed. */
struct line {
	const struct config_feed *feed;
	const struct feed_result *result;
	int64_t now, age;		/* seconds; age -1: never fetched, or no fetched one */
	bool fetched, old;
	struct store_state state;
	char held[STORE_WHY_MAX], server[320];
};

static void
fill(struct line *l, const struct config *c, unsigned i, const struct feed_result *result)
{
	char folder[CONFIG_TEXT_MAX + 16];

	memset(l, 0, sizeof *l);
	l->feed = &c->feeds[i];
	l->result = result;
	l->now = (int64_t)time(NULL);
	l->fetched = l->feed->fetch.url[0] != '\0';
	l->age = refresh_age_sec(l->feed, l->now * NS_PER_SEC);
	if (!l->fetched)
		return;
	snprintf(folder, sizeof folder, "%s/feeds", c->state_directory);
	store_read_state(folder, l->feed->name, &l->state);
	store_read_held(folder, l->feed->name, l->held);
	fetch_url_text(l->feed->fetch.url, l->server, sizeof l->server);
	l->old = l->age < 0 || l->age > refresh_age_limit_sec(l->feed);
}

static void
print(const struct line *l)
{
	const struct feed_summary *s = &l->result->summary;
	char buf[32];

	printf("%-20s ", l->feed->name);
	if (l->result->code < 0)
		printf("NOT READ: %s", l->result->fault.text);
	else if (l->result->absent)
		printf("not fetched yet");
	else
		printf("%u entries", s->loaded);
	feed_print_types(s->by_type);
	if (l->age >= 0)
		printf(", age %s%s", feed_span_text(l->age, buf), l->fetched && l->old ? ": TOO OLD" : "");
	if (l->fetched && l->state.due > l->now)
		printf(", next in %s", feed_span_text(l->state.due - l->now, buf));
	printf("\n");
	if (l->fetched)
		printf("%-20s from %s\n", "", l->server);
	if (l->feed->licence[0] != '\0')
		printf("%-20s licence: %s\n", "", l->feed->licence);
	if (l->state.fault[0] != '\0')
		printf("%-20s last fetch failed (%u in a row): %s\n", "", l->state.failures, l->state.fault);
	if (l->held[0] != '\0')
		printf("%-20s held back: %s\n", "", l->held);
}

static void
add_text(cJSON *o, const char *key, const char *text)
{
	if (text[0] != '\0')
		cJSON_AddStringToObject(o, key, text);
}

static void
add_time(cJSON *o, const char *key, int64_t sec)
{
	char buf[WHEN_TEXT_MAX];

	if (sec > 0)
		cJSON_AddStringToObject(o, key, when_rfc3339(sec * NS_PER_SEC, buf));
}

static void
print_json(const struct line *l)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "feed", l->feed->name);
	add_text(o, "server", l->server);
	add_text(o, "path", l->feed->path);
	add_text(o, "licence", l->feed->licence);
	add_text(o, "format", l->result->summary.format);
	cJSON_AddBoolToObject(o, "in_force", l->result->code == 0 && !l->result->absent);
	cJSON_AddNumberToObject(o, "entries", l->result->summary.loaded);
	cJSON_AddItemToObject(o, "by_type", feed_types_json(l->result->summary.by_type));
	cJSON_AddNumberToObject(o, "not_understood", l->result->summary.not_understood);
	if (l->age >= 0)
		cJSON_AddNumberToObject(o, "age_sec", (double)l->age);
	if (l->result->code < 0)
		add_text(o, "fault", l->result->fault.text);
	if (l->fetched) {
		cJSON_AddBoolToObject(o, "too_old", l->old);
		cJSON_AddNumberToObject(o, "failures", l->state.failures);
		add_time(o, "tried", l->state.tried);
		add_time(o, "next", l->state.due);
		add_text(o, "fetch_fault", l->state.fault);
		add_text(o, "held_back", l->held);
	}
	feed_print_json(o);
}

int
feed_list(const struct feed_request *q, const struct config *c)
{
	struct feed_result *results;
	struct indicators *set;
	struct line l;
	unsigned i;
	int status = 0;

	if (!feed_map(c, &results, &set))
		return 1;
	for (i = 0; i < c->feeds_count; i++) {
		fill(&l, c, i, &results[i]);
		(q->json ? print_json : print)(&l);
		if (results[i].code < 0)
			status = 1;
	}
	if (c->feeds_count == 0 && !q->json)
		printf("no feed is configured\n");
	indicators_unmap(set);
	free(results);
	return status;
}

/* ---- the catalogue ---- */

static void
print_entry(void *to, const struct catalogue_entry *e)
{
	const char *const *unused = to;

	(void)unused;
	printf("%-24s %-12s %s%s\n", e->name, e->roles, e->url, e->auth[0] == '\0' ? "" : "  (needs a key)");
	printf("%-24s licence: %s\n", "", e->licence);
	if (e->note[0] != '\0')
		printf("%-24s %s\n", "", e->note);
	if (strcmp(e->verified, "no") == 0)
		printf("%-24s not verified: look at the provider's page first\n", "");
}

static void
print_entry_json(void *to, const struct catalogue_entry *e)
{
	cJSON *o = cJSON_CreateObject();

	(void)to;
	add_text(o, "name", e->name);
	add_text(o, "url", e->url);
	add_text(o, "format", e->format);
	add_text(o, "licence", e->licence);
	add_text(o, "interval_sec", e->interval_sec);
	add_text(o, "roles", e->roles);
	add_text(o, "trust", e->trust);
	add_text(o, "auth", e->auth);
	add_text(o, "note", e->note);
	add_text(o, "verified", e->verified);
	feed_print_json(o);
}

int
feed_list_catalogue(const struct feed_request *q, const struct config *c)
{
	struct fault fault;

	if (catalogue_each(c->catalogue, q->json ? print_entry_json : print_entry, NULL, &fault) == 0)
		return 0;
	fprintf(stderr, "hansho: feed list: %s\n", fault.text);
	return 2;
}
