#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/when.h"
#include "cli/command.h"
#include "cli/options.h"
#include "engine/delivery.h"
#include "sinks/alert_store.h"
#include "sinks/console.h"
#include "sinks/text.h"

static const char help[] =
"usage: hansho alerts list [options]\n"
"       hansho alerts show [options] ID\n"
"       hansho alerts ack [options] [--note TEXT] ID...\n"
"       hansho alerts export [options] [--format eve|csv]\n"
"       hansho alerts census [options]\n"
"\n"
"What a sink of type store has kept: incidents, each with its latest revision. An ID\n"
"may be cut short where it is still the only one that begins so. census: how many C2\n"
"servers answered, by day and malware.\n"
"\n"
"  -c, --config FILE       configuration: its first sink of type store (default: /etc/hansho.yaml)\n"
"  --store FILE            the store itself\n"
"  --since TIME            told at or behind it: 90m, 24h, 7d, '2026-05-20', '2026-05-20 10:00:00'\n"
"  --host ADDRESS          of this host\n"
"  --severity NAME         at least low, medium, high or critical\n"
"  --open                  neither over nor acknowledged\n"
"  --limit N               the latest N (list: 100 without it; 0: all)\n"
"  --json                  list, show, census: one JSON object a line\n"
"  --format NAME           export: eve (EVE JSON lines) or csv; eve without it\n"
"  --note TEXT             ack: why, or who looks after it\n"
"  --help                  this text\n"
"\n"
"Exit status: 0 done, 1 nothing there or the store cannot be read, 2 wrong usage.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' }, { "store", required_argument, NULL, 's' },
	{ "since", required_argument, NULL, 'S' }, { "host", required_argument, NULL, 'H' },
	{ "severity", required_argument, NULL, 'v' }, { "open", no_argument, NULL, 'o' },
	{ "limit", required_argument, NULL, 'l' }, { "json", no_argument, NULL, 'j' },
	{ "format", required_argument, NULL, 'F' }, { "note", required_argument, NULL, 'n' },
	{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
};

struct request {
	struct common_options common;
	const char *store, *since, *host, *severity, *limit, *format, *note;
	bool open, json;
	struct alert_filter filter;
	char **ids;
	int count;
};

/* What a call of tell() adds up. */
struct told {
	const struct request *request;
	unsigned rows;
	char *line, *id, *note;		/* of the last; show and ack */
	char state[16];
	int64_t acknowledged_ns;
	bool failed;
};

static int
say(const struct fault *fault)
{
	fprintf(stderr, "hansho: alerts: %s\n", fault->text);
	return 1;
}

static bool
wrong(const char *option, const char *value, const char *expected)
{
	fprintf(stderr, "hansho: alerts: %s \"%s\": expected %s\n", option, value, expected);
	return false;
}

/* ---- options ---- */

/* "24h", or a time. */
static bool
read_since(const char *text, int64_t *out)
{
	static const char units[] = "smhd";
	static const int64_t seconds[] = { 1, 60, 3600, 86400 };
	char *end;
	unsigned long n = strtoul(text, &end, 10);
	const char *unit = *end == '\0' ? NULL : strchr(units, *end);

	if (end != text && unit != NULL && end[1] == '\0' && n <= 1000000) {
		*out = ((int64_t)time(NULL) - (int64_t)n * seconds[unit - units]) * NS_PER_SEC;
		return true;
	}
	return when_parse(text, strlen(text), 0, out);
}

static bool
read_filter(struct request *r, unsigned limit)
{
	static const char *const severities[] = { "critical", "high", "medium", "low" };
	static char host[ADDR_TEXT_MAX];
	struct addr a;
	char *end;
	unsigned i;

	r->filter = (struct alert_filter){ .since_ns = INT64_MIN, .open = r->open, .most = limit };
	if (r->since != NULL && !read_since(r->since, &r->filter.since_ns))
		return wrong("--since", r->since, "24h, 7d, or a time such as '2026-05-20 10:00:00'");
	if (r->host != NULL && !addr_parse(r->host, strlen(r->host), &a))
		return wrong("--host", r->host, "an address");
	if (r->host != NULL)
		r->filter.host = addr_text(&a, host);
	for (i = 0; r->severity != NULL && i < 4; i++)
		if (strcmp(r->severity, severities[i]) == 0)
			r->filter.least_severity = i + 1;
	if (r->severity != NULL && r->filter.least_severity == 0)
		return wrong("--severity", r->severity, "low, medium, high or critical");
	if (r->limit != NULL)
		r->filter.most = (unsigned)strtoul(r->limit, &end, 10);
	if (r->limit != NULL && (*r->limit < '0' || *r->limit > '9' || *end != '\0'))
		return wrong("--limit", r->limit, "a number");
	return true;
}

