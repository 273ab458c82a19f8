/*
 * cases.h - one case per host inside: how far has this infection come?
 *
 * Findings of all detectors in, findings of kind FINDING_CASE out. A table
 * (rows.c) says to which stage of an infection each finding belongs and how
 * many points it is worth. What is of one row adds up by halves, and once for
 * each peer; at `threshold` points the host has a case, and from then on each
 * further finding of it is told as the case's. docs/cases.md has the table.
 *
 * A host is its hardware address where a DHCP lease was seen, else realm and
 * address. It keeps its case when it gets another address; a lease of its
 * address to another machine ends it, and so does giving the address back
 * when no hardware address is known. Evidence older than `close_sec` opens
 * no case.
 *
 * At most `hosts` hosts are remembered, each at most cases_host_bytes():
 * beyond, the one without a case that is idle longest is forgotten, else the
 * case idle longest ends (counted). When more than `flood_hosts` cases open
 * within an hour, that is one finding about the sensor, and further hosts
 * wait (counted) until the hour is over.
 *
 * Packet time only; what comes depends on the order of findings alone. No
 * I/O, no clock. One thread only.
 */
#ifndef SENSOR_CASES_H
#define SENSOR_CASES_H

#include <stddef.h>
#include <stdint.h>

#include "alert.h"
#include "base/language.h"
#include "finding.h"
#include "observation.h"

struct case_limits {
	uint32_t hosts;			/* 0: no cases */
	uint32_t threshold;		/* points */
	uint32_t close_sec;
	uint32_t flood_hosts;
	bool ring_members;		/* what a case tells rings by itself all the same */
	enum language language;
};

struct case_counts {
	uint64_t hosts, open;		/* now */
	uint64_t opened, ended;		/* ended: also by silence */
	uint64_t evicted, held_back, lost;
};

struct state_in;
struct state_out;
struct cases;

/* `limits` are copied. NULL: no memory. */
struct cases *cases_new(const struct case_limits *limits, finding_fn *emit, void *to);
void cases_free(struct cases *c);	/* NULL is fine */

/* What else is known when a finding comes. */
struct case_context {
	const struct host_identity *identity;	/* of the finding's host; NULL: nobody said */
	const char *alert_id;			/* of the incident that it belongs to */
	const char *peer_name;			/* what DNS called the peer; "" */
};

/* One finding, before its alert is let out. */
void cases_take(struct cases *c, const struct finding *f, const struct case_context *context);

/* An OBSERVE_IDENTITY: leases are looked at. */
void cases_identity(struct cases *c, const struct observation *o);

/* The id of this host's case; NULL: it has none. Valid until the next call that changes something. */
const char *cases_id_of(const struct cases *c, const struct realm *realm, const struct addr *host);

/*
 * What is known of this case by now, for it is told at most once a minute
 * while nothing new is seen; *n points into `stage`. False: there is none.
 */
bool cases_numbers(struct cases *c, const char *id, struct case_numbers *n, struct case_stage_seen stage[CASE_STAGES]);

/* The alert of this case closed: after silence, or because there was no room for it. */
void cases_closed(struct cases *c, const char *id);

/* All that it knows → tables of a state file, and back into one that is new: what does not fit its limits is left out. */
enum { CASES_STATE_VERSION = 2 };
void cases_save(const struct cases *c, struct state_out *out);
void cases_load(struct cases *c, const struct state_in *in);

/*
 * Likewise, of a case that is open in the journal and that what was loaded
 * does not know: it goes on under its id, with what is found from now on.
 */
struct case_again {
	char id[ALERT_ID_TEXT];
	struct realm realm;
	struct addr host;
	const char *subject;
	enum severity severity;
	int64_t opened_ns, first_ns, last_ns;
};
void cases_again(struct cases *c, const struct case_again *again);

const struct case_counts *cases_counts(const struct cases *c);
size_t cases_host_bytes(void);

/* All but the steps; `a` is an alert of a case. */
void cases_tell(const struct alert *a, enum language language, struct case_story *story);

#endif
