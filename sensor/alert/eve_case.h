/* eve_case.h - hansho.case of an alert. Private to alert/. */
#ifndef SENSOR_ALERT_EVE_CASE_H
#define SENSOR_ALERT_EVE_CASE_H

#include "alert.h"
#include "alert/json.h"

/* `a` is an alert of kind FINDING_CASE; without a story only what was counted. */
void eve_case(struct json *j, unsigned hansho, const struct alert *a);

#endif
