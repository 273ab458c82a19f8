/*
 * A YAML file → struct config: its lines are listed (outline.h) and checked
 * against the option table, libcyaml loads it with a schema made of the same
 * table (schema.h), then what the file has is copied over what holds, and
 * the files and targets that it names are looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alert/names.h"
#include "beacon/known.h"
#include "behaviour/texts.h"
#include "indicators/allow.h"
#include "capture/capture.h"
#include "config/advice.h"
#include "config/catalogue.h"
#include "config/config_check.h"
#include "config/schema.h"
#include "record.h"
#include "sinks/secret.h"
#include "sinks/template.h"

enum { FILE_MAX = 1 << 20 };

struct reading {
	const char *name;		/* the file's */
	const struct outline *o;
	const struct loaded *loaded;
	struct config *c;
	unsigned first_feed, first_sink, first_suppress;	/* of this file in c->feeds, c->sinks, c->suppress */
	struct fault *fault;
};

static int
refuse(const struct reading *r, const struct outline_entry *e, const char *words)
{
	return fault_set(r->fault, SE_USAGE, "%s:%u: %s: %s", r->name, e->line, e->path, words);
}

/* ---- the bytes ---- */

static int
read_all(int fd, char *bytes, size_t *len)
{
	ssize_t n;

	*len = 0;
	while (*len <= FILE_MAX) {
		n = read(fd, bytes + *len, FILE_MAX + 1 - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? SE_SYSTEM : 0;
		*len += (size_t)n;
	}
	return 0;
}

static int
read_file(const char *path, char **bytes, size_t *len, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = 0;

	*bytes = NULL;
	if (fd < 0)
		return fault_set(fault, SE_USAGE, "%s: %s: expected a configuration file", path,
		    strerror(errno));
	if ((*bytes = malloc(FILE_MAX + 1)) == NULL)
		r = fault_set(fault, SE_NOMEM, "%s: no memory", path);
	else if (read_all(fd, *bytes, len) < 0)
		r = fault_set(fault, SE_USAGE, "%s: %s: expected a configuration file", path,
		    strerror(errno));
	else if (*len > FILE_MAX)
		r = fault_set(fault, SE_USAGE, "%s: expected a configuration of at most 1 MiB", path);
	close(fd);
	return r;
}

/* ---- what it names ---- */

/* Relative paths begin where the configuration lies. */
static int
beside_file(const struct reading *r, const struct outline_entry *e, const char *path, char *out,
    size_t size)
{
	const char *slash = strrchr(r->name, '/');
	int folder = slash == NULL || path[0] == '/' || path[0] == '\0' ? 0 : (int)(slash - r->name) + 1;

	if ((size_t)snprintf(out, size, "%.*s%s", folder, r->name, path) >= size)
		return refuse(r, e, "expected a shorter path");
	return 0;
}

static int
need_file(const struct reading *r, const struct outline_entry *e, const char *path)
{
	struct fault why;

	return config_need_file(path, &why) < 0 ? refuse(r, e, why.text) : 0;
}

static int
need_geoip(const struct reading *r, const struct outline_entry *e, const char *path)
{
	struct geoip *g = NULL;
	struct fault why;
	int code;

	if (path[0] == '\0')
		return 0;
	if ((code = need_file(r, e, path)) < 0)
		return code;
	if (geoip_open(path, NULL, &g, &why) < 0)
		return refuse(r, e, why.text);
	geoip_close(g);
	return 0;
}

static int
need_rules(const struct reading *r, const struct outline_entry *e, const char *path)
{
	struct known *k;
	struct fault why;
	int code;

	if (path[0] == '\0')
		return 0;
	if ((code = need_file(r, e, path)) < 0)
		return code;
	if ((k = known_new()) == NULL)
		return fault_set(r->fault, SE_NOMEM, "no memory");
	code = known_add_file(k, path, &why);
	known_free(k);
	return code < 0 ? refuse(r, e, why.text) : 0;
}

static int
need_advice(const struct reading *r, const struct outline_entry *e, const char *path)
{
	struct advice *a;
	struct fault why;

	if (advice_open(path, &a, &why) < 0)
		return refuse(r, e, why.text);
	advice_free(a);
	return 0;
}

/* A list or a folder of lists. */
static int
need_allow(const struct reading *r, const struct outline_entry *e, const char *path)
{
	struct allow *a;
	struct fault why;
	int code;

	if (path[0] == '\0')
		return 0;
	if ((a = allow_new()) == NULL)
		return fault_set(r->fault, SE_NOMEM, "no memory");
	code = allow_add_path(a, path, &why);
	allow_free(a);
	return code < 0 ? refuse(r, e, why.text) : 0;
}

static int
need_filter(const struct reading *r, const struct outline_entry *e, const char *filter)
{
	struct fault why;

	return capture_check_filter(filter, &why) < 0 ? refuse(r, e, why.text) : 0;
}

/* The file itself is made when it is missing. */
static int
need_folder(const struct reading *r, const struct outline_entry *e, const char *path)
{
	char folder[CONFIG_TEXT_MAX];
	struct stat st;
	char *slash;

	if (strcmp(path, "-") == 0)
		return 0;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return refuse(r, e, "a directory: expected the path of a file");
	snprintf(folder, sizeof folder, "%s", path);
	if ((slash = strrchr(folder, '/')) == NULL || slash == folder)
		return 0;
	*slash = '\0';
	if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return fault_set(r->fault, SE_USAGE, "%s:%u: %s: %s: no such directory: expected one for the file",
	    r->name, e->line, e->path, folder);
}

/* ---- copying ---- */

/* A file that is made, not one that must be there. */
static bool
is_written(const struct option_row *row)
{
	return strcmp(option_name(row), "path") == 0 || strcmp(option_name(row), "dead_letters") == 0;
}

/* "file:PATH" of a secret: the path is one, too. */
static int
copy_text(const struct reading *r, const struct outline_entry *e, const struct option_row *row, const char *text,
    void *to)
{
	char place[CONFIG_TEXT_MAX] = "file:";
	int code;

	if (!option_is_beneath(row, "sinks[]") || strncmp(text, place, 5) != 0) {
		option_set(row, to, text);
		return 0;
	}
	if ((code = beside_file(r, e, text + 5, place + 5, sizeof place - 5)) < 0)
		return code;
	option_set(row, to, place);
	return 0;
}

static int
copy_path(const struct reading *r, const struct outline_entry *e, const struct option_row *row,
    const char *text, void *to)
{
	char path[CONFIG_TEXT_MAX];
	int code;

	if (strcmp(row->path, "sinks[].path") == 0 && strcmp(text, "-") == 0)
		snprintf(path, sizeof path, "-");
	else if ((code = beside_file(r, e, text, path, sizeof path)) < 0)
		return code;
	option_set(row, to, path);
	if (option_is_beneath(row, "geoip"))
		return need_geoip(r, e, path);
	if (option_is_beneath(row, "beacon"))
		return need_rules(r, e, path);
	if (strcmp(row->path, "allow.path") == 0)
		return need_allow(r, e, path);
	if (strcmp(row->path, "advice") == 0)
		return need_advice(r, e, path);
	if (option_is_beneath(row, "feeds[]") && path[0] != '\0')
		return need_file(r, e, path);
	if (option_is_beneath(row, "sinks[]") && path[0] != '\0')
		return is_written(row) ? need_folder(r, e, path) : need_file(r, e, path);
	return 0;
}

static int
copy_networks(const struct reading *r, const struct option_row *row)
{
	const struct loaded_networks *n = schema_networks(r->loaded, row);
	unsigned i;
	int code = 0;

	if (n->count > 0)
		config_clear_networks(r->c, row->offset);
	for (i = 0; i < n->count && code == 0; i++)
		code = config_add_network(r->c, row->offset, n->text[i], r->fault);
	return code;
}

static int
fill_from_catalogue(const struct reading *r, const struct outline_entry *from, struct config_feed *f)
{
	const struct outline_entry *e = outline_find(r->o, "catalogue", 0);
	char path[CONFIG_TEXT_MAX] = "";
	struct fault why;
	int code;

	if (e != NULL && (code = beside_file(r, e, e->value, path, sizeof path)) < 0)
		return code;
	if (catalogue_fill(path, from->value, f, &why) < 0)
		return refuse(r, from, why.text);
	return 0;
}

/* Its defaults come first, so that what stands in the file wins. */
static int
begin_feed(const struct reading *r, const struct outline_entry *e)
{
	const struct outline_entry *from = outline_find(r->o, "feeds[].from", e->entry);
	struct config_feed *f = config_new_feed(r->c, r->loaded->top.feeds[e->entry].path, r->fault);

	if (f == NULL)
		return SE_USAGE;
	return from == NULL || from->value[0] == '\0' ? 0 : fill_from_catalogue(r, from, f);
}

static int
add_sink_network(const struct reading *r, const struct outline_entry *e)
{
	struct sink_options *s = &r->c->sinks[r->c->sinks_count - 1];

	if (s->networks_count >= SINK_NETWORKS_MAX ||
	    !cidr_parse(e->value, strlen(e->value), &s->networks[s->networks_count]))
		return refuse(r, e, "expected an address or a CIDR such as 192.0.2.0/24");
	s->networks_count++;
	return 0;
}

/* A feed, sink or rule begins; its members come with the next entries. */
static int
begin_list_entry(struct reading *r, const struct outline_entry *e, const struct option_row *row)
{
	if (row->type == OPTION_NETWORKS && option_is_beneath(row, "sinks[]"))
		return add_sink_network(r, e);
	if (row->type != OPTION_LIST)
		return 0;
	if (strcmp(row->path, "feeds") == 0)
		return begin_feed(r, e);
	if (strcmp(row->path, "suppress") == 0)
		return config_add_suppress(r->c) != NULL ? 0 :
		    fault_set(r->fault, SE_NOMEM, "%s: no memory", r->name);
	if (r->c->sinks_count >= (unsigned)row->most)
		return refuse(r, e, "expected no more sinks");
	if (config_add_sink(r->c, r->loaded->top.sinks[e->entry].kind, "") == NULL)
		return fault_set(r->fault, SE_NOMEM, "%s: no memory", r->name);
	return 0;
}

static void *
place_of(const struct reading *r, const struct option_row *row)
{
	if (option_is_beneath(row, "feeds[]"))
		return &r->c->feeds[r->c->feeds_count - 1];
	if (option_is_beneath(row, "sinks[]"))
		return &r->c->sinks[r->c->sinks_count - 1];
	if (option_is_beneath(row, "suppress[]"))
		return &r->c->suppress[r->c->suppress_count - 1];
	return r->c;
}

static int
copy_value(const struct reading *r, const struct outline_entry *e, const struct option_row *row)
{
	const void *from = schema_base(r->loaded, row, e->entry);
	struct option_row as_written = *row;
	const char *text;
	int code;

	if (from == NULL)
		return refuse(r, e, "was not loaded");
	text = (const char *)from + row->offset;
	as_written.scale = 1;
	switch (row->type) {
	case OPTION_PATH:
		return copy_path(r, e, row, text, place_of(r, row));
	case OPTION_TEXT:
		/* "" stands for what holds without it. */
		if ((text[0] != '\0' || option_find(row->path)->fallback[0] != '\0') &&
		    (code = copy_text(r, e, row, text, place_of(r, row))) < 0)
			return code;
		return strcmp(row->path, "capture.filter") == 0 ? need_filter(r, e, text) : 0;
	default:
		option_put(row, place_of(r, row), option_get(&as_written, from));
		return 0;
	}
}

static int
copy_entry(struct reading *r, const struct outline_entry *e)
{
	bool is_list_entry;
	const struct option_row *row = config_row(e, &is_list_entry);

	if (is_list_entry)
		return begin_list_entry(r, e, row);
	if (row->type == OPTION_SECTION || row->type == OPTION_LIST)
		return 0;
	if (row->type == OPTION_NETWORKS)
		return option_is_beneath(row, "sinks[]") ? 0 : copy_networks(r, row);
	return copy_value(r, e, row);
}

static int
copy_all(struct reading *r)
{
	int code = 0;
	size_t i;

	for (i = 0; i < r->o->count && code == 0; i++)
		code = copy_entry(r, &r->o->entry[i]);
	return code;
}

/* ---- sinks as a whole ---- */

static const struct outline_entry *
find_key(const struct reading *r, const char *path, unsigned sink)
{
	const struct outline_entry *e = outline_find(r->o, path, sink);

	return e != NULL ? e : outline_find(r->o, "sinks[]", sink);
}

/* What a webhook reads besides, each with its own line. */
static int
check_webhook_files(const struct reading *r, const struct sink_options *s, unsigned number)
{
	struct template *t = NULL;
	char secret[SECRET_MAX];
	struct fault why;
	int code = 0;

	if (s->template[0] != '\0' && template_read(s->template, &t, &why) < 0)
		return refuse(r, find_key(r, "sinks[].template", number), why.text);
	template_free(t);
	if (s->secret[0] != '\0' && secret_read(s->secret, secret, sizeof secret, &why) < 0)
		code = refuse(r, find_key(r, "sinks[].secret", number), why.text);
	else if (s->header[0] != '\0' && secret_read(s->header, secret, sizeof secret, &why) < 0)
		code = refuse(r, find_key(r, "sinks[].header", number), why.text);
	explicit_bzero(secret, sizeof secret);
	return code;
}

/* Opening connects nothing; an EVE file would be made, and is the courier's to make. */
static int
check_target(const struct reading *r, const struct sink_options *s, unsigned number)
{
	const struct outline_entry *e = find_key(r, s->kind == SINK_SYSLOG ? "sinks[].target" :
	    "sinks[].url", number);
	struct sink *sink = NULL;
	struct fault why;
	int code = 0;

	if (s->kind != SINK_SYSLOG && s->kind != SINK_WEBHOOK && s->kind != SINK_MAIL)
		return 0;
	if (s->kind == SINK_WEBHOOK && (code = check_webhook_files(r, s, number)) < 0)
		return code;
	if (sink_open(s, &sink, &why) < 0)
		code = refuse(r, e, why.text);
	sink_close(sink);
	return code;
}

static int
check_sink(const struct reading *r, unsigned number)
{
	struct sink_options *s = &r->c->sinks[r->first_sink + number];
	unsigned i;

	snprintf(s->sensor_name, sizeof s->sensor_name, "%s", r->c->sensor_name);
	s->japanese = r->c->behaviour.language == LANGUAGE_JA;
	/* What keeps records wants all alerts, also those that nobody is called for. */
	if ((s->kind == SINK_EVE || s->kind == SINK_STORE) && (s->records & 1u << RECORD_ALERT) != 0)
		s->records |= 1u << RECORD_MEMBER;
	if (s->kind == SINK_STORE)
		s->records |= 1u << RECORD_CENSUS;
	for (i = 0; i < r->first_sink + number; i++)
		if (strcmp(r->c->sinks[i].name, s->name) == 0)
			return refuse(r, find_key(r, "sinks[].name", number),
			    "another sink is called so: expected a name of its own");
	if (s->retry_max_ms < s->retry_min_ms)
		return refuse(r, find_key(r, "sinks[].retry_max_ms", number),
		    "less than retry_min_ms: expected at least as much");
	return check_target(r, s, number);
}

/* A number, a kind or a behaviour: a slip of the pen would hold back nothing, for ever. */
static bool
is_rule(const char *name)
{
	size_t i;

	if (name[strspn(name, "0123456789")] == '\0')
		return true;
	for (i = 0; i < FINDING_KINDS; i++)
		if (strcmp(name, names_kind((enum finding_kind)i)) == 0)
			return true;
	for (i = 0; i < behaviour_texts_count; i++)
		if (strcmp(name, behaviour_texts[i].name) == 0)
			return true;
	return false;
}

static int
check_suppress(const struct reading *r, unsigned number)
{
	const struct suppress_rule *rule = &r->c->suppress[r->first_suppress + number];
	const struct outline_entry *e;
	const char *what, *expected;
	char path[OUTLINE_PATH_MAX];

	if ((what = suppress_rule_fault(rule, &expected)) == NULL) {
		if (is_rule(rule->rule))
			return 0;
		what = "rule";
		expected = "a signature number, the name of a behaviour (docs/behaviours.md), or a kind such as beacon";
	}
	snprintf(path, sizeof path, "suppress[].%s", what);
	if ((e = outline_find(r->o, path, number)) == NULL)
		e = outline_find(r->o, "suppress[]", number);
	return fault_set(r->fault, SE_USAGE, "%s:%u: suppress[]%s%s: expected %s", r->name, e->line,
	    what[0] == '\0' ? "" : ".", what, expected);
}

/* Of a fetched feed: where it is kept. Those that are not enabled go. */
static int
settle_feeds(const struct reading *r)
{
	struct config *c = r->c;
	unsigned i, k, kept = r->first_feed;
	struct config_feed *f;

	for (i = r->first_feed; i < c->feeds_count; i++) {
		f = &c->feeds[i];
		if (!f->enabled)
			continue;
		for (k = 0; k < kept && f->fetch.url[0] != '\0'; k++)
			if (strcmp(c->feeds[k].name, f->name) == 0)
				return refuse(r, outline_find(r->o, "feeds[]", i - r->first_feed),
				    "another feed has its name: expected a name of its own");
		if (f->fetch.url[0] != '\0' && (size_t)snprintf(f->path, sizeof f->path, "%s/feeds/%s",
		    c->state_directory, f->name) >= sizeof f->path)
			return fault_set(r->fault, SE_USAGE, "%s: state_directory: expected a shorter path", r->name);
		if (kept != i)
			c->feeds[kept] = *f;
		kept++;
	}
	c->feeds_count = kept;
	return 0;
}

/* Whichever of the two the file has: the other one is the default. */
static int
check_updates(const struct reading *r)
{
	const struct outline_entry *most = outline_find(r->o, "alerts.update_most_sec", 0);

	if (r->c->alert.update_most_sec >= r->c->alert.update_sec)
		return 0;
	if (most != NULL)
		return refuse(r, most, "less than update_sec: expected at least as much");
	return refuse(r, outline_find(r->o, "alerts.update_sec", 0), "more than update_most_sec: expected at most as much");
}

static int
copy_and_look(struct reading *r)
{
	unsigned i;
	int code;

	r->first_feed = r->c->feeds_count;
	r->first_sink = r->c->sinks_count;
	r->first_suppress = r->c->suppress_count;
	if ((code = copy_all(r)) < 0 || (code = check_updates(r)) < 0 || (code = settle_feeds(r)) < 0)
		return code;
	for (i = 0; r->first_sink + i < r->c->sinks_count && code == 0; i++)
		code = check_sink(r, i);
	for (i = 0; r->first_suppress + i < r->c->suppress_count && code == 0; i++)
		code = check_suppress(r, i);
	return code;
}

int
config_read(const char *path, struct config *c, struct fault *fault)
{
	struct schema *schema = NULL;
	struct outline *outline = NULL;
	struct loaded *loaded = NULL;
	struct reading reading = { .name = path, .c = c, .fault = fault };
	char *bytes = NULL;
	size_t len = 0;
	int r;

	if ((r = read_file(path, &bytes, &len, fault)) < 0 ||
	    (r = outline_read(path, bytes, len, &outline, fault)) < 0 ||
	    (r = config_check(path, outline, fault)) < 0 ||
	    outline->count == 0)	/* libcyaml takes no empty document */
		goto done;
	if ((schema = schema_new()) == NULL) {
		r = fault_set(fault, SE_NOMEM, "%s: no memory", path);
		goto done;
	}
	if ((r = schema_load(schema, path, bytes, len, &loaded, fault)) < 0)
		goto done;
	reading.o = outline;
	reading.loaded = loaded;
	r = copy_and_look(&reading);
done:
	schema_unload(schema, loaded);
	schema_free(schema);
	outline_free(outline);
	free(bytes);
	return r;
}
