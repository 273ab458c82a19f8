#include "engine/posts.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/when.h"
#include "system/back_off.h"
#include "system/handover.h"
#include "system/process.h"

enum { PAUSE_MOST_MS = 5000 };

struct post {
	struct capture *capture;	/* our duplicate */
	struct recorder *recorder;
	int control[2];			/* ours, the worker's */
	struct back_off back_off;
	int64_t died_ns;		/* monotonic; 0: somebody works here */
	bool told;			/* that nobody can */
	uint32_t turns;			/* of its worker, when looked at last */
	int64_t still_ns;		/* for so long they have not changed */
	enum { WENT_SIGNAL, WENT_STATUS, WENT_LOST, WENT_ANEW } went;	/* how its worker ended */
	int status;
};

struct posts {
	struct house *house;
	struct config config;		/* as it was at the start; only `capture` is read */
	uint16_t group;			/* of the fanout */
	unsigned count;
	int64_t tended_ns;
	struct post post[WORKERS_MAX];
};

enum { STILL_SEC = 20 };

/* ---- opening ---- */

static int
open_capture(const struct posts *p, struct capture **out, struct fault *fault)
{
	const struct config *c = &p->config;
	const struct capture_live_options o = {
		.interface = c->capture.interface, .filter = c->capture.filter,
		.snaplen = c->capture.snaplen, .buffer_mib = c->capture.buffer_mib,
		.promiscuous = c->capture.promiscuous, .immediate = c->capture.immediate,
		.poll_ms = c->capture.poll_ms,
	};
	int r;

	if ((r = capture_live_open(&o, out, fault)) < 0)
		return r;
	if (p->count > 1 && (r = capture_live_fanout(*out, p->group, p->count, fault)) < 0) {
		capture_close(*out);
		*out = NULL;
	}
	return r;
}

static int
open_recorder(struct posts *p, unsigned i, const char *record, struct fault *fault)
{
	char path[CONFIG_TEXT_MAX];
	int n;

	if (record == NULL)
		return 0;
	n = p->count == 1 ? snprintf(path, sizeof path, "%s", record) :
	    snprintf(path, sizeof path, "%s.%u", record, i);
	if (n < 0 || (size_t)n >= sizeof path)
		return fault_set(fault, SE_LIMIT, "--record: the path is longer than %zu bytes",
		    sizeof path);
	return recorder_open(path, capture_link_type(p->post[i].capture),
	    p->config.capture.snaplen, &p->post[i].recorder, fault);
}

static int
open_post(struct posts *p, unsigned i, const char *record, struct fault *fault)
{
	struct post *post = &p->post[i];
	int r;

	if ((r = open_capture(p, &post->capture, fault)) < 0 ||
	    (r = open_recorder(p, i, record, fault)) < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, post->control) < 0) {
		post->control[0] = post->control[1] = -1;
		return fault_set(fault, SE_SYSTEM, "socket pair: %s", strerror(errno));
	}
	return 0;
}

static void
close_post(struct post *post)
{
	unsigned i;

	capture_close(post->capture);
	post->capture = NULL;
	/* Nothing is held back on this side: whoever writes has a copy of his own. */
	recorder_close(post->recorder, NULL);
	post->recorder = NULL;
	for (i = 0; i < 2; i++) {
		if (post->control[i] >= 0)
			close(post->control[i]);
		post->control[i] = -1;
	}
}

int
posts_open(struct house *house, const struct config *config, const char *record,
    struct posts **out, struct fault *fault)
{
	struct posts *p = calloc(1, sizeof *p);
	unsigned i;
	int r = 0;

	*out = NULL;
	if (p == NULL)
		return fault_set(fault, SE_NOMEM, "no memory");
	p->house = house;
	p->config.capture = config->capture;
	p->count = house->workers;
	/* By chance: two sensors in containers may well have the same process number. */
	p->group = (uint16_t)hash_seed()->k0;
	for (i = 0; i < p->count; i++)
		p->post[i] = (struct post){ .control = { -1, -1 }, .back_off.most_ms = PAUSE_MOST_MS };
	for (i = 0; i < p->count && r == 0; i++)
		r = open_post(p, i, record, fault);
	if (r < 0) {
		posts_close(p);
		return r;
	}
	for (i = 0; i < p->count; i++)
		capture_live_begin(p->post[i].capture);
	*out = p;
	return 0;
}

