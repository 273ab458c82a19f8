/*
 * status_page.h - what /status says (engine/metrics.h), for a person.
 */
#ifndef SENSOR_CLI_STATUS_PAGE_H
#define SENSOR_CLI_STATUS_PAGE_H

#include <stdbool.h>
#include <stdio.h>

struct cJSON;

/*
 * `before`: an earlier answer of the same sensor, for what happens in a second;
 * NULL: only sums. `colour`: escape sequences for a terminal. What the sensor
 * says is printed with its control characters taken out.
 */
void status_print(FILE *to, const struct cJSON *now, const struct cJSON *before, bool colour);

#endif
