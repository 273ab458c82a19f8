/*
 * worker.h - one worker: its shard of the frames in, observations into its ring.
 */
#ifndef SENSOR_ENGINE_WORKER_H
#define SENSOR_ENGINE_WORKER_H

#include <stdbool.h>

#include "capture/capture.h"
#include "config/config.h"
#include "engine/board.h"
#include "engine/pipeline.h"
#include "system/ring.h"

struct broadcast;

struct worker_task {
	const struct config *config;
	struct board *board;
	unsigned index, count;
	bool live;
	struct ring *ring;
	struct bell *bell;
	int image;			/* descriptor of the indicators, or -1 */
	int control;			/* live: where new images come from, or -1 */
	/* exactly one of: */
	const struct capture_file *files;	/* plain files, read by every worker */
	unsigned files_count;
	struct broadcast *broadcast;	/* frames that a reader hands to all workers */
	struct capture *interface;	/* opened by the supervisor */
	struct recorder *recorder;	/* live: write the frames seen, or NULL */
};

/* Exit statuses beside 0 and 1. */
enum {
	WORKER_LOST_INTERFACE = 4,	/* live, and no frame will come any more */
	WORKER_NO_INPUT = 5		/* none of the files could be read; each has been reported */
};

/* The worker's whole life. Returns its exit status. */
int worker_run(const struct worker_task *t);

#endif
