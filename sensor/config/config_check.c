#include "config/config_check.h"

#include <string.h>

enum { SHOWN_MAX = 60, EXPECTED_MAX = 512 };

struct check {
	const char *name;
	const struct outline *o;
	struct fault *fault;
};

const struct option_row *
config_row(const struct outline_entry *e, bool *is_list_entry)
{
	char path[OUTLINE_PATH_MAX];
	size_t len = strlen(e->path);

	*is_list_entry = len > 2 && strcmp(e->path + len - 2, "[]") == 0;
	if (*is_list_entry)
		len -= 2;
	memcpy(path, e->path, len);
	path[len] = '\0';
	return option_find(path);
}

/* ---- faults ---- */

/* The closest name beneath `holder`, when one is close. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[64], i, k, corner, above;
	size_t n = strlen(b);

	if (n >= sizeof row / sizeof *row)
		return UINT32_MAX;
	for (k = 0; k <= n; k++)
		row[k] = k;
	for (i = 1; a[i - 1] != '\0'; i++) {
		corner = row[0];
		row[0] = i;
		for (k = 1; k <= n; k++) {
			above = row[k];
			row[k] = corner + (a[i - 1] != b[k - 1]);
			if (above + 1 < row[k])
				row[k] = above + 1;
			if (row[k - 1] + 1 < row[k])
				row[k] = row[k - 1] + 1;
			corner = above;
		}
	}
	return row[n];
}

static const char *
closest(const char *holder, const char *name)
{
	const struct option_row *row, *best = NULL;
	unsigned least = 3, d;

	for (row = option_rows; row < option_rows + option_rows_count; row++)
		if (option_is_beneath(row, holder) && (d = distance(name, option_name(row))) < least) {
			least = d;
			best = row;
		}
	return best == NULL ? NULL : option_name(best);
}

static int
refuse_unknown(const struct check *c, const struct outline_entry *e)
{
	char holder[OUTLINE_PATH_MAX], members[EXPECTED_MAX];
	const char *dot = strrchr(e->path, '.'), *near;

	snprintf(holder, sizeof holder, "%.*s", dot == NULL ? 0 : (int)(dot - e->path), e->path);
	near = closest(holder, dot == NULL ? e->path : dot + 1);
	if (near != NULL)
		return fault_set(c->fault, SE_USAGE, "%s:%u: %s: no such option: did you mean %s?", c->name,
		    e->line, e->path, near);
	return fault_set(c->fault, SE_USAGE, "%s:%u: %s: no such option: expected one of %s", c->name,
	    e->line, e->path, option_members(holder, members, sizeof members));
}

static int
refuse_value(const struct check *c, const struct outline_entry *e, const struct option_row *row,
    bool is_list_entry)
{
	char expected[EXPECTED_MAX], shown[SHOWN_MAX + 8];

	/* A URL may hold a password; text is only ever too long or missing. */
	if (e->kind == OUTLINE_TEXT && !e->empty && row->type != OPTION_TEXT && row->type != OPTION_PATH)
		snprintf(shown, sizeof shown, "\"%.*s\"", SHOWN_MAX, e->value);
	else
		snprintf(shown, sizeof shown, "%s", e->kind == OUTLINE_MAPPING ? "options stand beneath it" :
		    e->kind == OUTLINE_LIST ? "the list" : e->empty ? "no value" : "too long");
	return fault_set(c->fault, SE_USAGE, "%s:%u: %s: %s: expected %s", c->name, e->line, e->path, shown,
	    is_list_entry ? option_expected_entry(row, expected, sizeof expected) :
	    option_expected(row, expected, sizeof expected));
}

static int
refuse_missing(const struct check *c, const struct outline_entry *e, const char *words)
{
	return fault_set(c->fault, SE_USAGE, "%s:%u: %s", c->name, e->line, words);
}

/* ---- shapes ---- */

