/*
 * words.h - how a beacon is told, in each language. Private to beacon/.
 */
#ifndef SENSOR_BEACON_WORDS_H
#define SENSOR_BEACON_WORDS_H

#include "finding.h"

/* One sentence with its numbers, then a word for each sign. */
finding_words_fn beacon_words;

#endif
