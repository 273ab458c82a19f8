/*
 * words.h - what alerts are called and how they are told, in each language.
 *
 * Behaviours have a table of their own (behaviour/texts.h). Private to alert/.
 */
#ifndef SENSOR_ALERT_WORDS_H
#define SENSOR_ALERT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/language.h"
#include "finding.h"
#include "observation.h"

enum { WORDS_MAX = 1024 };

/* The alert's title. Returns `buf`. */
const char *words_title(const struct finding *f, enum language l, char *buf, size_t size);

/* Why an indicator's match is told; `is_host`: it is the host itself that is listed. Returns `buf`. */
const char *words_indicator(const struct indicator *i, const struct finding *f, bool is_host, enum language l, char *buf,
    size_t size);
/* The same of one that was found in the history: how often, from when to when, and how long before the feed's own first date.
 * `feeds`: names of all that list it, a line each. */
const char *words_retro(const struct observation *match, const struct indicator *i, const char *feeds, enum language l,
    char *buf, size_t size);
/* Which bytes came again. */
const char *words_evasion(const struct observation *seen, enum language l, char *buf, size_t size);
/* What is put behind the reason of a flow in a tunnel. `from`, `to`: NULL where it is not over IP; `number` 0: none. */
const char *words_tunnel(const char *kind, uint32_t number, const char *from, const char *to, enum language l, char *buf,
    size_t size);

/* How a summary tells of what it holds back, and what makes it one incident. Each returns `buf`. */
const char *words_summary(const struct summary_numbers *s, enum language l, char *buf, size_t size);
const char *words_summary_subject(const struct summary_numbers *s, char *buf, size_t size);

#endif
