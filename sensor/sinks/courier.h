/*
 * courier.h - from the journal to the sinks, each at its own pace.
 *
 * Every sink reads the journal at its own position; what is delivered is
 * acknowledged, what is not is tried again with growing pauses. Delivery is
 * at least once. courier_step() does one round and never blocks longer than
 * one sink's timeout; blocking sinks (webhook, syslog over TCP) run in a
 * process or thread of their own so that none delays another.
 */
#ifndef SENSOR_COURIER_H
#define SENSOR_COURIER_H

#include <stdbool.h>
#include <stdint.h>

#include "sinks/sink.h"

struct courier;

int courier_open(const char *journal_directory, const struct sink_options *sinks, unsigned count,
    struct courier **out, struct fault *fault);

/* One round over all sinks: deliver what is there and due. True: something moved, call again at once. */
bool courier_step(struct courier *c);

/*
 * The journal is complete: deliver the rest, trying failing sinks until
 * `deadline_ms` from now. Returns how many records were left undelivered, over all sinks;
 * each failing sink has been named in the log with its last fault.
 */
uint64_t courier_drain(struct courier *c, uint32_t deadline_ms);

struct sink_state {
	const char *name;
	uint64_t delivered, refused, failures, lost;
	bool failing;
	char last_fault[256];
};
unsigned courier_states(const struct courier *c, struct sink_state *out, unsigned most);

void courier_close(struct courier *c);	/* NULL is fine */

#endif
