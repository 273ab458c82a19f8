/*
 * board.h - what the processes tell each other by the way: a shared mapping
 * made before the fork. Each field has one writer; counts are for people and
 * may be read while they change.
 */
#ifndef SENSOR_ENGINE_BOARD_H
#define SENSOR_ENGINE_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "engine/analyst.h"
#include "config/config.h"
#include "engine/keeper.h"
#include "engine/pipeline.h"

enum { SKIPS_MAX = 64 };

struct board_worker {
	_Atomic uint64_t ordinal;	/* the frame it is at: names the packet that killed it */
	_Atomic uint64_t done_bytes, total_bytes;	/* of the input, for the progress line */
	_Atomic uint64_t ring_dropped;	/* observations lost, live only */
	_Atomic uint64_t late;		/* live: came behind the watermark */
	_Atomic uint64_t kernel_seen, kernel_dropped;
	_Atomic uint32_t turns;		/* changes while it does anything at all, waiting too */
	_Atomic uint32_t faults;	/* inputs that were faulty */
	_Atomic uint64_t lost;		/* packets that the inputs say were lost when they were recorded */
	_Atomic uint32_t image_generation;	/* of the indicators in force there */
	struct pipeline_counts counts;
};

struct board {
	_Atomic uint32_t stop;		/* workers: end as if the input was over */
	_Atomic uint32_t drain;		/* courier: the journal is complete */
	_Atomic uint32_t courier_turn;	/* changes: the courier hands over to a new one */
	_Atomic uint32_t fetch_now;	/* courier: the next one asks for feeds without waiting for their time */
	_Atomic uint32_t analyst_up, courier_up;	/* one of them was ready once */
	_Atomic uint32_t skips_count;	/* packets that nobody shall touch again: they killed twice */
	uint64_t skips[SKIPS_MAX];
	struct board_worker worker[WORKERS_MAX];
	struct analyst_counts analyst;
	_Atomic uint32_t keeper_turn;	/* changes: the keeper makes room for a new one */
	_Atomic uint32_t keeper_gone;	/* replay: there will be none any more */
	_Atomic uint32_t snapshot_turn;	/* changes: the keeper has written a snapshot of the history */
	_Atomic uint64_t kept_dropped;	/* records for the history that found no room */
	struct keeper_counts keeper;
	_Atomic uint64_t undelivered;	/* by the courier, when it has drained */
};

struct board *board_new(void);		/* NULL without memory */
void board_free(struct board *b);	/* NULL is fine */

#endif
