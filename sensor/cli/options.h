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

/* An option that a command has besides: one of the last three is set. A list of them ends with letter 0. */
struct own_option {
	int letter;
	const char *name;	/* as it is typed, "--state" */
	bool *flag;		/* it stands there */
	const char **text;	/* its value; may stand once */
	bool (*take)(void *request, const char *value);	/* false: it was said what is wrong */
};

struct option;

/*
 * All options of a command line: its own, the common ones, -h. 0, words begin
 * at `optind`; the exit status; -1 when help was asked for, and given.
 */
int common_read(int argc, char **argv, const struct option *known, const char *letters, const char *help,
    const struct own_option *own, struct common_options *common, void *request);

/* No words may stand behind the options. False: one did, and it was said. */
bool common_no_words(const char *command, int argc, char **argv);

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
