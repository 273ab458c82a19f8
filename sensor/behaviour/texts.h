/*
 * texts.h - what behaviours are called and how they are told, in each language.
 *
 * The pieces of a sentence (base/sentence.h) are those of the evidence. One
 * that is one of a few words is told in the language's own word.
 */
#ifndef SENSOR_BEHAVIOUR_TEXTS_H
#define SENSOR_BEHAVIOUR_TEXTS_H

#include <stddef.h>

#include "behaviour/behaviour.h"

struct behaviour_text {
	const char *name;			/* of the output's contract */
	const char *title[LANGUAGES];
	const char *sentence[LANGUAGES];
};

extern const struct behaviour_text behaviour_texts[];
extern const size_t behaviour_texts_count;

/* The sentence of `n` → buf, cut at a whole character. Returns `buf`. */
const char *texts_sentence(const struct behaviour_text *t, enum language l,
    const struct behaviour_numbers *n, char *buf, size_t size);

/* "Too many hosts at once": about the sensor's own configuration. Returns `buf`. */
const char *texts_flood(const struct behaviour_text *t, enum language l, uint32_t hosts, char *buf, size_t size);

#endif
