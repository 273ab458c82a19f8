#include "engine/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyst/memory.h"
#include "base/log.h"
#include "base/when.h"
#include "engine/allowance.h"
#include "engine/delivery.h"
#include "engine/eve_files.h"
#include "engine/image_file.h"
#include "engine/porter.h"
#include "engine/report.h"
#include "engine/watch_state.h"
#include "system/privilege.h"
#include "system/process.h"

enum { STOP_SEC = 15, KEEPER_SEC = 5, COURIER_STARTS = 5 };

/* ---- children ---- */

/* In a child. */
static void
shed(void *to, unsigned worker)
{
	struct watch *w = to;

	posts_shed(w->posts, worker);
}

static void
start_courier(struct watch *w)
{
	int64_t now_ns = back_off_clock_ns();

	if (house_start_courier(&w->house) < 0)
		back_off_failed(&w->courier, now_ns);
	else
		back_off_started(&w->courier, now_ns);
}

static void
start_analyst(struct watch *w)
{
	int64_t now_ns = back_off_clock_ns();

	if (house_start_analyst(&w->house, 0) < 0)
		back_off_failed(&w->analyst, now_ns);
	else
		back_off_started(&w->analyst, now_ns);
}

static void
start_keeper(struct watch *w)
{
	int64_t now_ns = back_off_clock_ns();

	if (w->house.kept == NULL)
		return;
	if (house_start_keeper(&w->house) < 0)
		back_off_failed(&w->keeper, now_ns);
	else
		back_off_started(&w->keeper, now_ns);
}

static void
start_porter(struct watch *w)
{
	int64_t now_ns = back_off_clock_ns();

	if (!porter_wanted(&w->house))
		return;
	if (house_start_porter(&w->house) < 0)
		back_off_failed(&w->porter, now_ns);
	else
		back_off_started(&w->porter, now_ns);
}

static void
begin_stop(struct watch *w)
{
	struct ring *own = w->house.rings[w->house.workers];

	if (w->stopping)
		return;
	w->stopping = true;
	manager_stopping();
	atomic_store(&w->house.board->stop, 1);
	ring_set_watermark(own, INT64_MAX);
	ring_end(own);
	house_end_keeper_ring(&w->house);
}

/* ---- their ends ---- */

static void
on_courier_end(struct watch *w, bool clean, const char *text)
{
	if (clean && atomic_load(&w->house.board->drain) != 0) {
		w->delivered = true;
		return;
	}
	if (clean) {
		/* It made room for one with the new configuration. */
		start_courier(w);
		return;
	}
	if (atomic_load(&w->house.board->courier_up) == 0) {
		/* The sinks could not be opened, and it has said so. */
		w->failed = w->abandoned = true;
		begin_stop(w);
		return;
	}
	back_off_failed(&w->courier, back_off_clock_ns());
	log_error("watch", "%s; a new one goes on from its positions", text);
}

/* Both its rings begin anew. */
static void
restart_keeper(struct watch *w)
{
	if (w->house.kept == NULL)
		return;
	house_kill(&w->house.keeper);
	ring_reset(w->house.kept);
	ring_reset(house_keeper_ring(&w->house));
	house_open_keeper_ring(&w->house);
}

/* Detection does not need it. What it had not written yet, a second's contacts at most, is lost. */
static void
on_keeper_end(struct watch *w, bool clean, const char *text)
{
	if (clean) {
		if (!w->stopping)
			start_keeper(w);
		return;
	}
	back_off_failed(&w->keeper, back_off_clock_ns());
	log_error("watch", "%s; the history goes on with a new one", text);
	if (!w->stopping && !w->keeper_told)
		house_tell(&w->house, NOTE_KEEPER_ENDED, NULL);
	w->keeper_told = true;
}

static void
on_porter_end(struct watch *w, const char *text)
{
	back_off_failed(&w->porter, back_off_clock_ns());
	log_error("watch", "%s; metrics and status come back with a new one", text);
}

/* Its tables are gone; when a ring is damaged, all of them begin anew. */
static void
on_analyst_end(struct watch *w, int status, const char *text)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (w->stopping && clean) {
		w->analyst_done = true;
		return;
	}
	if (atomic_load(&w->house.board->analyst_up) == 0 && WIFEXITED(status)) {
		/* It could not open its journal, and has said so. */
		w->failed = w->analyst_done = true;
		begin_stop(w);
		return;
	}
	back_off_failed(&w->analyst, back_off_clock_ns());
	log_error("watch", "%s; what it learned since it was last saved is lost, open alerts go on", text);
	if (WIFEXITED(status) && WEXITSTATUS(status) == ANALYST_RING_DAMAGED) {
		posts_restart(w->posts);
		restart_keeper(w);
		ring_reset(w->house.rings[w->house.workers]);
		house_open_own_ring(&w->house);
	}
	if (!w->stopping)
		house_tell(&w->house, NOTE_ANALYST_DIED, NULL);
}

