/*
 * finding.h - what a detector concluded from observations.
 *
 * Borrowed: all pointers die when the call that carries it returns.
 */
#ifndef HANSHO_FINDING_H
#define HANSHO_FINDING_H

#include <stdint.h>

#include "base/addr.h"
#include "indicator.h"
#include "realm.h"

struct observation;

enum finding_kind {
	FINDING_INDICATOR,	/* a feed knows the other side (or this host, for ROLE_INFECTED) */
	FINDING_BEACON,		/* regular calls home */
	FINDING_SENSOR,		/* the sensor itself is impaired */
	FINDING_EVASION,	/* bytes of a stream were sent again, and others */
	FINDING_KINDS
};

enum severity { SEVERITY_CRITICAL = 1, SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW };

enum { BEACON_PEERS_MAX = 16 };

/* What a beacon finding rests on. */
struct beacon_numbers {
	double score;			/* 0..1 */
	double interval_sec;		/* median gap */
	double spread;			/* (75 % - 25 % quantile of the gaps) / median */
	uint32_t contacts;		/* since the first */
	uint32_t first_alert_contact;	/* count at which the score crossed the line; 0: never */
	int64_t first_ns, last_ns;
	unsigned peers;			/* used of `peer`: distinct addresses, latest first */
	struct addr peer[BEACON_PEERS_MAX];
};

struct finding {
	enum finding_kind kind;
	int64_t ts_ns;			/* of the observation that caused it */
	int64_t first_ns;		/* of the first observation that it rests on */
	struct realm realm;
	struct addr host;		/* whom we watch over */
	struct addr peer;
	uint16_t host_port, peer_port;
	uint8_t protocol;
	const char *service;		/* name of the peer; "" when there is none */
	const char *subject;		/* what makes it one incident: the indicator's value, the service */
	const char *reason;		/* one sentence */
	enum severity severity;
	const struct indicator *indicator;	/* FINDING_INDICATOR */
	const struct beacon_numbers *beacon;	/* FINDING_BEACON */
	const struct observation *because;	/* the last observation; NULL for FINDING_SENSOR */
};

typedef void finding_fn(void *to, const struct finding *f);

#endif
