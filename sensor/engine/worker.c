#include "engine/worker.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/pages.h"
#include "base/when.h"
#include "engine/broadcast.h"
#include "engine/rooms.h"
#include "indicators/indicators.h"
#include "proto/content/content.h"
#include "proto/quic/quic.h"
#include "proto/text/charset.h"
#include "proto/tls/tls.h"
#include "system/handover.h"

enum { BATCH = 256, BATCH_MS = 50, WAIT_ROOM_MS = 20, LAST_BATCHES = 4096 };

/* A replay wakes the analyst after so much of either, or when its ring is full: to sleep and wake costs as much as hundreds of frames. */
enum { BELL_BATCHES = 256, BELL_BYTES = 1 << 20 };

struct worker {
	const struct worker_task *task;
	struct board_worker *mine;
	struct capture *files;
	struct pipeline *pipeline;
	struct indicators *indicators;
	uint64_t ordinal;
	int64_t polled_ns;		/* live: clock before the last poll */
	int64_t stop_ns;		/* live: when the stop was seen, or WHEN_UNKNOWN */
	unsigned last_batches;		/* since then */
	unsigned unrung_batches;
	size_t unrung_bytes;
	uint64_t set_back;		/* live: the clock was, so often */
	bool mute;			/* the observations are all in the ring from a try before */
	bool repeats;			/* those up to `newest` are */
	struct observation newest;	/* its fixed part */
	struct overload overload;
	struct pages_heap heap;
	struct log_limit record_limit;
};

/* ---- observations out ---- */

/*
 * What the ring holds from a try before is not written again: it would find no
 * room as long as the analyst waits for another shard to come as far.
 */
static bool
repeats(struct worker *w, const struct observation *o)
{
	if (!w->repeats)
		return false;
	w->repeats = observation_order(o, &w->newest) < 0;
	return w->repeats || observation_order(o, &w->newest) == 0;
}

static void
look_for_repeats(struct worker *w)
{
	uint32_t len;
	const void *record;

	w->mute = ring_has_ended(w->task->ring);
	if (w->task->live || (record = ring_newest(w->task->ring, &len)) == NULL)
		return;
	if (!observation_valid(record, len))
		return;
	memcpy(&w->newest, record, sizeof w->newest);
	w->repeats = true;
}

static void
on_observation(void *to, const struct observation *o)
{
	struct worker *w = to;
	struct ring *ring = w->task->ring;
	void *room;

	if (w->mute || repeats(w, o))
		return;
	while ((room = ring_reserve(ring, o->bytes)) == NULL) {
		if (w->task->live) {
			atomic_fetch_add(&w->mine->ring_dropped, 1);
			return;
		}
		ring_wait_room(ring, WAIT_ROOM_MS);
	}
	memcpy(room, o, o->bytes);
	ring_commit(ring);
	w->unrung_bytes += o->bytes;
}

/* ---- frames in ---- */

static void
say(void *to, const char *line)
{
	const struct worker_task *t = to;

	/* Every worker reads every plain file: one of them tells. */
	if (t->index == 0)
		log_error("capture", "%s", line);
}

static bool
to_skip(const struct board *b, uint64_t ordinal)
{
	uint32_t n = atomic_load_explicit(&b->skips_count, memory_order_relaxed), i;

	for (i = 0; i < n; i++)
		if (b->skips[i] == ordinal)
			return true;
	return false;
}

static enum capture_result
read_frames(struct worker *w, struct frame *f, unsigned most, unsigned *count)
{
	const struct worker_task *t = w->task;

	*count = 1;
	if (t->broadcast != NULL)
		return broadcast_next(t->broadcast, t->index, f);
	return capture_take(w->files != NULL ? w->files : t->interface, f, most, count);
}

static void
record(struct worker *w, const struct frame *f)
{
	struct fault fault;
	int r = w->task->recorder == NULL ? 0 : recorder_write(w->task->recorder, f, &fault);

	if (r < 0 && r != SE_STOPPED)
		log_limited(&w->record_limit, LOG_LEVEL_ERROR, "record", "%s", fault.text);
}

/* Who looks into the file while the line is silent finds all that came before. */
static void
flush_record(struct worker *w)
{
	struct fault fault;
	int r = w->task->recorder == NULL ? 0 : recorder_flush(w->task->recorder, &fault);

	if (r < 0 && r != SE_STOPPED)
		log_error("record", "%s", fault.text);
}

/* Each frame goes on, and nobody else wants one. */
static bool
takes_all(const struct worker *w)
{
	return !w->task->live && w->task->recorder == NULL &&
	    atomic_load_explicit(&w->task->board->skips_count, memory_order_relaxed) == 0;
}

