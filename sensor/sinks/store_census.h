/*
 * store_census.h - how many C2 servers answered, by day and malware, beside the incidents of a store.
 *
 * A row is a record of that kind, the latest of its day, malware and sensor.
 * All return what SQLite does: SQLITE_DONE or SQLITE_OK when it is done.
 */
#ifndef SENSOR_SINKS_STORE_CENSUS_H
#define SENSOR_SINKS_STORE_CENSUS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct view;

extern const char store_census_schema[];

bool store_census_is(const struct view *v);

/* SQLITE_MISMATCH: it is no such record. */
int store_census_put(sqlite3 *db, const struct view *v, const char *line, int64_t stored_ns);

/* At most so many rows, and none not written to since `oldest_ns`. */
int store_census_trim(sqlite3 *db, uint64_t rows, int64_t oldest_ns);

typedef bool store_census_fn(void *to, const char *line);	/* false: no more */

/* The oldest day first, of days at or behind that of `since_ns`. A store made by an older hansho has none. */
int store_census_each(sqlite3 *db, int64_t since_ns, store_census_fn *tell, void *to);

#endif
