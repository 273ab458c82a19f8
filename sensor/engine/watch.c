#include "engine/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "engine/feeds.h"
#include "engine/handover.h"
#include "engine/house.h"
#include "engine/privilege.h"
#include "engine/process.h"
#include "engine/report.h"

enum { WAIT_MS = 100, STOP_SEC = 15, BACKOFF_MAX_MS = 30000, BACKOFF_RESET_SEC = 60 };

/* One worker's place: it outlives the processes that fill it. */
struct post {
	struct capture *capture;	/* our duplicate: keeps its share of the traffic while nobody works */
	struct recorder *recorder;
	int control[2];			/* ours, the worker's */
	int64_t started_ns, died_ns;	/* wall clock; died 0: works */
	unsigned backoff_ms;
	char why[128];
};

struct watch {
	const struct watch_options *options;
	struct house house;
	struct post post[WORKERS_MAX];
	uint16_t group;			/* of the fanout */
	bool stopping, analyst_done, failed;
	unsigned courier_backoff_ms;
};

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

/* ---- about the sensor itself ---- */

static void
tell_analyst(struct watch *w, const char *note)
{
	struct ring *ring = w->house.rings[w->house.workers];
	struct observation_buffer b;
	void *room;

	memset(&b.o, 0, sizeof b.o);
	b.o.kind = OBSERVE_SENSOR;
	b.o.phase = PHASE_PACKET;
	b.o.ts_ns = b.o.deadline_ns = now_ns();
	b.o.flow_first_ns = b.o.flow_last_ns = b.o.ts_ns;
	observation_add(&b, TEXT_NOTE, span_text(note), 512);
	observation_seal(&b);
	if ((room = ring_reserve(ring, b.o.bytes)) == NULL) {
		log_error("watch", "no room to tell of: %s", note);
		return;
	}
	memcpy(room, &b, b.o.bytes);
	ring_commit(ring);
	bell_ring(w->house.bell);
}

/* ---- captures and workers ---- */

static int
open_capture(struct watch *w, struct capture **out, struct fault *fault)
{
	const struct config *c = w->options->config;
	const struct capture_live_options o = {
		.interface = c->capture.interface, .filter = c->capture.filter,
		.snaplen = c->capture.snaplen, .buffer_mib = c->capture.buffer_mib,
		.promiscuous = c->capture.promiscuous, .immediate = c->capture.immediate,
		.poll_ms = c->capture.poll_ms,
	};
	int r;

	if ((r = capture_live_open(&o, out, fault)) < 0)
		return r;
	if (w->house.workers > 1 &&
	    (r = capture_live_fanout(*out, w->group, w->house.workers, fault)) < 0) {
		capture_close(*out);
		*out = NULL;
	}
	return r;
}

static int
open_recorder(struct watch *w, unsigned i, struct fault *fault)
{
	char path[CONFIG_TEXT_MAX];

	if (w->options->record == NULL)
		return 0;
	if (w->house.workers == 1)
		snprintf(path, sizeof path, "%s", w->options->record);
	else
		snprintf(path, sizeof path, "%s.%u", w->options->record, i);
	return recorder_open(path, capture_link_type(w->post[i].capture),
	    w->options->config->capture.snaplen, &w->post[i].recorder, fault);
}

static int
open_posts(struct watch *w, struct fault *fault)
{
	unsigned i;
	int r;

	w->group = (uint16_t)(getpid() & 0xffff);
	for (i = 0; i < w->house.workers; i++) {
		if ((r = open_capture(w, &w->post[i].capture, fault)) < 0 ||
		    (r = open_recorder(w, i, fault)) < 0)
			return r;
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		    w->post[i].control) < 0)
			return fault_set(fault, SE_SYSTEM, "socket pair: %s", strerror(errno));
	}
	for (i = 0; i < w->house.workers; i++)
		capture_live_begin(w->post[i].capture);
	return 0;
}

static void
close_posts(struct watch *w)
{
	unsigned i;

	for (i = 0; i < w->house.workers; i++)
		capture_close(w->post[i].capture);
}

static int
start_worker(struct watch *w, unsigned i)
{
	struct post *p = &w->post[i];
	const struct worker_task task = {
		.config = w->options->config, .board = w->house.board, .index = i,
		.count = w->house.workers, .live = true, .ring = w->house.rings[i],
		.bell = w->house.bell, .image = w->house.image, .control = p->control[1],
		.interface = p->capture, .recorder = p->recorder,
	};

	p->started_ns = now_ns();
	p->died_ns = 0;
	return house_start_worker(&w->house, &task);
}

