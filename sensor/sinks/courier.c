#include "sinks/courier.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/journal.h"
#include "base/log.h"
#include "base/when.h"
#include "sinks/wait.h"

enum {
	POLL_MS = 50,			/* how soon a record in the journal is seen */
	DRAIN_PAUSE_MS = 500,		/* a failing sink's longest pause while draining */
	SKIP_BATCH = 256		/* records of other kinds between two stored positions */
};

/* How many records may be held by a sink before they are flushed and acknowledged. */
static const unsigned batches[SINK_KINDS] = {
	[SINK_CONSOLE] = 256, [SINK_EVE] = 256, [SINK_SYSLOG] = 256, [SINK_WEBHOOK] = 1,
};

enum turn { TURN_MOVED, TURN_IDLE, TURN_FAILED };

/* One sink and its thread. */
struct runner {
	struct courier *courier;
	pthread_t thread;
	bool started;
	/* Under the courier's lock; `state` is written by the thread alone, which may read it without. */
	struct sink_state state;
	uint64_t changes;
	bool drained, ended;

	/* The thread's alone while it runs. */
	struct sink_options options;
	struct sink *sink;
	struct journal_reader *reader;
	bool have;			/* a record is read and not yet delivered */
	uint16_t kind;
	const char *line;
	uint64_t number;
	unsigned unflushed, unacknowledged;
	unsigned attempts;		/* failed in a row */
	int64_t failing_since_ns;
	uint64_t waited;		/* delivered since it works again, until the journal's end */
	bool catching_up, position_warned;
	uint64_t random;
	struct log_limit refused_limit, journal_limit;
};

struct courier {
	pthread_mutex_t lock;
	pthread_cond_t wake;		/* for the threads */
	pthread_cond_t news;		/* from them */
	bool stop, draining;
	unsigned nudges;		/* courier_step() was called so often */
	uint64_t changes_seen;
	unsigned count;
	struct runner *runners;
};

/* ---- what a thread tells ---- */

static void
note_failure(struct runner *r, const struct fault *fault)
{
	bool first = !r->state.failing;

	pthread_mutex_lock(&r->courier->lock);
	if (r->courier->stop) {
		/* Broken off by us: says nothing about the receiver. */
		pthread_mutex_unlock(&r->courier->lock);
		return;
	}
	r->state.failures++;
	r->state.failing = true;
	snprintf(r->state.last_fault, sizeof r->state.last_fault, "%.255s", fault->text);
	r->changes++;
	pthread_mutex_unlock(&r->courier->lock);
	r->attempts++;
	if (!first) {
		log_debug("courier", "sink %s: attempt %u: %s", r->options.name, r->attempts,
		    fault->text);
		return;
	}
	r->failing_since_ns = wait_now();
	log_warn("courier", "sink %s fails: %s; its records wait in the journal and are tried again",
	    r->options.name, fault->text);
}

static void
note_recovery(struct runner *r)
{
	if (!r->state.failing)
		return;
	log_info("courier", "sink %s works again after %u failed attempt%s in %.1f s",
	    r->options.name, r->attempts, r->attempts == 1 ? "" : "s",
	    (double)(wait_now() - r->failing_since_ns) / (double)NS_PER_SEC);
	r->attempts = 0;
	r->catching_up = true;
	r->waited = 0;
	pthread_mutex_lock(&r->courier->lock);
	r->state.failing = false;
	pthread_mutex_unlock(&r->courier->lock);
}

/* Everything that the journal has is delivered. */
static void
note_caught_up(struct runner *r)
{
	pthread_mutex_lock(&r->courier->lock);
	r->state.number = journal_reader_number(r->reader);
	r->state.caught_up_ns = wait_now();
	pthread_mutex_unlock(&r->courier->lock);
	if (!r->catching_up)
		return;
	r->catching_up = false;
	log_info("courier", "sink %s has caught up: %" PRIu64 " record%s had waited", r->options.name,
	    r->waited, r->waited == 1 ? "" : "s");
}

static void
note_delivered(struct runner *r, uint64_t count)
{
	uint64_t lost = journal_reader_lost(r->reader);

	r->waited += count;
	pthread_mutex_lock(&r->courier->lock);
	r->state.delivered += count;
	r->state.number = journal_reader_number(r->reader);
	r->state.lost = lost;
	r->changes += count;
	pthread_mutex_unlock(&r->courier->lock);
}

