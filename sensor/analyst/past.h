/*
 * past.h - the history's snapshot as the analyst reads it: a file that the
 * keeper writes, mapped read-only, opened anew when there is a new one.
 */
#ifndef SENSOR_ANALYST_PAST_H
#define SENSOR_ANALYST_PAST_H

#include "config/config.h"
#include "novelty.h"

struct past;

struct past *past_new(const struct config *config);	/* knows nothing yet; NULL: no memory */
void past_free(struct past *p);				/* NULL is fine */

/* The snapshot as it lies there now. What cannot be read says nothing. */
void past_read(struct past *p);

/* A novelty_fn. `past` may be NULL. */
void past_ask(void *past, const struct novelty_question *q, struct novelty *out);

#endif
