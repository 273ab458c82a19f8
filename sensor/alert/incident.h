/*
 * incident.h - one open incident: what it was told, in memory of its own.
 *
 * Findings borrow their texts; an incident outlives them. Texts are bounded
 * (see incident.c), a longer one is cut. Private to alert/.
 */
#ifndef SENSOR_ALERT_INCIDENT_H
#define SENSOR_ALERT_INCIDENT_H

#include "alert.h"
#include "alert/alerts.h"
#include "alert/former.h"
#include "base/table.h"
#include "observation.h"

enum { INCIDENT_FLOWS = 8, SIGNATURE_TEXT_MAX = 192, PEER_NAME_MAX = 256 };

/* Keyed hashes of the subject, and of kind, realm and host: nobody can make two incidents meet. */
struct incident_key {
	uint64_t subject, whose;
};

struct counted_flow {
	uint64_t id, out, in;
};

struct incident_case {
	struct case_numbers numbers;	/* points into what follows */
	struct case_stage_seen stage[CASE_STAGES];
};

struct incident {
	UT_hash_handle hh;		/* in the order of opening */
	struct incident_key key;
	const struct alert_limits *limits;
	struct incident *idler, *busier;	/* by the time of the last finding */
	int64_t deadline_ns;
	int64_t heard_ns;		/* when the latest finding came, which may be about something before */
	uint64_t order;			/* of opening */
	size_t place;			/* among the deadlines */

	struct alert alert;
	struct finding finding;		/* points into what follows */
	struct indicator indicator;
	struct beacon_numbers beacon;
	struct behaviour_numbers *behaviour;
	struct incident_case *cased;
	struct summary_numbers *summary;
	char *texts;
	char *former;			/* see alert.former */
	struct observation *because;
	size_t because_room;
	struct host_identity identity;	/* points into identity_texts */
	char *identity_texts;
	char signature[SIGNATURE_TEXT_MAX], peer_name[PEER_NAME_MAX], held_by[ALERT_ID_TEXT];

	bool changed;			/* since the last revision was let out */
	/* Bytes of the flows it rests on: the latest ones may still grow, the sums hold all. */
	struct counted_flow flow[INCIDENT_FLOWS];
	unsigned next_flow;
};

struct incident_key incident_key(const struct finding *f, enum alert_same same);

/* NULL: no memory. The alert has its id and times; nothing is counted yet. `limits` is borrowed. */
struct incident *incident_new(const struct finding *f, const struct alert_limits *limits);
/* One of an analyst that died, as `line` told it. */
struct incident *incident_again(const struct former *f, const char *line, const struct alert_limits *limits);
void incident_free(struct incident *i);	/* NULL is fine */

/* One more finding. True: it is worse than all before, or a case came to a further stage. */
bool incident_fold(struct incident *i, const struct finding *f);

/* Before it is told: title and technique of its latest finding. One of an analyst that died keeps those of its line. */
void incident_entitle(struct incident *i);

/* What DNS called the peer; "" for nothing. */
void incident_call_peer(struct incident *i, const char *name);

/* Whose the host's address is now. A copy is kept; without memory the one before. */
void incident_identify(struct incident *i, const struct host_identity *identity);

/* The most that one costs. */
size_t incident_bytes(void);

#endif
