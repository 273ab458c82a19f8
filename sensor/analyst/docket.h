/*
 * docket.h - findings on their way to alerts, by way of the host's case: a
 * finding is noted in the case first, so that its alert can say to which it
 * belongs. Part of the analyst.
 */
#ifndef SENSOR_ANALYST_DOCKET_H
#define SENSOR_ANALYST_DOCKET_H

#include "cases/cases.h"
#include "config/advice.h"
#include "config/config.h"
#include "record.h"

struct docket;

/* Both are borrowed. NULL: no memory. */
struct docket *docket_new(const struct config *config, struct alerts *alerts);
void docket_free(struct docket *d);	/* NULL is fine */

/* What to do next about each malware; borrowed. */
void docket_set_advice(struct docket *d, const struct advice *advice);

void docket_take(struct docket *d, const struct finding *f);

/* An OBSERVE_IDENTITY. */
void docket_identity(struct docket *d, const struct observation *o);

/*
 * An alert on its way out → *told: with its case, and a case with its story,
 * which is valid until the next call. Returns how it is to be written.
 */
enum record_kind docket_alert(struct docket *d, const struct alert *a, struct alert *told);

/* To be saved and loaded. */
struct cases *docket_cases(const struct docket *d);

const struct case_counts *docket_counts(const struct docket *d);

#endif
