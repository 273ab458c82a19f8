/*
 * json.h - cJSON as records need it: whole integers, cleaned text, one place
 * that remembers that memory ran out. Private to alert/.
 *
 * Members keep the order in which they are put. A NULL parent, which is what
 * json_object() returns without memory, is fine everywhere.
 */
#ifndef SENSOR_ALERT_JSON_H
#define SENSOR_ALERT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/addr.h"
#include "base/span.h"

struct json {
	cJSON *root;
	bool failed;
};

bool json_begin(struct json *j);

/* The line, malloc'd; NULL when anything did not fit into memory. */
char *json_end(struct json *j);

cJSON *json_object(struct json *j, cJSON *in, const char *key);
cJSON *json_array(struct json *j, cJSON *in, const char *key);
cJSON *json_array_object(struct json *j, cJSON *array);

/* Bytes that are no UTF-8 (RFC 3629), NUL, DEL and C1 control characters as \xNN. An absent span adds nothing. */
void json_span(struct json *j, cJSON *in, const char *key, struct span text);
void json_text(struct json *j, cJSON *in, const char *key, const char *text);
/* Nothing for "". */
void json_text_if(struct json *j, cJSON *in, const char *key, const char *text);
void json_array_span(struct json *j, cJSON *array, struct span text);

/* As digits: a double printed by cJSON may become 1e+15. */
void json_number(struct json *j, cJSON *in, const char *key, uint64_t n);
void json_array_number(struct json *j, cJSON *array, uint64_t n);
void json_integer(struct json *j, cJSON *in, const char *key, int n);
void json_decimal(struct json *j, cJSON *in, const char *key, double d);	/* three places */
void json_chance(struct json *j, cJSON *in, const char *key, double p);	/* 0..1, three digits: 2.5e-07 */
void json_array_seconds(struct json *j, cJSON *array, int64_t ns);	/* since 1970, to the millisecond */
void json_bool(struct json *j, cJSON *in, const char *key, bool b);

/* IPv6 in full, as EVE writes it. */
void json_addr(struct json *j, cJSON *in, const char *key, const struct addr *a);
void json_array_addr(struct json *j, cJSON *array, const struct addr *a);
/* Shortest form (RFC 5952). */
void json_addr_short(struct json *j, cJSON *in, const char *key, const struct addr *a);
void json_array_addr_short(struct json *j, cJSON *array, const struct addr *a);

/* "2026-05-20T10:00:12.123456+0000"; nothing for WHEN_UNKNOWN. */
void json_when(struct json *j, cJSON *in, const char *key, int64_t ns);

#endif
