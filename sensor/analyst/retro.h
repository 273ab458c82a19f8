/*
 * retro.h - the history held against the indicators of now.
 *
 * Each row of the history whose service or address an indicator knows becomes
 * an OBSERVE_MATCH with OBSERVED_RETRO, once for each host and indicator:
 * what was told live or before is not told again.
 */
#ifndef SENSOR_ANALYST_RETRO_H
#define SENSOR_ANALYST_RETRO_H

#include <stdbool.h>

#include "history/history.h"
#include "indicators/indicators.h"
#include "observation.h"

/* False: there is no room now. */
typedef bool retro_emit_fn(void *to, const struct observation *o);

struct retro {
	struct history *history;
	const struct indicators *set;
	retro_emit_fn *emit;
	void *to;
	int64_t now_ns;			/* WHEN_UNKNOWN: a replay, whose times are the contacts' own */
	uint32_t index;			/* of the next observation */
	uint64_t found;
};

/* For history_scan_step(); `to`: a struct retro. */
bool retro_row(void *to, const struct history_row *row);

#endif
