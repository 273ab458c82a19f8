/*
 * metrics.h - every number that the sensor tells of itself.
 *
 * One table says what each is called, what it means and where it lives; the
 * Prometheus text, `hansho status` and the dashboard are made of it. Names are
 * part of the output's contract: rows may be added, never renamed. Reading
 * costs the processes that count nothing.
 */
#ifndef SENSOR_ENGINE_METRICS_H
#define SENSOR_ENGINE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/board.h"

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_MOMENT		/* a gauge: nanoseconds since 1970, told as seconds; of several the latest counts */
};

/* Whose number it is: one of each, but for workers, sinks, feeds and processes. */
enum metric_scope {
	METRIC_SENSOR, METRIC_WORKER, METRIC_ANALYST, METRIC_KEEPER, METRIC_SINK, METRIC_FEED, METRIC_PROCESS,
	METRIC_SCOPES
};

/* Numbers that lie side by side, told apart by a label. */
struct metric_array {
	const char *label;
	unsigned count;
	const char *(*text)(unsigned i);	/* NULL or its answer NULL: not told */
	const struct metric_array *inner;	/* each of them is such an array; NULL: a number */
};

struct metric {
	const char *name, *help;
	enum metric_type type;
	enum metric_scope scope;
	size_t offset;				/* of a uint64_t (a moment's int64_t) in what metrics_at() gives */
	const char *label, *value;		/* of rows that share a name; NULL: none */
	const struct metric_array *array;	/* of a counter's those that are 0 are left out; NULL: one number */
	double scale;				/* told is number × scale; 0: as it is */
};

/* Rows of one name follow each other. */
extern const struct metric metric_rows[];
extern const size_t metric_rows_count;

/* ---- a moment's look ---- */

struct metrics_sensor {
	uint64_t one, ready, workers;
	uint64_t memory_limit_bytes, memory_used_bytes;
	uint64_t trouble[TROUBLE_KINDS];
	int64_t started_ns;
};

struct metrics_sink {
	char name[BOARD_NAME_MAX], last_fault[BOARD_FAULT_MAX];
	uint64_t delivered, refused, given_up, refused_others, failures, lost, failing;
	uint64_t number;		/* of the journal's records, the latest that it is done with */
	uint64_t lag_records, lag_ns;
};

struct metrics_feed {
	char name[BOARD_NAME_MAX];
	uint64_t entries, refused, well, age_sec;
};

struct metrics_view {
	const struct board *board;
	char why_not_ready[128];		/* "" when it is */
	struct metrics_sensor sensor;
	unsigned workers, sinks, feeds;
	struct metrics_sink sink[SINKS_MAX];
	struct metrics_feed feed[FEEDS_MAX];
};

/* `b` is borrowed as long as the view is used. `now_ns` since 1970, `clock_ns` monotonic. */
void metrics_look(struct metrics_view *v, const struct board *b, int64_t now_ns, int64_t clock_ns);

/* Does the supervisor make its rounds? */
bool metrics_is_alive(const struct board *b, int64_t clock_ns);

/* How many there are of a scope, where the n-th's numbers begin, and what it is called ("" of one alone). */
unsigned metrics_count(const struct metrics_view *v, enum metric_scope scope);
const void *metrics_at(const struct metrics_view *v, enum metric_scope scope, unsigned n);
const char *metrics_name(const struct metrics_view *v, enum metric_scope scope, unsigned n, char *buf, size_t size);

/* Prometheus text, format 0.0.4. */
void metrics_print(const struct metrics_view *v, FILE *to);

/* The same by scope, for a person's eyes: see docs/operations.md. The caller's; NULL without memory. */
struct cJSON;
struct cJSON *metrics_json(const struct metrics_view *v);

#endif
