#include "engine/replay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analyst/memory.h"
#include "base/log.h"
#include "engine/feeds.h"
#include "engine/house.h"
#include "engine/in_process.h"
#include "engine/report.h"
#include "system/process.h"
#include "system/scratch.h"

enum { WAIT_MS = 100, RESTARTS_MAX = 20 };

struct replay {
	const struct replay_options *options;
	struct house house;
	struct progress progress;
	unsigned restarts;
	uint64_t fatal_ordinal[WORKERS_MAX];	/* where a worker died last */
	bool stopping, analyst_done, failed;
	double seconds;			/* until all was analysed, without the delivery of the rest */
};

/* ---- starting ---- */

static int
start_worker(struct replay *r, unsigned i)
{
	const struct worker_task task = {
		.config = r->options->config, .board = r->house.board, .index = i,
		.count = r->house.workers, .ring = r->house.rings[i], .bell = r->house.bell,
		.image = r->house.image, .control = -1,
		.files = r->house.broadcast == NULL ? r->options->files : NULL,
		.files_count = r->options->files_count, .broadcast = r->house.broadcast,
	};

	return house_start_worker(&r->house, &task);
}

static int
start_workers(struct replay *r)
{
	unsigned i;

	for (i = 0; i < r->house.workers; i++)
		if (start_worker(r, i) < 0)
			return SE_SYSTEM;
	if (r->house.broadcast != NULL)
		return house_start_reader(&r->house, r->options->files, r->options->files_count);
	return 0;
}

static void
kill_workers(struct replay *r)
{
	unsigned i;

	for (i = 0; i < r->house.workers; i++)
		house_kill(&r->house.worker[i]);
	house_kill(&r->house.reader);
	if (r->house.broadcast != NULL)
		broadcast_reset(r->house.broadcast);
}

/* ---- deaths ---- */

/* What cannot be opened at all was left out, and will be again. */
static bool
reads_a_pipe(const struct replay *r)
{
	struct stat st;
	unsigned i;

	for (i = 0; i < r->options->files_count; i++) {
		const char *path = r->options->files[i].path;

		if (strcmp(path, "-") == 0)
			return true;
		if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
			return true;
	}
	return false;
}

/*
 * A packet that ended its worker twice is left alone, and named. SIGKILL comes
 * from outside and says nothing about the packet.
 */
static void
note_fatal_packet(struct replay *r, unsigned worker, int status)
{
	struct board *b = r->house.board;
	uint64_t ordinal = atomic_load(&b->worker[worker].ordinal);
	uint32_t n = atomic_load(&b->skips_count);

	if (ordinal == 0 || WTERMSIG(status) == SIGKILL)
		return;
	if (ordinal == r->fatal_ordinal[worker] && n < SKIPS_MAX) {
		b->skips[n] = ordinal;
		atomic_store(&b->skips_count, n + 1);
		log_error("replay", "frame %llu of the input ended a worker twice and is skipped",
		    (unsigned long long)ordinal);
	}
	r->fatal_ordinal[worker] = ordinal;
}

/* The pipe cannot be read again: what was found so far is the result. */
static void
end_input(struct replay *r)
{
	log_error("replay", "the input is a pipe and cannot be read again: results end here");
	r->failed = true;
	atomic_store(&r->house.board->stop, 1);
}

static void
restart_workers(struct replay *r)
{
	if (reads_a_pipe(r)) {
		end_input(r);
		return;
	}
	kill_workers(r);
	if (start_workers(r) < 0)
		r->failed = true;
}

/* Records that an earlier analyst of this run has already written. */
static uint64_t
journal_holds(const struct replay *r)
{
	struct journal *j;
	struct fault fault;
	uint64_t n;

	if (journal_open(r->house.journal_directory, &r->options->config->journal, &j, &fault) < 0)
		return 0;
	n = journal_count(j);
	journal_close(j);
	return n;
}

