/*
 * config_check.h - is what stands in a configuration file what the option
 * table takes? Text only: nothing is opened here.
 */
#ifndef SENSOR_CONFIG_CHECK_H
#define SENSOR_CONFIG_CHECK_H

#include "config/options.h"
#include "config/outline.h"

/* The row of an entry, also of the entries of its list ("home[]"); NULL when there is none. */
const struct option_row *config_row(const struct outline_entry *e, bool *is_list_entry);

/* The first thing that is wrong: "NAME:LINE: option: what: expected what". */
int config_check(const char *name, const struct outline *o, struct fault *fault);

#endif
