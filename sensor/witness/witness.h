/*
 * witness.h - flow events and messages in, observations out.
 *
 * Joins what the flow table counts and what the parsers understood, and looks
 * indicators up. A contact is observed once its service has a name (SNI, HTTP
 * host), or when it is clear that it has none: the protocol is unknown, or the
 * flow ended. UDP flows are contacts at their first packet, but
 * for those that await a name (QUIC).
 *
 * Keeps nothing but a flow's service name and what its server calls itself,
 * in its SLOT_WITNESS. No I/O, no clock. One thread only.
 */
#ifndef SENSOR_WITNESS_H
#define SENSOR_WITNESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "flow.h"
#include "indicator.h"
#include "message.h"
#include "observation.h"

struct indicators;

/* How indicators are asked: the functions of indicators.h, given by who joins the stages. */
struct witness_lookup {
	unsigned (*by_peer)(const struct indicators *, const struct addr *, uint16_t, uint32_t *, unsigned);
	unsigned (*by_source)(const struct indicators *, const struct addr *, uint32_t *, unsigned);
	unsigned (*by_domain)(const struct indicators *, struct span, uint32_t *, unsigned);
	unsigned (*by_url)(const struct indicators *, struct span, struct span, uint32_t *, unsigned);
	unsigned (*by_text)(const struct indicators *, enum indicator_type, struct span, uint32_t *, unsigned);
	void (*get)(const struct indicators *, uint32_t, struct indicator *);
};

enum {	/* witness_options.records: which messages are observed as records of their own */
	WITNESS_HTTP = 1, WITNESS_TLS = 2, WITNESS_DNS = 4, WITNESS_FLOW = 8,
	WITNESS_BARE = 16,	/* requests to servers without a name */
	WITNESS_CERTIFICATES = 32,
	WITNESS_FILE = 64	/* what web pages are made of, too */
};

struct witness_options {
	const struct cidr *home;	/* borrowed for the witness's life */
	unsigned home_count;
	int64_t burst_pause_ns;		/* the client spoke after so long: a new contact */
	unsigned records;
	const struct witness_lookup *lookup;
};

struct witness_counts {
	uint64_t observations, contacts, matches;
	uint64_t differing_flows;	/* of which bytes were sent again, and others */
};

struct witness;

struct witness *witness_new(const struct witness_options *options, observation_fn *emit, void *to);
void witness_free(struct witness *w);	/* NULL is fine */

/* From now on `set` is asked (NULL: none). Borrowed. */
void witness_set_indicators(struct witness *w, const struct indicators *set);

/*
 * What is being processed: observations are ordered by it. `deadline_ns`: the
 * timer's, or INT64_MAX when it is the packet itself.
 */
void witness_at(struct witness *w, uint64_t ordinal, enum observation_phase phase,
    int64_t deadline_ns);

void witness_flow_started(struct witness *w, struct flow *f, int64_t ts_ns);

/* The originator sent payload after burst_pause_ns of silence. */
void witness_flow_burst(struct witness *w, struct flow *f, int64_t ts_ns);

/* It is open for so long that this is told. */
void witness_flow_lasts(struct witness *w, struct flow *f, int64_t ts_ns);

/* The originator alone spoke, for long. */
void witness_flow_unanswered(struct witness *w, struct flow *f, int64_t ts_ns);

/* No parser will name this flow's service. */
void witness_flow_unnamed(struct witness *w, struct flow *f);

void witness_message(struct witness *w, struct flow *f, const struct message *m);

/* `from` sent `len` bytes of its stream again, from `offset` on, and they were others. */
void witness_differs(struct witness *w, struct flow *f, int from, uint64_t offset, uint32_t len,
    int64_t ts_ns);

/* Frees SLOT_WITNESS. */
void witness_flow_ended(struct witness *w, struct flow *f, enum flow_end how, int64_t ts_ns);

const struct witness_counts *witness_counts(const struct witness *w);

/* The most that is remembered of one flow's server. */
size_t witness_flow_bytes(void);

#endif
