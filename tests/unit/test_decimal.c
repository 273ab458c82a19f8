#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

static void
check(double d, unsigned places)
{
	char text[DECIMAL_TEXT_MAX], expected[DECIMAL_TEXT_MAX];

	snprintf(expected, sizeof expected, "%.*f", (int)places, d);
	assert_int_equal(decimal_text(d, places, text), strlen(expected));
	assert_string_equal(text, expected);
}

static void
test_as_printf_writes_it(void **state)
{
	static const double odd[] = { 0, -0.0, 0.5, 1.5, 2.5, -0.5, 0.05, 0.25, 0.125, 0.0005, -0.0004, 9.9995, 99.95, 999.5, 1e9, 1e15,
		1e300, 4294967296.5, INFINITY, -INFINITY, NAN };
	unsigned places;
	size_t i;

	(void)state;
	for (places = 0; places <= DECIMAL_PLACES_MAX; places++)
		for (i = 0; i < sizeof odd / sizeof *odd; i++)
			check(odd[i], places);
}

/* Drawn ones of all sizes, and those that lie between two decimals or as near as can be. */
static void
test_near_the_middle(void **state)
{
	uint64_t random = 1;
	double d, middle;
	unsigned places;
	int i;

	(void)state;
	for (i = 0; i < 40000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		places = (unsigned)i % (DECIMAL_PLACES_MAX + 1);
		d = ldexp((double)(int64_t)random, -(i % 60 + 20));
		middle = (floor(d * pow(10, places)) + 0.5) / pow(10, places);
		check(d, places);
		check(middle, places);
		check(nextafter(middle, -INFINITY), places);
		check(nextafter(middle, INFINITY), places);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_printf_writes_it), cmocka_unit_test(test_near_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
