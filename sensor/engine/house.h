/*
 * house.h - the sensor's processes and what they share.
 *
 *     (reader ⇒) worker × N ⇒ ring ⇒ analyst ⇒ journal ⇒ courier ⇒ sinks
 *
 * The supervisor makes the shared memory, then starts each role with a fork;
 * what it does about their deaths is replay.c's and watch.c's.
 */
#ifndef SENSOR_ENGINE_HOUSE_H
#define SENSOR_ENGINE_HOUSE_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"
#include "engine/board.h"
#include "engine/broadcast.h"
#include "engine/worker.h"
#include "records/notes.h"
#include "system/pin.h"
#include "system/ring.h"
#include "system/sandbox.h"

/* The analyst's exit status: a worker's ring holds what no worker writes. */
enum { ANALYST_RING_DAMAGED = 3 };

struct house {
	const struct config *config;
	bool live;
	unsigned workers;
	char journal_directory[CONFIG_TEXT_MAX + 16];
	char memory_directory[CONFIG_TEXT_MAX + 16];	/* the analyst's; "": it always begins anew */
	struct board *board;
	struct bell *bell;			/* wakes the analyst */
	struct bell *call;			/* wakes the courier */
	/* One a worker; live one more, the supervisor's own; with a history one more, the keeper's. */
	struct ring *rings[WORKERS_MAX + 2];
	struct ring *kept;			/* analyst to keeper; NULL: nothing is kept */
	struct bell *keeper_bell;		/* wakes the keeper */
	uint64_t run;				/* a replay's, to tell its own contacts from others'; live 0 */
	struct broadcast *broadcast;		/* replay of what can be read once only */
	int image;				/* descriptor of the indicators, or -1 */
	/*
	 * Called in each new child: lets go of what its parent holds and is not
	 * its business. `worker`: which one it is, or WORKERS_MAX. NULL is fine.
	 */
	void (*shed)(void *to, unsigned worker);
	void *shed_to;
	int64_t next_tally_ns;
	struct pin pin;				/* which processors they use, or nobody's */
	int door[2];				/* live: where the porter is asked, TCP and Unix; or -1 */
	pid_t courier, analyst, keeper, porter, reader, worker[WORKERS_MAX];	/* 0: not running */
};

/*
 * `once`: the input can be read once only, a reader hands it out. `keeps`: there is a
 * keeper, whose folders below the configured state directory are there.
 */
int house_make(struct house *h, const struct config *config, bool live, unsigned workers, bool once,
    bool keeps, struct fault *fault);
void house_clear(struct house *h);

/* Each returns 0, or SE_SYSTEM when the fork failed (logged; the place is empty then). */
int house_start_courier(struct house *h);
/* `already`: records of this run that the journal holds from a try before. */
int house_start_analyst(struct house *h, uint64_t already);
int house_start_worker(struct house *h, const struct worker_task *task);
int house_start_keeper(struct house *h);
int house_start_porter(struct house *h);
int house_start_reader(struct house *h, const struct capture_file *files, unsigned count);

/* In a child that is not the porter, and at the end. */
void house_close_doors(struct house *h);

/* Often, live: which processes run, and what they use. */
void house_tally(struct house *h);

/* The journal is complete: the courier delivers the rest and ends. */
void house_drain(struct house *h);
/* The courier ends where it stands, for one with the new configuration. */
void house_turn_courier(struct house *h);

/* The same for the keeper, also for one with new indicators; without one nothing happens. */
void house_turn_keeper(struct house *h);
/* The ring in which the keeper is the producer, and nobody else. Only with a keeper. */
struct ring *house_keeper_ring(const struct house *h);
/* It is new or reset, or nothing will come any more. Without a keeper nothing happens. */
void house_open_keeper_ring(struct house *h);
void house_end_keeper_ring(struct house *h);
/* In a child: its sandbox. */
int house_enter_room(const struct house *h, enum sandbox which, struct fault *fault);

/* Live: an observation about the sensor itself, through the supervisor's own ring, in the configured language. */
void house_tell(struct house *h, enum sensor_note n, const struct piece *pieces);
/* The same of what lasts: `subject` stays the same until it is over. */
void house_tell_trouble(struct house *h, const char *subject, bool over, const char *note);
/* The supervisor's ring, new or reset: nobody waits for it. */
void house_open_own_ring(struct house *h);
int64_t house_wall_clock_ns(void);

/* The configured GeoIP databases, or NULL; what is missing is said once. */
struct geoip *house_open_geoip(const struct config *c);

/* Services that are harmless by the shipped list and the operator's rules; what is wrong with them is said. NULL: no memory. */
struct known *house_open_known(const struct config *c);
struct advice *house_open_advice(const struct config *c);

/* End a child now and wait for it; *pid becomes 0. */
void house_kill(pid_t *pid);

/* Which child is `pid`? Its place in the house and its role's name; NULL when it is none of ours. */
pid_t *house_find(struct house *h, pid_t pid, char *role, size_t size);

#endif
