#include "sinks/runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/when.h"
#include "sinks/jitter.h"
#include "sinks/wait.h"

enum {
	POLL_MS = 50,			/* how soon a record in the journal is seen */
	DRAIN_PAUSE_MS = 500,		/* a failing sink's longest pause while draining */
	UNACKNOWLEDGED_MOST = 256	/* records between two stored positions */
};

enum turn { TURN_MOVED, TURN_IDLE, TURN_BUSY, TURN_FAILED };

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
	r->state.failing = true;
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
note_counts(struct runner *r, const struct sink_tally *t)
{
	uint64_t lost = journal_reader_lost(r->reader);
	uint64_t settled = t->delivered + t->refused;

	r->waited += t->delivered;
	pthread_mutex_lock(&r->courier->lock);
	r->state.delivered += t->delivered;
	r->state.refused += t->refused;
	r->state.given_up += t->given_up;
	r->state.refused_others += t->refused_others;
	r->state.lost = lost;
	/* An attempt that we broke off says nothing about the receiver. */
	if (!r->courier->stop)
		r->state.failures += t->failures;
	if (t->refused > 0 || (t->failures > 0 && !r->courier->stop))
		snprintf(r->state.last_fault, sizeof r->state.last_fault, "%.255s", t->fault.text);
	r->changes += settled + t->failures;
	pthread_mutex_unlock(&r->courier->lock);
}

/* What the sink settled since the last time, whatever the call that did it returned. */
static void
take_tally(struct runner *r)
{
	struct sink_tally t;

	sink_take_tally(r->sink, &t);
	if (t.delivered > 0)
		note_recovery(r);
	if (t.delivered + t.refused + t.failures > 0)
		note_counts(r, &t);
	if (t.refused > 0)
		log_limited(&r->refused_limit, LOG_LEVEL_WARN, "courier",
		    "sink %s: %" PRIu64 " record%s up to number %" PRIu64 " refused and not sent again: %s",
		    r->options.name, t.refused, t.refused == 1 ? "" : "s", r->number, t.fault.text);
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

/* The acknowledgement is for all that was read: only when nothing is held any more. */
static enum turn
finish_batch(struct runner *r)
{
	struct fault fault;
	enum sink_result e;

	fault.text[0] = '\0';
	e = sink_flush(r->sink, &fault);
	take_tally(r);
	if (e == SINK_LATER) {
		note_failure(r, &fault);
		return TURN_FAILED;
	}
	if (e == SINK_BUSY)
		return TURN_BUSY;
	note_recovery(r);
	acknowledge(r);
	pthread_mutex_lock(&r->courier->lock);
	r->state.number = journal_reader_number(r->reader);
	pthread_mutex_unlock(&r->courier->lock);
	return TURN_MOVED;
}

static bool
wanted(struct runner *r)
{
	if (r->kind >= 32 || (r->options.records >> r->kind & 1) == 0)
		return false;
	if (sink_asks_head(&r->options, (enum record_kind)r->kind))
		head_shelf_get(&r->courier->heads, r->number, r->line, &r->head);
	else
		memset(&r->head, 0, sizeof r->head);
	return sink_wants(&r->options, (enum record_kind)r->kind, &r->head);
}

static enum turn
read_next(struct runner *r)
{
	struct fault fault;
	int n = journal_read(r->reader, &r->kind, &r->line, &r->number, &fault);
	enum turn t;

	if (n < 0) {
		log_limited(&r->journal_limit, LOG_LEVEL_ERROR, "courier", "sink %s: %s",
		    r->options.name, fault.text);
		return TURN_FAILED;
	}
	if (n == 0) {
		if ((t = finish_batch(r)) != TURN_MOVED)
			return t;
		note_caught_up(r);
		return TURN_IDLE;
	}
	r->unacknowledged++;
	r->have = wanted(r);
	return TURN_MOVED;
}

static enum turn
deliver(struct runner *r)
{
	const struct sink_record rec = { (enum record_kind)r->kind, r->line, &r->head };
	struct fault fault;
	enum sink_result e;

	fault.text[0] = '\0';
	e = sink_deliver(r->sink, &rec, &fault);
	take_tally(r);
	if (e == SINK_LATER) {
		note_failure(r, &fault);
		return TURN_FAILED;
	}
	r->have = false;
	return TURN_MOVED;
}

/*
 * A sink that works at several records goes on with new ones while some of the
 * old are repeated, until UNACKNOWLEDGED_MOST are read: then all must be settled, and the position moves.
 * A few more are read when all that it holds fails, to tell a bad record from a bad receiver.
 */
static enum turn
take_turn(struct runner *r)
{
	bool enough;
	enum turn t;

	if (r->have)
		return deliver(r);
	r->full = r->full || sink_held(r->sink) >= sink_batch(r->sink);
	enough = r->unacknowledged >= UNACKNOWLEDGED_MOST && !sink_is_patient(r->sink);
	if ((!r->state.failing && !r->full && !enough) || sink_wants_other(r->sink))
		return read_next(r);
	t = finish_batch(r);
	if (t == TURN_FAILED || (t == TURN_BUSY && (!sink_has_room(r->sink) || enough)))
		return t;
	r->full = false;
	return read_next(r);
}

static uint32_t
back_off_ms(struct runner *r, bool draining)
{
	const struct sink_options *o = &r->options;
	uint32_t most = draining && o->retry_max_ms > DRAIN_PAUSE_MS ? DRAIN_PAUSE_MS : o->retry_max_ms;
	uint32_t pause = jitter_pause_ms(&r->random, o->retry_min_ms, most, r->attempts);
	uint32_t after = sink_retry_after_ms(r->sink);

	return pause > after ? pause : after;
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

void *
runner_run(void *arg)
{
	struct runner *r = arg;
	bool draining, drained = false;
	unsigned nudges;
	enum turn t;

	while (!drained && read_orders(r, &draining, &nudges)) {
		if (draining)
			sink_hurry(r->sink);
		t = take_turn(r);
		drained = t == TURN_IDLE && draining;
		if ((t == TURN_IDLE || t == TURN_FAILED) && !drained)
			pause_after(r, t, draining, nudges);
	}
	/* Stopped in the middle of a batch: what can still be flushed need not come twice. */
	if (!drained && !r->have && !r->state.failing && sink_held(r->sink) > 0)
		finish_batch(r);
	tell_end(r, drained);
	return NULL;
}

uint64_t
runner_count_left(struct runner *r)
{
	uint64_t left = sink_held(r->sink) + (r->have ? 1 : 0);
	struct fault fault;

	while (journal_read(r->reader, &r->kind, &r->line, &r->number, &fault) > 0)
		left += wanted(r);
	r->have = false;
	return left;
}
