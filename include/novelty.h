/*
 * novelty.h - had the house called this service before?
 *
 * Asked by detectors, answered by the engine from the history's snapshot
 * (history/known.h): no stage reads the history itself.
 */
#ifndef HANSHO_NOVELTY_H
#define HANSHO_NOVELTY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"
#include "realm.h"

struct novelty {
	bool known;		/* the history covers enough days of this host's network to say anything */
	bool never;		/* no host of the house had called the service */
	uint32_t days;		/* before that time, on which contacts of this network were seen: the answer rests on so many */
	uint32_t since_days;	/* not `never`: the first call was so many days before */
};

/* What is asked about: by name or, where `name` is empty, by address. */
struct novelty_question {
	const struct realm *realm;
	const struct addr *host, *peer;
	struct span name;
	uint16_t port;
	uint8_t protocol;
	int64_t before_ns;	/* days before this one count: the first of the contacts in question */
};

/* Fills `out`; known is false where there is no history. */
typedef void novelty_fn(void *to, const struct novelty_question *q, struct novelty *out);

#endif
