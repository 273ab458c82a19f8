/*
 * feed.h - what the parts of `hansho feed` share. Each returns the exit status.
 */
#ifndef SENSOR_CLI_FEED_H
#define SENSOR_CLI_FEED_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "cli/options.h"
#include "engine/feeds.h"

struct feed_request {
	struct common_options common;
	bool json, force, catalogue;
	const char *format;
	unsigned types;			/* bits; 0: all */
	char **words;			/* what is no option */
	int words_count;
};

int feed_update(const struct feed_request *q, const struct config *c);
int feed_list(const struct feed_request *q, const struct config *c);
int feed_list_catalogue(const struct feed_request *q, const struct config *c);
int feed_lookup(const struct feed_request *q, const struct config *c);
int feed_check(const struct feed_request *q);
int feed_export(const struct feed_request *q, const struct config *c);

/* All feeds compiled and mapped; *results is yours (free()), *set too. False: said. */
bool feed_map(const struct config *c, struct feed_result **results, struct indicators **set);

/* One JSON object a line; takes `object`. */
void feed_print_json(cJSON *object);
/* "3 min", "2 h", "5 d". Returns `buf`. */
const char *feed_span_text(int64_t sec, char buf[32]);
/* " (3 ip, 2 domain)" or nothing. */
void feed_print_types(const uint32_t by_type[INDICATOR_TYPES]);
cJSON *feed_types_json(const uint32_t by_type[INDICATOR_TYPES]);

#endif
