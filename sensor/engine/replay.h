/*
 * replay.h - captures in, alerts out, once.
 *
 * The same alerts, byte for byte, with any number of workers or in one
 * process, as long as no ceiling was hit; it says when one was.
 */
#ifndef SENSOR_ENGINE_REPLAY_H
#define SENSOR_ENGINE_REPLAY_H

#include <stdbool.h>

#include "capture/capture.h"
#include "engine/board.h"
#include "config/config.h"

struct replay_options {
	const struct config *config;
	const struct capture_file *files;
	unsigned files_count;
	unsigned workers;
	bool in_process;	/* one process, no sandbox: tests, debuggers, tiny files */
	bool keeps;		/* the history below config->state_directory goes on, and is looked at */
	bool quiet;		/* no summary */
};

/* Exit status: 0 done, 1 something could not be read or delivered (and was said), 2 wrong usage. */
int replay_run(const struct replay_options *options);

#endif
