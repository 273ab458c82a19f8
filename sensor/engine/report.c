#include "engine/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alert/names.h"
#include "base/log.h"
#include "base/when.h"

static int64_t
monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

void
progress_begin(struct progress *p)
{
	p->shown = isatty(STDERR_FILENO) == 1;
	p->began_ns = monotonic_ns();
	p->next_ns = p->began_ns + NS_PER_SEC / 2;
}

double
progress_seconds(const struct progress *p)
{
	return (double)(monotonic_ns() - p->began_ns) / (double)NS_PER_SEC;
}

/* Every worker reads all plain files: the slowest one tells how far the run is. */
static void
slowest(const struct board *b, unsigned workers, uint64_t *done, uint64_t *total, uint64_t *frames)
{
	unsigned i;

	*done = *frames = UINT64_MAX;
	*total = atomic_load(&b->worker[0].total_bytes);
	for (i = 0; i < workers; i++) {
		uint64_t d = atomic_load(&b->worker[i].done_bytes);
		uint64_t f = atomic_load(&b->worker[i].ordinal);

		if (atomic_load(&b->worker[i].total_bytes) > 0 && d < *done)
			*done = d;
		if (f < *frames)
			*frames = f;
	}
}

void
progress_show(struct progress *p, const struct board *b, unsigned workers)
{
	int64_t now = monotonic_ns();
	uint64_t done, total, frames;
	double seconds = (double)(now - p->began_ns) / (double)NS_PER_SEC, rate;

	if (!p->shown || now < p->next_ns)
		return;
	p->next_ns = now + NS_PER_SEC / 4;
	slowest(b, workers, &done, &total, &frames);
	rate = (double)frames / seconds;
	if (total == 0 || done == 0 || done > total)
		fprintf(stderr, "\r\033[K%" PRIu64 " frames, %.0f frames/s", frames, rate);
	else
		fprintf(stderr, "\r\033[K%3.0f %%  %" PRIu64 " frames, %.0f frames/s, %.0f s left",
		    100.0 * (double)done / (double)total, frames, rate,
		    seconds * (double)(total - done) / (double)done);
	fflush(stderr);
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}

/* ---- the end ---- */

/* A ceiling: what was lost there, and which option raises it. */
struct ceiling {
	const char *what, *option;
	size_t offset;		/* of its counter in struct pipeline_counts */
};

static const struct ceiling ceilings[] = {
	{ "flows were pushed out of the flow table", "limits.flows",
	    offsetof(struct pipeline_counts, flow.evicted) },
	{ "streams were pushed out of reassembly", "limits.streams",
	    offsetof(struct pipeline_counts, reassembly.evicted) },
	{ "holes were given up because too much waited behind them", "limits.stream_queue_bytes",
	    offsetof(struct pipeline_counts, reassembly.bound_hit) },
	{ "fragmented datagrams were pushed out", "limits.fragments",
	    offsetof(struct pipeline_counts, decode.fragments_evicted) },
	{ "dialogues held more than a parser may", "limits.parser_bytes",
	    offsetof(struct pipeline_counts, proto.over_limit) },
	{ "dialogues were given up because all together held too much", "limits.parser_total_mib",
	    offsetof(struct pipeline_counts, proto.pushed_out) },
	{ "bodies of files were not looked into", "files.total_mib",
	    offsetof(struct pipeline_counts, proto.files_refused) },
};

static uint64_t
sum(const struct board *b, unsigned workers, size_t offset)
{
	uint64_t n = 0;
	unsigned i;

	for (i = 0; i < workers; i++)
		n += *(const uint64_t *)(const void *)((const char *)&b->worker[i].counts + offset);
	return n;
}

static unsigned
report_history(const struct board *b)
{
	const struct history_counts *h = &b->keeper.history;
	uint64_t dropped = atomic_load(&b->kept_dropped);

	if (b->keeper.retro > 0)
		log_info("history", "%" PRIu64 " earlier contact%s of what feeds know now", b->keeper.retro,
		    b->keeper.retro == 1 ? "" : "s");
	if (h->evicted_size > 0)
		log_warn("limits", "%" PRIu64 " services of hosts were forgotten for want of room: raise "
		    "history.max_mib", h->evicted_size);
	if (h->left_out > 0)
		log_warn("limits", "%" PRIu64 " contacts of hosts with services new to them are not in the history, more than an hour may "
		    "bring: raise history.max_mib", h->left_out);
	if (dropped + h->lost > 0)
		log_warn("history", "%" PRIu64 " contacts found no room on their way to the history, %" PRIu64
		    " could not be written", dropped, h->lost);
	if (b->keeper.log.contacts > 0 || b->keeper.log.lost > 0)
		log_info("history", "%" PRIu64 " contacts in the contact log, %" PRIu64 " left out", b->keeper.log.contacts,
		    b->keeper.log.lost);
	return (h->evicted_size > 0 ? 1u : 0) + (h->left_out > 0 ? 1u : 0) + (dropped + h->lost > 0 ? 1u : 0);
}

