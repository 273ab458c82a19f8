/*
 * ageing.h - how much is what a feed knew still worth?
 *
 * Attackers move: an address is given back within weeks, a name within a year,
 * a file stays what it is. The age counts in packet time, from when the feeds
 * last saw the indicator (else first saw it). No state, no clock.
 */
#ifndef SENSOR_ALERT_AGEING_H
#define SENSOR_ALERT_AGEING_H

#include "finding.h"
#include "observation.h"

enum { AGEING_NEVER = 36500 };		/* days */

/* Days after which it fades and expires; AGEING_NEVER: it does not. */
struct ageing_days {
	uint32_t fade, expire;
};

/* What holds where nobody says otherwise. */
struct ageing_days ageing_of(enum indicator_type type);

/* A feed with days of its own; 0: those of ageing_of(). */
struct ageing_feed {
	const char *name;
	struct ageing_days days;
};

struct ageing {
	const struct ageing_feed *feeds;
	unsigned feeds_count;
};

struct aged {
	enum indicator_state state;
	bool dated;			/* false also for what became known later than the packet */
	uint32_t days;
};

/*
 * Of an OBSERVE_MATCH. Several feeds: the one that gives it longest decides. What the feed itself says of its
 * end (valid until) expires it, whatever its age. Without any date it is active.
 */
struct aged ageing_look(const struct ageing *rules, const struct observation *match);

#endif
