/*
 * catalogue.h - the public feeds that are known: share/hansho/catalogue.yaml.
 *
 * An entry has options of feeds[] by their names and, for people, `roles`,
 * `trust`, `auth`, `note`, `verified`. Nothing of it is in force until a
 * configuration names it: `feeds: - from: NAME`.
 */
#ifndef SENSOR_CONFIG_CATALOGUE_H
#define SENSOR_CONFIG_CATALOGUE_H

#include "config/config.h"

/* path "": beside the program (../share/hansho), or in the source tree it was built in (../feeds). SE_USAGE with one line. */
int catalogue_fill(const char *path, const char *name, struct config_feed *feed, struct fault *fault);

/* Texts are borrowed for the call, "" when it does not say. */
struct catalogue_entry {
	const char *name, *url, *format, *licence, *interval_sec, *roles, *trust, *auth, *note, *verified;
};
typedef void catalogue_fn(void *to, const struct catalogue_entry *e);
int catalogue_each(const char *path, catalogue_fn *tell, void *to, struct fault *fault);

#endif
