#include "fetch/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "fetch/schedule.h"

enum { HEADER_LINE_MAX = 4096, SECRET_FILE_MAX = 1 << 20 };

bool
fetch_name_well(const char *name)
{
	return name[0] != '\0' && name[0] != '-' && strlen(name) < FETCH_NAME_MAX &&
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0';
}

/* ---- what lies in files ---- */

static int
read_secret(const char *feed, const char *what, const char *path, char **out, struct fault *fault)
{
	FILE *in = fopen(path, "re");
	char *bytes = NULL;
	size_t len = 0;
	int r = 0;

	if (in == NULL)
		return fault_set(fault, SE_SYSTEM, "feed %s: %s: %s: %s", feed, what, path, strerror(errno));
	if ((bytes = malloc(SECRET_FILE_MAX + 1)) == NULL)
		r = fault_set(fault, SE_NOMEM, "feed %s: %s: no memory", feed, what);
	else if ((len = fread(bytes, 1, SECRET_FILE_MAX + 1, in)) > SECRET_FILE_MAX || ferror(in))
		r = fault_set(fault, SE_FORMAT, "feed %s: %s: %s: expected a file of at most 1 MiB", feed, what, path);
	fclose(in);
	if (r < 0) {
		free(bytes);
		return r;
	}
	bytes[len] = '\0';
	*out = bytes;
	return 0;
}

bool
fetch_header_line(struct span text, char *line, size_t size)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct span rest = text, s;
	size_t i, name = 0;

	if (!span_until(&rest, '\n', &s))
		s = text;
	s = span_trim(s);
	if (s.left >= size)
		return false;
	for (i = 0; i < s.left; i++)
		if (s.at[i] < 0x20 || s.at[i] > 0x7e)
			return false;
	while (name < s.left && strchr(token, s.at[name]) != NULL)
		name++;
	/* libcurl takes "Name:" without a value for "leave this header out". */
	if (name == 0 || name + 1 >= s.left || s.at[name] != ':')
		return false;
	memcpy(line, s.at, s.left);
	line[s.left] = '\0';
	return true;
}

static int
read_auth_header(const struct fetch_feed *feed, struct fetch_secrets *s, struct fault *fault)
{
	char line[HEADER_LINE_MAX], *bytes = NULL;
	int r = read_secret(feed->name, "auth_header_file", feed->options->auth_header_file, &bytes, fault);

	if (r < 0)
		return r;
	if (!fetch_header_line(span_text(bytes), line, sizeof line))
		r = fault_set(fault, SE_FORMAT, "feed %s: auth_header_file: %s: expected one line such as \"Auth-Key: ...\"",
		    feed->name, feed->options->auth_header_file);
	else if ((s->auth_header = strdup(line)) == NULL)
		r = fault_set(fault, SE_NOMEM, "feed %s: no memory", feed->name);
	explicit_bzero(bytes, strlen(bytes));
	explicit_bzero(line, sizeof line);
	free(bytes);
	return r;
}

int
fetch_secrets_read(const struct fetch_feed *feed, struct fetch_secrets **out, struct fault *fault)
{
	const struct fetch_options *o = feed->options;
	struct fetch_secrets *s = calloc(1, sizeof *s);
	int r = 0;

	*out = NULL;
	if (s == NULL)
		return fault_set(fault, SE_NOMEM, "feed %s: no memory", feed->name);
	if (o->auth_header_file[0] != '\0')
		r = read_auth_header(feed, s, fault);
	if (r == 0 && o->ca_file[0] != '\0')
		r = read_secret(feed->name, "ca_file", o->ca_file, &s->certificates, fault);
	if (r == 0)
		*out = s;
	else
		fetch_secrets_free(s);
	return r;
}

void
fetch_secrets_free(struct fetch_secrets *s)
{
	if (s == NULL)
		return;
	if (s->auth_header != NULL)
		explicit_bzero(s->auth_header, strlen(s->auth_header));
	free(s->auth_header);
	free(s->certificates);
	free(s);
}

/* ---- requests of a run ---- */

struct transfer_request
fetch_request(const struct fetch_run *run, const char *url)
{
	const struct fetch_options *o = run->feed->options;

	return (struct transfer_request){ .url = url, .proxy = o->proxy, .etag = "", .last_modified = "",
	    .auth_header = run->secrets == NULL ? NULL : run->secrets->auth_header,
	    .certificates = run->secrets == NULL ? NULL : run->secrets->certificates,
	    .most_bytes = (uint64_t)o->max_mib << 20, .timeout_sec = o->timeout_sec,
	    .cancelled = run->cancelled };
}

struct transfer_request
fetch_request_if_changed(const struct fetch_run *run, const char *url)
{
	struct transfer_request q = fetch_request(run, url);

	if (run->in_force) {
		q.etag = run->before.etag;
		q.last_modified = run->before.last_modified;
	}
	return q;
}

int
fetch_get(struct fetch_run *run, const struct transfer_request *q, FILE *to, struct transfer_answer *a)
{
	int r = transfer_get(q, to, a, run->fault);

	run->result->bytes += a->bytes;
	if (a->retry_after_sec > run->result->retry_after_sec)
		run->result->retry_after_sec = a->retry_after_sec;
	return r;
}

int
fetch_get_bytes(struct fetch_run *run, const struct transfer_request *q, char **bytes, size_t *len,
    struct transfer_answer *a)
{
	struct transfer_request bounded = *q;
	FILE *to;
	int r;

	*bytes = NULL;
	*len = 0;
	if ((to = open_memstream(bytes, len)) == NULL)
		return fault_set(run->fault, SE_NOMEM, "no memory");
	if (bounded.most_bytes > MEMORY_MOST)
		bounded.most_bytes = MEMORY_MOST;
	r = fetch_get(run, &bounded, to, a);
	if (fclose(to) != 0 && r == 0)
		r = fault_set(run->fault, SE_NOMEM, "no memory");
	if (r < 0) {
		free(*bytes);
		*bytes = NULL;
	}
	return r;
}

