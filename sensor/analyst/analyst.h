/*
 * analyst.h - the analyst's side of the house, joined: observations in,
 * records into the journal.
 *
 *     observation ⇒ beacon, behaviour, policy → finding → case → alert → EVE line → journal
 *
 * Detection reads no clock but the observations' own times. A journal that
 * cannot be written (full disk) costs records, each counted, never detection.
 */
#ifndef SENSOR_ANALYST_ANALYST_H
#define SENSOR_ANALYST_ANALYST_H

#include <stdint.h>

#include "analyst/census.h"
#include "analyst/keep.h"
#include "analyst/selftest.h"
#include "cases/cases.h"
#include "config/config.h"
#include "novelty.h"
#include "observation.h"

struct analyst;

struct analyst_counts {
	struct beacon_counts beacon;
	struct alert_counts alert;
	struct census_now census;	/* of the latest day */
	struct behaviour_counts behaviour;
	struct suppress_counts suppress;
	uint64_t opened[FINDING_KINDS][SEVERITY_LOW + 1];	/* alerts */
	struct case_counts cases;
	uint64_t observations;
	uint64_t allowed;		/* matches at an AS or with a certificate on an allow list: nothing was told */
	struct selftest_state selftest;
	uint64_t own;			/* observations of the sensor's own traffic: not looked at */
	uint64_t expired;		/* matches of indicators that have expired: nothing was told */
	uint64_t records;		/* written, those skipped by `already` too */
	uint64_t records_lost;		/* the journal could not take them */
	uint64_t gave_way;		/* records removed from the journal before every sink had them */
	int64_t last_ns;		/* latest observation; WHEN_UNKNOWN without any */
};

/*
 * `journal`, `geoip` are borrowed; `geoip` may be NULL. The first `already`
 * records of the run are in the journal from an earlier try and are skipped:
 * a replay makes the same records in the same order.
 */
struct analyst *analyst_new(const struct config *config, struct journal *journal,
    const struct geoip *geoip, uint64_t already);
void analyst_free(struct analyst *a);	/* NULL is fine */

/* Services that are harmless; borrowed. */
void analyst_set_known(struct analyst *a, const struct known *known);

/* From now on what is to be kept is handed on; NULL: it is not. */
void analyst_set_keep(struct analyst *a, kept_fn *keep, void *to);

/* What the history knows of services: asked by beacons and behaviours. Again, when it knows more. */
void analyst_set_novelty(struct analyst *a, novelty_fn *ask, void *to);

/* What to do next about each malware; borrowed. */
struct advice;
void analyst_set_advice(struct analyst *a, const struct advice *advice);

/* Matches that are none by the AS or certificate they met; borrowed. */
struct allow;
void analyst_set_allow(struct analyst *a, const struct allow *allow);

/* From now on these rules hold findings back, none of those before; their counts begin anew. False: no memory, those before stay. */
bool analyst_set_suppress(struct analyst *a, const struct suppress_set *set);

/* Before the first observation: a line that an analyst which died had told, see alerts_again(). */
bool analyst_again(struct analyst *a, const char *line);
void analyst_opened_before(struct analyst *a, const char *line, int64_t opened_ns);	/* likewise alerts_opened_before() */

/* Its parts, to be saved and loaded. */
struct behaviour *analyst_behaviour(const struct analyst *a);
struct census *analyst_census(const struct analyst *a);
struct beacon *analyst_beacon(const struct analyst *a);
struct cases *analyst_cases(const struct analyst *a);
struct alerts *analyst_alerts(const struct analyst *a);

/* The sensor's own traffic; borrowed. Live only: a replay is of others' machines. */
struct own;
void analyst_set_own(struct analyst *a, const struct own *own);

/* In order: see observation_order(). */
void analyst_take(struct analyst *a, const struct observation *o);

/* Nothing older than now_ns will come: alerts whose time has come are updated and closed. */
void analyst_advance(struct analyst *a, int64_t now_ns);

/*
 * Make what was written visible to the sinks. `now_ns` > 0 (live): what the
 * journal lost since the last time is told as an alert of that time.
 */
void analyst_sync(struct analyst *a, int64_t now_ns);

/* A beacon record for every key worth one, as it stands now. */
void analyst_record_beacons(struct analyst *a);

/*
 * Clean end: beacon records, then all alerts close, at now_ns or at the latest
 * observation. With now_ns the latest packet's time a replay of what was
 * recorded closes them at the same moment as the live run did.
 */
void analyst_finish(struct analyst *a, int64_t now_ns);

void analyst_count(const struct analyst *a, struct analyst_counts *out);

#endif
