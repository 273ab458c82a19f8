#include "engine/analyst_process.h"

#include "analyst/memory.h"
#include "analyst/merge.h"
#include "analyst/own.h"
#include "analyst/resume.h"
#include "base/log.h"
#include "base/pages.h"
#include "base/suffix.h"
#include "base/when.h"
#include "beacon/known.h"
#include "config/advice.h"
#include "engine/desk.h"
#include "engine/feeds.h"
#include "engine/keeper_process.h"
#include "indicators/allow.h"

enum { BEACON_RECORDS_SEC = 3600, MERGE_BATCH = 4096, TURN_BATCHES = 4, ANALYST_WAIT_MS = 50 };

static int64_t
input_end_ns(const struct house *h)
{
	int64_t last = WHEN_UNKNOWN;
	unsigned i;

	for (i = 0; i < h->workers; i++)
		if (h->board->worker[i].counts.last_ns > last)
			last = h->board->worker[i].counts.last_ns;
	return last;
}

/* What comes again and again, live: WHEN_UNKNOWN before the first time. */
struct turns {
	int64_t records_ns, memory_ns;
};

/* Is it time? Not the first time that it is asked. */
static bool
is_due(int64_t *next_ns, int64_t now_ns, int64_t every_sec)
{
	bool first = *next_ns == WHEN_UNKNOWN;

	/* Further off than that: the time was set back. */
	if (now_ns < *next_ns && *next_ns - now_ns <= every_sec * NS_PER_SEC)
		return false;
	*next_ns = now_ns + every_sec * NS_PER_SEC;
	return !first;
}

/* Live there is no end at which beacon records are written: they come once an hour as well. */
static void
advance(struct analyst *a, struct memory *memory, int64_t save_sec, int64_t now_ns, struct turns *t)
{
	analyst_advance(a, now_ns);
	if (is_due(&t->records_ns, now_ns, BEACON_RECORDS_SEC))
		analyst_record_beacons(a);
	if (is_due(&t->memory_ns, now_ns, save_sec))
		memory_begin(memory);
	memory_step(memory, a);
}

static void
take_rules(const struct board *b, struct analyst *a, uint32_t *turn)
{
	uint32_t before = *turn;
	const struct suppress_set *set = board_suppress(b, turn);

	if (*turn != before && !analyst_set_suppress(a, set))
		log_error("analyst", "no memory for suppress; the rules before stay in force");
}

/* What others wait for, and what is due. `now_ns`: how far the input is, live; else 0. */
static void
turn(struct house *h, struct desk *d, int64_t now_ns, struct turns *t)
{
	keeper_wake(h);
	if (now_ns > 0)
		advance(d->analyst, d->memory, h->config->save_sec, now_ns, t);
	analyst_sync(d->analyst, h->live && now_ns == 0 ? house_wall_clock_ns() : now_ns);
}

/* With empty rings as far as their watermarks say; else to the latest observation: before those that wait nothing is due. */
static int64_t
input_ns(const struct house *h, const struct merge *m, enum merge_state state)
{
	int64_t watermark = merge_watermark(m);

	if (!h->live)
		return 0;
	if (state == MERGE_MORE)
		return h->board->analyst.last_ns;
	return watermark == INT64_MIN ? 0 : watermark;
}

/* A turn comes when the rings are empty, and when they never are. */
static int
analyse(struct house *h, struct desk *d, struct journal *j, struct merge *m)
{
	struct analyst *a = d->analyst;
	struct turns turns = { WHEN_UNKNOWN, WHEN_UNKNOWN };
	struct pages_heap heap;
	enum merge_state state;
	uint32_t seen, rules = 0;
	unsigned batches = 0;

	pages_heap_begin(&heap);
	for (;;) {
		seen = bell_count(h->bell);
		take_rules(h->board, a, &rules);
		state = merge_run(m, MERGE_BATCH, desk_take, d);
		pages_heap_fill(&heap);
		analyst_count(a, &h->board->analyst);
		atomic_store(&h->board->journal_records, journal_count(j));
		if (state == MERGE_MORE && ++batches < TURN_BATCHES)
			continue;
		if (state == MERGE_END)
			break;
		if (state == MERGE_DAMAGED) {
			log_error("analyst", "a worker's ring holds what is no observation");
			return ANALYST_RING_DAMAGED;
		}
		batches = 0;
		turn(h, d, input_ns(h, m, state), &turns);
		if (state == MERGE_WAIT)
			bell_wait(h->bell, seen, ANALYST_WAIT_MS);
	}
	analyst_finish(a, input_end_ns(h));
	memory_write(d->memory, a);
	analyst_count(a, &h->board->analyst);
	if (h->kept != NULL)
		ring_end(h->kept);
	keeper_wake(h);
	return 0;
}

/* The keeper's is the last. */
static unsigned
rings_count(const struct house *h)
{
	return h->workers + (h->live ? 1 : 0) + (h->kept != NULL ? 1 : 0);
}

int
analyst_main(struct house *h, uint64_t already)
{
	struct geoip *geoip = house_open_geoip(h->config);
	struct known *known = house_open_known(h->config);
	struct allow *allow = feeds_open_allow(h->config);
	struct advice *advice = house_open_advice(h->config);
	struct desk desk = { .past = past_new(h->config), .memory = memory_new(h->memory_directory, h->live) };
	struct own *own = h->live ? own_new(h->config) : NULL;
	struct journal *journal = NULL;
	struct analyst *a = NULL;
	struct merge *m = NULL;
	struct fault fault;
	int status = 1;

	suffix_prepare();
	if (journal_open(h->journal_directory, &h->config->journal, &journal, &fault) < 0 ||
	    house_enter_room(h, SANDBOX_ANALYST, &fault) < 0) {
		log_error("analyst", "%s", fault.text);
		goto done;
	}
	if (desk.past == NULL || desk.memory == NULL || (a = analyst_new(h->config, journal, geoip, already)) == NULL ||
	    (m = merge_new(h->rings, rings_count(h), h->live)) == NULL) {
		log_error("analyst", "no memory for its tables");
		goto done;
	}
	analyst_set_known(a, known);
	analyst_set_allow(a, allow);
	analyst_set_own(a, own);
	analyst_set_advice(a, advice);
	if (h->kept != NULL)
		analyst_set_keep(a, keeper_post, h);
	memory_read(desk.memory, a);
	desk_open(&desk, a, h->board, h->live);
	if (h->live)
		resume_alerts(h->journal_directory, h->config, a);
	atomic_store(&h->board->analyst_up, 1);
	status = analyse(h, &desk, journal, m);
done:
	merge_free(m);
	analyst_free(a);
	past_free(desk.past);
	memory_free(desk.memory);
	journal_close(journal);
	known_free(known);
	allow_free(allow);
	own_free(own);
	advice_free(advice);
	geoip_close(geoip);
	return status;
}
