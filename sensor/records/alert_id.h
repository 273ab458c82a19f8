/*
 * alert_id.h - what an incident is called for ever: a hash of kind, realm,
 * host, subject and the time of the observation that opened it.
 */
#ifndef SENSOR_RECORDS_ALERT_ID_H
#define SENSOR_RECORDS_ALERT_ID_H

#include "alert.h"

/* Of the incident that `f` opens, at its own time. Returns `id`. */
const char *alert_id(const struct finding *f, char id[ALERT_ID_TEXT]);

#endif