/* How many entries has the list at place `i`? */
static unsigned
count_entries(const struct outline *o, size_t i)
{
	char path[OUTLINE_PATH_MAX + 2];
	size_t len = strlen(o->entry[i].path);
	unsigned n = 0;

	snprintf(path, sizeof path, "%s[]", o->entry[i].path);
	for (i++; i < o->count && strncmp(o->entry[i].path, path, len + 2) == 0; i++)
		n += strcmp(o->entry[i].path, path) == 0;
	return n;
}

static bool
is_list_well(const struct check *c, size_t i, const struct option_row *row)
{
	const struct outline_entry *e = &c->o->entry[i];
	unsigned n;

	if (e->kind == OUTLINE_TEXT)
		return e->empty && row->type != OPTION_RECORDS;
	if (e->kind != OUTLINE_LIST)
		return false;
	n = count_entries(c->o, i);
	if (row->type == OPTION_RECORDS)
		return n > 0;
	return n >= row->least && n <= row->most;
}

static bool
is_list_entry_well(const struct outline_entry *e, const struct option_row *row)
{
	if (row->type == OPTION_LIST)
		return e->kind == OUTLINE_MAPPING;
	return e->kind == OUTLINE_TEXT && !e->empty && option_accepts(row, e->value);
}

static bool
is_well(const struct check *c, size_t i, const struct option_row *row)
{
	const struct outline_entry *e = &c->o->entry[i];

	switch (row->type) {
	case OPTION_SECTION:
		return e->kind == OUTLINE_MAPPING || e->empty;
	case OPTION_LIST:
	case OPTION_NETWORKS:
	case OPTION_RECORDS:
		return is_list_well(c, i, row);
	default:
		return e->kind == OUTLINE_TEXT && !e->empty && option_accepts(row, e->value);
	}
}

/* ---- feeds and sinks, whose every value is well ---- */

/* One of path, url and from; a url may go with from, whose own it replaces. */
static int
check_origin(const struct check *c, const struct outline_entry *e)
{
	const struct outline_entry *path = outline_find(c->o, "feeds[].path", e->entry);
	const struct outline_entry *url = outline_find(c->o, "feeds[].url", e->entry);
	const struct outline_entry *from = outline_find(c->o, "feeds[].from", e->entry);
	const struct outline_entry *name = outline_find(c->o, "feeds[].name", e->entry);

	if (path == NULL && url == NULL && from == NULL)
		return refuse_missing(c, e, "feeds[].path: missing: expected one of path, url and from");
	if (path != NULL && (url != NULL || from != NULL))
		return refuse_missing(c, path, "feeds[].path: beside url or from: expected one of them");
	if (path != NULL)
		return path->value[0] == '\0' ? refuse_missing(c, path,
		    "feeds[].path: missing: expected the path of a feed file") : 0;
	if (url != NULL && !fetch_url_well(url->value))
		return refuse_missing(c, url, "feeds[].url: expected http://HOST/... or https://HOST/...");
	if (name == NULL ? from == NULL : !fetch_name_well(name->value))
		return refuse_missing(c, name == NULL ? e : name, "feeds[].name: expected a name for a feed with "
		    "a url: letters, digits, \"-\" and \"_\"");
	return 0;
}

static int
check_feed(const struct check *c, const struct outline_entry *e)
{
	const struct outline_entry *format = outline_find(c->o, "feeds[].format", e->entry);

	if (format != NULL && format->value[0] != '\0' &&
	    !config_is_format(format->value, strlen(format->value)))
		return fault_set(c->fault, SE_USAGE, "%s:%u: feeds[].format: \"%.*s\": expected one of "
		    "`hansho check --formats`", c->name, format->line, SHOWN_MAX, format->value);
	return check_origin(c, e);
}