static void
report_suppressed(const struct board *b)
{
	const struct suppress_counts *c = &b->analyst.suppress;
	uint32_t turn, i;
	const struct suppress_set *set = board_suppress(b, &turn);

	for (i = 0; i < set->count && i < SUPPRESS_MAX; i++)
		if (c->hits[i] > 0)
			log_info("alerts", "suppress: rule %u (%s) held back %" PRIu64 " finding%s", i + 1, set->rule[i].reason,
			    c->hits[i], c->hits[i] == 1 ? "" : "s");
	if (b->analyst.alert.held > 0)
		log_info("alerts", "%" PRIu64 " alerts beyond the hourly limits are summed up (alerts.host_hourly, alerts.rule_hourly)",
		    b->analyst.alert.held);
}

static unsigned
report_ceilings(const struct board *b, unsigned workers)
{
	const struct analyst_counts *a = &b->analyst;
	unsigned hit = 0;
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof ceilings / sizeof *ceilings; i++) {
		if ((n = sum(b, workers, ceilings[i].offset)) == 0)
			continue;
		log_warn("limits", "%" PRIu64 " %s: raise %s", n, ceilings[i].what,
		    ceilings[i].option);
		hit++;
	}
	if (a->beacon.evicted > 0) {
		log_warn("limits", "%" PRIu64 " beacon keys were pushed out: raise beacon.max_keys",
		    a->beacon.evicted);
		hit++;
	}
	report_suppressed(b);
	if (a->allowed > 0)
		log_info("alerts", "%" PRIu64 " matches were left out: their AS or certificate is on an allow list",
		    a->allowed);
	if (a->expired > 0)
		log_info("alerts", "%" PRIu64 " contacts with indicators that have expired were left out (alerts.expired tells them)",
		    a->expired);
	if (a->cases.evicted > 0) {
		log_warn("limits", "%" PRIu64 " hosts with alerts were pushed out of the cases: raise cases.hosts", a->cases.evicted);
		hit++;
	}
	if (a->behaviour.evicted > 0) {
		log_warn("limits", "%" PRIu64 " hosts whose behaviour was followed were pushed out: raise behaviour.hosts",
		    a->behaviour.evicted);
		hit++;
	}
	if (a->alert.evicted > 0) {
		log_warn("limits", "%" PRIu64 " open alerts were closed early: raise alerts.max_open",
		    a->alert.evicted);
		hit++;
	}
	hit += report_history(b);
	if (a->gave_way > 0) {
		log_warn("journal", "%" PRIu64 " records were removed before every sink had them: raise journal.max_mib or journal.max_hours",
		    a->gave_way);
		hit++;
	}
	if (a->records_lost > 0) {
		log_error("journal", "%" PRIu64 " records could not be written", a->records_lost);
		hit++;
	}
	return hit;
}

/* ---- what was spoken ---- */

struct app_column {
	const char *what;
	size_t offset;		/* of an array by app in struct pipeline_counts */
};

static const struct app_column app_columns[] = {
	{ "flows", offsetof(struct pipeline_counts, proto.recognised) },
	{ "datagrams", offsetof(struct pipeline_counts, proto.datagrams) },
	{ "malformed", offsetof(struct pipeline_counts, proto.malformed) },
	{ "given up", offsetof(struct pipeline_counts, proto.given_up) },
};