void
posts_close(struct posts *p)
{
	unsigned i;

	if (p == NULL)
		return;
	for (i = 0; i < p->count; i++)
		close_post(&p->post[i]);
	free(p);
}

/* ---- workers ---- */

static int
start_worker(struct posts *p, unsigned i)
{
	struct post *post = &p->post[i];
	struct house *h = p->house;
	const struct worker_task task = {
		.config = h->config, .board = h->board, .index = i, .count = p->count, .live = true,
		.ring = h->rings[i], .bell = h->bell, .image = h->image,
		.control = post->control[1], .interface = post->capture,
		.recorder = post->recorder,
	};
	int r = house_start_worker(h, &task);

	if (r < 0)
		return r;
	back_off_started(&post->back_off, back_off_clock_ns());
	post->died_ns = 0;
	post->told = false;
	post->still_ns = 0;
	return 0;
}

int
posts_start(struct posts *p)
{
	unsigned i;

	for (i = 0; i < p->count; i++)
		if (start_worker(p, i) < 0)
			return SE_SYSTEM;
	return 0;
}

void
posts_shed(struct posts *p, unsigned worker)
{
	unsigned i;

	for (i = 0; i < p->count; i++)
		if (i != worker)
			close_post(&p->post[i]);
	if (worker < p->count) {
		close(p->post[worker].control[0]);
		p->post[worker].control[0] = -1;
	}
}

static void
end_recording(struct post *post, unsigned i, bool cut)
{
	if (post->recorder == NULL)
		return;
	log_warn("record", "the recording of worker %u ends here%s", i,
	    cut ? ": its file may stop in the middle of a frame" : "");
	recorder_close(post->recorder, NULL);
	post->recorder = NULL;
}

void
posts_worker_ended(struct posts *p, unsigned i, int status)
{
	bool lost = WIFEXITED(status) && WEXITSTATUS(status) == WORKER_LOST_INTERFACE;
	struct post *post = &p->post[i];

	post->died_ns = back_off_clock_ns();
	back_off_failed(&post->back_off, post->died_ns);
	if (lost) {
		/* An interface that comes back is another one to the kernel: a fanout holds sockets of one only. */
		capture_close(post->capture);
		post->capture = NULL;
	}
	post->went = lost ? WENT_LOST : WIFSIGNALED(status) ? WENT_SIGNAL : WENT_STATUS;
	post->status = status;
	end_recording(post, i, !WIFEXITED(status));
}

/* In the log in English, as an alert in the configured language. */
static void
tell_of(struct posts *p, const struct post *post, enum sensor_note n, const char *seconds)
{
	char worker[16], how[16], workers[16], words[SENSOR_NOTE_MAX];
	const struct piece pieces[] = {
		{ "worker", worker }, { "signal", post->went == WENT_SIGNAL ? how : NULL },
		{ "signal_name", post->went == WENT_SIGNAL ? strsignal(WTERMSIG(post->status)) : NULL },
		{ "status", post->went == WENT_STATUS ? how : NULL }, { "lost", post->went == WENT_LOST ? worker : NULL },
		{ "anew", post->went == WENT_ANEW ? worker : NULL }, { "workers", workers }, { "seconds", seconds }, { NULL, NULL },
	};

	snprintf(worker, sizeof worker, "%u", (unsigned)(post - p->post));
	snprintf(workers, sizeof workers, "%u", p->count);
	snprintf(how, sizeof how, "%d", post->went == WENT_SIGNAL ? WTERMSIG(post->status) : WEXITSTATUS(post->status));
	if (n == NOTE_WORKER_BACK)
		log_warn("watch", "%s", note_text(n, LANGUAGE_EN, pieces, words, sizeof words));
	house_tell(p->house, n, pieces);
}

