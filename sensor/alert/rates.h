/*
 * rates.h - more alerts than anybody reads: how many opened within the hour?
 *
 * For each host, and for each rule (signature) over all hosts. What opens
 * beyond the limit is held back and summed up: one incident of kind
 * FINDING_SUMMARY tells how many there were, with examples. Hours begin with
 * an alert and are packet time. Critical alerts, cases and what is about the
 * sensor are always told. Bounded: at `max` hosts and rules the one whose hour began first is
 * forgotten (counted by the caller's counter). A restart goes on within the
 * hour: by what was saved, and what the journal says of openings since. Private to alert/.
 */
#ifndef SENSOR_ALERT_RATES_H
#define SENSOR_ALERT_RATES_H

#include "alert.h"
#include "base/state_file.h"

struct rates;

/* A limit of 0 is none. NULL: no memory. */
struct rates *rates_new(uint32_t host_hourly, uint32_t rule_hourly, uint32_t max, uint64_t *evicted);
void rates_free(struct rates *r);	/* NULL is fine */

/*
 * An incident opens. NULL: it is told; else it is held back, and this is what
 * its summary says. Valid until the next call. Without memory it is told.
 */
const struct summary_numbers *rates_open(struct rates *r, const struct alert *opening);

/* An analyst before had opened this one, at its ts_ns: it counts, unless what was loaded knows of it. In the order of opening. */
void rates_again(struct rates *r, const struct alert *opened, uint32_t signature_id);

void rates_save(const struct rates *r, struct state_out *out);
void rates_load(struct rates *r, const struct state_in *in);	/* into a new one */

/* The most that one costs. */
size_t rates_rate_bytes(void);

#endif
