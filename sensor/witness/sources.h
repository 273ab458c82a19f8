/*
 * sources.h - the same value in several feeds is one indicator: it is known
 * from the earliest to the latest, and better than from each alone.
 */
#ifndef SENSOR_WITNESS_SOURCES_H
#define SENSOR_WITNESS_SOURCES_H

#include "indicator.h"
#include "observation.h"

enum { SOURCES_FEEDS_BYTES = 1024 };

struct sources {
	struct indicator shown;		/* the first, set by you; then the first with the strongest role, and what all know */
	struct indicator next;		/* set by you */
	char feeds[SOURCES_FEEDS_BYTES];
	size_t used;
};

/* `shown` is the only one. */
void sources_begin(struct sources *s);
/* What `next` knows more is added to `shown`. False: it is another thing. */
bool sources_join(struct sources *s);

/* Its fields of a match. */
void sources_put(const struct sources *s, struct observation_buffer *b);

#endif
