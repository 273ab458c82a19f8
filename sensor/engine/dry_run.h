/*
 * dry_run.h - what could a sensor take on this machine?
 *
 * Made-up traffic goes through a worker's and the analyst's functions in this
 * process, batch by batch, and each side's time is taken. No interface, no
 * state directory, no sink. What the kernel and the card cost is not in it.
 */
#ifndef SENSOR_ENGINE_DRY_RUN_H
#define SENSOR_ENGINE_DRY_RUN_H

#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

enum dry_limit { LIMIT_WORKERS, LIMIT_ANALYST, LIMIT_PROCESSORS };

struct dry_run {
	uint64_t packets, bytes, observations;
	double worker_sec, analyst_sec;		/* that they took */
	double packets_per_second, mbit_per_second, observations_per_second;	/* one worker */
	double analyst_per_second;		/* observations */
	double analyst_limits_at;		/* so many workers make as much as it takes */
	double processors;			/* this process may use; 0: not known */
	enum dry_limit limit;			/* what ends it first, as configured */
	double configured_packets, configured_mbit;	/* a second */
};

/* Measures for `seconds`. */
int dry_run(const struct config *config, unsigned seconds, struct dry_run *out, struct fault *fault);

/* From packets to times: the rest. Pure. */
void dry_run_sum(struct dry_run *d, unsigned workers);

#endif
