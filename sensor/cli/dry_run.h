/*
 * dry_run.h - `hansho watch --dry-run`.
 */
#ifndef SENSOR_CLI_DRY_RUN_H
#define SENSOR_CLI_DRY_RUN_H

#include <stdbool.h>

#include "config/config.h"

/* Exit status. */
int dry_run_show(const struct config *config, bool json);

#endif
