/*
 * allowance.h - what this sensor may use here, beside what its configuration
 * lets it use.
 */
#ifndef SENSOR_ENGINE_ALLOWANCE_H
#define SENSOR_ENGINE_ALLOWANCE_H

#include "config/config.h"
#include "engine/board.h"

/* So many processors, by affinity and control group; 0: not known. */
double allowance_processors(void);

/* At the start: a line of the log for what does not fit. */
void allowance_say(const struct config *c);

/* Once a second: the control group's memory. */
void allowance_note(struct board *b);

#endif
