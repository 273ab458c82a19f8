/*
 * census.h - how many C2 servers answered hosts of the house, by malware and day.
 *
 * A server counts when an indicator of role C2 matched a flow and the other
 * side said something in it: what is looked up in DNS, or does not answer,
 * does not; nor does what only a fingerprint or a network was matched of. The family is behaviour_family() of what the feed names, "unnamed"
 * without; the day that of the packets, UTC. Servers and hosts are counted
 * exactly up to CENSUS_EXACT, beyond that estimated (base/distinct.h, 3 %).
 *
 * CENSUS_ENTRIES pairs of day and family are held; the oldest day gives way,
 * after it was handed on. Matches that await an answer have 4,096 places; the
 * oldest of four gives way. 0.5 MiB in all. Nothing here depends on a clock.
 */
#ifndef SENSOR_ANALYST_CENSUS_H
#define SENSOR_ANALYST_CENSUS_H

#include "behaviour/behaviour.h"
#include "observation.h"

enum { CENSUS_EXACT = 256, CENSUS_ENTRIES = 64, CENSUS_STATE_VERSION = 1, CENSUS_SHOWN = 8 };

struct census_row {
	int32_t day;			/* since 1970 */
	uint8_t estimated;		/* 0 or 1; others read it from shared memory, where a bool might be anything */
	char family[BEHAVIOUR_FAMILY_MAX];
	uint64_t servers, hosts;
};

/* The latest day's, most servers first: for whoever shows how the sensor is. */
struct census_now {
	unsigned rows;
	struct census_row row[CENSUS_SHOWN];
};

struct census;

struct census *census_new(void);	/* NULL: no memory */
void census_free(struct census *c);	/* NULL is fine */

/* One observation, of any kind. */
void census_take(struct census *c, const struct observation *o);

/* Who is handed rows: the keeper, of the history; and who writes records. */
enum census_reader { CENSUS_KEEPER, CENSUS_RECORDS, CENSUS_READERS };

/* What has changed since `who` had it, oldest day first, of days before `before`; from then on also what gives way. */
typedef void census_fn(void *to, const struct census_row *row);
void census_hand_on(struct census *c, enum census_reader who, int32_t before, census_fn *take, void *to);

void census_latest(struct census *c, struct census_now *out);

/* As tables of a state file: days that are not over go on after a restart. */
struct state_in;
struct state_out;
void census_save(const struct census *c, struct state_out *out);
void census_load(struct census *c, const struct state_in *in);

#endif