static void
note_refused(struct runner *r, uint64_t count, const struct fault *fault)
{
	pthread_mutex_lock(&r->courier->lock);
	r->state.refused += count;
	snprintf(r->state.last_fault, sizeof r->state.last_fault, "%.255s", fault->text);
	r->changes += count;
	pthread_mutex_unlock(&r->courier->lock);
	log_limited(&r->refused_limit, LOG_LEVEL_WARN, "courier",
	    "sink %s: record %" PRIu64 " is refused and not sent again: %s", r->options.name,
	    r->number, fault->text);
}

/* ---- a thread's work ---- */

/* A position that cannot be stored only means that records come twice after a restart. */
static void
acknowledge(struct runner *r)
{
	struct fault fault;

	if (r->unacknowledged == 0)
		return;
	if (journal_acknowledge(r->reader, &fault) == 0) {
		r->unacknowledged = 0;
		r->position_warned = false;
		return;
	}
	if (!r->position_warned)
		log_warn("courier", "sink %s: %s; after a restart it gets records again",
		    r->options.name, fault.text);
	r->position_warned = true;
}

/* Call it with all that was read delivered: the acknowledgement is for all. */
static enum turn
finish_batch(struct runner *r)
{
	struct fault fault;

	fault.text[0] = '\0';
	switch (sink_flush(r->sink, &fault)) {
	case SINK_DONE:
		note_recovery(r);
		if (r->unflushed > 0)
			note_delivered(r, r->unflushed);
		break;
	case SINK_REFUSED:
		note_recovery(r);
		note_refused(r, r->unflushed, &fault);
		break;
	default:
		note_failure(r, &fault);
		return TURN_FAILED;
	}
	r->unflushed = 0;
	acknowledge(r);
	return TURN_MOVED;
}

static enum turn
read_next(struct runner *r)
{
	struct fault fault;
	int n = journal_read(r->reader, &r->kind, &r->line, &r->number, &fault);

	if (n < 0) {
		log_limited(&r->journal_limit, LOG_LEVEL_ERROR, "courier", "sink %s: %s",
		    r->options.name, fault.text);
		return TURN_FAILED;
	}
	if (n == 0) {
		if (finish_batch(r) == TURN_FAILED)
			return TURN_FAILED;
		note_caught_up(r);
		return TURN_IDLE;
	}
	r->unacknowledged++;
	r->have = r->kind < 32 && (r->options.records >> r->kind & 1) != 0;
	return TURN_MOVED;
}

static enum turn
deliver(struct runner *r)
{
	struct fault fault;

	fault.text[0] = '\0';
	switch (sink_deliver(r->sink, (enum record_kind)r->kind, r->line, &fault)) {
	case SINK_DONE:
		r->unflushed++;
		break;
	case SINK_REFUSED:
		note_refused(r, 1, &fault);
		break;
	default:
		note_failure(r, &fault);
		return TURN_FAILED;
	}
	r->have = false;
	return TURN_MOVED;
}

static enum turn
take_turn(struct runner *r)
{
	enum turn t;

	if (r->have)
		return deliver(r);
	if ((r->state.failing || r->unflushed >= batches[r->options.kind] ||
	    r->unacknowledged >= SKIP_BATCH) && (t = finish_batch(r)) == TURN_FAILED)
		return t;
	return read_next(r);
}

/* xorshift64 (Marsaglia, 2003): only so that sinks do not all come back at the same moment. */
static uint64_t
some_number(struct runner *r)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random;
}

static uint32_t
back_off_ms(struct runner *r, bool draining)
{
	uint64_t pause = r->options.retry_min_ms, after = sink_retry_after_ms(r->sink);
	unsigned i;

	for (i = 1; i < r->attempts && pause < r->options.retry_max_ms; i++)
		pause *= 2;
	if (pause > r->options.retry_max_ms)
		pause = r->options.retry_max_ms;
	if (draining && pause > DRAIN_PAUSE_MS)
		pause = DRAIN_PAUSE_MS;
	pause -= some_number(r) % (pause / 2 + 1);
	return (uint32_t)(pause > after ? pause : after);
}

/* With the courier's lock held: sleep until asked, at most `ms`. */
static void
sleep_locked(struct courier *c, uint32_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= NS_PER_SEC) {
		until.tv_sec++;
		until.tv_nsec -= NS_PER_SEC;
	}
	pthread_cond_timedwait(&c->wake, &c->lock, &until);
}

/*
 * A nudge wakes who is idle; who pauses after a failure is woken by stop and by the drain's beginning,
 * but not before the time that the receiver asked for.
 */
