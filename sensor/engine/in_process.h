/*
 * in_process.h - a replay in one process, without a sandbox: the same
 * functions, called one after the other.
 */
#ifndef SENSOR_ENGINE_IN_PROCESS_H
#define SENSOR_ENGINE_IN_PROCESS_H

#include "engine/replay.h"

/* `image`: the indicators, or -1; closed here. Exit status. */
int in_process_run(const struct replay_options *options, int image);

#endif