int
fetch_is_same(struct fetch_run *run)
{
	run->result->outcome = FETCH_SAME;
	store_touch(run->folder, run->feed->name, &run->meta);
	return 0;
}

int
fetch_settle(struct fetch_run *run, FILE *part)
{
	run->result->outcome = FETCH_NEW;
	if (!run->in_force || !store_part_is_same(run->folder, run->feed->name, part))
		return store_land(run->folder, run->feed->name, part, run->landing, &run->meta, run->fault);
	store_drop_part(run->folder, run->feed->name, part);
	return fetch_is_same(run);
}

/* ---- a file ---- */

/* Takes `packed`; NULL: the fault is filled. */
static FILE *
unpack(struct fetch_run *run, FILE *packed)
{
	/* The old part has no name any more, and lives until it is closed. */
	FILE *part = store_begin(run->folder, run->feed->name, run->fault);
	int r = part == NULL ? SE_SYSTEM : fetch_unpack(packed, part,
	    (uint64_t)run->feed->options->max_mib << 20, run->fault);

	fclose(packed);
	if (r == 1)
		return part;
	store_drop_part(run->folder, run->feed->name, part);
	return NULL;
}

static bool
is_packed(FILE *f)
{
	static const struct {
		const char *bytes;
		size_t len;
	} magic[] = { { "\x1f\x8b", 2 }, { "PK\x03\x04", 4 }, { "\x28\xb5\x2f\xfd", 4 }, { "\xfd" "7zXZ", 5 } };
	char head[8] = "";
	size_t i, len;

	if (fflush(f) != 0)
		return false;
	rewind(f);
	len = fread(head, 1, sizeof head, f);
	fseek(f, 0, SEEK_END);
	for (i = 0; i < sizeof magic / sizeof *magic; i++)
		if (len >= magic[i].len && memcmp(head, magic[i].bytes, magic[i].len) == 0)
			return true;
	return false;
}

static int
fetch_file(struct fetch_run *run)
{
	struct transfer_request q = fetch_request_if_changed(run, run->feed->options->url);
	struct transfer_answer a;
	FILE *part = store_begin(run->folder, run->feed->name, run->fault);
	int r;

	if (part == NULL)
		return SE_SYSTEM;
	if ((r = fetch_get(run, &q, part, &a)) < 0) {
		store_drop_part(run->folder, run->feed->name, part);
		return r;
	}
	if (a.status == 304) {
		run->meta = run->before;
		store_drop_part(run->folder, run->feed->name, part);
		return fetch_is_same(run);
	}
	memcpy(run->meta.etag, a.etag, sizeof run->meta.etag);
	memcpy(run->meta.last_modified, a.last_modified, sizeof run->meta.last_modified);
	if (is_packed(part) && (part = unpack(run, part)) == NULL)
		return SE_FORMAT;
	return fetch_settle(run, part);
}

/* ---- a run ---- */

static bool
ends_with(const char *text, size_t len, const char *end)
{
	return len >= strlen(end) && memcmp(text + len - strlen(end), end, strlen(end)) == 0;
}

static int
fetch_by_kind(struct fetch_run *run)
{
	const char *url = run->feed->options->url, *format = run->feed->format;
	size_t len = strcspn(url, "?#");

	if (ends_with(url, len, "/manifest.json") && (format[0] == '\0' || strcmp(format, "misp") == 0))
		return fetch_misp(run);
	if (strstr(url, "/collections/") != NULL && (format[0] == '\0' || strcmp(format, "stix") == 0) &&
	    (ends_with(url, len, "/objects/") || ends_with(url, len, "/objects")))
		return fetch_taxii(run);
	return fetch_file(run);
}

static uint64_t
some_number(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return hash_bytes(hash_seed(), &t, sizeof t);
}

/* Rounded up, so that an interval is never cut. */
static int64_t
next_second(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec + (t.tv_nsec > 0);
}

static void
keep_state(const struct fetch_run *run, int r)
{
	const char *name = run->feed->name;
	struct schedule_event e = { .now = next_second(), .interval_sec = run->feed->options->interval_sec,
		.retry_after_sec = run->result->retry_after_sec, .failed = r < 0, .more = run->result->more,
		.random = some_number() };
	struct store_state s;

	store_read_state(run->folder, name, &s);
	schedule_next(&s, &e);
	snprintf(s.fault, sizeof s.fault, "%.*s", (int)sizeof s.fault - 1, r < 0 ? run->fault->text : "");
	store_write_state(run->folder, name, &s);
}

int
fetch_now(const char *folder, const struct fetch_feed *feed, const struct fetch_secrets *secrets,
    const char *landing, const atomic_bool *cancelled, struct fetch_result *result, struct fault *fault)
{
	const char *url = feed->options->url;
	struct fetch_run run = { .folder = folder, .landing = landing, .feed = feed, .secrets = secrets,
		.cancelled = cancelled, .result = result, .fault = fault };
	char path[STORE_PATH_MAX];
	int r;

	memset(result, 0, sizeof *result);
	fault->text[0] = '\0';
	store_read_meta(folder, feed->name, &run.before);
	run.meta.origin = hash_bytes(&HASH_FIXED, url, strlen(url));
	run.in_force = run.before.origin == run.meta.origin && store_path(path, folder, feed->name, NULL) &&
	    access(path, R_OK) == 0;
	r = fetch_by_kind(&run);
	if (r != SE_STOPPED)
		keep_state(&run, r);
	return r;
}