static void
on_end(struct watch *w, pid_t pid, int status)
{
	char role[32], text[128];
	pid_t *who = house_find(&w->house, pid, role, sizeof role);
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (who == NULL)
		return;
	*who = 0;
	process_describe_end(status, role, text, sizeof text);
	if (who == &w->house.courier)
		on_courier_end(w, clean, text);
	else if (who == &w->house.analyst)
		on_analyst_end(w, status, text);
	else if (who == &w->house.keeper)
		on_keeper_end(w, clean, text);
	else if (who == &w->house.porter)
		on_porter_end(w, text);
	else if (!w->stopping)
		posts_worker_ended(w->posts, (unsigned)(who - w->house.worker), status);
}

static void
reap(struct watch *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!feeds_job_ended(w->job, pid, status))
			on_end(w, pid, status);
}

static void
restart_missing(struct watch *w)
{
	int64_t now_ns = back_off_clock_ns();

	if (w->house.courier == 0 && back_off_over(&w->courier, now_ns))
		start_courier(w);
	if (w->house.analyst == 0 && !w->analyst_done && back_off_over(&w->analyst, now_ns))
		start_analyst(w);
	/* Whoever shares a state directory with another sensor hears of it from the analyst, and once. */
	if (w->house.keeper == 0 && !w->analyst_done && atomic_load(&w->house.board->analyst_up) != 0 &&
	    back_off_over(&w->keeper, now_ns))
		start_keeper(w);
	if (w->house.porter == 0 && back_off_over(&w->porter, now_ns))
		start_porter(w);
	if (!w->stopping)
		posts_tend(w->posts);
	else
		posts_end_empty(w->posts);
}

/* ---- its life ---- */

/* The first time, all that was seen is told; the second time nothing is waited for. */
static void
on_stop(struct watch *w, int64_t *give_up_ns)
{
	unsigned i;

	if (!w->stopping) {
		log_info("watch", "stopping");
		begin_stop(w);
		*give_up_ns = back_off_clock_ns() + STOP_SEC * NS_PER_SEC;
		return;
	}
	log_warn("watch", "stopped at once: what was not delivered yet stays in the journal");
	for (i = 0; i < w->house.workers; i++)
		house_kill(&w->house.worker[i]);
	house_kill(&w->house.analyst);
	house_kill(&w->house.courier);
	house_kill(&w->house.keeper);
	house_kill(&w->house.porter);
	w->analyst_done = w->abandoned = w->failed = true;
}

static void
give_up_workers(struct watch *w, int64_t *give_up_ns)
{
	unsigned i;

	if (back_off_clock_ns() < *give_up_ns)
		return;
	*give_up_ns = INT64_MAX;
	log_error("watch", "a worker did not stop within %d s and is ended", (int)STOP_SEC);
	w->failed = true;
	for (i = 0; i < w->house.workers; i++)
		house_kill(&w->house.worker[i]);
}

static void
count_and_tell(struct watch *w)
{
	house_tally(&w->house);
	manager_tend(w->manager, &w->house);
}

static void
supervise(struct watch *w)
{
	struct process_signals got;
	int64_t give_up_ns = INT64_MAX;

	while (!w->analyst_done) {
		got = process_wait(WATCH_WAIT_MS);
		reap(w);
		if (got.stop)
			on_stop(w, &give_up_ns);
		if (w->analyst_done)
			break;
		if (got.reload && !w->stopping)
			watch_reload(w);
		watch_tend_feeds(w);
		restart_missing(w);
		count_and_tell(w);
		if (!w->stopping)
			health_tend(w->health);
		give_up_workers(w, &give_up_ns);
	}
}

/* Everything is in its ring: it writes that, or is ended. */
static void
end_keeper(struct watch *w)
{
	int64_t give_up_ns = back_off_clock_ns() + KEEPER_SEC * NS_PER_SEC;

	if (w->house.kept == NULL)
		return;
	ring_end(w->house.kept);
	bell_ring(w->house.keeper_bell);
	while (w->house.keeper > 0 && back_off_clock_ns() < give_up_ns) {
		process_wait(WATCH_WAIT_MS);
		reap(w);
		count_and_tell(w);
	}
	if (w->house.keeper > 0)
		log_warn("watch", "the keeper did not end within %d s: the last contacts may be missing", (int)KEEPER_SEC);
	house_kill(&w->house.keeper);
}

