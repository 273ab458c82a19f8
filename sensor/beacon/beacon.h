/*
 * beacon.h - how regularly does one host call another?
 *
 * Feed contacts as they come (nearly in time order; late ones are sorted in).
 * Keys are internal host and service (name, else address and port), and for
 * addresses without a name once more host and port alone: bots that rotate
 * call many addresses in turn (its finding's subject is "*:port", it counts
 * only when at least three addresses share the calls). What a network does by
 * itself is not noted: multicast, broadcast, DNS, NTP, DHCP, discovery, ping.
 *
 * Memory per key is fixed and small (200 bytes) until a key keeps coming, then
 * up to 2 KiB; keys beyond `max_keys` push out the one idle longest
 * (counted). A key's score looks at its latest 64 contacts; once it has them,
 * and is below record_score, it is taken at every fourth only. score.h has
 * the mathematics. No I/O, no clock. One thread only.
 */
#ifndef SENSOR_BEACON_H
#define SENSOR_BEACON_H

#include <stdint.h>

#include "finding.h"
#include "observation.h"

struct beacon_limits {
	uint32_t max_keys;
	uint32_t min_contacts;		/* no finding before: 12 */
	double alert_score;		/* findings at or above; 0.8: chance does so in 3 of 100,000 keys */
	double record_score;		/* beacon records at or above */
	uint32_t burst_sec;		/* a contact closer than this to the one before is the same one */
};

struct beacon_counts {
	uint64_t contacts, merged, keys, evicted, findings;
	uint64_t routine;		/* contacts that are not noted */
	uint64_t lost;			/* no memory for a key or a list */
};

struct beacon;

struct beacon *beacon_new(const struct beacon_limits *limits, finding_fn *emit, void *to);
void beacon_free(struct beacon *b);	/* NULL is fine */

/* Note one OBSERVE_CONTACT; emits a finding each time the key's score is at or above alert_score. */
void beacon_note(struct beacon *b, const struct observation *contact);

/* Every key whose best score is at or above record_score, in the order of (first contact, key): for the beacon records. */
void beacon_each(struct beacon *b, finding_fn *take, void *to);

const struct beacon_counts *beacon_counts(const struct beacon *b);

#endif
