/*
 * board.h - what the processes tell each other by the way: a shared mapping
 * made before the fork. Each role has pages of its own, which nobody else can
 * write: board_keep() is called in every child. Counts are for people and may
 * be read while they change.
 */
#ifndef SENSOR_ENGINE_BOARD_H
#define SENSOR_ENGINE_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "analyst/analyst.h"
#include "analyst/keeper.h"
#include "config/config.h"
#include "engine/pipeline.h"
#include "health/blindness.h"

enum { SKIPS_MAX = 64, BOARD_PAGE = 4096, BOARD_NAME_MAX = 64, BOARD_FAULT_MAX = 256 };

/* The supervisor's processes, in this order; workers follow. */
enum board_process_place {
	BOARD_OF_SUPERVISOR, BOARD_OF_ANALYST, BOARD_OF_KEEPER, BOARD_OF_COURIER, BOARD_OF_PORTER,
	BOARD_OF_WORKER, BOARD_PROCESSES = BOARD_OF_WORKER + WORKERS_MAX
};

struct board_process {
	_Atomic uint64_t up;		/* 1: it runs */
	_Atomic uint64_t starts;	/* how often it was begun */
	_Atomic uint64_t resident_bytes, cpu_ns;
};

struct board_feed {
	char name[BOARD_NAME_MAX];
	_Atomic uint64_t entries;	/* in force */
	_Atomic uint64_t refused;	/* lines that were not understood */
	_Atomic uint64_t well;		/* 1: what there was last could be read */
	_Atomic int64_t renewed_sec;	/* since 1970; 0: never */
};

struct board_worker {
	_Alignas(BOARD_PAGE) _Atomic uint64_t ordinal;	/* the frame it is at: names the packet that killed it */
	_Atomic uint64_t done_bytes, total_bytes;	/* of the input, for the progress line */
	_Atomic uint64_t ring_dropped;	/* observations lost, live only */
	_Atomic uint64_t ring_bytes;	/* that wait for the analyst now */
	_Atomic uint64_t late;		/* live: came behind the watermark */
	_Atomic uint64_t kernel_seen, kernel_dropped;
	_Atomic uint32_t turns;		/* changes while it does anything at all, waiting too */
	_Atomic uint32_t faults;	/* inputs that were faulty */
	_Atomic uint64_t lost;		/* packets that the inputs say were lost when they were recorded */
	_Atomic uint32_t image_generation;	/* of the indicators in force there */
	struct pipeline_counts counts;
};

/* As in struct sink_state. */
struct board_sink {
	char name[BOARD_NAME_MAX];
	_Atomic uint64_t delivered, refused, given_up, refused_others, failures, lost, failing;
	_Atomic uint64_t number;	/* of the journal's records, the latest that it is done with */
	_Atomic int64_t caught_up_ns;	/* monotonic: when it had everything last */
	char last_fault[BOARD_FAULT_MAX];
};

struct board {
	/* ---- the supervisor's ---- */
	int descriptor;			/* of this memory, -1 without */
	_Atomic uint32_t stop;		/* workers: end as if the input was over */
	_Atomic uint32_t drain;		/* courier: the journal is complete */
	_Atomic uint32_t courier_turn;	/* changes: the courier hands over to a new one */
	_Atomic uint32_t fetch_now;	/* changes: the next courier asks for feeds without waiting for their time */
	_Atomic uint32_t skips_count;	/* packets that nobody shall touch again: they killed twice */
	uint64_t skips[SKIPS_MAX];
	_Atomic uint32_t keeper_turn;	/* changes: the keeper makes room for a new one */
	_Atomic uint32_t keeper_gone;	/* replay: there will be none any more */
	_Atomic uint64_t workers;	/* how many there should be; live only */
	_Atomic uint64_t feeds_count;
	_Atomic uint64_t watching;	/* 1: every process was begun */
	_Atomic int64_t started_ns;	/* since 1970 */
	_Atomic int64_t beat_ns;	/* monotonic: the supervisor's latest round */
	_Atomic uint64_t memory_limit_bytes, memory_used_bytes;	/* of the control group; 0: none */
	_Atomic uint64_t trouble[TROUBLE_KINDS];	/* 1: it is so now */
	struct board_process process[BOARD_PROCESSES];
	struct board_feed feed[FEEDS_MAX];
	_Atomic uint32_t suppress_turn;	/* changes: the analyst takes the rules anew, of suppress[turn % 2] */
	struct suppress_set suppress[2];

	/* ---- each worker's (a reader of pipes has the first one's, too) ---- */
	struct board_worker worker[WORKERS_MAX];

	/* ---- the analyst's ---- */
	_Alignas(BOARD_PAGE) struct analyst_counts analyst;
	_Atomic uint32_t analyst_up;	/* it was ready once */
	_Atomic uint64_t journal_records;	/* over the journal's whole life */
	_Atomic uint64_t kept_dropped;	/* records for the history that found no room */

	/* ---- the keeper's ---- */
	_Alignas(BOARD_PAGE) struct keeper_counts keeper;
	_Atomic uint32_t snapshot_turn;	/* changes: it has written a snapshot of the history */

	/* ---- the courier's ---- */
	_Alignas(BOARD_PAGE) _Atomic uint32_t courier_up;	/* it was ready once */
	_Atomic uint32_t fetch_seen;	/* fetch_now, as it was answered last */
	_Atomic uint64_t undelivered;	/* when it has drained */
	_Atomic uint64_t sinks_count;
	struct board_sink sink[SINKS_MAX];
};

struct board *board_new(void);		/* NULL without memory */
void board_free(struct board *b);	/* NULL is fine */

enum board_part { BOARD_NOTHING, BOARD_WORKERS, BOARD_ANALYST, BOARD_KEEPER, BOARD_COURIER };

/*
 * In a child: from now on it writes its own pages only, for good; all others
 * can be read. `worker`: which one's. Without memory it ends the process.
 */
void board_keep(struct board *b, enum board_part part, unsigned worker);

/* From a text of any length, always ended. Whoever reads one reads BOARD_*_MAX - 1 bytes at most. */
void board_text(char *to, size_t size, const char *from);

/* What is not to be told, by this configuration: the supervisor's to put. */
void board_put_suppress(struct board *b, const struct config *config);
/* The rules in force, and which turn of them; they stand until the turn after the next. */
const struct suppress_set *board_suppress(const struct board *b, uint32_t *turn);

#endif
