/*
 * delivery.h - what sinks of a live sensor keep beside the journal: records
 * that were refused, stores of alerts, in state_directory/delivery.
 */
#ifndef SENSOR_ENGINE_DELIVERY_H
#define SENSOR_ENGINE_DELIVERY_H

#include "config/config.h"

/* Gives a place there to every sink that needs one and names none. */
void delivery_settle(struct config *c);

/* The folder itself, the user's. */
int delivery_make_folder(const struct config *c, struct fault *fault);

#endif
