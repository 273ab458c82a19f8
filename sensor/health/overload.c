#include "health/overload.h"

#include <stdbool.h>
#include <string.h>

#include "base/when.h"

enum { LOOK_SEC = 1, LEAST_FRAMES = 100 };

void
overload_init(struct overload *o, const struct overload_limits *limits, int64_t now_ns)
{
	memset(o, 0, sizeof *o);
	o->limits = *limits;
	o->looked_ns = o->calm_since_ns = now_ns;
}

void
overload_note(struct overload *o, uint64_t seen, uint64_t dropped)
{
	o->seen += seen;
	o->dropped += dropped;
}

static bool
is_too_much(const struct overload *o, uint64_t ring_used, uint64_t ring_size)
{
	if (o->seen >= LEAST_FRAMES && o->dropped * 100 >= (uint64_t)o->limits.drop_percent * o->seen && o->dropped > 0)
		return true;
	return o->limits.ring_percent > 0 && ring_size > 0 && ring_used * 100 >= (uint64_t)o->limits.ring_percent * ring_size;
}

enum shed
overload_look(struct overload *o, uint64_t ring_used, uint64_t ring_size, int64_t now_ns)
{
	if (o->limits.drop_percent == 0 || now_ns - o->looked_ns < LOOK_SEC * NS_PER_SEC)
		return o->level;
	if (is_too_much(o, ring_used, ring_size)) {
		o->calm_since_ns = now_ns;
		if (o->level + 1 < SHED_LEVELS)
			o->level++;
	} else if (o->level > SHED_NOTHING && now_ns - o->calm_since_ns >= o->limits.calm_sec * NS_PER_SEC) {
		/* One step at a time: with the next one the losses may come back. */
		o->calm_since_ns = now_ns;
		o->level--;
	}
	o->looked_ns = now_ns;
	o->seen = o->dropped = 0;
	return o->level;
}
