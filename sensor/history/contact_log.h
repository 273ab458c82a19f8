/*
 * contact_log.h - single contacts, weeks later: who called whom, from which port, when.
 *
 * One file a day, DAY.hcl, of checksummed blocks that are only ever appended
 * (23 bytes a contact over IPv4, 47 over IPv6), and DAY.hcs beside it with the
 * names and realms that the numbers in it stand for. A tail that a death has
 * torn off is cut off by the next writer. The oldest day goes when there are
 * too many or they are too large; when today's alone is too large, contacts
 * are lost (counted) until tomorrow. docs/history.md has the layout.
 *
 * No clock: days are those of the contacts. A contact that comes up to an hour
 * after its day ended stands in the next day's file.
 */
#ifndef SENSOR_HISTORY_CONTACT_LOG_H
#define SENSOR_HISTORY_CONTACT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "history/kept.h"
#include "history/value.h"

/* ---- writing ---- */

struct contact_log_limits {
	uint32_t days;
	uint64_t max_bytes;
};

struct contact_log_counts {
	uint64_t contacts, lost;
	uint64_t names_left_out;	/* more names or realms on one day than are numbered */
	uint64_t days_removed;
};

struct contact_log;

/*
 * The folder is there. `run`: when not 0, its contacts count when contact_log_end() was called, and what a run of
 * this number has left is forgotten: it begins again. What other runs left that broke off is removed. NULL without memory.
 */
struct contact_log *contact_log_new(const char *folder, const struct contact_log_limits *limits, uint64_t run);
/* The run is over: what waits is written, and all of it counts. */
int contact_log_end(struct contact_log *l, struct fault *fault);
/* Writes what waits; of a run that has not ended all is removed. NULL is fine. */
void contact_log_free(struct contact_log *l);

/* A KEPT_CONTACT; others are passed over. SE_ code and one line when something could not be written. */
int contact_log_note(struct contact_log *l, const struct kept *k, struct fault *fault);
/* What waits reaches the file. */
int contact_log_flush(struct contact_log *l, struct fault *fault);

const struct contact_log_counts *contact_log_counts(const struct contact_log *l);

/* Names and realms of one day that may be numbered, and what one costs at most. */
uint32_t contact_log_texts(void);
size_t contact_log_text_bytes(void);

/* ---- reading, beside a writer or without one ---- */

struct contact {
	int64_t ts_ns;			/* to the microsecond */
	struct realm realm;
	struct addr addr[2];		/* [0] asked */
	uint16_t port[2];
	uint8_t protocol;
	struct span name;		/* of the service; empty when there is none */
};

/* Dies on return. False: no more. */
typedef bool contact_fn(void *to, const struct contact *c);

struct contact_hunt {
	const struct sought *value;	/* any of them */
	unsigned values;
	bool source;			/* addresses and ports are of the side that asked */
	int64_t from_ns, to_ns;		/* both included */
};

struct contact_hunted {
	unsigned days;			/* files that were read */
	uint64_t contacts, found;
	uint64_t damaged_bytes;		/* between blocks that are whole */
	int64_t first_ns;		/* oldest contact there is in those files; INT64_MAX: none */
};

/* Day by day, as written. A folder that is not there holds nothing. */
int contact_log_hunt(const char *folder, const struct contact_hunt *hunt, contact_fn *take, void *to,
    struct contact_hunted *out, struct fault *fault);

#endif
