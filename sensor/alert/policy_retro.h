/*
 * policy_retro.h - the words of a match that was found in the history. Private to alert/.
 */
#ifndef SENSOR_ALERT_POLICY_RETRO_H
#define SENSOR_ALERT_POLICY_RETRO_H

#include <stddef.h>

#include "indicator.h"
#include "observation.h"

/*
 * One sentence: how often, from when to when, and how long before the feed's own first date.
 * `listed`: "feed feodo (line 7) lists".
 */
void policy_retro_reason(const struct observation *match, const struct indicator *i, const char *listed,
    char *buf, size_t size);

#endif