static void
pause_after(struct runner *r, enum turn t, bool was_draining, unsigned nudges)
{
	struct courier *c = r->courier;
	uint32_t ms = t == TURN_FAILED ? back_off_ms(r, was_draining) : POLL_MS;
	int64_t until_ns = wait_deadline(ms), left_ns;
	bool asked = t == TURN_FAILED && sink_retry_after_ms(r->sink) > 0;

	pthread_mutex_lock(&c->lock);
	while (!c->stop && (left_ns = until_ns - wait_now()) > 0) {
		if (!asked && c->draining != was_draining)
			break;
		if (t == TURN_IDLE && c->nudges != nudges)
			break;
		sleep_locked(c, (uint32_t)(left_ns / 1000000 + 1));
	}
	pthread_mutex_unlock(&c->lock);
}

/* What a thread needs to know before each turn. False: stop. */
static bool
read_orders(struct runner *r, bool *draining, unsigned *nudges)
{
	struct courier *c = r->courier;
	bool stop;

	pthread_mutex_lock(&c->lock);
	stop = c->stop;
	*draining = c->draining;
	*nudges = c->nudges;
	pthread_mutex_unlock(&c->lock);
	return !stop;
}

static void
tell_end(struct runner *r, bool drained)
{
	struct courier *c = r->courier;

	pthread_mutex_lock(&c->lock);
	r->drained = drained;
	r->ended = true;
	pthread_cond_broadcast(&c->news);
	pthread_mutex_unlock(&c->lock);
}

static void *
run(void *arg)
{
	struct runner *r = arg;
	bool draining, drained = false;
	unsigned nudges;
	enum turn t;

	while (!drained && read_orders(r, &draining, &nudges)) {
		t = take_turn(r);
		drained = t == TURN_IDLE && draining;
		if (t != TURN_MOVED && !drained)
			pause_after(r, t, draining, nudges);
	}
	/* Stopped in the middle of a batch: what can still be flushed need not come twice. */
	if (!drained && !r->have && !r->state.failing && r->unflushed > 0)
		finish_batch(r);
	tell_end(r, drained);
	return NULL;
}

/* ---- the caller's side ---- */

static int
check_names(const struct sink_options *sinks, unsigned count, struct fault *fault)
{
	unsigned i, k;

	for (i = 0; i < count; i++)
		for (k = 0; k < i; k++)
			if (strcmp(sinks[i].name, sinks[k].name) == 0)
				return fault_set(fault, SE_USAGE,
				    "two sinks are called \"%s\": each needs a name of its own",
				    sinks[i].name);
	return 0;
}

static int
runner_open(struct courier *c, struct runner *r, const char *directory,
    const struct sink_options *o, struct fault *fault)
{
	int e;

	r->courier = c;
	r->options = *o;
	r->state.name = r->options.name;
	r->random = (hash_seed()->k0 ^ hash_bytes(hash_seed(), o->name, strlen(o->name))) | 1;
	if ((e = sink_open(o, &r->sink, fault)) < 0)
		return e;
	if (r->options.retry_min_ms == 0)
		r->options.retry_min_ms = SINK_RETRY_MIN_MS;
	if (r->options.retry_max_ms == 0)
		r->options.retry_max_ms = SINK_RETRY_MAX_MS;
	if (r->options.retry_max_ms < r->options.retry_min_ms)
		r->options.retry_max_ms = r->options.retry_min_ms;
	if ((e = journal_reader_open(directory, o->name, &r->reader, fault)) < 0)
		return e;
	r->state.number = journal_reader_number(r->reader);
	r->state.lost = journal_reader_lost(r->reader);
	r->state.caught_up_ns = wait_now();
	return 0;
}

static int
start_threads(struct courier *c, struct fault *fault)
{
	sigset_t all, before;
	unsigned i;
	int e = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (i = 0; i < c->count && e == 0; i++) {
		e = pthread_create(&c->runners[i].thread, NULL, run, &c->runners[i]);
		c->runners[i].started = e == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e != 0)
		return fault_set(fault, SE_NOMEM, "courier: cannot start a thread: %s", strerror(e));
	return 0;
}

static int
courier_new(unsigned count, struct courier **out)
{
	struct courier *c = calloc(1, sizeof *c);
	pthread_condattr_t how;

	if (c == NULL)
		return SE_NOMEM;
	if ((c->runners = calloc(count > 0 ? count : 1, sizeof *c->runners)) == NULL) {
		free(c);
		return SE_NOMEM;
	}
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&how);
	pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &how);
	pthread_cond_init(&c->news, &how);
	pthread_condattr_destroy(&how);
	*out = c;
	return 0;
}