/*
 * The new socket joins the fanout before the dead one's is closed: it takes
 * over exactly that share of the traffic.
 */
static void
replace_worker(struct watch *w, unsigned i)
{
	struct post *p = &w->post[i];
	struct capture *fresh;
	struct fault fault;
	char note[512];
	double blind = (double)(now_ns() - p->died_ns) / (double)NS_PER_SEC;

	if (open_capture(w, &fresh, &fault) < 0) {
		log_error("watch", "%s; trying again in %u ms", fault.text, p->backoff_ms);
		return;
	}
	capture_close(p->capture);
	p->capture = fresh;
	capture_live_begin(fresh);
	if (start_worker(w, i) < 0)
		return;
	snprintf(note, sizeof note, "%s; its share of the traffic (1 of %u) was not seen for %.1f s, "
	    "its flows begin anew", p->why, w->house.workers, blind);
	log_warn("watch", "%s", note);
	tell_analyst(w, note);
}

static void
replace_workers(struct watch *w)
{
	unsigned i;

	for (i = 0; i < w->house.workers; i++) {
		struct post *p = &w->post[i];

		if (w->house.worker[i] > 0 || p->died_ns == 0 || w->stopping)
			continue;
		if (now_ns() - p->started_ns < (int64_t)p->backoff_ms * 1000000)
			continue;
		p->started_ns = now_ns();
		p->backoff_ms = p->backoff_ms == 0 ? 1000 : p->backoff_ms * 2;
		if (p->backoff_ms > BACKOFF_MAX_MS)
			p->backoff_ms = BACKOFF_MAX_MS;
		replace_worker(w, i);
	}
}

static void
on_worker_end(struct watch *w, unsigned i, int status)
{
	struct post *p = &w->post[i];
	char role[32];

	if (w->stopping) {
		if (WIFSIGNALED(status)) {
			ring_set_watermark(w->house.rings[i], INT64_MAX);
			ring_end(w->house.rings[i]);
		}
		return;
	}
	snprintf(role, sizeof role, "worker %u", i);
	process_describe_end(status, role, p->why, sizeof p->why);
	p->died_ns = now_ns();
	if (p->died_ns - p->started_ns > BACKOFF_RESET_SEC * NS_PER_SEC)
		p->backoff_ms = 0;
	if (p->recorder != NULL) {
		log_warn("record", "the recording of worker %u ends here: its file may stop in the middle of a frame", i);
		p->recorder = NULL;
	}
}

/* ---- the other processes ---- */

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
	if (who == &w->house.courier) {
		if (atomic_load(&w->house.board->drain) == 0) {
			if (!clean)
				log_error("watch", "%s; a new one goes on from its positions", text);
			house_start_courier(&w->house);
		}
	} else if (who == &w->house.analyst) {
		w->analyst_done = w->stopping && clean;
		if (!w->analyst_done) {
			log_error("watch", "%s; what it knew of beacons and open alerts is lost", text);
			house_start_analyst(&w->house, 0);
			snprintf(text, sizeof text, "the analyst died: beacons and open alerts begin anew");
			tell_analyst(w, text);
		}
	} else {
		on_worker_end(w, (unsigned)(who - w->house.worker), status);
	}
}

static void
reap(struct watch *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		on_end(w, pid, status);
}

/* ---- EVE files ---- */

