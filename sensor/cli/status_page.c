#include "cli/status_page.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { NAME_WIDTH = 10, BAR_WIDTH = 20, TEXT_MAX = 300, SHARES_FROM = 1000 };

struct page {
	FILE *to;
	const cJSON *now, *before;
	double seconds;			/* between the two; 0: there is no `before` */
	bool colour;
};

/* ---- reading ---- */

static const cJSON *
at(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static double
number(const cJSON *o, const char *name)
{
	const cJSON *n = at(o, name);

	return cJSON_IsNumber(n) ? n->valuedouble : 0;
}

static const char *
text(const cJSON *o, const char *name)
{
	const cJSON *s = at(o, name);

	return cJSON_IsString(s) ? s->valuestring : "";
}

/* Of what stands in an object; in a list it has none. */
static const char *
name_of(const cJSON *o)
{
	return o->string == NULL ? "" : o->string;
}

/* A second's change; a process that began anew counts from 0. */
static double
rate(const struct page *p, const cJSON *now, const cJSON *before, const char *name)
{
	double change = number(now, name) - number(before, name);

	return p->seconds > 0 && change > 0 ? change / p->seconds : 0;
}

/* ---- writing ---- */

static void
put_text(FILE *to, const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0' && i < TEXT_MAX; i++)
		fputc((unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i], to);
}

/* "1,234,567" */
static void
put_count(FILE *to, double n)
{
	char digits[32];
	size_t len, i;

	snprintf(digits, sizeof digits, "%.0f", n);
	len = strlen(digits);
	for (i = 0; i < len; i++) {
		fputc(digits[i], to);
		if ((len - i - 1) % 3 == 0 && i + 1 < len && digits[i] != '-')
			fputc(',', to);
	}
}

static void
put_bytes(FILE *to, double n)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	size_t i;

	for (i = 0; n >= 1024 && i + 1 < sizeof units / sizeof *units; i++)
		n /= 1024;
	fprintf(to, i == 0 ? "%.0f %s" : "%.1f %s", n, units[i]);
}

static void
put_age(FILE *to, double sec)
{
	if (sec < 120)
		fprintf(to, "%.0f s", sec);
	else if (sec < 2 * 3600)
		fprintf(to, "%.0f min", sec / 60);
	else if (sec < 2 * 86400)
		fprintf(to, "%.0f h", sec / 3600);
	else
		fprintf(to, "%.0f days", sec / 86400);
}

static void
begin(const struct page *p, const char *name)
{
	fprintf(p->to, p->colour ? "\033[1m%-*s\033[0m" : "%-*s", NAME_WIDTH, name);
}

/* What somebody should look at. */
static void
warn(const struct page *p, const char *words)
{
	fputs(p->colour ? "\033[31m" : "", p->to);
	put_text(p->to, words);
	fputs(p->colour ? "\033[0m" : "", p->to);
}

/* ---- the parts ---- */

static void
put_head(const struct page *p)
{
	const char *why = text(p->now, "not_ready");

	fputs("hansho ", p->to);
	put_text(p->to, text(p->now, "version"));
	fputs("  ", p->to);
	put_text(p->to, text(p->now, "sensor"));
	fputs(" on ", p->to);
	put_text(p->to, text(p->now, "interface"));
	fputs(", up ", p->to);
	put_age(p->to, number(p->now, "time_seconds") - number(p->now, "start_time_seconds"));
	fputs(why[0] == '\0' ? "  ready\n" : "  ", p->to);
	if (why[0] != '\0') {
		warn(p, "NOT READY: ");
		warn(p, why);
		fputc('\n', p->to);
	}
}

static void
put_trouble(const struct page *p)
{
	const cJSON *list = at(p->now, "trouble"), *t;
	bool any = false;

	cJSON_ArrayForEach(t, list) {
		if (t->valuedouble == 0 || t->string == NULL)
			continue;
		if (!any)
			begin(p, "trouble");
		fputs(any ? ", " : "", p->to);
		warn(p, t->string);
		any = true;
	}
	fputs(any ? "\n" : "", p->to);
}

