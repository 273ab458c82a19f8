/* curl_start.h - libcurl's global part, begun once in a process. */
#ifndef SENSOR_SINKS_CURL_START_H
#define SENSOR_SINKS_CURL_START_H

#include <stdbool.h>

/* From any thread. False: it does not start. */
bool curl_start(void);

#endif
