/*
 * rooms.h - what each process may use, by the configuration: memory and folders.
 *
 * Memory: twice what the tables hold when each stands at its ceiling, and more
 * beside it: no honest run comes near, and what grows without bound ends there.
 */
#ifndef SENSOR_ENGINE_ROOMS_H
#define SENSOR_ENGINE_ROOMS_H

#include <stdint.h>

#include "config/config.h"
#include "system/sandbox.h"

enum { ROOM_PATHS = 2 * SINKS_MAX + 64, ROOM_READ_PATHS = 8 * SINKS_MAX };

/* A room and the list that it points to. */
struct room_plan {
	struct sandbox_room room;
	const char *write[ROOM_PATHS];
	char text[ROOM_PATHS][CONFIG_TEXT_MAX + 16];
	const char *read[ROOM_READ_PATHS];
	char read_text[ROOM_READ_PATHS][CONFIG_TEXT_MAX + 16];
};

/* What all processes may hold when every table is full, as far as limits say it. */
uint64_t room_ceilings(const struct config *c);

/* Bytes of private memory (RLIMIT_DATA). Reader and courier: `c` may be NULL. */
uint64_t room_bytes(enum sandbox which, const struct config *c);

/* `journal`: the journal's folder, for analyst and courier; `memory`: another one of the analyst's, "" for none. Keeps no pointer but into `plan`. */
void room_plan(struct room_plan *plan, enum sandbox which, const struct config *c, const char *journal, const char *memory);

#endif