/* What belongs to some kinds of sinks only; `types` with a blank around each. */
static const struct {
	const char *path, *types, *required;
} sink_keys[] = {
	{ "sinks[].path", " eve store ", " eve " }, { "sinks[].target", " syslog ", " syslog " },
	{ "sinks[].url", " webhook mail ", " webhook mail " }, { "sinks[].facility", " syslog ", "" },
	{ "sinks[].rfc", " syslog ", "" },
	{ "sinks[].format", " eve ", "" }, { "sinks[].rotate_mib", " eve ", "" },
	{ "sinks[].rotate_keep", " eve ", "" },
	{ "sinks[].from", " mail ", " mail " }, { "sinks[].to", " mail ", " mail " },
	{ "sinks[].interval_sec", " mail ", "" }, { "sinks[].mail_alerts", " mail ", "" },
	{ "sinks[].starttls", " mail ", "" }, { "sinks[].login", " mail ", "" },
	{ "sinks[].max_alerts", " store ", "" }, { "sinks[].max_days", " store ", "" },
	{ "sinks[].batch", " webhook ", "" }, { "sinks[].parallel", " webhook ", "" },
	{ "sinks[].give_up_sec", " webhook ", "" },
	{ "sinks[].template", " webhook ", "" }, { "sinks[].header", " webhook ", "" },
	{ "sinks[].secret", " webhook ", "" }, { "sinks[].dead_letters", " webhook ", "" },
	{ "sinks[].ca_file", " syslog webhook mail ", "" }, { "sinks[].cert_file", " syslog webhook mail ", "" },
	{ "sinks[].key_file", " syslog webhook mail ", "" },
};

static bool
is_of_type(const char *types, const char *type)
{
	const char *at = strstr(types, type);

	return at != NULL && at[-1] == ' ' && at[strlen(type)] == ' ';
}

static int
check_sink_keys(const struct check *c, const struct outline_entry *e, const char *type)
{
	const struct outline_entry *key;
	char words[160];
	size_t i;

	if (strcmp(type, "file") == 0)
		type = "eve";
	for (i = 0; i < sizeof sink_keys / sizeof *sink_keys; i++) {
		const char *types = sink_keys[i].types;
		bool ours = is_of_type(types, type);

		key = outline_find(c->o, sink_keys[i].path, e->entry);
		if (key != NULL && !ours) {
			snprintf(words, sizeof words, "%s: belongs to type%sand not to %s: expected nothing of it there",
			    sink_keys[i].path, types, type);
			return refuse_missing(c, key, words);
		}
		if (is_of_type(sink_keys[i].required, type) && (key == NULL || key->value[0] == '\0')) {
			snprintf(words, sizeof words, "%s: missing: expected what a sink of type %s cannot do without",
			    sink_keys[i].path, type);
			return refuse_missing(c, key == NULL ? e : key, words);
		}
	}
	return 0;
}

static bool
is_sink_name(const char *s)
{
	return *s != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static int
check_sink(const struct check *c, const struct outline_entry *e)
{
	const struct outline_entry *type = outline_find(c->o, "sinks[].type", e->entry);
	const struct outline_entry *name = outline_find(c->o, "sinks[].name", e->entry);

	if (type == NULL)
		return refuse_missing(c, e,
		    "sinks[].type: missing: expected one of console, eve, file, syslog, webhook");
	if (name != NULL && !is_sink_name(name->value))
		return fault_set(c->fault, SE_USAGE, "%s:%u: sinks[].name: \"%.*s\": expected a-z, 0-9 and "
		    "\"-\"", c->name, name->line, SHOWN_MAX, name->value);
	return check_sink_keys(c, e, type->value);
}

static int
check_entry(const struct check *c, size_t i)
{
	const struct outline_entry *e = &c->o->entry[i];
	const struct option_row *row;
	bool is_list_entry;

	if ((row = config_row(e, &is_list_entry)) == NULL)
		return refuse_unknown(c, e);
	if (is_list_entry ? !is_list_entry_well(e, row) : !is_well(c, i, row))
		return refuse_value(c, e, row, is_list_entry);
	return 0;
}

int
config_check(const char *name, const struct outline *o, struct fault *fault)
{
	const struct check c = { name, o, fault };
	int r = 0;
	size_t i;

	for (i = 0; i < o->count && r == 0; i++)
		r = check_entry(&c, i);
	for (i = 0; i < o->count && r == 0; i++) {
		if (strcmp(o->entry[i].path, "feeds[]") == 0)
			r = check_feed(&c, &o->entry[i]);
		else if (strcmp(o->entry[i].path, "sinks[]") == 0)
			r = check_sink(&c, &o->entry[i]);
	}
	return r;
}
