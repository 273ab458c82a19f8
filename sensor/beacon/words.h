/*
 * words.h - how a beacon is told, in each language. Private to beacon/.
 */
#ifndef SENSOR_BEACON_WORDS_H
#define SENSOR_BEACON_WORDS_H

#include "beacon/private.h"

enum { BEACON_WORDS_MAX = 1400 };

/* One sentence with its numbers, then a word for each sign. */
void beacon_words(const struct key *k, const struct beacon_numbers *n, const char *subject, enum language l,
    char buf[BEACON_WORDS_MAX]);

#endif
