/*
 * packet_clock.h - what time it is, as the frames say.
 *
 * The largest packet time so far. When 64 frames in a row lie more than an
 * hour behind it, it was wrong, and is set back to the latest of theirs: a
 * clock that ran ahead, for a stretch of frames or until somebody set it, must
 * not stop all timers.
 */
#ifndef SENSOR_ENGINE_PACKET_CLOCK_H
#define SENSOR_ENGINE_PACKET_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct packet_clock {
	int64_t now_ns;			/* live also what idling says */
	int64_t first_ns, last_ns;	/* smallest and largest packet time, as far as believed; WHEN_UNKNOWN without any */
	int64_t behind_ns;		/* the latest of those behind */
	unsigned behind;		/* frames in a row that lie far behind */
	uint64_t set_back;		/* how often it was */
};

void packet_clock_init(struct packet_clock *c);

/* A frame of this time. True: the clock was set back to c->now_ns. */
bool packet_clock_note(struct packet_clock *c, int64_t ts_ns);

#endif
