/*
 * feeds.h - the configured feeds, compiled by a short-lived process.
 *
 * The compiler reads the files (hostile bytes) in a sandbox without network
 * and hands back the image as a descriptor, and what it understood.
 */
#ifndef SENSOR_ENGINE_FEEDS_H
#define SENSOR_ENGINE_FEEDS_H

#include <stdbool.h>

#include "engine/config.h"
#include "indicators/indicators.h"

enum { FEEDS_MAX = 256 };

struct feed_result {
	char name[64];
	int code;			/* 0, or why this feed is not in the image */
	struct feed_summary summary;
	struct fault fault;
};

/*
 * Compile all feeds of `config`. `results` (config->feeds_count of them) say
 * what became of each; a feed that cannot be read is left out. *image is the
 * caller's. `in_process`: no process of its own, no sandbox.
 */
int feeds_compile(const struct config *config, bool in_process, struct feed_result *results,
    int *image, struct fault *fault);

/* One log line a feed that was not understood in whole or part. Returns how many feeds failed. */
unsigned feeds_report(const struct feed_result *results, unsigned count);

#endif
