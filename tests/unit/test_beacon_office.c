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

/* A site that one host alone asks each minute for three quarters of an hour, then once more hours later. */
static void
poll_and_come_back(struct office *o, bool loaded)
{
	static const uint32_t host = 3, site = OFFICE_SITES + 7;
	double at = 36000;
	unsigned i;

	if (loaded)
		office_page(o, at, host, site);
	for (i = 0; i < 45; i++) {
		at += 60 * (1 + .1 * (2 * office_chance(o) - 1));
		office_call(o, at, host, site, office_browser(host), 380, exp(6.5 + .9 * office_normal(o)));
	}
	for (i = 0; i < 8; i++)
		office_call(o, at + 7200 + 900 * i, host, site, office_browser(host), 500, exp(8 + office_normal(o)));
}

/* What a page began stays that page's, whoever comes back to it by hand; what no page began rings. */
static void
test_back_to_an_open_page(void **state)
{
	const struct beacon_limits limits = {
		.max_keys = 100000, .min_contacts = 6, .alert_score = .8, .record_score = .5, .burst_ms = 500,
	};
	static struct office o;
	unsigned seed, loaded;

	(void)state;
	for (seed = 1; seed <= 4; seed++)
		for (loaded = 0; loaded < 2; loaded++) {
			assert_true(office_begin(&o, seed, 15));
			office_people(&o);
			poll_and_come_back(&o, loaded);
			assert_true(office_run(&o, &limits));
			if (loaded ? o.alerts_false > 0 : o.alerts_false == 0)
				fail_msg("seed %u, %s: %u alerts: %s", seed, loaded ? "an open page" : "no page", o.alerts_false, o.wrong);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_working_day), cmocka_unit_test(test_back_to_an_open_page) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