/* Whoever looks at the alerts shall not wait for a success that may never come. */
static void
tell_empty(struct posts *p, struct post *post, const struct fault *fault)
{
	if (post->told)
		return;
	post->told = true;
	log_error("watch", "%s; it is tried again and again", fault->text);
	tell_of(p, post, NOTE_WORKER_MISSING, NULL);
}

static void
tell_filled(struct posts *p, const struct post *post, int64_t died_ns)
{
	char seconds[24];

	snprintf(seconds, sizeof seconds, "%.1f", (double)(back_off_clock_ns() - died_ns) / (double)NS_PER_SEC);
	tell_of(p, post, NOTE_WORKER_BACK, seconds);
}

/*
 * The new socket joins the fanout before the dead one's is closed: it takes
 * over exactly that share of the traffic.
 */
static void
replace_worker(struct posts *p, unsigned i)
{
	struct post *post = &p->post[i];
	int64_t died_ns = post->died_ns;
	struct capture *fresh;
	struct fault fault;

	if (open_capture(p, &fresh, &fault) < 0) {
		back_off_failed(&post->back_off, back_off_clock_ns());
		tell_empty(p, post, &fault);
		return;
	}
	capture_close(post->capture);
	post->capture = fresh;
	if (start_worker(p, i) == 0)
		tell_filled(p, post, died_ns);
	else
		back_off_failed(&post->back_off, back_off_clock_ns());
}

/*
 * A worker that hangs holds up the others' observations, too. One that records
 * may wait for the disk, and its file would end.
 */
static void
end_still(struct posts *p, unsigned i, int64_t passed_ns)
{
	uint32_t turns = atomic_load(&p->house->board->worker[i].turns);
	struct post *post = &p->post[i];

	post->still_ns = turns == post->turns ? post->still_ns + passed_ns : 0;
	post->turns = turns;
	if (post->still_ns < STILL_SEC * NS_PER_SEC || post->recorder != NULL || p->house->worker[i] <= 0)
		return;
	log_error("watch", "worker %u has done nothing for %d s and is ended", i, (int)STILL_SEC);
	kill(p->house->worker[i], SIGKILL);
	post->still_ns = 0;
}

void
posts_tend(struct posts *p)
{
	int64_t now_ns = back_off_clock_ns(), passed_ns = now_ns - p->tended_ns;
	unsigned i;

	/* When the whole machine stood still, nobody is to blame. */
	if (passed_ns > NS_PER_SEC)
		passed_ns = NS_PER_SEC;
	p->tended_ns = now_ns;
	for (i = 0; i < p->count; i++) {
		struct post *post = &p->post[i];

		if (post->died_ns == 0) {
			end_still(p, i, passed_ns);
			continue;
		}
		/* What the next worker will see is later than this: the others' observations need not wait. */
		ring_set_watermark(p->house->rings[i], house_wall_clock_ns());
		if (back_off_over(&post->back_off, now_ns))
			replace_worker(p, i);
	}
}

void
posts_end_empty(struct posts *p)
{
	unsigned i;

	for (i = 0; i < p->count; i++)
		if (p->house->worker[i] == 0) {
			ring_set_watermark(p->house->rings[i], INT64_MAX);
			ring_end(p->house->rings[i]);
		}
}

void
posts_restart(struct posts *p)
{
	unsigned i;

	for (i = 0; i < p->count; i++) {
		house_kill(&p->house->worker[i]);
		ring_reset(p->house->rings[i]);
		if (p->post[i].died_ns != 0)
			continue;
		p->post[i].died_ns = back_off_clock_ns();
		p->post[i].went = WENT_ANEW;
		end_recording(&p->post[i], i, true);
	}
}

void
posts_take_image(struct posts *p, int image)
{
	unsigned i;

	for (i = 0; i < p->count; i++)
		if (p->house->worker[i] > 0 &&
		    handover_send(p->post[i].control[0], NULL, 0, image) < 0)
			log_error("watch", "worker %u did not get the new indicators: %s", i,
			    strerror(errno));
	if (p->house->image >= 0)
		close(p->house->image);
	p->house->image = image;
	house_turn_keeper(p->house);
}