/* What it has is of a run that is forgotten: nothing of it was written. */
static int
restart_keeper(struct replay *r)
{
	if (r->house.kept == NULL || atomic_load(&r->house.board->keeper_gone) != 0)
		return 0;
	house_kill(&r->house.keeper);
	ring_reset(r->house.kept);
	ring_reset(house_keeper_ring(&r->house));
	return house_start_keeper(&r->house);
}

/* Detection goes on without it; of this run nothing will be in the history. */
static void
on_keeper_crash(struct replay *r)
{
	log_error("replay", "the history is left as it was before");
	r->failed = true;
	atomic_store(&r->house.board->keeper_gone, 1);
	house_end_keeper_ring(&r->house);
}

/* What it knew is lost: all is read again, and what the journal holds is not written twice. */
static void
restart_all(struct replay *r)
{
	unsigned i;

	if (reads_a_pipe(r)) {
		end_input(r);
		r->analyst_done = true;
		kill_workers(r);
		return;
	}
	kill_workers(r);
	for (i = 0; i < r->house.workers; i++)
		ring_reset(r->house.rings[i]);
	if (restart_keeper(r) < 0 || house_start_analyst(&r->house, journal_holds(r)) < 0 || start_workers(r) < 0)
		r->failed = true;
}

static void
give_up(struct replay *r)
{
	r->failed = true;
	atomic_store(&r->house.board->stop, 1);
	kill_workers(r);
	house_kill(&r->house.analyst);
	house_kill(&r->house.keeper);
	r->analyst_done = true;
}

static void
on_worker_crash(struct replay *r, unsigned worker, int status)
{
	/* All that it found is in its ring. */
	if (ring_has_ended(r->house.rings[worker]))
		return;
	note_fatal_packet(r, worker, status);
	if (r->house.broadcast != NULL)
		restart_workers(r);
	else if (start_worker(r, worker) < 0)
		give_up(r);
}

static void
on_crash(struct replay *r, pid_t *who, int status)
{
	struct house *h = &r->house;

	if (++r->restarts > RESTARTS_MAX) {
		log_error("replay", "processes died %d times: giving up", RESTARTS_MAX);
		give_up(r);
	} else if (who == &h->courier) {
		r->failed |= house_start_courier(h) < 0;
	} else if (who == &h->analyst) {
		restart_all(r);
	} else if (who == &h->reader) {
		restart_workers(r);
	} else {
		on_worker_crash(r, (unsigned)(who - h->worker), status);
	}
}

static void
on_end(struct replay *r, pid_t pid, int status)
{
	char role[32], text[128];
	pid_t *who = house_find(&r->house, pid, role, sizeof role);

	if (who == NULL)
		return;
	*who = 0;
	if (WIFSIGNALED(status)) {
		process_describe_end(status, role, text, sizeof text);
		if (who == &r->house.keeper) {
			log_error("replay", "%s", text);
			on_keeper_crash(r);
			return;
		}
		log_error("replay", "%s; it begins again", text);
		on_crash(r, who, status);
		return;
	}
	if (who == &r->house.analyst)
		r->analyst_done = true;
	if (WEXITSTATUS(status) == 0)
		return;
	/* It has said why. Without sinks there is nobody to work for. */
	r->failed = true;
	if (WEXITSTATUS(status) != WORKER_NO_INPUT)
		give_up(r);
}

static void
reap(struct replay *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		on_end(r, pid, status);
}

/* ---- its life ---- */

/* The first time what was read is still told; the second time not even its delivery is waited for. */
static void
on_stop(struct replay *r)
{
	if (r->stopping || r->analyst_done) {
		log_warn("replay", "stopped: what was not delivered yet is lost");
		give_up(r);
		house_kill(&r->house.courier);
		return;
	}
	log_warn("replay", "stopped: the results are those of the input up to here");
	r->stopping = r->failed = true;
	atomic_store(&r->house.board->stop, 1);
}

