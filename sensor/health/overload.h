/*
 * overload.h - what a worker leaves undone when there is more traffic than it
 * can follow, in this order; each step keeps those before it:
 *
 *     1  bodies are not looked into
 *     2  no further conversation is put in order
 *     3  nothing is parsed but DNS
 *
 * Never: counting, feeds held against addresses and DNS names, contacts.
 * Live only: a replay takes the time that it needs. One look a second;
 * a step up after each second with losses, a step down after calm_sec without.
 */
#ifndef SENSOR_HEALTH_OVERLOAD_H
#define SENSOR_HEALTH_OVERLOAD_H

#include <stdint.h>

enum shed { SHED_NOTHING, SHED_BODIES, SHED_STREAMS, SHED_PARSING, SHED_LEVELS };

struct overload_limits {
	uint32_t drop_percent;		/* of the frames, dropped by the kernel; 0: nothing is ever shed */
	uint32_t ring_percent;		/* full is the ring to the analyst; 0: it does not matter */
	uint32_t calm_sec;
};

struct overload {
	struct overload_limits limits;
	enum shed level;
	int64_t looked_ns, calm_since_ns;
	uint64_t seen, dropped;		/* since the last look */
};

void overload_init(struct overload *o, const struct overload_limits *limits, int64_t now_ns);

/* What the kernel has counted since the last call. */
void overload_note(struct overload *o, uint64_t seen, uint64_t dropped);

/* Often. `ring_used`, `ring_size`: bytes. */
enum shed overload_look(struct overload *o, uint64_t ring_used, uint64_t ring_size, int64_t now_ns);

#endif
