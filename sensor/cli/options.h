/*
 * options.h - the options that several commands share: what they ask for is
 * kept until the configuration file is read, and wins over it.
 */
#ifndef SENSOR_CLI_OPTIONS_H
#define SENSOR_CLI_OPTIONS_H

#include <stdbool.h>

#include "config/config.h"

enum { REPEATED_MAX = 256 };

struct common_options {
	const char *config, *eve, *records, *workers;
	const char *feeds[REPEATED_MAX], *home[REPEATED_MAX];
	unsigned feeds_count, home_count;
};

/* One option by its letter: c, f(eed), H(ome), e(ve), r(ecords), w(orkers). False: unknown, and said. */
bool common_option(struct common_options *o, int letter, const char *value);

/* An option that may stand once. False: it was said what is wrong. */
bool common_once(const char **to, const char *option, const char *value);

/* Without -c: /etc/hansho.yaml, when it is there. For commands of the installed sensor, not for replays. */
void common_find_config(struct common_options *o);

/*
 * Defaults, then the file, then the options. Without a sink in the file
 * alerts go to standard output as a table, unless --eve - is there already.
 * False: one line was printed.
 * `config` is to be cleared in any case.
 */
bool common_config(const struct common_options *o, struct config *config);

#endif