static void
put_traffic(const struct page *p)
{
	const cJSON *t = at(p->now, "total"), *old = at(p->before, "total");
	double last = number(t, "last_frame_timestamp_seconds");

	begin(p, "traffic");
	if (p->seconds > 0) {
		put_count(p->to, rate(p, t, old, "frames"));
		fprintf(p->to, " frames/s, %.1f Mbit/s; ", rate(p, t, old, "frame_bytes") * 8 / 1e6);
	}
	put_count(p->to, number(t, "frames"));
	fputs(" frames, ", p->to);
	put_bytes(p->to, number(t, "frame_bytes"));
	if (last > 0) {
		double age = number(p->now, "time_seconds") - last;

		fputs(", the latest ", p->to);
		put_age(p->to, age > 0 ? age : 0);
		fputs(" ago", p->to);
	}
	fputc('\n', p->to);
	begin(p, "");
	put_count(p->to, number(t, "flows_active"));
	fputs(" conversations, ", p->to);
	put_count(p->to, number(t, "streams_active"));
	fputs(" put in order, ", p->to);
	put_bytes(p->to, number(t, "stream_queued_bytes"));
	fputs(" behind holes\n", p->to);
}

static void
put_drops(const struct page *p)
{
	const cJSON *t = at(p->now, "total"), *drops = at(t, "drops"), *d;
	double seen = number(t, "kernel_frames"), kernel = number(drops, "kernel");
	char words[128];
	bool any = false;

	begin(p, "lost");
	cJSON_ArrayForEach(d, drops) {
		if (d->valuedouble == 0)
			continue;
		if (strcmp(name_of(d), "kernel") == 0)
			snprintf(words, sizeof words, "%.0f frames in the kernel (%.2f %%)", kernel, 100 * kernel / (seen > 0 ? seen : 1));
		else
			snprintf(words, sizeof words, "%.0f %s", d->valuedouble, name_of(d));
		fputs(any ? ", " : "", p->to);
		warn(p, words);
		any = true;
	}
	fputs(any ? "\n" : "nothing\n", p->to);
}

/* The share is of the last second, or of all. */
static double
share(const struct page *p, unsigned i, double *all)
{
	const cJSON *list = at(p->now, "per_worker"), *old = at(p->before, "per_worker"), *w;
	double mine = 0, n;
	unsigned k = 0;

	*all = 0;
	cJSON_ArrayForEach(w, list) {
		n = number(w, "frames");
		if (p->seconds > 0 && n >= number(cJSON_GetArrayItem(old, (int)k), "frames"))
			n -= number(cJSON_GetArrayItem(old, (int)k), "frames");
		*all += n;
		if (k++ == i)
			mine = n;
	}
	return *all > 0 ? mine / *all : 0;
}

/* A worker beyond the middle between an equal share and all. */
static bool
has_most(double mine, double all, int workers)
{
	return workers > 1 && all >= SHARES_FROM && mine > 0.5 + 0.5 / workers;
}

static void
put_worker(const struct page *p, const cJSON *w, unsigned i, int workers)
{
	static const char full[] = "####################";
	double all, mine = share(p, i, &all);
	char words[128];

	begin(p, i == 0 ? "workers" : "");
	fprintf(p->to, "%2u  %-*.*s %3.0f %%, ", i, BAR_WIDTH, (int)(mine * BAR_WIDTH + 0.5), full, mine * 100);
	put_count(p->to, number(w, "flows_active"));
	fputs(" conversations, ", p->to);
	put_bytes(p->to, number(w, "ring_used_bytes"));
	fputs(" wait for the analyst\n", p->to);
	if (!has_most(mine, all, workers))
		return;
	begin(p, "");
	snprintf(words, sizeof words, "worker %u has most of the traffic: much of it is between two addresses (a tunnel?)", i);
	warn(p, words);
	fputc('\n', p->to);
}

static void
put_workers(const struct page *p)
{
	const cJSON *list = at(p->now, "per_worker"), *w;
	unsigned i = 0;

	cJSON_ArrayForEach(w, list)
		put_worker(p, w, i++, cJSON_GetArraySize(list));
}

static void
put_alerts(const struct page *p)
{
	static const char *const severities[] = { "critical", "high", "medium", "low" };
	const cJSON *a = at(p->now, "analyst"), *kinds = at(a, "alerts"), *k;
	double sums[4] = { 0 };
	size_t i;

	cJSON_ArrayForEach(k, kinds)
		for (i = 0; i < 4; i++)
			sums[i] += number(k, severities[i]);
	begin(p, "alerts");
	put_count(p->to, number(a, "alerts_open"));
	fputs(" open; since the start", p->to);
	for (i = 0; i < 4; i++)
		fprintf(p->to, "%s %.0f %s", i == 0 ? "" : ",", sums[i], severities[i]);
	fputc('\n', p->to);
	cJSON_ArrayForEach(k, kinds) {
		double all = 0;

		for (i = 0; i < 4; i++)
			all += number(k, severities[i]);
		begin(p, "");
		put_text(p->to, name_of(k));
		fprintf(p->to, " %.0f\n", all);
	}
}

