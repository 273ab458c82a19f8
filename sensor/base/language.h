/*
 * language.h - in which people are told. What is told stands in one table
 * for each stage, a column for each language; see sentence.h.
 */
#ifndef SENSOR_BASE_LANGUAGE_H
#define SENSOR_BASE_LANGUAGE_H

enum language { LANGUAGE_EN, LANGUAGE_JA, LANGUAGES };

#endif
