/*
 * schedule.h - when is a feed asked again? Seconds since 1970; no clock, no chance of its own.
 */
#ifndef SENSOR_FETCH_SCHEDULE_H
#define SENSOR_FETCH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "fetch/store.h"

struct schedule_event {
	int64_t now;
	uint32_t interval_sec, retry_after_sec;
	bool failed, more;		/* more: the run was bounded, the rest comes soon */
	uint64_t random;
};

/* Fill tried, due, asked_until and failures from what happened. */
void schedule_next(struct store_state *s, const struct schedule_event *e);

/* Somebody wants it now: not before the server's Retry-After, nor twice within a minute (or the interval). */
int64_t schedule_at_once(const struct store_state *s, uint32_t interval_sec);

#endif
