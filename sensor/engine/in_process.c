#include "engine/in_process.h"

#include <unistd.h>

#include "base/log.h"
#include "base/suffix.h"
#include "beacon/known.h"
#include "config/advice.h"
#include "analyst/analyst.h"
#include "engine/feeds.h"
#include "engine/house.h"
#include "analyst/keeper.h"
#include "analyst/memory.h"
#include "analyst/past.h"
#include "system/process.h"
#include "engine/report.h"
#include "system/scratch.h"
#include "indicators/allow.h"
#include "indicators/indicators.h"
#include "sinks/courier.h"

enum { BATCH = 4096 };

struct alone {
	const struct replay_options *options;
	char directory[CONFIG_TEXT_MAX];
	struct memory *memory;
	struct capture *capture;
	struct indicators *indicators;
	struct journal *journal;
	struct geoip *geoip;
	struct known *known;
	struct allow *allow;
	struct advice *advice;
	struct analyst *analyst;
	struct pipeline *pipeline;
	struct keeper *keeper;
	struct past *past;
	struct courier *courier;
	struct board *board;		/* the report reads its counts */
	struct progress progress;
	bool stopped, finished;
	double seconds;
};

static void
say(void *to, const char *line)
{
	(void)to;
	log_error("capture", "%s", line);
}

static void
take(void *to, const struct observation *o)
{
	struct alone *a = to;

	analyst_take(a->analyst, o);
}

static void
keep(void *to, const struct kept *k)
{
	struct alone *a = to;

	keeper_take(a->keeper, k, k->bytes);
	keeper_relieve(a->keeper);
}

static bool
tell_late(void *to, const struct observation *o)
{
	struct alone *a = to;

	analyst_take(a->analyst, o);
	return true;
}

/* What the history has is told before the first frame, as with processes. */
static int
open_keeper(struct alone *a, struct fault *fault)
{
	int r;

	if (!a->options->keeps)
		return 0;
	if ((r = keeper_open(a->options->config, true, (uint64_t)house_wall_clock_ns(), a->indicators, &a->keeper, fault)) < 0)
		return r;
	if (!keeper_look_back(a->keeper, tell_late, a))
		return fault_set(fault, SE_SYSTEM, "the history cannot be used");
	past_read(a->past);
	analyst_set_novelty(a->analyst, past_ask, a->past);
	analyst_set_keep(a->analyst, keep, a);
	return 0;
}

static int
open_all(struct alone *a, int image, struct fault *fault)
{
	const struct config *c = a->options->config;
	struct pipeline_options pipeline = { .config = c, .shard = 0, .shards = 1 };
	uint64_t done;
	char folder[CONFIG_TEXT_MAX + 16] = "";
	uint32_t turn;
	int r;

	if ((a->board = board_new()) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory");
	if ((r = scratch_make(a->directory, sizeof a->directory, fault)) < 0 ||
	    (r = capture_files_open(a->options->files, a->options->files_count, say, NULL,
	    &a->capture, fault)) < 0 ||
	    (image >= 0 && (r = indicators_map(image, &a->indicators, fault)) < 0) ||
	    (r = journal_open(a->directory, &c->journal, &a->journal, fault)) < 0 ||
	    (r = courier_open(a->directory, c->sinks, c->sinks_count, &a->courier, fault)) < 0)
		return r;
	if (a->options->keeps)
		memory_folder(c, folder, sizeof folder);
	if (capture_files_are_plain(a->options->files, a->options->files_count))
		capture_progress(a->capture, &done, &pipeline.input_bytes);
	suffix_prepare();
	a->geoip = house_open_geoip(c);
	a->known = house_open_known(c);
	a->allow = feeds_open_allow(c);
	a->advice = house_open_advice(c);
	if ((a->past = past_new(c)) == NULL || (a->memory = memory_new(folder, false)) == NULL ||
	    (a->analyst = analyst_new(c, a->journal, a->geoip, 0)) == NULL ||
	    (a->pipeline = pipeline_new(&pipeline, take, a)) == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for the tables");
	analyst_set_known(a->analyst, a->known);
	analyst_set_allow(a->analyst, a->allow);
	board_put_suppress(a->board, c);
	if (!analyst_set_suppress(a->analyst, board_suppress(a->board, &turn)))
		return fault_set(fault, SE_NOMEM, "no memory for suppress");
	memory_read(a->memory, a->analyst);
	analyst_set_advice(a->analyst, a->advice);
	pipeline_set_indicators(a->pipeline, a->indicators);
	return open_keeper(a, fault);
}

static void
note(struct alone *a)
{
	struct board_worker *w = &a->board->worker[0];
	uint64_t done, total;

	pipeline_count(a->pipeline, &w->counts);
	analyst_count(a->analyst, &a->board->analyst);
	if (a->keeper != NULL)
		keeper_count(a->keeper, &a->board->keeper);
	atomic_store(&w->ordinal, w->counts.frames);
	capture_progress(a->capture, &done, &total);
	atomic_store(&w->done_bytes, done);
	atomic_store(&w->total_bytes, total);
}

static void
run(struct alone *a)
{
	struct frame f[PIPELINE_FRAMES];
	unsigned count, frames = 0;

	process_catch_signals(true);
	progress_begin(&a->progress);
	while (!a->stopped && capture_take(a->capture, f, PIPELINE_FRAMES, &count) == CAPTURE_FRAME) {
		pipeline_frames(a->pipeline, f, count);
		if ((frames += count) < BATCH)
			continue;
		frames = 0;
		analyst_sync(a->analyst, 0);
		courier_step(a->courier);
		note(a);
		progress_show(&a->progress, a->board, 1);
		a->stopped = process_wait(0).stop;
	}
	if (a->stopped || process_wait(0).stop) {
		a->stopped = true;
		log_warn("replay", "stopped: the results are those of the input up to here");
	}
	pipeline_finish(a->pipeline);
	note(a);
	analyst_finish(a->analyst, a->board->worker[0].counts.last_ns);
	memory_write(a->memory, a->analyst);
	note(a);
	a->finished = true;
	progress_end(&a->progress);
	a->seconds = progress_seconds(&a->progress);
}

static void
close_all(struct alone *a)
{
	courier_close(a->courier);
	keeper_close(a->keeper, a->finished);
	pipeline_free(a->pipeline);
	analyst_free(a->analyst);
	past_free(a->past);
	memory_free(a->memory);
	journal_close(a->journal);
	known_free(a->known);
	allow_free(a->allow);
	advice_free(a->advice);
	geoip_close(a->geoip);
	indicators_unmap(a->indicators);
	capture_close(a->capture);
	if (a->directory[0] != '\0')
		scratch_remove(a->directory);
	board_free(a->board);
}

int
in_process_run(const struct replay_options *options, int image)
{
	struct alone a = { .options = options };
	struct fault fault;
	int r = open_all(&a, image, &fault), status = 1;

	if (r == 0) {
		run(&a);
		if (courier_drain(a.courier, options->config->drain_sec * 1000) == 0 &&
		    capture_faults(a.capture) == 0 && !a.stopped && a.board->analyst.records_lost == 0)
			status = 0;
		atomic_store(&a.board->worker[0].lost, capture_lost(a.capture));
		if (!options->quiet)
			report_run(a.board, 1, a.seconds);
	} else if (r != SE_FORMAT || a.capture != NULL) {
		/* Else no input is readable, and each has been reported. */
		log_error("replay", "%s", fault.text);
	}
	if (image >= 0)
		close(image);
	close_all(&a);
	return status;
}
