/*
 * A TAXII 2.1 collection: what was added since the last time (added_after),
 * page by page, a bounded number each time, put together with what is there.
 * Of an object the latest version counts; a revoked one goes. Only indicators
 * are kept, one a line, so that the file can be read again without holding it
 * in memory as JSON.
 */
#include "fetch/private.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

enum { PAGES_A_RUN = 100, NEXT_MAX = 1024, ID_MAX = 160, WORDS_MAX = 64, OBJECT_MAX = 65536 };

struct object {
	char id[ID_MAX], modified[WORDS_MAX];
	char *text;
	size_t len;
	bool gone;
	UT_hash_handle hh;
};

struct collection {
	struct fetch_run *run;
	struct object *objects;
	uint64_t bytes;
	bool changed;
	char last[STORE_WORD_MAX];	/* when the latest of all that came was added */
};

static void
clear(struct collection *c)
{
	struct object *o, *next;

	HASH_ITER(hh, c->objects, o, next) {
		HASH_DEL(c->objects, o);
		free(o->text);
		free(o);
	}
}

static void
copy_text(const cJSON *from, const char *key, char *to, size_t size)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(from, key));

	to[0] = '\0';
	if (text != NULL && strlen(text) < size)
		memcpy(to, text, strlen(text) + 1);
}

static struct object *
find_or_add(struct collection *c, const char *id)
{
	struct object *o;

	HASH_FIND_STR(c->objects, id, o);
	if (o != NULL)
		return o;
	if ((o = calloc(1, sizeof *o)) == NULL)
		return NULL;
	memcpy(o->id, id, strlen(id) + 1);
	HASH_ADD_STR(c->objects, id, o);
	if (!element_not_added(o))
		return o;
	free(o);
	return NULL;
}

/* RFC 3339 times of one zone (Z, as STIX asks) compare as text. */
static int
take_object(struct collection *c, const cJSON *json)
{
	char id[ID_MAX], modified[WORDS_MAX], type[32];
	uint64_t most = (uint64_t)c->run->feed->options->max_mib << 20;
	struct object *o;
	char *text;

	copy_text(json, "type", type, sizeof type);
	copy_text(json, "id", id, sizeof id);
	copy_text(json, "modified", modified, sizeof modified);
	if (strcmp(type, "indicator") != 0 || id[0] == '\0')
		return 0;
	if ((o = find_or_add(c, id)) == NULL || (text = cJSON_PrintUnformatted(json)) == NULL)
		return fault_set(c->run->fault, SE_NOMEM, "no memory for the collection");
	if ((o->text != NULL && strcmp(modified, o->modified) < 0) || strlen(text) >= OBJECT_MAX) {
		free(text);
		return 0;
	}
	c->changed = c->changed || o->text == NULL || strcmp(text, o->text) != 0;
	c->bytes -= o->len;
	free(o->text);
	o->text = text;
	o->len = strlen(text);
	c->bytes += o->len;
	memcpy(o->modified, modified, sizeof modified);
	o->gone = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "revoked"));
	return c->bytes <= most ? 0 : fault_set(c->run->fault, SE_LIMIT, "more bytes than max_mib allows");
}

/* What we wrote ourselves: one object a line. */
static int
read_old(struct collection *c)
{
	char path[STORE_PATH_MAX], *line = NULL;
	size_t room = 0;
	FILE *in;
	cJSON *json;
	ssize_t len;
	int r = 0;

	if (!store_path(path, c->run->folder, c->run->feed->name, NULL) || (in = fopen(path, "re")) == NULL)
		return 0;
	while (r == 0 && (len = getline(&line, &room, in)) > 0) {
		json = strncmp(line, "{\"type\":\"bundle\"", 16) == 0 ? NULL : cJSON_ParseWithOpts(line, NULL, 0);
		if (json != NULL)
			r = take_object(c, json);
		cJSON_Delete(json);
	}
	free(line);
	fclose(in);
	c->changed = false;
	return r;
}

static bool
page_url(const struct collection *c, const char *next, char *url, size_t size)
{
	const char *base = c->run->feed->options->url, *after = c->run->meta.added_after;
	const char *mark = strchr(base, '?') == NULL ? "?" : "&";
	char *x = curl_easy_escape(NULL, after, 0), *y = curl_easy_escape(NULL, next, 0);
	int len = -1;

	if (x != NULL && y != NULL)
		len = snprintf(url, size, "%s%s%s%s%s%s", base, after[0] == '\0' && next[0] == '\0' ? "" : mark,
		    after[0] == '\0' ? "" : "added_after=", x,
		    next[0] == '\0' ? "" : after[0] == '\0' ? "next=" : "&next=", y);
	curl_free(x);
	curl_free(y);
	return len > 0 && (size_t)len < size;
}

