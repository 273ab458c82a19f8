/*
 * words.h - what alerts are called and how they are told, in each language.
 *
 * Behaviours have a table of their own (behaviour/texts.h). Private to alert/.
 */
#ifndef SENSOR_ALERT_WORDS_H
#define SENSOR_ALERT_WORDS_H

#include <stddef.h>

#include "base/language.h"
#include "finding.h"

enum { WORDS_MAX = 1024 };

/* The alert's title. Returns `buf`. */
const char *words_title(const struct finding *f, enum language l, char *buf, size_t size);

/* How a summary tells of what it holds back, and what makes it one incident. Each returns `buf`. */
const char *words_summary(const struct summary_numbers *s, enum language l, char *buf, size_t size);
const char *words_summary_subject(const struct summary_numbers *s, char *buf, size_t size);

#endif
