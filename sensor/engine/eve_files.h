/*
 * eve_files.h - EVE files of a live sensor: opened while it is root, given to
 * the user that it becomes, opened again by their paths after log rotation.
 */
#ifndef SENSOR_ENGINE_EVE_FILES_H
#define SENSOR_ENGINE_EVE_FILES_H

#include "config/config.h"

int eve_files_open(struct config *c, struct fault *fault);

/* Those of `fresh`, anew; one that cannot be opened any more stays in use as `old` has it. */
int eve_files_reopen(struct config *fresh, const struct config *old, struct fault *fault);

void eve_files_close(struct config *c);

#endif