static bool
find_store(struct request *r, char *path, size_t size)
{
	struct config config;
	unsigned i;
	bool found = false;

	if (r->store != NULL) {
		snprintf(path, size, "%s", r->store);
		return true;
	}
	common_find_config(&r->common);
	if (common_config(&r->common, &config)) {
		delivery_settle(&config);
		for (i = 0; i < config.sinks_count && !found; i++) {
			found = config.sinks[i].kind == SINK_STORE;
			snprintf(path, size, "%s", config.sinks[i].target);
		}
		if (!found)
			fprintf(stderr, "hansho: alerts: no sink of type store is configured: expected one, or --store FILE\n");
	}
	config_clear(&config);
	return found;
}

/* ---- telling ---- */

static const char *const severity_names[] = { "-", "critical", "high", "medium", "low" };

static const char *
clean(const char *text, size_t most, char *buf, size_t size)
{
	struct text t;

	text_init(&t, buf, size);
	text_add_clean(&t, text, most);
	return buf;
}

static void
print_row(const struct stored_alert *a)
{
	char when[WHEN_TEXT_MAX], host[256], title[1024], peer[600], id[80];

	when_rfc3339(a->ts_ns, when);
	when[19] = '\0';
	when[10] = ' ';
	printf("%-19s  %-8s  %-16s  %-6s  %-15s  %s", when, severity_names[a->severity < 5 ? a->severity : 0],
	    clean(a->id, 40, id, sizeof id), a->acknowledged_ns != INT64_MIN ? "acked" : strcmp(a->state, "close") == 0 ?
	    "over" : "open", a->host[0] == '\0' ? "(sensor)" : clean(a->host, 46, host, sizeof host),
	    clean(a->title, 160, title, sizeof title));
	if (a->peer[0] != '\0' && strstr(title, a->peer) == NULL)
		printf(", %s", clean(a->peer, 120, peer, sizeof peer));
	putchar('\n');
}

/* The record as it is, and what was said of it here. */
static bool
print_json(const struct stored_alert *a)
{
	cJSON *o = cJSON_CreateObject();
	char when[WHEN_TEXT_MAX], *text;

	if (a->acknowledged_ns != INT64_MIN) {
		cJSON_AddStringToObject(o, "acknowledged", when_rfc3339(a->acknowledged_ns, when));
		cJSON_AddStringToObject(o, "note", a->note);
	}
	cJSON_AddRawToObject(o, "record", a->line);
	text = cJSON_PrintUnformatted(o);
	if (text != NULL)
		puts(text);
	cJSON_free(text);
	cJSON_Delete(o);
	return text != NULL;
}

static bool
tell_list(void *to, const struct stored_alert *a)
{
	struct told *t = to;

	if (t->rows++ == 0 && !t->request->json)
		printf("%-19s  %-8s  %-16s  %-6s  %-15s  %s\n", "TIME UTC", "SEVERITY", "ID", "STATE", "HOST", "ALERT");
	if (!t->request->json)
		print_row(a);
	else if (!print_json(a))
		t->failed = true;
	return !t->failed && !ferror(stdout);
}

/* RFC 4180; what a spreadsheet would take for a formula gets a quote before it. */
static void
put_csv(const char *text, const char *end)
{
	char buf[9000];
	const char *at;

	clean(text, 2000, buf, sizeof buf);
	fputs(strchr("=+-@", buf[0]) != NULL && buf[0] != '\0' ? "\"'" : "\"", stdout);
	for (at = buf; *at != '\0'; at++) {
		if (*at == '"')
			putchar('"');
		putchar(*at);
	}
	printf("\"%s", end);
}

static bool
tell_csv(void *to, const struct stored_alert *a)
{
	struct told *t = to;
	char when[WHEN_TEXT_MAX];

	if (t->rows++ == 0)
		printf("time,id,revision,state,severity,kind,host,peer,title,count,acknowledged,note\r\n");
	printf("%s,", when_rfc3339(a->ts_ns, when));
	put_csv(a->id, ",");
	printf("%u,", a->revision);
	put_csv(a->state, ",");
	printf("%s,", a->severity < 5 ? severity_names[a->severity] : "");
	put_csv(a->kind, ",");
	put_csv(a->host, ",");
	put_csv(a->peer, ",");
	put_csv(a->title, ",");
	printf("%" PRIu64 ",%s,", a->count, a->acknowledged_ns == INT64_MIN ? "" : when_rfc3339(a->acknowledged_ns, when));
	put_csv(a->note, "\r\n");
	return !ferror(stdout);
}

