/* Pauses between deaths: none, one second, twice as long each time, up to a bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/when.h"
#include "system/back_off.h"

static void
test_first_death_needs_no_pause(void **state)
{
	struct back_off b = { 0 };

	(void)state;
	assert_true(back_off_over(&b, 1));
	back_off_started(&b, 100 * NS_PER_SEC);
	back_off_failed(&b, 100 * NS_PER_SEC + 1);
	assert_true(back_off_over(&b, 100 * NS_PER_SEC + 1));
}

static void
test_pauses_double_to_the_bound(void **state)
{
	static const int64_t expected_sec[] = { 0, 1, 2, 4, 5, 5 };
	struct back_off b = { .most_ms = 5000 };
	int64_t now_ns = 100 * NS_PER_SEC;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof expected_sec / sizeof *expected_sec; i++) {
		back_off_started(&b, now_ns);
		back_off_failed(&b, now_ns);
		assert_true(back_off_over(&b, now_ns + expected_sec[i] * NS_PER_SEC));
		if (expected_sec[i] > 0)
			assert_false(back_off_over(&b, now_ns + expected_sec[i] * NS_PER_SEC - 1));
		now_ns += expected_sec[i] * NS_PER_SEC;
	}
}

static void
test_thirty_seconds_unless_told(void **state)
{
	struct back_off b = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 12; i++)
		back_off_failed(&b, 10 * NS_PER_SEC);
	assert_false(back_off_over(&b, 40 * NS_PER_SEC - 1));
	assert_true(back_off_over(&b, 40 * NS_PER_SEC));
}

static void
test_long_life_is_forgiven(void **state)
{
	struct back_off b = { 0 };
	int i;

	(void)state;
	for (i = 0; i < 5; i++)
		back_off_failed(&b, NS_PER_SEC);
	back_off_started(&b, 100 * NS_PER_SEC);
	back_off_failed(&b, 200 * NS_PER_SEC);
	assert_true(back_off_over(&b, 200 * NS_PER_SEC));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_death_needs_no_pause),
		cmocka_unit_test(test_pauses_double_to_the_bound),
		cmocka_unit_test(test_thirty_seconds_unless_told),
		cmocka_unit_test(test_long_life_is_forgiven),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
