/*
 * decimal.h - numbers with a few places, as "%.*f" of printf(3) writes them.
 *
 * printf(3) calculates exactly: 1,500 instructions a number. This takes 50 where it cannot matter.
 */
#ifndef SENSOR_BASE_DECIMAL_H
#define SENSOR_BASE_DECIMAL_H

#include <stddef.h>

enum { DECIMAL_TEXT_MAX = 32, DECIMAL_PLACES_MAX = 3 };

/* → buf, cut there. Returns its length. */
size_t decimal_text(double d, unsigned places, char buf[DECIMAL_TEXT_MAX]);

#endif