static bool
tell_eve(void *to, const struct stored_alert *a)
{
	struct told *t = to;

	t->rows++;
	puts(a->line);
	return !ferror(stdout);
}

static bool
tell_census(void *to, const char *line)
{
	cJSON *root = cJSON_Parse(line);
	const cJSON *c = cJSON_GetObjectItemCaseSensitive(root, "census");
	const char *day = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(c, "day"));
	const char *family = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(c, "family"));
	const char *sensor = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "host"));
	double servers = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(c, "servers"));
	double hosts = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(c, "hosts"));
	char name[100], at[100], when[24];
	unsigned *rows = to;

	if (day != NULL && family != NULL && servers >= 0 && hosts >= 0) {
		if ((*rows)++ == 0)
			printf("%-10s  %-24s  %7s  %7s  %s\n", "DAY", "MALWARE", "SERVERS", "HOSTS", "SENSOR");
		printf("%-10s  %-24s  %7.0f  %7.0f  %s\n", clean(day, 10, when, sizeof when), clean(family, 48, name, sizeof name), servers, hosts,
		    clean(sensor == NULL ? "" : sensor, 63, at, sizeof at));
	}
	cJSON_Delete(root);
	return !ferror(stdout);
}

/* The only one, or none. */
static bool
keep_one(void *to, const struct stored_alert *a)
{
	struct told *t = to;

	if (t->rows++ > 0)
		return false;
	t->line = strdup(a->line);
	t->id = strdup(a->id);
	t->note = strdup(a->note);
	snprintf(t->state, sizeof t->state, "%s", a->state);
	t->acknowledged_ns = a->acknowledged_ns;
	t->failed = t->line == NULL || t->id == NULL || t->note == NULL;
	return !t->failed;
}

static int
find_one(struct alert_store *s, const char *id, struct told *t)
{
	const struct alert_filter f = { .since_ns = INT64_MIN, .id = id, .most = 2 };
	struct fault fault;

	*t = (struct told){ .acknowledged_ns = INT64_MIN };
	if (alert_store_each(s, &f, keep_one, t, &fault) < 0)
		return say(&fault);
	if (t->rows == 1 && !t->failed)
		return 0;
	fprintf(stderr, "hansho: alerts: %s: %s\n", id, t->failed ? "no memory" : t->rows == 0 ?
	    "no alert has this id" : "more than one begins so: expected more of it");
	return 1;
}

static void
forget_one(struct told *t)
{
	free(t->line);
	free(t->id);
	free(t->note);
}

/* ---- what can be asked for ---- */

static int
run_each(struct alert_store *s, const struct request *r, stored_alert_fn *tell)
{
	struct told t = { .request = r };
	struct fault fault;

	if (alert_store_each(s, &r->filter, tell, &t, &fault) < 0)
		return say(&fault);
	return t.failed || t.rows == 0 ? 1 : 0;
}

static int
run_list(struct alert_store *s, const struct request *r)
{
	return run_each(s, r, tell_list);
}

static bool
tell_line(void *to, const char *line)
{
	unsigned *rows = to;

	++*rows;
	puts(line);
	return !ferror(stdout);
}

/* EVE has all that is kept: the census is no host's, so that a choice of alerts leaves it out. */
static int
run_export(struct alert_store *s, const struct request *r)
{
	bool csv = r->format != NULL && strcmp(r->format, "csv") == 0;
	int status = run_each(s, r, csv ? tell_csv : tell_eve);
	struct fault fault;
	unsigned rows = 0;

	if (csv || r->host != NULL || r->severity != NULL || r->open || r->limit != NULL)
		return status;
	if (alert_store_census(s, r->filter.since_ns, tell_line, &rows, &fault) < 0)
		return say(&fault);
	return rows > 0 ? 0 : status;
}

static int
run_census(struct alert_store *s, const struct request *r)
{
	struct fault fault;
	unsigned rows = 0;

	if (alert_store_census(s, r->filter.since_ns, r->json ? tell_line : tell_census, &rows, &fault) < 0)
		return say(&fault);
	return rows > 0 ? 0 : 1;
}

