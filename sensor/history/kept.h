/*
 * kept.h - what the keeper is told: one contact, the end of one flow, one match.
 *
 * A fixed part and behind it a name, without pointers: it crosses between
 * processes as it is, and kept_valid() is asked on arrival.
 */
#ifndef SENSOR_HISTORY_KEPT_H
#define SENSOR_HISTORY_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"
#include "realm.h"

enum kept_kind {
	KEPT_CONTACT,		/* a contact: for history and contact log */
	KEPT_FLOW,		/* a flow with contacts ended: its bytes */
	KEPT_MATCH,		/* an indicator matched this host: `name` is its value */
	KEPT_CENSUS,		/* so many C2 servers (bytes_out) answered so many hosts (bytes_in) of malware `name` on that day */
	KEPT_KINDS
};

enum {	/* kept.flags */
	KEPT_ESTIMATED = 2,	/* CENSUS: they were too many to be counted one by one */
	KEPT_RESOLVED = 1	/* the name is what DNS called the address, the traffic itself names none */
};

enum { KEPT_NAME_MAX = 2048 };

struct kept {
	uint32_t bytes;		/* of the whole record, the name included; multiple of 8 */
	uint8_t kind;		/* enum kept_kind */
	uint8_t protocol;
	uint8_t host_side;	/* which end is the host that we watch over; [0] asked */
	uint8_t flags;
	uint16_t port[2];
	uint16_t name_len;
	uint8_t type;		/* MATCH: enum indicator_type */
	uint8_t zero;
	int64_t ts_ns;
	uint64_t bytes_out, bytes_in;	/* FLOW: seen from the host */
	struct addr addr[2];
	struct realm realm;
	uint32_t zero2;
};

_Static_assert(sizeof(struct kept) % 8 == 0, "a name follows the fixed part");

struct kept_buffer {
	struct kept k;
	uint8_t name[KEPT_NAME_MAX + 8];
};

/* Sets name and length of the whole; a longer name is cut. */
void kept_seal(struct kept_buffer *b, struct span name);

struct span kept_name(const struct kept *k);

/* Did our host call somebody? Else it was asked from outside, or spoke to all its neighbours: the history leaves it out. */
bool kept_is_call(uint8_t host_side, const struct addr *called);

/* Is it whole: lengths, enumerations, time? `len`: bytes there are at `k`. */
bool kept_valid(const struct kept *k, size_t len);

#endif
