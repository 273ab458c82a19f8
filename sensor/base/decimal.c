#include "base/decimal.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static size_t
print(double d, unsigned places, char buf[DECIMAL_TEXT_MAX])
{
	int len = snprintf(buf, DECIMAL_TEXT_MAX, "%.*f", (int)places, d);

	return len < DECIMAL_TEXT_MAX ? (size_t)len : DECIMAL_TEXT_MAX - 1;
}

size_t
decimal_text(double d, unsigned places, char buf[DECIMAL_TEXT_MAX])
{
	static const double scales[DECIMAL_PLACES_MAX + 1] = { 1, 10, 100, 1000 };
	char text[DECIMAL_TEXT_MAX], *at = text + sizeof text;
	double scaled = fabs(d) * scales[places], rest;
	uint64_t n;
	unsigned i;
	size_t len;

	/* Where it lies nearly between two of them only all its digits tell which is nearer. */
	if (!(scaled < 1e9) || fabs((rest = scaled - (double)(uint64_t)scaled) - 0.5) < 1e-3)
		return print(d, places, buf);
	n = (uint64_t)scaled + (rest > 0.5);
	for (i = 0; i <= places || n > 0; i++) {
		if (i == places && places > 0)
			*--at = '.';
		*--at = (char)('0' + n % 10);
		n /= 10;
	}
	if (signbit(d))
		*--at = '-';
	len = (size_t)(text + sizeof text - at);
	memcpy(buf, at, len);
	buf[len] = '\0';
	return len;
}
