/*
 * hunt.h - what `hansho hunt` shows of the history, for other commands.
 */
#ifndef SENSOR_CLI_HUNT_H
#define SENSOR_CLI_HUNT_H

#include "config/config.h"

/* How many C2 servers answered, by day and malware, a line each. Returns as the above. */
int64_t hunt_print_census(const struct config *c, int64_t from_ns, int64_t to_ns, bool json);

/*
 * Who inside called `value` (an address, address:port, a network, a name with all below
 * it), a line each. The number of lines, 0 also where there is no history or it
 * is no such value; SE_ code when it cannot be read, which is said.
 */
int64_t hunt_print_history(const struct config *c, const char *value, bool json);

#endif
