/*
 * suppress.h - what an operator does not want to be told, and until when.
 *
 * A rule names a host, a service, an indicator or a detection; all that it
 * names must be so. What it holds back opens no alert and is no part of any
 * other conclusion; it is counted for each rule. A rule ends with its day: the
 * first finding that it would have held back after that is told in the log.
 * Time is packet time. No I/O but the log.
 */
#ifndef SENSOR_ALERT_SUPPRESS_H
#define SENSOR_ALERT_SUPPRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "finding.h"

enum { SUPPRESS_MAX = 256 };

/* As it is written; "" where a rule does not say. No pointers: it lies in shared memory. */
struct suppress_rule {
	char host[ADDR_TEXT_MAX + 8];	/* address or CIDR */
	char service[256];		/* a name and all beneath it, an address or CIDR of the peer, or a subject as alerts have it */
	char indicator[512];		/* its value */
	char rule[64];			/* signature number, name of a behaviour, or kind */
	char reason[192];		/* required */
	char until[16];			/* its last day, "2026-12-31", or "never"; required */
};

struct suppress_set {
	uint32_t count;
	struct suppress_rule rule[SUPPRESS_MAX];
};

struct suppress_counts {
	uint64_t held;			/* findings */
	uint64_t hits[SUPPRESS_MAX];	/* of them, by rule */
	bool expired[SUPPRESS_MAX];	/* would have held something back after its end */
};

/* NULL: it is well; else which member is not, and in `expected` what was. */
const char *suppress_rule_fault(const struct suppress_rule *r, const char **expected);

/* Has its last day passed? `now_sec`: since 1970. */
bool suppress_is_over(const struct suppress_rule *r, int64_t now_sec);

struct suppress;

/* Rules that are not well hold nothing back. NULL: no memory. */
struct suppress *suppress_new(const struct suppress_rule *rules, unsigned count);
void suppress_free(struct suppress *s);		/* NULL is fine */

/* True: it is held back by the first rule that fits. */
bool suppress_finding(struct suppress *s, const struct finding *f);

const struct suppress_counts *suppress_counts(const struct suppress *s);

#endif