/* C2 servers that answered on the latest day with any. */
static void
put_census(const struct page *p)
{
	const cJSON *list = at(p->now, "census"), *c;
	bool first = true;

	cJSON_ArrayForEach(c, list) {
		begin(p, first ? "census" : "");
		first = false;
		put_text(p->to, text(c, "day"));
		fputs("  ", p->to);
		put_text(p->to, text(c, "family"));
		fputs(cJSON_IsTrue(at(c, "estimated")) ? ": about " : ": ", p->to);
		put_count(p->to, number(c, "servers"));
		fputs(" C2 servers answered ", p->to);
		put_count(p->to, number(c, "hosts"));
		fputs(number(c, "hosts") == 1 ? " host\n" : " hosts\n", p->to);
	}
}

static void
put_feeds(const struct page *p)
{
	const cJSON *list = at(p->now, "feeds"), *f;
	bool first = true;

	cJSON_ArrayForEach(f, list) {
		begin(p, first ? "feeds" : "");
		first = false;
		put_text(p->to, text(f, "feed"));
		fputs(": ", p->to);
		put_count(p->to, number(f, "feed_entries"));
		fputs(" entries, ", p->to);
		put_age(p->to, number(f, "feed_age_seconds"));
		fputs(" old", p->to);
		if (number(f, "feed_well") == 0)
			warn(p, ", what came last could not be read");
		fputc('\n', p->to);
	}
}

static void
put_sinks(const struct page *p)
{
	const cJSON *list = at(p->now, "sinks"), *s;
	bool first = true;

	cJSON_ArrayForEach(s, list) {
		begin(p, first ? "sinks" : "");
		first = false;
		put_text(p->to, text(s, "sink"));
		fputs(": ", p->to);
		put_count(p->to, number(s, "sink_delivered"));
		fputs(" delivered", p->to);
		if (number(s, "sink_lag_seconds") > 0) {
			fputs(", ", p->to);
			put_count(p->to, number(s, "sink_lag_records"));
			fputs(" wait for ", p->to);
			put_age(p->to, number(s, "sink_lag_seconds"));
		}
		if (number(s, "sink_lost") > 0) {
			fputs(", ", p->to);
			put_count(p->to, number(s, "sink_lost"));
			fputs(" lost", p->to);
		}
		if (number(s, "sink_refused") > 0) {
			fputs(", ", p->to);
			put_count(p->to, number(s, "sink_refused"));
			fputs(" refused", p->to);
		}
		if (number(s, "sink_failing") > 0) {
			warn(p, ", FAILS: ");
			warn(p, text(s, "last_fault"));
		}
		fputc('\n', p->to);
	}
}

static void
put_processes(const struct page *p)
{
	const cJSON *list = at(p->now, "processes"), *old = at(p->before, "processes"), *one;
	double memory = 0;
	unsigned i = 0;

	begin(p, "memory");
	cJSON_ArrayForEach(one, list) {
		memory += number(one, "process_resident_memory_bytes");
		fputs(i == 0 ? "" : ", ", p->to);
		put_text(p->to, text(one, "process"));
		fputc(' ', p->to);
		if (number(one, "process_up") == 0)
			warn(p, "DOWN");
		else
			put_bytes(p->to, number(one, "process_resident_memory_bytes"));
		if (p->seconds > 0)
			fprintf(p->to, " %.0f %%", 100 * rate(p, one, cJSON_GetArrayItem(old, (int)i), "process_cpu_seconds"));
		if (number(one, "process_starts") > 1)
			fprintf(p->to, " (begun %.0f times)", number(one, "process_starts"));
		i++;
	}
	fputs("; together ", p->to);
	put_bytes(p->to, memory);
	fputc('\n', p->to);
}

void
status_print(FILE *to, const cJSON *now, const cJSON *before, bool colour)
{
	struct page p = { to, now, before, 0, colour };

	if (before != NULL && number(now, "time_seconds") > number(before, "time_seconds"))
		p.seconds = number(now, "time_seconds") - number(before, "time_seconds");
	put_head(&p);
	put_trouble(&p);
	put_traffic(&p);
	put_drops(&p);
	put_workers(&p);
	put_alerts(&p);
	put_census(&p);
	put_feeds(&p);
	put_sinks(&p);
	put_processes(&p);
}
