/*
 * beacon.h - which hosts call home?
 *
 * Feed contacts, flow ends, DNS messages as they come (nearly in time order;
 * late ones are sorted in). Keys are internal host and service (name, else
 * address and port); for addresses without a name once more host and
 * behaviour (port, protocol, program), for bots that call many addresses in
 * turn; for DNS host and registered domain. Behind a proxy the service is
 * what the request names; a proxy's own address is no service.
 *
 * How regular a key is, score.h says; how much that means, evidence.c: how
 * many hosts of the house share the service, which program calls, whether a
 * page load came before, how alike the answers are, whether somebody is at
 * work. docs/beacons.md has the weights and what was measured.
 *
 * A key costs 64 bytes until it keeps coming, then some 700; both have
 * ceilings, beyond which the longest idle give way (counted). No I/O, no
 * clock. One thread only.
 */
#ifndef SENSOR_BEACON_H
#define SENSOR_BEACON_H

#include <stddef.h>
#include <stdint.h>

#include "finding.h"
#include "novelty.h"
#include "observation.h"

struct beacon_limits {
	uint32_t max_keys;
	uint32_t min_contacts;		/* no finding before */
	double alert_score;		/* findings at or above */
	double record_score;		/* beacon records at or above */
	uint32_t burst_ms;		/* a contact closer than this to the one before is the same one */
};

struct beacon_counts {
	uint64_t contacts, merged, keys, evicted, findings;
	uint64_t routine;		/* contacts that are not noted */
	uint64_t tracks, tracks_evicted;	/* keys that keep coming */
	uint64_t names_lost;		/* of connections that were silent for long: others took their place */
	uint64_t lost;			/* no memory for a key or a list */
};

/* What the analyst knows besides: the name that DNS gave a host for an address ("": none), and who runs an address. */
struct beacon_lookup {
	const char *(*name)(void *to, const struct realm *realm, const struct addr *host, const struct addr *peer);
	uint32_t (*asn)(void *to, const struct addr *peer);
	void *to;
};

struct known;
struct state_in;
struct state_out;
struct beacon;

struct beacon *beacon_new(const struct beacon_limits *limits, finding_fn *emit, void *to);
void beacon_free(struct beacon *b);	/* NULL is fine */

/* Harmless services (known.h) are recorded low and never ring. Borrowed, either may be NULL. */
void beacon_set_known(struct beacon *b, const struct known *known, const struct beacon_lookup *lookup);

/* What the history says of services. To be set again when it knows more: what was asked before is asked anew. */
void beacon_set_novelty(struct beacon *b, novelty_fn *ask, void *to);

/* Note one OBSERVE_CONTACT; emits a finding each time the key's score is at or above alert_score. */
void beacon_note(struct beacon *b, const struct observation *contact);

/* An OBSERVE_FLOW: how much was said in the connections of a key. */
void beacon_flow(struct beacon *b, const struct observation *flow);

/* An OBSERVE_DNS: questions are contacts with a registered domain. */
void beacon_dns(struct beacon *b, const struct observation *dns);

/* Every key whose score is at or above record_score, in the order of (first contact, key): for the beacon records. */
void beacon_each(struct beacon *b, finding_fn *take, void *to);

/*
 * All that it knows → tables of a state file, and back into one that is new:
 * what does not fit its limits is left out. Counts of what it did begin anew.
 */
enum { BEACON_STATE_VERSION = 3 };
void beacon_save(const struct beacon *b, struct state_out *out);
void beacon_load(struct beacon *b, const struct state_in *in);

const struct beacon_counts *beacon_counts(const struct beacon *b);

/* The most of each that there can be with so many keys, and what one costs. */
size_t beacon_key_bytes(void);
uint32_t beacon_tracks(uint32_t max_keys);
size_t beacon_track_bytes(void);
uint32_t beacon_plots(uint32_t max_keys);
size_t beacon_plot_bytes(void);
uint32_t beacon_hosts(uint32_t max_keys);
size_t beacon_host_bytes(void);

/* What is there once, however many keys there may be. */
size_t beacon_fixed_bytes(void);

#endif
