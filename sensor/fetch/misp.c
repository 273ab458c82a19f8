/*
 * A MISP feed: its manifest, then the events that are new or have changed, a
 * bounded number each time, newest first. Each event is kept in a file of its
 * own whose time is the event's; all of them together, in one JSON array, are
 * the feed's file. An event that is not in the manifest any more goes.
 */
#include "fetch/private.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS_A_RUN = 200, FAILURES_MOST = 3 };

struct gathering {
	struct fetch_run *run;
	char folder[STORE_PATH_MAX];	/* of the events */
	struct misp_event *events;
	unsigned count, fetched, failed;
};

/* ---- the manifest ---- */

static bool
is_uuid(const char *text)
{
	size_t i;

	for (i = 0; i < EVENT_ID_BYTES; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : text[i] == '\0' || strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	}
	return text[i] == '\0';
}

static int
newest_first(const void *a, const void *b)
{
	const struct misp_event *x = a, *y = b;

	if (x->changed != y->changed)
		return x->changed > y->changed ? -1 : 1;
	return strcmp(x->id, y->id);
}

/* A number, or a text that is one. */
static int64_t
timestamp(const cJSON *entry)
{
	const cJSON *t = cJSON_GetObjectItemCaseSensitive(entry, "timestamp");
	const char *text = cJSON_GetStringValue(t);

	if (text != NULL && strlen(text) <= 11)
		return strtoll(text, NULL, 10);
	return cJSON_IsNumber(t) && t->valuedouble >= 0 && t->valuedouble < 1e11 ? (int64_t)t->valuedouble : 0;
}

static unsigned
take_entries(const cJSON *manifest, struct misp_event *events, unsigned most)
{
	const cJSON *entry;
	unsigned count = 0, i;

	cJSON_ArrayForEach(entry, manifest) {
		if (count == most)
			break;
		if (!is_uuid(entry->string) || !cJSON_IsObject(entry))
			continue;
		for (i = 0; i <= EVENT_ID_BYTES; i++)
			events[count].id[i] = (char)(entry->string[i] >= 'A' && entry->string[i] <= 'F' ?
			    entry->string[i] + 32 : entry->string[i]);
		events[count++].changed = timestamp(entry);
	}
	return count;
}

int
misp_manifest_read(const char *bytes, size_t len, struct misp_event **out, unsigned *count, struct fault *fault)
{
	cJSON *manifest = cJSON_ParseWithLength(bytes, len);
	int entries = cJSON_IsObject(manifest) ? cJSON_GetArraySize(manifest) : 0;
	int r = 0;

	*out = NULL;
	*count = 0;
	if (!cJSON_IsObject(manifest))
		r = fault_set(fault, SE_FORMAT, "the manifest is no JSON object: expected {\"UUID\":{\"timestamp\":...},...}");
	else if (entries > EVENTS_MOST)
		r = fault_set(fault, SE_LIMIT, "the manifest has %d events: expected at most %d", entries, (int)EVENTS_MOST);
	else if ((*out = calloc((size_t)entries + 1, sizeof **out)) == NULL)
		r = fault_set(fault, SE_NOMEM, "no memory for the manifest");
	if (r == 0) {
		*count = take_entries(manifest, *out, (unsigned)entries);
		qsort(*out, *count, sizeof **out, newest_first);
		if (*count == 0 && entries > 0)
			r = fault_set(fault, SE_FORMAT, "the manifest names no event: expected UUIDs");
	}
	cJSON_Delete(manifest);
	if (r < 0) {
		free(*out);
		*out = NULL;
		*count = 0;
	}
	return r;
}

/* ---- events ---- */

static bool
event_path(const struct gathering *g, const struct misp_event *e, const char *ending, char path[STORE_PATH_MAX])
{
	int len = snprintf(path, STORE_PATH_MAX, "%s/%s.%s", g->folder, e->id, ending);

	return len > 0 && len < STORE_PATH_MAX;
}

static bool
is_current(const struct gathering *g, const struct misp_event *e)
{
	char path[STORE_PATH_MAX];
	struct stat st;

	return event_path(g, e, "json", path) && stat(path, &st) == 0 && st.st_mtim.tv_sec == e->changed;
}

/* Where the manifest lies, with its query, which may hold a token. */
static bool
event_url(const struct gathering *g, const struct misp_event *e, char url[FETCH_TEXT_MAX + 64])
{
	const char *manifest = g->run->feed->options->url;
	size_t path = strcspn(manifest, "?#");
	int folder = (int)(path - strlen("manifest.json"));
	int len = snprintf(url, FETCH_TEXT_MAX + 64, "%.*s%s.json%s", folder, manifest, e->id, manifest + path);

	return len > 0 && len < FETCH_TEXT_MAX + 64;
}

static int
write_event(const struct gathering *g, const struct misp_event *e, const char *bytes, size_t len)
{
	const struct timespec times[2] = { { .tv_sec = e->changed }, { .tv_sec = e->changed } };
	char beside[STORE_PATH_MAX], path[STORE_PATH_MAX];
	FILE *out;
	bool well;

	if (!event_path(g, e, "part", beside) || !event_path(g, e, "json", path) ||
	    (out = fopen(beside, "we")) == NULL)
		return SE_SYSTEM;
	well = fwrite(bytes, 1, len, out) == len && fflush(out) == 0 && futimens(fileno(out), times) == 0;
	if (fclose(out) == 0 && well && rename(beside, path) == 0)
		return 0;
	unlink(beside);
	return SE_SYSTEM;
}

