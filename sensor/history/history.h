/*
 * history.h - which of our hosts called which service, for months.
 *
 * One SQLite file (docs/history.md has the tables). Contacts are gathered in
 * memory, one entry for each host, service and day, and written together:
 * history_commit() makes them last. The oldest by its last contact goes first
 * when the file grows beyond its size or a contact is older than its age. A
 * full disk costs what was gathered (counted), a damaged file is set aside
 * under a name that is said; neither ends anything. One process writes at a
 * time (a lock file says so), others may read: history_who().
 *
 * No clock: times come with the records, or as an argument.
 */
#ifndef SENSOR_HISTORY_H
#define SENSOR_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "history/kept.h"

struct history_limits {
	uint32_t days;
	uint64_t max_bytes;
};

struct history_counts {
	uint64_t contacts;	/* noted */
	uint64_t passed_over;	/* asked from outside, or multicast: no service of ours was called */
	uint64_t lost;		/* could not be written, or no memory */
	uint64_t left_out;	/* contacts of pairs that were new when their hour had brought too many */
	uint64_t evicted_age, evicted_size;	/* pairs of host and service */
	uint64_t peers_evicted;
};

struct history;

/*
 * Makes the folder's files when they are not there. `whole`: nothing lasts
 * before history_close(h, true), for replays, which may begin again. SE_PEER:
 * another process writes there. What was set aside is said in `note`, which is
 * empty otherwise.
 */
int history_open(const char *folder, const struct history_limits *limits, bool whole,
    struct history **out, char *note, size_t note_size, struct fault *fault);
/* `keep`: what was gathered is written; else what is not committed is forgotten. NULL is fine. */
void history_close(struct history *h, bool keep);

/* Gather one record. Never fails: what finds no room is counted as lost. */
void history_note(struct history *h, const struct kept *k);

/* Entries that wait to be written. */
uint32_t history_waiting(const struct history *h);
/* So many that there is hardly room for more. */
bool history_is_full(const struct history *h);

/*
 * Write what was gathered and let go of what is too old or too much; `now_ns`:
 * the time from which age is counted. SE_ code and one line when that failed:
 * what was gathered is lost then.
 */
int history_commit(struct history *h, int64_t now_ns, struct fault *fault);

const struct history_counts *history_counts(const struct history *h);

/* Entries that may wait, what one costs at most, and what the file's cache takes. */
uint32_t history_gathered(void);
size_t history_gathered_bytes(void);
size_t history_cache_bytes(void);

/* ---- what was, held against what is known now ---- */

enum { HISTORY_PEERS_MAX = 16 };

/* One host and one service. Texts and all else die when the call returns. */
struct history_row {
	struct realm realm;
	struct addr host;
	const char *name;		/* of the service; "" when there is none: then peer[0] is the service */
	bool resolved;			/* only DNS called it so */
	uint16_t port;
	uint8_t protocol;
	int64_t first_ns, last_ns;
	uint64_t count, bytes_out, bytes_in;
	uint32_t days;			/* on which there were contacts */
	unsigned peers;			/* latest first */
	struct history_peer {
		struct addr addr;
		int64_t first_ns, last_ns;
		uint64_t count;
	} peer[HISTORY_PEERS_MAX];
};

/* False: not now; the same row comes again in the next step. */
typedef bool history_row_fn(void *to, const struct history_row *row);

/* From the oldest row to the latest of this moment. */
void history_scan_begin(struct history *h);
/* Up to `most` rows; returns how many were taken, 0 at the end or when `take` refused the first, SE_ code on failure. */
int history_scan_step(struct history *h, unsigned most, history_row_fn *take, void *to, bool *over);

/* Was it told that this host met this indicator, live or as history? */
bool history_is_told(struct history *h, const struct realm *realm, const struct addr *host,
    unsigned type, const char *value);
/* From `at_ns` on it is. */
void history_tell(struct history *h, const struct realm *realm, const struct addr *host,
    unsigned type, const char *value, int64_t at_ns);

/* ---- read beside the writer ---- */

/*
 * Every row that `value` speaks of: an address (peer or host), address:port, a
 * CIDR, a name with all below it. Rows in the order of their first contact.
 * `host_only`: the host's address alone. Returns the number of rows, or an SE_
 * code with one line; SE_USAGE: no such value. A folder without a history: 0.
 */
int64_t history_who(const char *folder, const char *value, bool host_only, history_row_fn *take, void *to,
    struct fault *fault);

/* ---- C2 servers that answered, by malware and day ---- */

struct history_census {
	int32_t day;			/* since 1970 */
	const char *family;		/* dies when the call returns */
	uint64_t servers, hosts;
	bool estimated;
};

typedef bool history_census_fn(void *to, const struct history_census *row);	/* false: enough */

/* Of days from..to, by day and family; beside the writer. Returns their number, or an SE_ code with one line. */
int64_t history_census(const char *folder, int32_t from, int32_t to_day, history_census_fn *take, void *to, struct fault *fault);

#endif
