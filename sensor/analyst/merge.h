/*
 * merge.h - the workers' observations in one order.
 *
 * Offline the order is total, observation_order(): any number of workers
 * gives the same. Live it is time, then a hash of the observation. What a
 * ring may still bring is bounded by its watermark (offline: a frame's
 * ordinal; live: a time); nothing is waited for beyond it. A worker that
 * began its shard again repeats itself: what was taken from its ring before
 * is dropped.
 */
#ifndef SENSOR_ANALYST_MERGE_H
#define SENSOR_ANALYST_MERGE_H

#include <stdbool.h>

#include "observation.h"
#include "system/ring.h"

struct merge;

struct merge *merge_new(struct ring *const *rings, unsigned count, bool live);
void merge_free(struct merge *m);	/* NULL is fine */

enum merge_state {
	MERGE_MORE,	/* `most` were taken: call again */
	MERGE_WAIT,	/* nothing can be taken now: wait for the bell */
	MERGE_END,	/* every ring has ended */
	MERGE_DAMAGED	/* a ring holds what is no observation */
};

/* Hand on up to `most` observations. */
enum merge_state merge_run(struct merge *m, unsigned most, observation_fn *take, void *to);

/* Live: nothing older than this will come; INT64_MIN when nothing is known. */
int64_t merge_watermark(const struct merge *m);

#endif