/* Only what is JSON goes into the array: one damaged event must not break the others. */
static int
fetch_event(struct gathering *g, const struct misp_event *e)
{
	char url[FETCH_TEXT_MAX + 64];
	struct transfer_request q;
	struct transfer_answer a;
	char *bytes = NULL;
	size_t len;
	cJSON *event;
	int r;

	if (!event_url(g, e, url))
		return fault_set(g->run->fault, SE_LIMIT, "the URL of an event is too long");
	q = fetch_request(g->run, url);
	if ((r = fetch_get_bytes(g->run, &q, &bytes, &len, &a)) < 0)
		return r;
	event = cJSON_ParseWithLength(bytes, len);
	if (!cJSON_IsObject(event))
		r = fault_set(g->run->fault, SE_FORMAT, "event %s is no JSON object", e->id);
	else if (write_event(g, e, bytes, len) < 0)
		r = fault_set(g->run->fault, SE_SYSTEM, "event %s: cannot be written to %s: %s", e->id, g->folder,
		    strerror(errno));
	cJSON_Delete(event);
	free(bytes);
	return r;
}

static int
fetch_events(struct gathering *g)
{
	unsigned i;
	int r;

	for (i = 0; i < g->count; i++) {
		if (is_current(g, &g->events[i]))
			continue;
		if (g->fetched == EVENTS_A_RUN) {
			g->run->result->more = true;
			return 0;
		}
		r = fetch_event(g, &g->events[i]);
		if (r == SE_STOPPED || (r < 0 && ++g->failed > FAILURES_MOST))
			return r;
		g->fetched += r == 0;
	}
	return 0;
}

/* ---- the file ---- */

static uint64_t
append_event(const struct gathering *g, const struct misp_event *e, uint64_t room, bool first, FILE *to)
{
	char path[STORE_PATH_MAX], buf[16384];
	struct stat st;
	uint64_t all = 0;
	size_t n;
	FILE *in;

	if (!event_path(g, e, "json", path) || (in = fopen(path, "re")) == NULL)
		return 0;
	if (fstat(fileno(in), &st) == 0 && (uint64_t)st.st_size + 2 <= room) {
		fputs(first ? "\n" : ",\n", to);
		while ((n = fread(buf, 1, sizeof buf, in)) > 0 && fwrite(buf, 1, n, to) == n)
			all += n;
	}
	fclose(in);
	return all;
}

static int
join_events(const struct gathering *g)
{
	uint64_t room = (uint64_t)g->run->feed->options->max_mib << 20, used = 0, n;
	FILE *part = store_begin(g->run->folder, g->run->feed->name, g->run->fault);
	unsigned i;

	if (part == NULL)
		return SE_SYSTEM;
	fputc('[', part);
	/* Newest first: what finds no room is old. */
	for (i = 0; i < g->count; i++) {
		n = append_event(g, &g->events[i], room - used, used == 0, part);
		used += n == 0 ? 0 : n + 2;
	}
	fputs("\n]\n", part);
	if (!ferror(part))
		return fetch_settle(g->run, part);
	store_drop_part(g->run->folder, g->run->feed->name, part);
	return fault_set(g->run->fault, SE_SYSTEM, "cannot be written to the state directory");
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct misp_event *)a)->id, ((const struct misp_event *)b)->id);
}

static void
forget_gone(struct gathering *g)
{
	DIR *d = opendir(g->folder);
	struct misp_event key;
	struct dirent *entry;
	int folder;

	if (d == NULL)
		return;
	folder = dirfd(d);
	qsort(g->events, g->count, sizeof *g->events, by_id);
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(key.id, sizeof key.id, "%.36s", entry->d_name);
		if (strcmp(entry->d_name + strlen(key.id), ".json") != 0 ||
		    bsearch(&key, g->events, g->count, sizeof key, by_id) == NULL)
			unlinkat(folder, entry->d_name, 0);
	}
	closedir(d);
}

static int
gather(struct gathering *g)
{
	int r;

	if (mkdir(g->folder, 0755) < 0 && errno != EEXIST)
		return fault_set(g->run->fault, SE_SYSTEM, "%s: cannot make this folder: %s", g->folder, strerror(errno));
	if ((r = fetch_events(g)) < 0)
		return r;
	/* What could not be had this time is asked for again: without the manifest's ETag. */
	if (g->failed > 0 || g->run->result->more)
		g->run->meta.etag[0] = g->run->meta.last_modified[0] = '\0';
	r = join_events(g);
	forget_gone(g);
	return r;
}

int
fetch_misp(struct fetch_run *run)
{
	struct transfer_request q = fetch_request_if_changed(run, run->feed->options->url);
	struct gathering g = { .run = run };
	struct transfer_answer a;
	char *bytes = NULL;
	size_t len;
	int r;

	if (!store_path(g.folder, run->folder, run->feed->name, "events"))
		return fault_set(run->fault, SE_LIMIT, "state_directory is too long");
	if ((r = fetch_get_bytes(run, &q, &bytes, &len, &a)) < 0)
		return r;
	if (a.status == 304) {
		free(bytes);
		run->meta = run->before;
		return fetch_is_same(run);
	}
	memcpy(run->meta.etag, a.etag, sizeof run->meta.etag);
	memcpy(run->meta.last_modified, a.last_modified, sizeof run->meta.last_modified);
	r = misp_manifest_read(bytes, len, &g.events, &g.count, run->fault);
	free(bytes);
	if (r == 0)
		r = gather(&g);
	free(g.events);
	return r;
}
