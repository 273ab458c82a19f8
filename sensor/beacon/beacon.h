/*
 * beacon.h - how regularly does one host call another?
 *
 * Feed contacts as they come (nearly in time order). Keys are internal host
 * and service (name, else address and port). Memory per key is fixed and
 * small until a key keeps coming; keys beyond `max_keys` push out the one
 * idle longest (counted). No I/O, no clock. One thread only.
 */
#ifndef SENSOR_BEACON_H
#define SENSOR_BEACON_H

#include <stdint.h>

#include "finding.h"
#include "observation.h"

struct beacon_limits {
	uint32_t max_keys;
	uint32_t min_contacts;		/* no finding before: 12 */
	double alert_score;		/* findings at or above */
	double record_score;		/* beacon records at or above */
	uint32_t burst_sec;		/* contacts closer than this are one */
};

struct beacon_counts {
	uint64_t contacts, merged, keys, evicted, findings;
};

struct beacon;

struct beacon *beacon_new(const struct beacon_limits *limits, finding_fn *emit, void *to);
void beacon_free(struct beacon *b);	/* NULL is fine */

/* Note one OBSERVE_CONTACT; emits a finding each time the key's score is at or above alert_score. */
void beacon_note(struct beacon *b, const struct observation *contact);

/* Every key at or above record_score, in the order of (first contact, key): for the beacon records. */
void beacon_each(struct beacon *b, finding_fn *take, void *to);

const struct beacon_counts *beacon_counts(const struct beacon *b);

#endif
