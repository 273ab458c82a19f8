#include "analyst/resume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alert/former.h"
#include "base/log.h"
#include "base/table.h"
#include "base/when.h"
#include "record.h"

#define HOUR_NS (3600 * NS_PER_SEC)

struct told {
	UT_hash_handle hh;
	struct former_head head;
	char *line;			/* of the latest revision */
	int64_t ts_ns;
	int64_t opened_ns;		/* WHEN_UNKNOWN: that was not seen, or it was a case's */
};

struct look {
	struct told *table;
	uint32_t most;
	bool members;			/* what a case tells of counts against hourly limits, too */
	int64_t window_ns;		/* who was silent for longer is closed */
	int64_t newest_ns, segment_ns;	/* WHEN_UNKNOWN: no time seen */
	uint64_t bytes, left_out;
};

static void
take_alert(struct look *l, const char *line, int64_t ts_ns, bool counts)
{
	struct former_head head;
	struct told *t;
	char *copy;

	if (!former_head(line, &head))
		return;
	HASH_FIND_STR(l->table, head.id, t);
	counts = counts && head.state == ALERT_OPEN;
	if (t != NULL && counts && ts_ns > t->opened_ns)
		t->opened_ns = ts_ns;
	if (t != NULL && t->head.revision >= head.revision)
		return;
	if ((t == NULL && HASH_COUNT(l->table) >= l->most) || (copy = strdup(line)) == NULL) {
		l->left_out++;
		return;
	}
	if (t == NULL) {
		if ((t = calloc(1, sizeof *t)) == NULL) {
			free(copy);
			return;
		}
		t->head = head;
		t->opened_ns = counts ? ts_ns : WHEN_UNKNOWN;
		HASH_ADD_KEYPTR(hh, l->table, t->head.id, strlen(t->head.id), t);
		if (element_not_added(t)) {
			free(copy);
			free(t);
			return;
		}
	}
	free(t->line);
	t->head = head;
	t->line = copy;
	t->ts_ns = ts_ns;
}

static void
take(void *to, uint16_t kind, const char *line)
{
	struct look *l = to;
	int64_t ts_ns;

	l->bytes += strlen(line);
	if (kind != RECORD_ALERT && kind != RECORD_HELD && kind != RECORD_MEMBER)
		return;
	if (!former_time(line, &ts_ns))
		return;
	if (ts_ns > l->segment_ns)
		l->segment_ns = ts_ns;
	take_alert(l, line, ts_ns, kind != RECORD_MEMBER || l->members);
}

static bool
more(void *to)
{
	struct look *l = to;
	int64_t segment_ns = l->segment_ns;

	l->segment_ns = WHEN_UNKNOWN;
	if (segment_ns > l->newest_ns)
		l->newest_ns = segment_ns;
	if (segment_ns != WHEN_UNKNOWN && segment_ns < l->newest_ns - l->window_ns)
		return false;
	return l->bytes < RESUME_BYTES;
}

/* Incidents go on in the order in which they were told. */
static int
by_time(const struct told *a, const struct told *b)
{
	return a->ts_ns != b->ts_ns ? (a->ts_ns < b->ts_ns ? -1 : 1) : strcmp(a->head.id, b->head.id);
}

static int
by_opening(const struct told *a, const struct told *b)
{
	return a->opened_ns != b->opened_ns ? (a->opened_ns < b->opened_ns ? -1 : 1) : strcmp(a->head.id, b->head.id);
}

/* What was opened within the hour counts against the hour's limits. */
static void
count_openings(struct look *l, struct analyst *a)
{
	int64_t newest_ns = 0;
	struct told *t, *next;

	HASH_SORT(l->table, by_opening);
	HASH_ITER(hh, l->table, t, next)
		newest_ns = t->ts_ns > newest_ns ? t->ts_ns : newest_ns;
	HASH_ITER(hh, l->table, t, next)
		if (t->opened_ns != WHEN_UNKNOWN && t->opened_ns > newest_ns - HOUR_NS)
			analyst_opened_before(a, t->line, t->opened_ns);
}

void
resume_alerts(const char *directory, const struct config *config, struct analyst *a)
{
	uint32_t close_sec = config->alert.close_sec > config->alert.case_close_sec ? config->alert.close_sec :
	    config->alert.case_close_sec;
	struct look l = { .most = 2 * config->alert.max_open, .newest_ns = WHEN_UNKNOWN, .segment_ns = WHEN_UNKNOWN,
		.window_ns = ((int64_t)close_sec + config->alert.update_most_sec) * NS_PER_SEC, .members = config->alert.members_count };
	bool hourly = config->alert.host_hourly > 0 || config->alert.rule_hourly > 0;
	struct told *t, *next;
	struct fault fault;
	uint64_t open = 0;

	if (hourly && l.window_ns < HOUR_NS)
		l.window_ns = HOUR_NS;
	if (journal_look_back(directory, take, more, &l, &fault) < 0)
		log_warn("analyst", "%s; open alerts of before do not go on", fault.text);
	if (hourly)
		count_openings(&l, a);
	HASH_SORT(l.table, by_time);
	HASH_ITER(hh, l.table, t, next) {
		if (analyst_again(a, t->line) && t->head.state != ALERT_CLOSE)
			open++;
		HASH_DEL(l.table, t);
		free(t->line);
		free(t);
	}
	if (open > 0)
		log_info("analyst", "%" PRIu64 " alert%s that %s open in the journal go%s on", open, open == 1 ? "" : "s",
		    open == 1 ? "was" : "were", open == 1 ? "es" : "");
	if (l.left_out > 0)
		log_warn("analyst", "%" PRIu64 " alerts of the journal were left out for want of room", l.left_out);
}
