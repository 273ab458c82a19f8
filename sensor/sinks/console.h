/* console.h - one alert as the console tells it, whatever its state. */
#ifndef SENSOR_SINKS_CONSOLE_H
#define SENSOR_SINKS_CONSOLE_H

#include "base/error.h"

/* An EVE line of an alert, with the table's head above it. */
int console_show(int fd, const char *line, struct fault *fault);

#endif
