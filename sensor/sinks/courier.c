#include "sinks/courier.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/when.h"
#include "sinks/runner.h"
#include "sinks/wait.h"

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
		e = pthread_create(&c->runners[i].thread, NULL, runner_run, &c->runners[i]);
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
	head_shelf_init(&c->heads);
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
		if (r->drained || (left = runner_count_left(r)) == 0)
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
	head_shelf_clear(&c->heads);
	free(c->runners);
	free(c);
}
