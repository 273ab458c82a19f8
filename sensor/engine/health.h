/*
 * health.h - the supervisor asks itself whether the sensor sees what it
 * should: what the board says goes to health/blindness.h, and what that finds
 * becomes an alert about the sensor, a line of the log and a metric.
 */
#ifndef SENSOR_ENGINE_HEALTH_H
#define SENSOR_ENGINE_HEALTH_H

#include "engine/house.h"

struct health;

/* Borrows `house`; its configuration's limits hold until the end. NULL: no memory. */
struct health *health_new(struct house *house);
void health_free(struct health *h);	/* NULL is fine */

/* Often; it looks once a second. */
void health_tend(struct health *h);

#endif
