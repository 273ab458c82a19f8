/*
 * desk.h - the analyst, with the history's newest snapshot before it.
 */
#ifndef SENSOR_ENGINE_DESK_H
#define SENSOR_ENGINE_DESK_H

#include "analyst/analyst.h"
#include "analyst/past.h"
#include "engine/board.h"

struct desk {
	struct analyst *analyst;
	const struct board *board;
	struct past *past;
	struct memory *memory;
	uint32_t snapshot_turn;		/* of the snapshot that was read */
};

/* `past` is set. A replay's snapshot is yet to come: what lies there may be of any run. */
void desk_open(struct desk *d, struct analyst *a, const struct board *b, bool live);

/* One observation, in order. */
void desk_take(void *desk, const struct observation *o);

#endif
