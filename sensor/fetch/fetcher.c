#include "fetch/fetch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/when.h"
#include "fetch/schedule.h"
#include "fetch/store.h"

enum { LOOK_MS = 200 };

/* One feed and when it is due. */
struct place {
	struct fetch_feed feed;
	struct fetch_secrets *secrets;
	int64_t due;
	bool failing, unusable;
};

struct fetcher {
	char folder[FETCH_TEXT_MAX];
	struct place *places;
	unsigned count;
	atomic_bool cancelled;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started;
};

static int64_t
now_sec(void)
{
	return (int64_t)time(NULL);
}

/* Once when it begins to fail, once when it works again. */
static void
tell(struct place *p, int r, const struct fetch_result *result, const struct fault *fault, int64_t due)
{
	if (r < 0) {
		log_line(p->failing ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "fetch",
		    "feed %s: %s; the last good one stays, next try in %lld s", p->feed.name, fault->text,
		    (long long)(due - now_sec()));
		p->failing = true;
		return;
	}
	if (p->failing)
		log_info("fetch", "feed %s can be fetched again", p->feed.name);
	p->failing = false;
	log_debug("fetch", "feed %s: %s, %llu bytes", p->feed.name,
	    result->outcome == FETCH_SAME ? "unchanged" : "fetched", (unsigned long long)result->bytes);
}

static void
fetch_place(struct fetcher *f, struct place *p)
{
	struct fetch_result result;
	struct store_state state;
	struct fault fault;
	int r = fetch_now(f->folder, &p->feed, p->secrets, STORE_NEW, &f->cancelled, &result, &fault);

	if (r == SE_STOPPED)
		return;
	store_read_state(f->folder, p->feed.name, &state);
	p->due = state.due;
	/* A state that could not be written must not make us hammer. */
	if (p->due <= now_sec())
		p->due = now_sec() + p->feed.options->interval_sec;
	tell(p, r, &result, &fault, p->due);
}

static void
wait_for_next(struct fetcher *f)
{
	struct timespec until;

	pthread_mutex_lock(&f->lock);
	if (!atomic_load(&f->cancelled)) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += LOOK_MS * 1000000L;
		if (until.tv_nsec >= NS_PER_SEC) {
			until.tv_sec++;
			until.tv_nsec -= NS_PER_SEC;
		}
		pthread_cond_timedwait(&f->wake, &f->lock, &until);
	}
	pthread_mutex_unlock(&f->lock);
}

static void *
run(void *to)
{
	struct fetcher *f = to;
	unsigned i;

	while (!atomic_load(&f->cancelled)) {
		for (i = 0; i < f->count && !atomic_load(&f->cancelled); i++)
			if (!f->places[i].unusable && f->places[i].due <= now_sec())
				fetch_place(f, &f->places[i]);
		wait_for_next(f);
	}
	return NULL;
}

int
fetcher_open(const char *folder, const struct fetch_feed *feeds, unsigned count, struct fetcher **out,
    struct fault *fault)
{
	struct fetcher *f = calloc(1, sizeof *f);
	pthread_condattr_t how;
	struct fault why;
	unsigned i;

	*out = NULL;
	if (f == NULL || (f->places = calloc(count + 1, sizeof *f->places)) == NULL) {
		free(f);
		return fault_set(fault, SE_NOMEM, "fetch: no memory");
	}
	snprintf(f->folder, sizeof f->folder, "%s", folder);
	f->count = count;
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&how);
	pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	pthread_cond_init(&f->wake, &how);
	pthread_condattr_destroy(&how);
	for (i = 0; i < count; i++) {
		f->places[i].feed = feeds[i];
		if (fetch_secrets_read(&feeds[i], &f->places[i].secrets, &why) == 0)
			continue;
		log_error("fetch", "%s; it is not fetched until the next reload", why.text);
		f->places[i].unusable = true;
	}
	*out = f;
	return 0;
}

/* When it was tried last is on the disk: who is started again and again does not ask again and again. */
static int64_t
first_due(const struct fetcher *f, const struct place *p, bool at_once)
{
	struct store_state state;
	int64_t soon, latest;

	store_read_state(f->folder, p->feed.name, &state);
	soon = schedule_at_once(&state, p->feed.options->interval_sec);
	/* Further off than it can be: the clock was set back, or the interval was shortened. */
	latest = now_sec() + p->feed.options->interval_sec + p->feed.options->interval_sec / 10;
	if (state.failures == 0 && state.due > latest && state.asked_until < state.due)
		return soon < latest ? soon : latest;
	return at_once ? soon : state.due;
}

int
fetcher_start(struct fetcher *f, bool at_once, struct fault *fault)
{
	sigset_t all, before;
	unsigned i;
	int e;

	for (i = 0; i < f->count; i++)
		f->places[i].due = first_due(f, &f->places[i], at_once);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&f->thread, NULL, run, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e != 0)
		return fault_set(fault, SE_NOMEM, "fetch: cannot start a thread: %s", strerror(e));
	f->started = true;
	return 0;
}

void
fetcher_close(struct fetcher *f)
{
	unsigned i;

	if (f == NULL)
		return;
	atomic_store(&f->cancelled, true);
	pthread_mutex_lock(&f->lock);
	pthread_cond_broadcast(&f->wake);
	pthread_mutex_unlock(&f->lock);
	if (f->started)
		pthread_join(f->thread, NULL);
	for (i = 0; i < f->count; i++)
		fetch_secrets_free(f->places[i].secrets);
	pthread_cond_destroy(&f->wake);
	pthread_mutex_destroy(&f->lock);
	free(f->places);
	free(f);
}
