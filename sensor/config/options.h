/*
 * options.h - one table of everything that can be set.
 *
 * A row says where an option stands in the YAML file, what it takes, what
 * holds without it, where it lands in struct config and what it is for. The
 * reader, the defaults, `hansho check`, etc/hansho.yaml and
 * docs/configuration.md all come from these rows.
 */
#ifndef SENSOR_OPTIONS_H
#define SENSOR_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"

enum option_type {
	OPTION_SECTION,			/* the options "NAME.…" stand beneath it */
	OPTION_LIST,			/* of mappings with the options "NAME[].…" */
	OPTION_NETWORKS,		/* a list of CIDRs */
	OPTION_RECORDS,			/* a list of choices, to bits */
	OPTION_INTEGER, OPTION_NUMBER, OPTION_BOOLEAN, OPTION_CHOICE,
	OPTION_TEXT,
	OPTION_PATH			/* relative ones begin at the folder of the configuration */
};

struct option_choice {
	const char *text;		/* NULL ends the list */
	int64_t value;
};

struct option_row {
	const char *path;		/* "capture.snaplen", "feeds[].path" */
	const char *help;		/* sentences, without line breaks */
	enum option_type type;
	/* In struct config; "feeds[].…" in struct config_feed, "sinks[].…" in struct sink_options. */
	size_t offset, size;
	uint32_t scale;			/* stored = scale × written */
	const char *unit;		/* "" without */
	double least, most;		/* of what is written; LIST, NETWORKS: entries */
	const char *fallback;		/* what holds when the option is absent, as text */
	const struct option_choice *choices;
	const char *example;		/* LIST: lines of YAML */
};

/* The rows, in the order of the sample file: what stands beneath a section or list follows it. */
extern const struct option_row option_rows[];
extern const size_t option_rows_count;

/* NULL when there is none. */
const struct option_row *option_find(const char *path);

/* Does `row` stand directly beneath `holder` ("" is the file itself, "feeds[]" an entry of that list)? */
bool option_is_beneath(const struct option_row *row, const char *holder);

/* The last part of its path: "snaplen". */
const char *option_name(const struct option_row *row);

/* "a whole number from 64 to 262144 (bytes)". Returns `buf`. */
const char *option_expected(const struct option_row *row, char *buf, size_t size);
/* The same of one entry of its list: "an address or a CIDR such as 192.0.2.0/24". */
const char *option_expected_entry(const struct option_row *row, char *buf, size_t size);

/* The names beneath `holder`: "interface, filter, snaplen". Returns `buf`. */
const char *option_members(const char *holder, char *buf, size_t size);

/* Is this text of a scalar (or of one entry of NETWORKS or RECORDS) what the row takes? */
bool option_accepts(const struct option_row *row, const char *text);

/* Numbers, booleans, choices and records at `base`, as written (unscaled). */
double option_get(const struct option_row *row, const void *base);
void option_put(const struct option_row *row, void *base, double written);

/* Everything of a scalar row from text that option_accepts() took. */
void option_set(const struct option_row *row, void *base, const char *text);

/* The value at `base` as it would be written. NETWORKS: of a struct config. Returns `buf`. */
const char *option_text(const struct option_row *row, const void *base, char *buf, size_t size);

/* The defaults of every scalar row beneath `holder`, or, for "", of all rows of struct config. */
void option_set_defaults(const char *holder, void *base);

/* etc/hansho.yaml, and the table of docs/configuration.md. */
void options_print_sample(FILE *to);
void options_print_table(FILE *to);

#endif
