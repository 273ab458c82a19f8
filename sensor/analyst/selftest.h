/*
 * selftest.h - a conversation that nobody has: `hansho selftest` puts it on the
 * interface, and the running sensor tells how far it got.
 *
 * Its ends are addresses set aside for documentation (RFC 5737), its name one
 * that cannot exist (RFC 2606). Only a live sensor knows it as an indicator. What
 * it brings makes no contact, no beacon, no record; its alert says what it is.
 */
#ifndef SENSOR_ANALYST_SELFTEST_H
#define SENSOR_ANALYST_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "finding.h"
#include "observation.h"

#define SELFTEST_NAME "hansho-selftest.example"
#define SELFTEST_SUBJECT "self-test"
enum { SELFTEST_PORT = 80, SELFTEST_RUN_DIGITS = 16, SELFTEST_FRAME_MAX = 256 };

/* How far the latest one got. */
struct selftest_state {
	uint64_t flow_id;
	uint64_t run;			/* its number; 0: none yet whose request was understood */
	int64_t captured_ns, understood_ns;	/* packet times: of its first packet; of its request */
	uint64_t packets;		/* of the conversation, when the request was understood */
	uint64_t contact, matched;	/* 1: seen */
	uint64_t journal_number;	/* of its alert's record; 0: not there yet */
};

struct builder;
/* The indicator. */
int selftest_put(struct builder *b);

/* Is this of such a conversation? */
bool selftest_is(const struct observation *o);

/* Notes what an observation of one shows; the first match emits its finding, and that it is over. */
void selftest_take(struct selftest_state *s, const struct observation *o, finding_fn *emit, void *to);

/*
 * The conversation's n-th Ethernet frame, from 0, for a group address that no
 * switch hands on (IEEE 802.1Q, table 8-1). 0 behind the last one.
 */
unsigned selftest_frame(unsigned n, uint64_t run, uint16_t port, uint8_t frame[SELFTEST_FRAME_MAX]);

#endif
