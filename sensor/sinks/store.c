/* Incidents into an SQLite file, in batches: each is written whole or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/when.h"
#include "sinks/alert_store.h"
#include "sinks/kinds.h"

enum { STORE_BATCH = 256, TRIM_EVERY = 4096, DAY_SEC = 86400 };

struct store {
	struct alert_store *file;	/* NULL: to be opened */
	char *line[STORE_BATCH];
	unsigned count;
	unsigned since_trim;		/* records written */
};

static int
store_open(struct sink *s, struct fault *fault)
{
	struct store *t;

	if (s->options.target[0] == '\0')
		return fault_set(fault, SE_USAGE, "sink %s: the path of a file is expected", s->options.name);
	if ((t = calloc(1, sizeof *t)) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: out of memory", s->options.name);
	t->since_trim = TRIM_EVERY;	/* with the first batch */
	s->state = t;
	return 0;
}

static void
forget(struct store *t)
{
	while (t->count > 0)
		free(t->line[--t->count]);
}

static int64_t
oldest_ns(const struct sink *s)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((int64_t)now.tv_sec - (int64_t)s->options.store_days * DAY_SEC) * NS_PER_SEC;
}

static enum sink_result
store_flush(struct sink *s, struct fault *fault)
{
	struct store *t = s->state;
	unsigned odd = 0;
	int r;

	if (t->count == 0)
		return SINK_DONE;
	if (t->file == NULL && alert_store_open(s->options.target, true, &t->file, fault) < 0)
		return SINK_LATER;
	if ((r = alert_store_put(t->file, t->line, t->count, &odd, fault)) < 0) {
		if (r == SE_FORMAT) {
			alert_store_give_up(t->file);
			t->file = NULL;
		}
		return SINK_LATER;
	}
	t->since_trim += t->count;
	forget(t);
	if (t->since_trim >= TRIM_EVERY) {
		if (alert_store_trim(t->file, s->options.store_rows, oldest_ns(s), fault) < 0)
			log_warn("store", "%s; it is larger than it should be", fault->text);
		t->since_trim = 0;
	}
	return SINK_DONE;
}

static enum sink_result
store_deliver(struct sink *s, const struct sink_record *rec, struct fault *fault)
{
	struct store *t = s->state;
	enum sink_result r;

	if (rec->kind != RECORD_ALERT && rec->kind != RECORD_MEMBER && rec->kind != RECORD_CENSUS)
		return SINK_DONE;
	if (t->count == STORE_BATCH && (r = store_flush(s, fault)) != SINK_DONE)
		return r;
	if ((t->line[t->count] = strdup(rec->line)) == NULL)
		return sink_later(fault, SE_NOMEM, "store %s: out of memory", s->options.target);
	t->count++;
	return SINK_DONE;
}

static int
store_probe(struct sink *s, struct fault *fault)
{
	struct store *t = s->state;

	return t->file != NULL ? 0 : alert_store_open(s->options.target, true, &t->file, fault);
}

static void
store_close(struct sink *s)
{
	struct store *t = s->state;

	if (t == NULL)
		return;
	forget(t);
	alert_store_close(t->file);
	free(t);
}

const struct sink_row sink_store = {
	.name = "store",
	.open = store_open,
	.deliver = store_deliver,
	.flush = store_flush,
	.probe = store_probe,
	.close = store_close,
};