/* The journal is complete: wait until the sinks have it. What stays in it is for the next start. */
static void
deliver(struct watch *w)
{
	int64_t never = INT64_MAX;
	unsigned i, starts = 0;

	for (i = 0; i < w->house.workers; i++)
		house_kill(&w->house.worker[i]);
	house_drain(&w->house);
	while (!w->delivered && !w->abandoned) {
		if (w->house.courier == 0) {
			if (starts++ == COURIER_STARTS)
				break;
			start_courier(w);
		}
		if (process_wait(WATCH_WAIT_MS).stop)
			on_stop(w, &never);
		reap(w);
		count_and_tell(w);
	}
	if (!w->delivered)
		w->failed = true;
}

static int
prepare(struct watch *w, struct fault *fault)
{
	struct config *c = w->options->config;
	char feeds[CONFIG_TEXT_MAX + 16];
	int r;

	snprintf(feeds, sizeof feeds, "%s/feeds", c->state_directory);
	delivery_settle(c);
	if ((w->refresh = refresh_new()) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for feeds");
	if ((r = house_make(&w->house, c, true, c->workers, false, keeper_wanted(c), fault)) < 0)
		return r;
	w->house.shed = shed;
	w->house.shed_to = w;
	house_open_own_ring(&w->house);
	house_open_keeper_ring(&w->house);
	snprintf(w->house.journal_directory, sizeof w->house.journal_directory, "%s/journal",
	    c->state_directory);
	memory_folder(c, w->house.memory_directory, sizeof w->house.memory_directory);
	if ((r = posts_open(&w->house, c, w->options->record, &w->posts, fault)) < 0 ||
	    (r = eve_files_open(c, fault)) < 0 ||
	    (r = privilege_make_directory(w->house.journal_directory, c->user, fault)) < 0 ||
	    (r = privilege_make_directory(feeds, c->user, fault)) < 0 ||
	    (r = delivery_make_folder(c, fault)) < 0 ||
	    (r = keeper_make_folders(c, c->user, fault)) < 0 || (r = porter_open(&w->house, c->user, fault)) < 0 ||
	    (r = memory_make_folder(c, c->user, fault)) < 0 || (r = image_file_make_folder(c, c->user, fault)) < 0 ||
	    (r = privilege_drop(c->user, fault)) < 0)
		return r;
	if ((w->health = health_new(&w->house)) == NULL || (w->manager = manager_new()) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory");
	return watch_first_feeds(w, fault);
}

/* Its children, but for the workers, are bound as it is itself. */
static void
pin(struct house *h)
{
	struct fault fault;

	if (!h->config->pin_workers)
		return;
	if (pin_look(&h->pin, h->workers, &fault) < 0)
		log_warn("watch", "%s", fault.text);
	else
		pin_other(&h->pin);
}

static int
run(struct watch *w)
{
	const struct config *c = w->options->config;
	int64_t began_ns = back_off_clock_ns();

	atomic_store(&w->house.board->started_ns, house_wall_clock_ns());
	atomic_store(&w->house.board->workers, w->house.workers);
	atomic_store(&w->house.board->process[BOARD_OF_SUPERVISOR].starts, 1);
	house_tally(&w->house);
	allowance_say(c);
	pin(&w->house);
	start_porter(w);
	start_courier(w);
	start_analyst(w);
	if (w->house.courier == 0 || w->house.analyst == 0 || posts_start(w->posts) < 0)
		return 1;
	log_info("watch", "watching %s with %u worker%s, configuration: %s", c->capture.interface,
	    w->house.workers, w->house.workers == 1 ? "" : "s",
	    w->options->file == NULL ? "none" : w->options->file);
	atomic_store(&w->house.board->watching, 1);
	supervise(w);
	end_keeper(w);
	deliver(w);
	report_live(w->house.board, w->house.workers,
	    (double)(back_off_clock_ns() - began_ns) / (double)NS_PER_SEC);
	return w->failed || atomic_load(&w->house.board->undelivered) > 0;
}

int
watch_run(const struct watch_options *options)
{
	struct watch *w = calloc(1, sizeof *w);
	struct fault fault;
	int status = 1;

	process_catch_signals(false);
	if (w == NULL) {
		log_error("watch", "no memory");
		return 1;
	}
	w->options = options;
	if (prepare(w, &fault) < 0)
		log_error("watch", "%s", fault.text);
	else
		status = w->stopping ? 0 : run(w);
	feeds_job_free(w->job);
	refresh_free(w->refresh);
	health_free(w->health);
	manager_free(w->manager);
	eve_files_close(&w->fresh);
	config_clear(&w->fresh);
	posts_close(w->posts);
	house_kill(&w->house.porter);
	porter_close(&w->house);
	house_clear(&w->house);
	free(w);
	return status;
}