static void
add_text(char *line, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void
add_text(char *line, size_t size, const char *format, ...)
{
	size_t used = strlen(line);
	va_list ap;

	va_start(ap, format);
	vsnprintf(line + used, size - used, format, ap);
	va_end(ap);
}

static void
add_app(char *line, size_t size, const struct board *b, unsigned workers, enum app app)
{
	const char *before = line[0] == '\0' ? "" : "; ", *between = " ";
	uint64_t n;
	size_t i;

	for (i = 0; i < sizeof app_columns / sizeof *app_columns; i++) {
		if ((n = sum(b, workers, app_columns[i].offset + app * sizeof n)) == 0)
			continue;
		if (between[0] != ',')
			add_text(line, size, "%s%s", before, names_app(app));
		add_text(line, size, "%s%" PRIu64 " %s", between, n, app_columns[i].what);
		between = ", ";
	}
}

/* One line, of what there was. */
static void
report_protocols(const struct board *b, unsigned workers)
{
	uint64_t unknown = sum(b, workers, offsetof(struct pipeline_counts, proto.unknown));
	char line[1024] = "";
	int app;

	for (app = APP_UNKNOWN + 1; app < APP_KINDS; app++)
		add_app(line, sizeof line, b, workers, (enum app)app);
	if (unknown > 0)
		add_text(line, sizeof line, "%sunknown %" PRIu64 " flows", line[0] == '\0' ? "" : "; ", unknown);
	if (line[0] != '\0')
		log_info("protocols", "%s", line);
}

/* Each worker that reads the files reads all of them. */
static void
report_lost(const struct board *b, unsigned workers)
{
	uint64_t lost = 0, here;
	unsigned i;

	for (i = 0; i < workers; i++)
		if ((here = atomic_load(&b->worker[i].lost)) > lost)
			lost = here;
	if (lost > 0)
		log_warn("capture", "%" PRIu64 " packet%s lost when this was recorded, as the files say themselves",
		    lost, lost == 1 ? " was" : "s were");
}

/* Every worker sees every frame of a replay. */
static void
report_times(const struct pipeline_counts *c)
{
	if (c->retimed > 0)
		log_warn("capture", "%" PRIu64 " frame%s carr%s a time more than an hour off those around: taken as "
		    "of the frame before", c->retimed, c->retimed == 1 ? "" : "s", c->retimed == 1 ? "ies" : "y");
	if (c->set_back > 0)
		log_warn("capture", "%" PRIu64 " time%s the frames' clock went back by more than an hour: alerts around "
		    "that moment may have wrong times", c->set_back, c->set_back == 1 ? "" : "s");
}

static void
report_tunnels(const struct pipeline_counts *c)
{
	if (c->decode.tunnelled > 0)
		log_info("decode", "%" PRIu64 " packet%s came out of tunnels", c->decode.tunnelled,
		    c->decode.tunnelled == 1 ? "" : "s");
	if (c->decode.unopened > 0)
		log_info("decode", "%" PRIu64 " packet%s of tunnels had no IP inside", c->decode.unopened,
		    c->decode.unopened == 1 ? "" : "s");
	if (c->decode.too_nested > 0)
		log_warn("decode", "%" PRIu64 " frame%s had too many layers or tunnels: read as far as that",
		    c->decode.too_nested, c->decode.too_nested == 1 ? "" : "s");
}

unsigned
report_run(const struct board *b, unsigned workers, double seconds)
{
	const struct pipeline_counts *first = &b->worker[0].counts;
	char from[WHEN_TEXT_MAX], to[WHEN_TEXT_MAX];

	if (first->frames == 0)
		log_info("replay", "no frames");
	else
		log_info("replay", "%" PRIu64 " frames, %" PRIu64 " flows, %s to %s, in %.2f s: "
		    "%" PRIu64 " alert%s", first->frames,
		    sum(b, workers, offsetof(struct pipeline_counts, flow.started)),
		    when_rfc3339(first->first_ns, from), when_rfc3339(first->last_ns, to), seconds,
		    b->analyst.alert.opened, b->analyst.alert.opened == 1 ? "" : "s");
	report_protocols(b, workers);
	report_times(first);
	report_tunnels(first);
	report_lost(b, workers);
	return report_ceilings(b, workers);
}

unsigned
report_live(const struct board *b, unsigned workers, double seconds)
{
	uint64_t seen = 0, dropped = 0, lost = 0, late = 0;
	unsigned i;

	/* The kernel counts what it drops as seen, too. */
	for (i = 0; i < workers; i++) {
		seen += atomic_load(&b->worker[i].kernel_seen) - atomic_load(&b->worker[i].kernel_dropped);
		dropped += atomic_load(&b->worker[i].kernel_dropped);
		lost += atomic_load(&b->worker[i].ring_dropped);
		late += atomic_load(&b->worker[i].late);
	}
	log_info("watch", "%" PRIu64 " frames seen, %" PRIu64 " dropped by the kernel, %" PRIu64
	    " came late, in %.1f s: %" PRIu64 " flows, %" PRIu64 " alerts", seen, dropped, late, seconds,
	    sum(b, workers, offsetof(struct pipeline_counts, flow.started)), b->analyst.alert.opened);
	report_protocols(b, workers);
	if (lost > 0)
		log_warn("limits", "%" PRIu64 " observations were lost for want of room: raise limits.ring_mib",
		    lost);
	return report_ceilings(b, workers) + (lost > 0 ? 1 : 0);
}
