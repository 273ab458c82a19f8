/*
 * alert_store.h - incidents in an SQLite file, each with its latest revision,
 * and the census (store_census.h): what the store sink writes and `hansho alerts` reads.
 *
 * Write-ahead log: readers and one writer do not wait for each other. Rows
 * beyond a number, and those that were not written to for too long, go, the
 * oldest first. A file that is damaged or of another version is set aside as PATH.damaged
 * (in place of an older one) with one line in the log, and a new one is begun.
 */
#ifndef SENSOR_SINKS_ALERT_STORE_H
#define SENSOR_SINKS_ALERT_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct alert_store;

/* `write`: made when it is missing. Else it must be there: SE_USAGE. */
int alert_store_open(const char *path, bool write, struct alert_store **out, struct fault *fault);
void alert_store_close(struct alert_store *s);		/* NULL is fine */

/* It turned out to be damaged: set aside, and closed. */
void alert_store_give_up(struct alert_store *s);

/*
 * All of these EVE lines or none: alerts with an id, and the census; an older revision than what is there changes nothing.
 * SE_SYSTEM: not now (disk full, busy). SE_FORMAT: it is damaged. Lines that are no such alert are left out and counted in *odd.
 */
int alert_store_put(struct alert_store *s, char *const *lines, unsigned count, unsigned *odd, struct fault *fault);

/* At most so many rows, and none not written to since `oldest_ns` (wall clock). */
int alert_store_trim(struct alert_store *s, uint64_t rows, int64_t oldest_ns, struct fault *fault);

struct alert_filter {
	int64_t since_ns;		/* latest revision at or behind this; INT64_MIN: all */
	const char *host;		/* NULL: all */
	unsigned least_severity;	/* 1 critical to 4 low; 0: all */
	bool open;			/* neither closed nor acknowledged */
	const char *id;			/* it, or those that begin so; NULL: all */
	unsigned most;			/* rows, the latest; 0: all */
};

/* Texts are borrowed for the call, "" when not known. */
struct stored_alert {
	const char *id, *state, *kind, *host, *peer, *title, *note, *line;
	unsigned revision, severity;
	uint64_t count;
	int64_t ts_ns;			/* of this revision, packet time */
	int64_t acknowledged_ns;	/* wall clock; INT64_MIN: not */
};
typedef bool stored_alert_fn(void *to, const struct stored_alert *a);	/* false: no more */

/* The latest first. */
int alert_store_each(struct alert_store *s, const struct alert_filter *f, stored_alert_fn *tell, void *to,
    struct fault *fault);

/* The records of the census of days at or behind that of `since_ns`, the oldest first. */
int alert_store_census(struct alert_store *s, int64_t since_ns, bool (*tell)(void *to, const char *line), void *to, struct fault *fault);

/* SE_USAGE: no alert has this id. */
int alert_store_acknowledge(struct alert_store *s, const char *id, const char *note, int64_t now_ns, struct fault *fault);

#endif
