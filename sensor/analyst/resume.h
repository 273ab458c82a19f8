/*
 * resume.h - an analyst's first look: which incidents did the one before
 * leave open in the journal, and how many had it opened within the hour?
 *
 * Looks back as far as an incident that is still open can have been told
 * last, an hour at least where there are hourly limits, at most RESUME_BYTES. Live only: a replay's journal is its own.
 */
#ifndef SENSOR_ANALYST_RESUME_H
#define SENSOR_ANALYST_RESUME_H

#include "analyst/analyst.h"

#define RESUME_BYTES (512ULL << 20)

/* Before anything else is told. What cannot be read is said, and costs no more. */
void resume_alerts(const char *journal_directory, const struct config *config, struct analyst *a);

#endif