/* Opened here, while we may, and given to whom we will be, who opens them again after log rotation. */
static int
open_file(struct sink_options *s, const char *user, struct fault *fault)
{
	struct passwd *owner = geteuid() == 0 && user[0] != '\0' ? getpwnam(user) : NULL;

	s->descriptor = open(s->target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (s->descriptor < 0)
		return fault_set(fault, SE_SYSTEM, "%s: cannot write here: %s", s->target,
		    strerror(errno));
	if (owner != NULL && fchown(s->descriptor, owner->pw_uid, owner->pw_gid) < 0)
		log_warn("watch", "%s: cannot be given to %s: %s", s->target, user, strerror(errno));
	return 0;
}

static bool
is_file(const struct sink_options *s)
{
	return s->kind == SINK_EVE && strcmp(s->target, "-") != 0;
}

static int
open_files(struct config *c, struct fault *fault)
{
	unsigned i;
	int r;

	for (i = 0; i < c->sinks_count; i++)
		if (is_file(&c->sinks[i]) && (r = open_file(&c->sinks[i], c->user, fault)) < 0)
			return r;
	return 0;
}

static void
close_files(struct config *c)
{
	unsigned i;

	for (i = 0; i < c->sinks_count; i++)
		if (is_file(&c->sinks[i]) && c->sinks[i].descriptor >= 0) {
			close(c->sinks[i].descriptor);
			c->sinks[i].descriptor = -1;
		}
}

/* The descriptor in force for the same file, once more; -1 when there is none. */
static int
old_file(const struct config *old, const char *target)
{
	unsigned i;

	for (i = 0; i < old->sinks_count; i++)
		if (is_file(&old->sinks[i]) && strcmp(old->sinks[i].target, target) == 0)
			return fcntl(old->sinks[i].descriptor, F_DUPFD_CLOEXEC, 0);
	return -1;
}

/* By their paths, anew. One that cannot be opened any more stays in use as it is. */
static int
reopen_files(struct config *fresh, const struct config *old, struct fault *fault)
{
	unsigned i;
	int r;

	for (i = 0; i < fresh->sinks_count; i++) {
		struct sink_options *s = &fresh->sinks[i];

		if (!is_file(s) || (r = open_file(s, "", fault)) == 0)
			continue;
		if ((s->descriptor = old_file(old, s->target)) < 0)
			return r;
		log_warn("watch", "%s; the old file stays in use", fault->text);
	}
	return 0;
}

/* ---- feeds, reload ---- */

static int
compile(const struct config *c, int *image, struct fault *fault)
{
	struct feed_result *results;
	int r;

	*image = -1;
	if (c->feeds_count == 0)
		return 0;
	if ((results = calloc(c->feeds_count, sizeof *results)) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for %u feeds", c->feeds_count);
	if ((r = feeds_compile(c, false, results, image, fault)) == 0)
		feeds_report(results, c->feeds_count);
	free(results);
	return r;
}

static void
say_restart_needed(const struct config *old, const struct config *fresh)
{
	bool changed = old->home_count != fresh->home_count ||
	    memcmp(old->home, fresh->home, old->home_count * sizeof *old->home) != 0 ||
	    memcmp(&old->capture, &fresh->capture, sizeof old->capture) != 0 ||
	    memcmp(&old->flow, &fresh->flow, sizeof old->flow) != 0 ||
	    memcmp(&old->beacon, &fresh->beacon, sizeof old->beacon) != 0 ||
	    memcmp(&old->alert, &fresh->alert, sizeof old->alert) != 0 ||
	    old->workers != fresh->workers || old->records != fresh->records;

	if (changed)
		log_warn("watch", "home, capture, limits, beacon, alerts, workers or records changed: "
		    "they take effect at the next start; feeds and sinks are in force now");
}

static void
hand_out(struct watch *w, int image)
{
	unsigned i;

	for (i = 0; i < w->house.workers; i++)
		if (handover_send(w->post[i].control[0], NULL, 0, image) < 0)
			log_error("watch", "worker %u did not get the new indicators: %s", i,
			    strerror(errno));
	if (w->house.image >= 0)
		close(w->house.image);
	w->house.image = image;
}

static void
reload(struct watch *w)
{
	struct config fresh;
	struct fault fault;
	int image;

	log_info("watch", "reading configuration and feeds again");
	if (!w->options->reread(w->options->to, &fresh)) {
		log_error("watch", "the configuration in force stays");
		config_clear(&fresh);
		return;
	}
	if (reopen_files(&fresh, w->options->config, &fault) < 0) {
		log_error("watch", "%s; the configuration in force stays", fault.text);
		close_files(&fresh);
		config_clear(&fresh);
		return;
	}
	if (compile(&fresh, &image, &fault) < 0)
		log_error("watch", "%s; the indicators in force stay", fault.text);
	else if (image >= 0)
		hand_out(w, image);
	say_restart_needed(w->options->config, &fresh);
	/* The processes have their own copy since the fork: the old one can go. */
	close_files(w->options->config);
	config_clear(w->options->config);
	*w->options->config = fresh;
	atomic_fetch_add(&w->house.board->courier_turn, 1);
}

/* ---- its life ---- */

static void
begin_stop(struct watch *w)
{
	log_info("watch", "stopping");
	w->stopping = true;
	atomic_store(&w->house.board->stop, 1);
	ring_set_watermark(w->house.rings[w->house.workers], INT64_MAX);
	ring_end(w->house.rings[w->house.workers]);
}

/* A post without a worker has nobody to end its ring. */
static void
end_empty_posts(struct watch *w)
{
	unsigned i;

	for (i = 0; i < w->house.workers; i++)
		if (w->house.worker[i] <= 0) {
			ring_set_watermark(w->house.rings[i], INT64_MAX);
			ring_end(w->house.rings[i]);
		}
}

static void
supervise(struct watch *w)
{
	struct process_signals got;
	int64_t give_up_ns = INT64_MAX;
	unsigned i;

	while (!w->analyst_done) {
		got = process_wait(WAIT_MS);
		reap(w);
		if (got.stop && !w->stopping) {
			begin_stop(w);
			give_up_ns = now_ns() + STOP_SEC * NS_PER_SEC;
		}
		if (w->stopping)
			end_empty_posts(w);
		if (got.reload && !w->stopping)
			reload(w);
		replace_workers(w);
		if (now_ns() > give_up_ns) {
			log_error("watch", "a process did not stop within %d s and is ended", (int)STOP_SEC);
			for (i = 0; i < w->house.workers; i++)
				house_kill(&w->house.worker[i]);
			give_up_ns = now_ns() + STOP_SEC * NS_PER_SEC;
		}
	}
	atomic_store(&w->house.board->drain, 1);
	while (w->house.courier > 0) {
		process_wait(WAIT_MS);
		reap(w);
	}
}

static int
prepare(struct watch *w, struct fault *fault)
{
	struct config *c = w->options->config;
	int r;

	if ((r = house_make(&w->house, c, true, c->workers, false, fault)) < 0)
		return r;
	/* The supervisor's own ring has something to say now and then; nobody waits for it. */
	ring_set_watermark(w->house.rings[w->house.workers], INT64_MAX);
	snprintf(w->house.journal_directory, sizeof w->house.journal_directory, "%s/journal",
	    c->state_directory);
	if ((r = open_posts(w, fault)) < 0 || (r = open_files(c, fault)) < 0 ||
	    (r = privilege_make_directory(w->house.journal_directory, c->user, fault)) < 0 ||
	    (r = privilege_drop(c->user, fault)) < 0)
		return r;
	return compile(c, &w->house.image, fault);
}

static int
start_all(struct watch *w)
{
	unsigned i;

	if (house_start_courier(&w->house) < 0 || house_start_analyst(&w->house, 0) < 0)
		return SE_SYSTEM;
	for (i = 0; i < w->house.workers; i++)
		if (start_worker(w, i) < 0)
			return SE_SYSTEM;
	return 0;
}

static void
say_totals(const struct watch *w)
{
	uint64_t seen = 0, dropped = 0, lost = 0, late = 0;
	unsigned i;

	for (i = 0; i < w->house.workers; i++) {
		const struct board_worker *b = &w->house.board->worker[i];

		seen += atomic_load(&b->kernel_seen);
		dropped += atomic_load(&b->kernel_dropped);
		lost += atomic_load(&b->ring_dropped);
		late += atomic_load(&b->late);
	}
	log_info("watch", "the kernel saw %" PRIu64 " frames and dropped %" PRIu64 "; %" PRIu64
	    " observations were lost for want of room, %" PRIu64 " frames came late", seen, dropped,
	    lost, late);
}

int
watch_run(const struct watch_options *options)
{
	struct watch *w = calloc(1, sizeof *w);
	struct progress clock;
	struct fault fault;
	int status = 1;

	if (w == NULL) {
		log_error("watch", "no memory");
		return 1;
	}
	w->options = options;
	if (prepare(w, &fault) < 0) {
		log_error("watch", "%s", fault.text);
		goto done;
	}
	process_catch_signals();
	progress_begin(&clock);
	if (start_all(w) < 0)
		goto done;
	log_info("watch", "watching %s with %u worker%s", options->config->capture.interface,
	    w->house.workers, w->house.workers == 1 ? "" : "s");
	supervise(w);
	say_totals(w);
	report_run(w->house.board, w->house.workers, progress_seconds(&clock));
	status = atomic_load(&w->house.board->undelivered) > 0 || w->failed;
done:
	close_posts(w);
	house_clear(&w->house);
	free(w);
	return status;
}
