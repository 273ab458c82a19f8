/*
 * watch.h - an interface in, alerts out, until told to stop.
 *
 * SIGTERM, SIGINT: end cleanly, everything flushed. SIGHUP: configuration and
 * feeds are read again; no packet and no flow is lost.
 */
#ifndef SENSOR_ENGINE_WATCH_H
#define SENSOR_ENGINE_WATCH_H

#include <stdbool.h>

#include "config/config.h"

struct watch_options {
	struct config *config;		/* replaced at a reload */
	/* Read the configuration again into *fresh. False: one line was printed, the running one stays. */
	bool (*reread)(void *to, struct config *fresh);
	void *to;
	const char *file;		/* of the configuration, for the log; NULL: none */
	const char *record;		/* write the frames seen to this file, or NULL */
};

/* Exit status: 0 ended cleanly, 1 something could not be opened or delivered (and was said). */
int watch_run(const struct watch_options *options);

#endif
