/*
 * manager.h - what the service manager is told (notify.h): ready, stopping,
 * reloading, one line of status, and that the supervisor makes its rounds.
 */
#ifndef SENSOR_ENGINE_MANAGER_H
#define SENSOR_ENGINE_MANAGER_H

#include "engine/house.h"

struct manager;

struct manager *manager_new(void);	/* NULL without memory */
void manager_free(struct manager *m);	/* NULL is fine */

/* Feeds are compiled, and nothing works yet: it shall wait. Often. */
void manager_starting(struct manager *m);

/* Often, in every round. */
void manager_tend(struct manager *m, const struct house *h);

/* A reload begins; it is over. */
void manager_reloading(bool begins);

/* What is delivered until the end may take a while. */
void manager_stopping(void);

#endif
