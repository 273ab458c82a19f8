/* Zones: what the list of public suffixes makes of a name, asked for the first time and again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libpsl.h>

#include "base/suffix.h"
#include "base/zone.h"

static void
assert_zone(const char *name, const char *zone)
{
	struct span found = zone_of(span_text(name));

	if (zone == NULL ? found.left != 0 : !span_equal(found, span_text(zone)))
		fail_msg("%s: %.*s", name, (int)found.left, found.left > 0 ? (const char *)found.at : "");
}

static void
test_rules(void **state)
{
	unsigned twice;

	(void)state;
	for (twice = 0; twice < 2; twice++) {
		assert_zone("example.com", "example.com");
		assert_zone("a.b.example.com", "example.com");
		assert_zone("a.b.example.co.uk", "example.co.uk");
		assert_zone("co.uk", NULL);
		assert_zone("com", NULL);
		assert_zone("x.y.nowhere", "y.nowhere");	/* no rule: the last label is one */
		assert_zone("a.www.ck", "www.ck");		/* an exception of "*.ck" */
		assert_zone("a.b.c.ck", "b.c.ck");
		assert_zone(".example.com", NULL);
		assert_zone("printer.local", NULL);
		assert_zone("", NULL);
	}
}

/* Many names, so that places are taken over by others and the list is read, against libpsl's own walk. */
static void
test_like_the_library(void **state)
{
	static const char *const ends[] = { "com", "co.jp", "kobe.jp", "city.kobe.jp", "github.io", "s3.amazonaws.com",
		"amazonaws.com", "blogspot.com", "uk", "nowhere", "xn--p1ai", "kawasaki.jp", "compute.amazonaws.com" };
	char name[128];
	const char *expected;
	unsigned n;

	(void)state;
	for (n = 0; n < 120000; n++) {
		if (n == 60000)
			suffix_prepare();
		snprintf(name, sizeof name, "%sh%u.%s", n % 3 == 0 ? "a.b." : n % 3 == 1 ? "w." : "", n * 7919 % 20011,
		    ends[n % (sizeof ends / sizeof ends[0])]);
		expected = psl_registrable_domain(psl_builtin(), name);
		assert_zone(name, expected);
	}
}

/* Names as nobody writes them are taken apart as before the list was read. */
static void
test_odd_names(void **state)
{
	(void)state;
	assert_zone("a..com", "a..com");
	assert_zone("x.a..com", "a..com");
	assert_zone("x...com", "..com");
	assert_zone("a.b.xn--55qx5d.cn", "b.xn--55qx5d.cn");
	assert_zone("com.com", "com.com");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_odd_names),
		cmocka_unit_test(test_like_the_library),
		cmocka_unit_test(test_odd_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
