/*
 * report.h - how a run went, for a person: progress while it goes, a few
 * lines at its end. On standard error.
 */
#ifndef SENSOR_ENGINE_REPORT_H
#define SENSOR_ENGINE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/board.h"

struct progress {
	bool shown;		/* standard error is a terminal */
	int64_t began_ns, next_ns;
};

void progress_begin(struct progress *p);
/* At most four times a second; nothing when standard error is no terminal. */
void progress_show(struct progress *p, const struct board *b, unsigned workers);
void progress_end(struct progress *p);
double progress_seconds(const struct progress *p);

/* Frames, flows, alerts; then each ceiling that was hit, with what to raise. Returns how many were. */
unsigned report_run(const struct board *b, unsigned workers, double seconds);

/* The same of a live sensor, whose workers each saw frames of their own. */
unsigned report_live(const struct board *b, unsigned workers, double seconds);

#endif
