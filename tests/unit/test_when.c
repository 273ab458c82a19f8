/* Times as text, against the C library's calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/when.h"

static void
expect(int64_t ns)
{
	int64_t rest = ns % NS_PER_SEC + (ns % NS_PER_SEC < 0 ? NS_PER_SEC : 0), sec = ns / NS_PER_SEC - (ns % NS_PER_SEC < 0);
	char wanted[WHEN_TEXT_MAX + 8], whole[2 * WHEN_TEXT_MAX], text[WHEN_TEXT_MAX];
	time_t t = (time_t)sec;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(whole, sizeof whole, "%s.%06uZ", wanted, (unsigned)(rest / 1000) % 1000000);
	assert_string_equal(when_rfc3339(ns, text), whole);
	memcpy(strchr(whole, 'Z'), "+0000", 6);
	assert_string_equal(when_eve(ns, text), whole);
}

/* Every day that 64 bits of nanoseconds can tell, at another time of each. */
static void
test_every_day(void **state)
{
	int64_t day, most = INT64_MAX / NS_PER_SEC / 86400;

	(void)state;
	for (day = -most; day < most; day++)
		expect((day * 86400 + (day * 7919 % 86400 + 86400) % 86400) * NS_PER_SEC + (day * 104729 % NS_PER_SEC + NS_PER_SEC) % NS_PER_SEC);
}

static void
test_edges(void **state)
{
	static const int64_t sec[] = { 0, -1, 1, 86399, 86400, -86400, -86401, 68169599, 68169600, 951782399, 951782400, 951868799,
		951868800, 4107542399, 4107542400, -2203891201, -2203891200 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof sec / sizeof *sec; i++) {
		expect(sec[i] * NS_PER_SEC);
		expect(sec[i] * NS_PER_SEC - 1);
		expect(sec[i] * NS_PER_SEC + 999999999);
	}
	expect(INT64_MAX);
	expect(INT64_MIN + 1);
}

static void
test_and_back(void **state)
{
	int64_t ns = 1779271212123456000, back;
	char text[WHEN_TEXT_MAX];

	(void)state;
	when_rfc3339(ns, text);
	assert_true(when_parse(text, strlen(text), 0, &back));
	assert_int_equal(back, ns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
