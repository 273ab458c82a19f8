/*
 * blindness.h - does the sensor see what it should see?
 *
 * Fed about once a second with what the processes have counted, it says when
 * something begins to be wrong with what arrives (a mirror port that is off,
 * half a conversation, cut frames, losses) or leaves (a sink that lags or refuses), and
 * when that is over. Shares are taken over windows; from too little nothing is
 * concluded. What goes on is said again now and then, so that its alert stays
 * open. No I/O, no clock but the sample's.
 */
#ifndef SENSOR_HEALTH_BLINDNESS_H
#define SENSOR_HEALTH_BLINDNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "records/notes.h"

/* Names are part of the output: rows may be added, never renamed. */
enum trouble {
	TROUBLE_NO_PACKETS,
	TROUBLE_ONE_SIDED,	/* of TCP conversations one direction only */
	TROUBLE_NO_TLS, TROUBLE_NO_DNS,		/* among many flows none at all */
	TROUBLE_CHECKSUMS,	/* most are wrong */
	TROUBLE_SNAPLEN,	/* frames are cut */
	TROUBLE_KERNEL_DROPS, TROUBLE_RING_DROPS,
	TROUBLE_CLOCK,		/* it was set, here or where frames get their time */
	TROUBLE_SINK,		/* one is too far behind */
	TROUBLE_OVERLOAD,	/* health/overload.h: something is left undone */
	TROUBLE_MEMORY,		/* the control group's is nearly used up */
	TROUBLE_REFUSED,	/* a receiver does not take some records */
	TROUBLE_FEED,		/* one is too old: engine/refresh.c minds that */
	TROUBLE_KINDS
};

const char *trouble_name(enum trouble t);	/* "no_packets" */
const char *trouble_subject(enum trouble t);	/* "no packets arrive" */

/* In each 0 switches that one off. */
struct blindness_limits {
	uint32_t window_sec;		/* over which shares are taken; not 0 */
	uint32_t quiet_sec;		/* without a packet */
	uint32_t one_sided_percent, checksum_percent, truncated_percent, drop_percent, ring_percent;
	uint32_t silent_flows;		/* so many in a window, and no TLS, or no DNS, among them */
	uint32_t clock_sec;		/* the machine's clock was set by more */
	uint32_t sink_lag_sec;
	uint32_t memory_percent;	/* of what the control group allows */
};

enum { BLINDNESS_SINKS_MAX = 32, BLINDNESS_NAME_MAX = 64 };

struct blindness_sink {
	const char *name;
	uint64_t lag_sec, lag_records;
	uint64_t refused;		/* what is not about the sensor itself: its alert may be refused as well */
};

/* Sums over all workers, since they began. */
struct blindness_sample {
	int64_t wall_ns, clock_ns;	/* since 1970; monotonic */
	uint64_t births;		/* of workers: when it changes, sums began anew */
	uint64_t frames, kernel_seen, kernel_dropped;
	uint64_t packets, truncated, bad_checksum;
	uint64_t flows, tls, dns;
	uint64_t spoken, unanswered;	/* TCP conversations with payload; of them those with one side only */
	uint64_t observations, ring_dropped;
	uint64_t shed_level;		/* the worst worker's: enum shed */
	uint64_t memory_limit, memory_used;	/* bytes; no limit: 0 */
	uint64_t set_back;		/* the frames' clock went back */
	unsigned sinks;
	struct blindness_sink sink[BLINDNESS_SINKS_MAX];
};

/* `subject`: the same as long as it is the same trouble; `note`: a sentence with numbers in each language. Both die on return. */
typedef void trouble_fn(void *to, enum trouble t, bool over, const char *subject, const struct note_words *note);

struct blindness;

/* `again_sec`: what goes on is said again so often. NULL: no memory. */
struct blindness *blindness_new(const struct blindness_limits *limits, uint32_t again_sec, trouble_fn *tell, void *to);
void blindness_free(struct blindness *b);	/* NULL is fine */

void blindness_look(struct blindness *b, const struct blindness_sample *now);

#endif