static void
supervise(struct replay *r)
{
	while (!r->analyst_done) {
		if (process_wait(WAIT_MS).stop)
			on_stop(r);
		reap(r);
		progress_show(&r->progress, r->house.board, r->house.workers);
	}
	/* A reader may still wait for its pipe, a worker that came late for its turn. */
	kill_workers(r);
}

/* What was found is with the keeper: it lasts when all of it is written. */
static void
wait_for_keeper(struct replay *r)
{
	while (r->house.keeper > 0) {
		if (process_wait(WAIT_MS).stop)
			on_stop(r);
		reap(r);
	}
}

/* The journal is complete: wait until the sinks have it, or gave up. */
static void
deliver(struct replay *r)
{
	house_drain(&r->house);
	while (r->house.courier > 0) {
		if (process_wait(WAIT_MS).stop)
			on_stop(r);
		reap(r);
	}
}

static bool
went_well(const struct replay *r)
{
	const struct board *b = r->house.board;
	bool well = !r->failed && atomic_load(&b->undelivered) == 0 && b->analyst.records_lost == 0;
	unsigned i;

	for (i = 0; i < r->house.workers; i++)
		if (atomic_load(&b->worker[i].faults) > 0)
			well = false;
	return well && atomic_load(&b->skips_count) == 0;
}

static int
run_processes(struct replay *r, int image, struct fault *fault)
{
	bool once = !capture_files_are_plain(r->options->files, r->options->files_count);
	int code;

	if ((code = house_make(&r->house, r->options->config, false, r->options->workers, once,
	    r->options->keeps, fault)) < 0)
		return code;
	r->house.image = image;
	if (r->options->keeps)
		memory_folder(r->options->config, r->house.memory_directory, sizeof r->house.memory_directory);
	if ((code = scratch_make(r->house.journal_directory, sizeof r->house.journal_directory,
	    fault)) < 0)
		return code;
	process_catch_signals(false);
	progress_begin(&r->progress);
	if (house_start_courier(&r->house) < 0 || house_start_analyst(&r->house, 0) < 0 ||
	    (r->house.kept != NULL && house_start_keeper(&r->house) < 0) || start_workers(r) < 0)
		give_up(r);
	supervise(r);
	progress_end(&r->progress);
	r->seconds = progress_seconds(&r->progress);
	wait_for_keeper(r);
	deliver(r);
	return 0;
}

/* Feeds first: without them nothing can be matched, and a broken one is said before the work begins. */
static int
compile_feeds(const struct replay_options *o, int *image, bool *failed, struct fault *fault)
{
	struct feed_result *results;
	int code;

	*image = -1;
	if (o->config->feeds_count == 0)
		return 0;
	if ((results = calloc(o->config->feeds_count, sizeof *results)) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for %u feeds", o->config->feeds_count);
	if ((code = feeds_compile(o->config, o->in_process, o->keeps, results, image, fault)) == 0)
		*failed = feeds_report(results, o->config->feeds_count) > 0;
	free(results);
	return code;
}

int
replay_run(const struct replay_options *options)
{
	struct replay r;
	struct fault fault;
	bool feed_failed = false;
	int image, status;

	memset(&r, 0, sizeof r);
	r.options = options;
	if (compile_feeds(options, &image, &feed_failed, &fault) < 0) {
		log_error("replay", "%s", fault.text);
		return 1;
	}
	if (options->in_process)
		return in_process_run(options, image) | (feed_failed ? 1 : 0);
	if (run_processes(&r, image, &fault) < 0) {
		log_error("replay", "%s", fault.text);
		status = 1;
	} else {
		status = went_well(&r) && !feed_failed ? 0 : 1;
		/* Why nothing was read is said already. */
		if (!options->quiet && (status == 0 || r.house.board->worker[0].counts.frames > 0))
			report_run(r.house.board, r.house.workers, r.seconds);
	}
	if (r.house.journal_directory[0] != '\0')
		scratch_remove(r.house.journal_directory);
	house_clear(&r.house);
	return status;
}