/* An envelope; one without objects is `{}` (TAXII 2.1, 3.7). */
static int
take_page(struct collection *c, const char *bytes, size_t len, bool *more, char next[NEXT_MAX])
{
	cJSON *page = cJSON_ParseWithLength(bytes, len);
	const cJSON *objects = cJSON_GetObjectItemCaseSensitive(page, "objects"), *object;
	int r = 0;

	*more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(page, "more"));
	copy_text(page, "next", next, NEXT_MAX);
	if (!cJSON_IsObject(page) || (objects != NULL && !cJSON_IsArray(objects)))
		r = fault_set(c->run->fault, SE_FORMAT, "no TAXII 2.1 envelope: expected {\"objects\":[...]}");
	if (r < 0)
		objects = NULL;
	cJSON_ArrayForEach(object, objects)
		if ((r = take_object(c, object)) < 0)
			break;
	cJSON_Delete(page);
	return r;
}

static int
fetch_page(struct collection *c, bool *more, char next[NEXT_MAX])
{
	char url[3 * (FETCH_TEXT_MAX + NEXT_MAX + STORE_WORD_MAX)];
	struct transfer_request q;
	struct transfer_answer a;
	char *bytes = NULL;
	size_t len;
	int r;

	if (!page_url(c, next, url, sizeof url))
		return fault_set(c->run->fault, SE_LIMIT, "the URL of a page is too long");
	q = fetch_request(c->run, url);
	q.accept = "Accept: application/taxii+json;version=2.1";
	if ((r = fetch_get_bytes(c->run, &q, &bytes, &len, &a)) < 0)
		return r;
	r = take_page(c, bytes, len, more, next);
	free(bytes);
	if (r < 0)
		return r;
	if (a.date_added_last[0] != '\0')
		memcpy(c->last, a.date_added_last, sizeof c->last);
	if (!*more || next[0] != '\0')
		return 0;
	/* More, and no `next`: on from there. Objects come in the order in which they were added (5.4). */
	if (c->last[0] == '\0' || strcmp(c->last, c->run->meta.added_after) == 0)
		return fault_set(c->run->fault, SE_PEER, "says that there is more, and not where");
	memcpy(c->run->meta.added_after, c->last, sizeof c->last);
	return 0;
}

static int
fetch_pages(struct collection *c)
{
	char next[NEXT_MAX] = "";
	bool more = true;
	unsigned pages;
	int r;

	for (pages = 0; more && pages < PAGES_A_RUN; pages++)
		if ((r = fetch_page(c, &more, next)) < 0)
			return r;
	if (more && c->last[0] == '\0')
		return fault_set(c->run->fault, SE_LIMIT, "more than %d pages, and none says where it ends", (int)PAGES_A_RUN);
	c->run->result->more = more;
	if (c->last[0] != '\0')
		memcpy(c->run->meta.added_after, c->last, sizeof c->last);
	return 0;
}

static int
oldest_first(const struct object *a, const struct object *b)
{
	int d = strcmp(a->modified, b->modified);

	return d != 0 ? d : strcmp(a->id, b->id);
}

static void
put_bundle(struct collection *c, FILE *part)
{
	const struct object *o;
	bool first = true;

	fputs("{\"type\":\"bundle\",\"objects\":[", part);
	HASH_SORT(c->objects, oldest_first);
	for (o = c->objects; o != NULL; o = o->hh.next) {
		if (o->gone)
			continue;
		fprintf(part, "%s%s", first ? "\n" : ",\n", o->text);
		first = false;
	}
	fputs("\n]}\n", part);
}

static int
write_bundle(struct collection *c)
{
	FILE *part = store_begin(c->run->folder, c->run->feed->name, c->run->fault);

	if (part == NULL)
		return SE_SYSTEM;
	put_bundle(c, part);
	if (!ferror(part))
		return fetch_settle(c->run, part);
	store_drop_part(c->run->folder, c->run->feed->name, part);
	return fault_set(c->run->fault, SE_SYSTEM, "cannot be written to the state directory");
}

int
fetch_taxii(struct fetch_run *run)
{
	struct collection c = { .run = run };
	int r = 0;

	if (run->in_force) {
		memcpy(run->meta.added_after, run->before.added_after, sizeof run->meta.added_after);
		r = read_old(&c);
	}
	if (r == 0)
		r = fetch_pages(&c);
	if (r == 0)
		r = run->in_force && !c.changed ? fetch_is_same(run) : write_bundle(&c);
	clear(&c);
	return r;
}

int
taxii_merge(struct span pages, uint64_t most, FILE *bundle, struct fault *fault)
{
	struct fetch_options options = { .max_mib = (uint32_t)(most >> 20) };
	struct fetch_feed feed = { "", "", &options };
	struct fetch_run run = { .feed = &feed, .fault = fault };
	struct collection c = { .run = &run };
	struct span page;
	char next[NEXT_MAX];
	bool more;
	int r = 0;

	while (r == 0 && pages.left > 0) {
		if (!span_until(&pages, '\n', &page)) {
			page = pages;
			pages.left = 0;
		}
		r = take_page(&c, (const char *)page.at, page.left, &more, next);
	}
	if (r == 0)
		put_bundle(&c, bundle);
	clear(&c);
	return r;
}
