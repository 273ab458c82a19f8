/*
 * suffix.h - is a name a public suffix ("co.uk"), below which others register?
 *
 * libpsl knows, and needs a microsecond for it: much, for a million names. So
 * the rules of the system's own copy of the list are put into a filter that
 * says "surely none" of nearly all names; the others are asked of libpsl.
 * Without that copy, or with one older than libpsl's own, all are.
 */
#ifndef SENSOR_INDICATORS_SUFFIX_H
#define SENSOR_INDICATORS_SUFFIX_H

#include <stdbool.h>

/* Reads the list, once: before a sandbox is set. */
void suffix_prepare(void);

/* `name`: lower case, as DNS has it, without a dot at its ends. */
bool suffix_is_public(const char *name);

#endif