static void
take_frames(struct worker *w, struct frame *f, unsigned count)
{
	unsigned kept = 0, i;

	if (takes_all(w)) {
		w->ordinal = f[count - 1].ordinal;
		pipeline_frames(w->pipeline, f, count);
		return;
	}
	for (i = 0; i < count; i++) {
		if (w->task->live && f[i].ts_ns < ring_watermark(w->task->ring))
			atomic_fetch_add(&w->mine->late, 1);
		record(w, &f[i]);
		w->ordinal = f[i].ordinal;
		if (!to_skip(w->task->board, f[i].ordinal))
			f[kept++] = f[i];
	}
	pipeline_frames(w->pipeline, f, kept);
}

/* ---- between batches ---- */

static int64_t
wall_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static void
take_image(struct worker *w, int descriptor)
{
	struct indicators *fresh;
	struct fault fault;

	if (indicators_map(descriptor, &fresh, &fault) < 0) {
		log_error("worker", "the new indicators are not used: %s", fault.text);
		close(descriptor);
		return;
	}
	close(descriptor);
	pipeline_set_indicators(w->pipeline, fresh);
	indicators_unmap(w->indicators);
	w->indicators = fresh;
	atomic_fetch_add(&w->mine->image_generation, 1);
}

static void
look_for_image(struct worker *w)
{
	int descriptor;

	if (w->task->control >= 0 && handover_receive(w->task->control, NULL, 0, &descriptor) > 0)
		take_image(w, descriptor);
}

/* What is shed is told by the supervisor, which sees all workers. */
static void
mind_overload(struct worker *w, uint64_t ring_bytes)
{
	atomic_store(&w->mine->ring_bytes, ring_bytes);
	pipeline_shed(w->pipeline, overload_look(&w->overload, ring_bytes, (uint64_t)w->task->config->ring_mib << 20,
	    wall_clock_ns()));
}

static void
tell(struct worker *w)
{
	const struct worker_task *t = w->task;
	uint64_t done, total, seen, dropped;

	pipeline_count(w->pipeline, &w->mine->counts);
	if (w->files != NULL) {
		capture_progress(w->files, &done, &total);
		atomic_store(&w->mine->done_bytes, done);
		atomic_store(&w->mine->total_bytes, total);
	}
	if (t->live && capture_kernel_counts(t->interface, &seen, &dropped) == 0) {
		atomic_fetch_add(&w->mine->kernel_seen, seen);
		atomic_fetch_add(&w->mine->kernel_dropped, dropped);
		overload_note(&w->overload, seen, dropped);
	}
	if (t->live)
		mind_overload(w, ring_used(t->ring));
}

static void
wake_analyst(struct worker *w, enum capture_result r)
{
	if (!w->task->live && r == CAPTURE_FRAME && ++w->unrung_batches < BELL_BATCHES &&
	    w->unrung_bytes < BELL_BYTES)
		return;
	w->unrung_batches = 0;
	w->unrung_bytes = 0;
	bell_ring(w->task->bell);
}

/* All that was emitted so far is in the ring: say how far that reaches. */
static void
publish(struct worker *w)
{
	const struct worker_task *t = w->task;

	if (!t->live)
		ring_set_watermark(t->ring, (int64_t)w->ordinal);
	else if (w->set_back != w->mine->counts.set_back)
		ring_lower_watermark(t->ring, w->mine->counts.last_ns);
	else if (w->mine->counts.last_ns != WHEN_UNKNOWN)
		ring_set_watermark(t->ring, w->mine->counts.last_ns);
	w->set_back = w->mine->counts.set_back;
}

/*
 * Live, and the poll came back empty: what is older than the time before that
 * poll, less the kernel's block timeout, has been delivered.
 */
static void
idle(struct worker *w)
{
	const struct worker_task *t = w->task;
	int64_t quiet_ns = w->polled_ns - (int64_t)t->config->capture.poll_ms * 1000000;

	if (!t->live) {
		publish(w);
		return;
	}
	pipeline_idle(w->pipeline, quiet_ns);
	ring_set_watermark(t->ring, quiet_ns);
	flush_record(w);
}

/*
 * Asked to stop: a replay does so at once; live, what the kernel held at that
 * moment is still taken, however busy the line is.
 */
static bool
stops_here(struct worker *w, enum capture_result r)
{
	if (atomic_load_explicit(&w->task->board->stop, memory_order_relaxed) == 0)
		return false;
	if (!w->task->live || r == CAPTURE_IDLE || w->mine->counts.last_ns > w->stop_ns)
		return true;
	return ++w->last_batches > LAST_BATCHES;
}