int
courier_open(const char *journal_directory, const struct sink_options *sinks, unsigned count,
    struct courier **out, struct fault *fault)
{
	struct courier *c = NULL;
	unsigned i;
	int e;

	*out = NULL;
	if ((e = check_names(sinks, count, fault)) < 0)
		return e;
	if ((e = courier_new(count, &c)) < 0)
		return fault_set(fault, e, "courier: out of memory");
	for (i = 0; i < count; i++) {
		c->count++;
		if ((e = runner_open(c, &c->runners[i], journal_directory, &sinks[i], fault)) < 0)
			goto done;
	}
	if ((e = start_threads(c, fault)) < 0)
		goto done;
	*out = c;
	c = NULL;
done:
	courier_close(c);
	return e;
}

bool
courier_step(struct courier *c)
{
	uint64_t changes = 0;
	bool moved;
	unsigned i;

	pthread_mutex_lock(&c->lock);
	for (i = 0; i < c->count; i++)
		changes += c->runners[i].changes;
	moved = changes != c->changes_seen;
	c->changes_seen = changes;
	c->nudges++;
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
	return moved;
}

/* With the lock held. */
static bool
all_ended(const struct courier *c)
{
	unsigned i;

	for (i = 0; i < c->count; i++)
		if (c->runners[i].started && !c->runners[i].ended)
			return false;
	return true;
}

static void
wait_for_ends(struct courier *c, uint32_t deadline_ms)
{
	int64_t until_ns = wait_deadline(deadline_ms);
	struct timespec until = { .tv_sec = (time_t)(until_ns / NS_PER_SEC),
		.tv_nsec = (long)(until_ns % NS_PER_SEC) };

	pthread_mutex_lock(&c->lock);
	c->draining = true;
	pthread_cond_broadcast(&c->wake);
	while (!all_ended(c))
		if (pthread_cond_timedwait(&c->news, &c->lock, &until) != 0)
			break;
	pthread_mutex_unlock(&c->lock);
}

static void
stop_threads(struct courier *c)
{
	unsigned i;

	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
	for (i = 0; i < c->count; i++)
		if (c->runners[i].sink != NULL)
			sink_cancel(c->runners[i].sink);
	for (i = 0; i < c->count; i++) {
		if (c->runners[i].started)
			pthread_join(c->runners[i].thread, NULL);
		c->runners[i].started = false;
	}
}

/* Its thread has ended: what it holds, and what it has not read. Acknowledges nothing. */
static uint64_t
count_left(struct runner *r)
{
	uint64_t left = r->unflushed + (r->have ? 1 : 0);
	struct fault fault;

	while (journal_read(r->reader, &r->kind, &r->line, NULL, &fault) > 0)
		if (r->kind < 32 && (r->options.records >> r->kind & 1) != 0)
			left++;
	r->have = false;
	return left;
}

uint64_t
courier_drain(struct courier *c, uint32_t deadline_ms)
{
	uint64_t left, all = 0;
	struct runner *r;
	unsigned i;

	wait_for_ends(c, deadline_ms);
	stop_threads(c);
	for (i = 0; i < c->count; i++) {
		r = &c->runners[i];
		if (r->drained || (left = count_left(r)) == 0)
			continue;
		all += left;
		log_warn("courier", "sink %s: %" PRIu64
		    " record%s not delivered; last fault: %s",
		    r->options.name, left, left == 1 ? "" : "s",
		    r->state.last_fault[0] != '\0' ? r->state.last_fault : "none yet, it was still waited for");
	}
	return all;
}

unsigned
courier_states(const struct courier *c, struct sink_state *out, unsigned most)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&c->lock;
	unsigned i, n = c->count < most ? c->count : most;

	pthread_mutex_lock(lock);
	for (i = 0; i < n; i++)
		out[i] = c->runners[i].state;
	pthread_mutex_unlock(lock);
	return n;
}

void
courier_close(struct courier *c)
{
	unsigned i;

	if (c == NULL)
		return;
	stop_threads(c);
	for (i = 0; i < c->count; i++) {
		sink_close(c->runners[i].sink);
		journal_reader_close(c->runners[i].reader);
	}
	pthread_cond_destroy(&c->wake);
	pthread_cond_destroy(&c->news);
	pthread_mutex_destroy(&c->lock);
	free(c->runners);
	free(c);
}
