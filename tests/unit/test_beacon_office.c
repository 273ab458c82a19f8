#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "office.h"

/* Beacons of ten shapes in a working day: all ring, and neither pollers, pages left open nor people do. */
static void
test_a_working_day(void **state)
{
	const struct beacon_limits limits = {
		.max_keys = 100000, .min_contacts = 6, .alert_score = .8, .record_score = .5, .burst_ms = 500,
	};
	static struct office o;
	unsigned i, seed;

	(void)state;
	for (seed = 1; seed <= 2; seed++) {
		assert_true(office_day(&o, &limits, seed, 40, 20));
		if (o.alerts_false > 0)
			fail_msg("seed %u, a false alert: %s", seed, o.wrong);
		for (i = 0; i < OFFICE_BEACONS; i++)
			if (o.first_alert[i] == 0)
				fail_msg("seed %u: beacon of shape %u does not ring", seed, i);
		assert_true(office_precision(&o) > .95);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_working_day) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