static void
note_stop(struct worker *w)
{
	if (w->task->live && w->stop_ns == INT64_MAX &&
	    atomic_load_explicit(&w->task->board->stop, memory_order_relaxed) != 0)
		w->stop_ns = wall_clock_ns();
}

/* Live, a batch has its time too: a thin stream of frames must not hold back what it tells. */
static enum capture_result
take_batch(struct worker *w)
{
	enum capture_result r = CAPTURE_FRAME;
	int64_t until_ns = INT64_MAX;
	struct frame f[PIPELINE_FRAMES];
	unsigned taken, count;

	for (taken = 0; taken < BATCH && w->polled_ns < until_ns; taken += count) {
		w->polled_ns = w->task->live ? wall_clock_ns() : 0;
		if (taken == 0 && w->task->live)
			until_ns = w->polled_ns + BATCH_MS * 1000000LL;
		if ((r = read_frames(w, f, PIPELINE_FRAMES, &count)) != CAPTURE_FRAME)
			break;
		take_frames(w, f, count);
	}
	return r;
}

static bool
run_batch(struct worker *w)
{
	enum capture_result r;

	atomic_fetch_add_explicit(&w->mine->turns, 1, memory_order_relaxed);
	note_stop(w);
	r = take_batch(w);
	pages_heap_fill(&w->heap);
	tell(w);
	publish(w);
	if (r == CAPTURE_IDLE)
		idle(w);
	wake_analyst(w, r);
	look_for_image(w);
	return r != CAPTURE_END && !stops_here(w, r);
}

/* ---- its life ---- */

static int
prepare(struct worker *w, struct fault *fault)
{
	const struct worker_task *t = w->task;
	struct pipeline_options options = {
		.config = t->config,
		.shard = t->live ? 0 : t->index,
		.shards = t->live ? 1 : t->count,
		.at_work = &w->mine->ordinal,
	};
	struct sandbox_room room = { .data_bytes = 0 };
	uint64_t done;
	int r;

	look_for_repeats(w);
	w->stop_ns = INT64_MAX;
	overload_init(&w->overload, &t->config->overload, t->live ? wall_clock_ns() : 0);
	tls_warm_up();
	content_warm_up();
	quic_warm_up();
	charsets_warm_up();
	if (t->files != NULL && (r = capture_files_open(t->files, t->files_count, say,
	    (void *)(uintptr_t)t, &w->files, fault)) < 0)
		return r;
	if (w->files != NULL)	/* then they are plain */
		capture_progress(w->files, &done, &options.input_bytes);
	if ((w->pipeline = pipeline_new(&options, on_observation, w)) == NULL)
		return fault_set(fault, SE_NOMEM, "worker %u: no memory for its tables", t->index);
	if (t->image >= 0) {
		if ((r = indicators_map(t->image, &w->indicators, fault)) < 0)
			return r;
		close(t->image);	/* what is mapped is enough; when another comes, it is to go */
		pipeline_set_indicators(w->pipeline, w->indicators);
	}
	room.data_bytes = room_bytes(SANDBOX_WORKER, t->config);
	return sandbox_enter(SANDBOX_WORKER, &room, fault);
}

static int
finish(struct worker *w)
{
	const struct worker_task *t = w->task;
	struct fault fault;
	int status = 0;

	pipeline_finish(w->pipeline);
	tell(w);
	if (recorder_close(w->task->recorder, &fault) < 0) {
		log_error("record", "%s", fault.text);
		status = 1;
	}
	if (t->live && atomic_load(&t->board->stop) == 0) {
		log_error("capture", "%s", capture_failure(t->interface) != NULL ?
		    capture_failure(t->interface) : "the interface gives no frames any more");
		return WORKER_LOST_INTERFACE;
	}
	if (w->files != NULL) {
		atomic_store(&w->mine->faults, capture_faults(w->files));
		atomic_store(&w->mine->lost, capture_lost(w->files));
	}
	ring_set_watermark(t->ring, INT64_MAX);
	ring_end(t->ring);
	return status;
}

/* Each file has been reported. The shard is over before it began. */
static int
no_input(const struct worker_task *t)
{
	atomic_store(&t->board->worker[t->index].faults, t->files_count);
	ring_set_watermark(t->ring, INT64_MAX);
	ring_end(t->ring);
	return WORKER_NO_INPUT;
}

int
worker_run(const struct worker_task *t)
{
	struct worker w = { .task = t, .mine = &t->board->worker[t->index] };
	struct fault fault;
	int r = prepare(&w, &fault);

	if (r == SE_FORMAT && w.files == NULL && t->files != NULL)
		return no_input(t);
	if (r < 0) {
		log_error("worker", "%s", fault.text);
		return 1;
	}
	pages_heap_begin(&w.heap);
	while (run_batch(&w))
		continue;
	return finish(&w);
}
