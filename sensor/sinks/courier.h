/*
 * courier.h - from the journal to the sinks, each at its own pace.
 *
 * Every sink has a thread, its own reader of the journal and its own
 * position. What is delivered is acknowledged; what is not is tried again, for
 * ever (but see sink_options.give_up_sec), with pauses drawn by chance up to a ceiling that doubles from
 * retry_min_ms to retry_max_ms (jitter.h; a receiver's Retry-After is kept). So a sink that
 * is down or hangs delays neither the others nor the caller. Delivery is at
 * least once, and in order but for a webhook with several requests at once, which keeps
 * the order of each incident. A process that dies repeats what it had not acknowledged: up to 256 records.
 *
 * The log tells once when a sink begins to fail, when it works again and
 * how many records had waited, and which records it refused.
 *
 * Threads begin in courier_open(), with all signals blocked: call it after the last fork().
 * All functions are for one thread, the caller's.
 */
#ifndef SENSOR_COURIER_H
#define SENSOR_COURIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sinks/sink.h"

struct courier;

/*
 * `sinks` is copied; each needs a name of its own, [a-z0-9-], by which its
 * position is kept. The journal's directory exists. SE_USAGE for options that
 * cannot work; a receiver that is down is no error.
 */
int courier_open(const char *journal_directory, const struct sink_options *sinks, unsigned count,
    struct courier **out, struct fault *fault);

/*
 * Tell the threads that the journal may have grown (they look by themselves
 * every 50 ms). Never blocks. True: something was delivered, refused or failed since the last call.
 */
bool courier_step(struct courier *c);

/*
 * The journal is complete and synced: deliver the rest, trying failing sinks
 * until `deadline_ms` from now (sooner and more often than usual). Ends the
 * threads, within about 0.2 s behind the deadline. Returns how many records
 * were left undelivered, over all sinks; each sink that leaves some has been named in the log
 * with its last fault. They stay in the journal for the next start.
 * Afterwards only states and close are of use.
 */
uint64_t courier_drain(struct courier *c, uint32_t deadline_ms);

struct sink_state {
	const char *name;		/* the courier's */
	uint64_t delivered, refused, failures;	/* failures: attempts that failed */
	uint64_t given_up, refused_others;	/* of those refused, see struct sink_tally */
	uint64_t lost;			/* removed from a full journal before this sink had them */
	uint64_t number;		/* of the journal's records, the latest that it is done with */
	int64_t caught_up_ns;		/* monotonic: when it was done with all of them last; at first, when it began */
	bool failing;
	char last_fault[256];		/* "" when there was none; kept after recovery */
};
unsigned courier_states(const struct courier *c, struct sink_state *out, unsigned most);

/* Without a drain: what is under way is broken off, and repeated at the next start. NULL is fine. */
void courier_close(struct courier *c);

#endif
