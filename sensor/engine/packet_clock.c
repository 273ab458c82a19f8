#include "engine/packet_clock.h"

#include "base/when.h"

#define FAR_BEHIND_NS (3600 * NS_PER_SEC)

enum { FAR_BEHIND_FRAMES = 64 };

void
packet_clock_init(struct packet_clock *c)
{
	*c = (struct packet_clock){ .now_ns = WHEN_UNKNOWN, .first_ns = WHEN_UNKNOWN, .last_ns = WHEN_UNKNOWN };
}

static bool
set_back(struct packet_clock *c, int64_t ts_ns)
{
	if (c->now_ns - ts_ns <= FAR_BEHIND_NS) {
		c->behind = 0;
		return false;
	}
	if (c->behind++ == 0 || ts_ns > c->behind_ns)
		c->behind_ns = ts_ns;
	if (c->behind < FAR_BEHIND_FRAMES)
		return false;
	c->behind = 0;
	c->set_back++;
	c->now_ns = c->last_ns = c->behind_ns;
	return true;
}

bool
packet_clock_note(struct packet_clock *c, int64_t ts_ns)
{
	if (c->first_ns == WHEN_UNKNOWN || ts_ns < c->first_ns)
		c->first_ns = ts_ns;
	if (ts_ns > c->last_ns)
		c->last_ns = ts_ns;
	if (ts_ns <= c->now_ns)
		return set_back(c, ts_ns);
	c->behind = 0;
	c->now_ns = ts_ns;
	return false;
}