static int
show(const struct told *t)
{
	char when[WHEN_TEXT_MAX], note[2000];
	struct fault fault;

	if (console_show(STDOUT_FILENO, t->line, &fault) < 0)
		return say(&fault);
	printf("%-20sid    %s, %s\n", "", t->id, strcmp(t->state, "close") == 0 ? "over" : "not over");
	if (t->acknowledged_ns != INT64_MIN)
		printf("%-20sack   %s%s%s\n", "", when_rfc3339(t->acknowledged_ns, when), t->note[0] != '\0' ? ": " : "",
		    clean(t->note, 480, note, sizeof note));
	return 0;
}

static int
run_show(struct alert_store *s, const struct request *r)
{
	struct told t;
	struct stored_alert a;
	int status = find_one(s, r->ids[0], &t);

	if (status == 0 && r->json) {
		a = (struct stored_alert){ .line = t.line, .note = t.note, .acknowledged_ns = t.acknowledged_ns };
		status = !print_json(&a);
	} else if (status == 0) {
		status = show(&t);
	}
	forget_one(&t);
	return status;
}

static int
run_ack(struct alert_store *s, const struct request *r)
{
	struct fault fault;
	struct told t;
	int i, status = 0;

	for (i = 0; i < r->count; i++) {
		if (find_one(s, r->ids[i], &t) != 0)
			status = 1;
		else if (alert_store_acknowledge(s, t.id, r->note == NULL ? "" : r->note, (int64_t)time(NULL) * NS_PER_SEC,
		    &fault) < 0)
			status = say(&fault);
		forget_one(&t);
	}
	return status;
}

static const struct deed {
	const char *name;
	int (*run)(struct alert_store *s, const struct request *r);
	int least, most;		/* ids */
	unsigned limit;
} deeds[] = {
	{ "list", run_list, 0, 0, 100 },
	{ "show", run_show, 1, 1, 0 },
	{ "ack", run_ack, 1, 1000, 0 },
	{ "export", run_export, 0, 0, 0 },
	{ "census", run_census, 0, 0, 0 },
};

static int
run(const struct deed *d, struct request *r)
{
	struct alert_store *s = NULL;
	struct fault fault;
	char path[4096];
	int status;

	if (!read_filter(r, d->limit) || !find_store(r, path, sizeof path))
		return EXIT_USAGE;
	if (r->format != NULL && strcmp(r->format, "eve") != 0 && strcmp(r->format, "csv") != 0) {
		wrong("--format", r->format, "eve or csv");
		return EXIT_USAGE;
	}
	if (alert_store_open(path, false, &s, &fault) < 0)
		return say(&fault);
	status = d->run(s, r);
	alert_store_close(s);
	return status;
}

/* As common_read(). */
static int
read_options(int argc, char **argv, struct request *r)
{
	const struct own_option own[] = {
		{ .letter = 's', .name = "--store", .text = &r->store },
		{ .letter = 'S', .name = "--since", .text = &r->since },
		{ .letter = 'H', .name = "--host", .text = &r->host },
		{ .letter = 'v', .name = "--severity", .text = &r->severity },
		{ .letter = 'l', .name = "--limit", .text = &r->limit },
		{ .letter = 'F', .name = "--format", .text = &r->format },
		{ .letter = 'n', .name = "--note", .text = &r->note },
		{ .letter = 'o', .flag = &r->open },
		{ .letter = 'j', .flag = &r->json },
		{ .letter = 0 },
	};

	return common_read(argc, argv, long_options, "c:h", help, own, &r->common, r);
}

int
command_alerts(int argc, char **argv)
{
	struct request r = { .store = NULL };
	const struct deed *d = NULL;
	size_t i;
	int status = read_options(argc, argv, &r);

	if (status != 0)
		return status < 0 ? 0 : status;
	for (i = 0; optind < argc && i < sizeof deeds / sizeof *deeds; i++)
		if (strcmp(argv[optind], deeds[i].name) == 0)
			d = &deeds[i];
	if (d == NULL) {
		fprintf(stderr, "hansho: alerts: expected list, show, ack, export or census\n");
		return EXIT_USAGE;
	}
	r.ids = argv + optind + 1;
	r.count = argc - optind - 1;
	if (r.count < d->least || r.count > d->most) {
		fprintf(stderr, "hansho: alerts: %s: expected %s\n", d->name, d->most == 0 ? "no ID" : d->most == 1 ? "one ID" :
		    "an ID or more");
		return EXIT_USAGE;
	}
	return run(d, &r);
}
