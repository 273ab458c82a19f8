/*
 * hunt.h - what `hansho hunt` shows of the history, for other commands.
 */
#ifndef SENSOR_CLI_HUNT_H
#define SENSOR_CLI_HUNT_H

#include "config/config.h"

/*
 * Who inside called `value` (an address, address:port, a network, a name with all below
 * it), a line each. The number of lines, 0 also where there is no history or it
 * is no such value; SE_ code when it cannot be read, which is said.
 */
int64_t hunt_print_history(const struct config *c, const char *value, bool json);

#endif
