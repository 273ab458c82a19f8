/*
 * advice.h - what to do next about a malware, for each family.
 *
 * A shipped table (feeds/advice.yaml, compiled in) and an operator's file of
 * the same form over it: an entry wins over the shipped ones that have one of
 * its names. Names are compared by small letters and digits behind the last
 * dot: "Win.Trojan.Heodo" is "heodo". Read before any traffic, then only asked.
 */
#ifndef SENSOR_CONFIG_ADVICE_H
#define SENSOR_CONFIG_ADVICE_H

#include "base/error.h"
#include "behaviour/behaviour.h"

enum { ADVICE_FAMILIES = 256, ADVICE_NAMES = 32, ADVICE_NAME_MAX = 48, ADVICE_STEPS = 12, ADVICE_STEP_BYTES = 400 };

struct advice;

/* `path`: the operator's file, "" for none. SE_USAGE with "PATH:LINE: what, expected what". */
int advice_open(const char *path, struct advice **out, struct fault *fault);
void advice_free(struct advice *a);	/* NULL is fine */

/*
 * The steps for this family, by any of its names, in their order; those of
 * `any` when it has no entry (or is NULL or ""), and English ones where the
 * language is missing. Returns how many; *steps live as long as the table.
 */
unsigned advice_for(const struct advice *a, const char *family, enum language l, const char *const **steps);

/* The entry's own name: "Heodo" → "Emotet". NULL: the family has no entry of its own. */
const char *advice_family(const struct advice *a, const char *family);

#endif
