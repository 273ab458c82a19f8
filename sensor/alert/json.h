/*
 * json.h - a record's line, written as its members come: whole integers,
 * cleaned text, one place that remembers that memory ran out. Private to
 * alert/.
 *
 * Written straight into the line, because a tree of cJSON costs five times as
 * much and a record is an alert's whole price. The order is the one in which
 * members are put. An object or array is a number, JSON_ROOT the line's own,
 * and takes members until one is put into what holds it: then it is closed
 * (an assert). Keys are literals of ours: not escaped.
 */
#ifndef SENSOR_ALERT_JSON_H
#define SENSOR_ALERT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"

enum { JSON_ROOT, JSON_DEPTH = 12 };

struct json {
	char *line;
	size_t used, size;
	struct {
		unsigned number;
		char end;
		const char *key;
	} open[JSON_DEPTH];
	unsigned depth, latest;		/* used of `open`; the number given last */
	bool failed;
};

bool json_begin(struct json *j);

/* The line, malloc'd; NULL when anything did not fit into memory. */
char *json_end(struct json *j);

unsigned json_object(struct json *j, unsigned in, const char *key);
unsigned json_array(struct json *j, unsigned in, const char *key);
unsigned json_array_object(struct json *j, unsigned array);

/* Is the line's latest member the object `key`, which still takes members? */
bool json_is_open(const struct json *j, const char *key, unsigned *object);

/* Bytes that are no UTF-8 (RFC 3629), NUL, DEL and C1 control characters as \xNN. An absent span adds nothing. */
void json_span(struct json *j, unsigned in, const char *key, struct span text);
void json_text(struct json *j, unsigned in, const char *key, const char *text);
/* Nothing for "". */
void json_text_if(struct json *j, unsigned in, const char *key, const char *text);
void json_array_span(struct json *j, unsigned array, struct span text);

void json_number(struct json *j, unsigned in, const char *key, uint64_t n);
void json_array_number(struct json *j, unsigned array, uint64_t n);
void json_integer(struct json *j, unsigned in, const char *key, int n);
void json_decimal(struct json *j, unsigned in, const char *key, double d);	/* three places */
void json_chance(struct json *j, unsigned in, const char *key, double p);	/* 0..1, three digits: 2.5e-07 */
void json_array_seconds(struct json *j, unsigned array, int64_t ns);	/* since 1970, to the millisecond */
void json_bool(struct json *j, unsigned in, const char *key, bool b);

/* IPv6 in full, as EVE writes it. */
void json_addr(struct json *j, unsigned in, const char *key, const struct addr *a);
void json_array_addr(struct json *j, unsigned array, const struct addr *a);
/* Shortest form (RFC 5952). */
void json_addr_short(struct json *j, unsigned in, const char *key, const struct addr *a);
void json_array_addr_short(struct json *j, unsigned array, const struct addr *a);

/* "2026-05-20T10:00:12.123456+0000"; nothing for WHEN_UNKNOWN. */
void json_when(struct json *j, unsigned in, const char *key, int64_t ns);

#endif
