/* Steps up while there are losses, steps down one by one when there are none; a single loss among many frames is no overload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/when.h"
#include "health/overload.h"

static const struct overload_limits limits = { .drop_percent = 1, .ring_percent = 50, .calm_sec = 5 };
static struct overload o;
static int64_t now;

static enum shed
second(uint64_t seen, uint64_t dropped, uint64_t ring)
{
	now += NS_PER_SEC;
	overload_note(&o, seen / 2, dropped / 2);
	overload_note(&o, seen - seen / 2, dropped - dropped / 2);
	return overload_look(&o, ring, 1000, now);
}

static void
begin(const struct overload_limits *l)
{
	now = 100 * NS_PER_SEC;
	overload_init(&o, l, now);
}

static void
test_steps(void **state)
{
	int i;

	(void)state;
	begin(&limits);
	for (i = 0; i < 100; i++)
		assert_int_equal(second(10000, 99, 499), SHED_NOTHING);
	assert_int_equal(second(10000, 100, 0), SHED_BODIES);
	assert_int_equal(second(10000, 100, 0), SHED_STREAMS);
	assert_int_equal(second(10000, 100, 0), SHED_PARSING);
	assert_int_equal(second(10000, 9000, 0), SHED_PARSING);
	for (i = 0; i < 4; i++)
		assert_int_equal(second(10000, 0, 0), SHED_PARSING);
	assert_int_equal(second(10000, 0, 0), SHED_STREAMS);
	for (i = 0; i < 4; i++)
		assert_int_equal(second(10000, 0, 0), SHED_STREAMS);
	/* Losses again: up, and the time begins anew. */
	assert_int_equal(second(10000, 500, 0), SHED_PARSING);
	for (i = 0; i < 15; i++)
		second(10000, 0, 0);
	assert_int_equal(o.level, SHED_NOTHING);
}

static void
test_ring(void **state)
{
	(void)state;
	begin(&limits);
	assert_int_equal(second(10000, 0, 499), SHED_NOTHING);
	assert_int_equal(second(10000, 0, 500), SHED_BODIES);
}

static void
test_never(void **state)
{
	const struct overload_limits off = { 0, 50, 5 }, no_ring = { 1, 0, 5 };

	(void)state;
	begin(&off);
	assert_int_equal(second(10000, 10000, 1000), SHED_NOTHING);
	begin(&no_ring);
	assert_int_equal(second(10000, 0, 1000), SHED_NOTHING);
	/* From a few frames nothing is concluded. */
	begin(&limits);
	assert_int_equal(second(50, 50, 0), SHED_NOTHING);
	/* Within a second nothing changes. */
	overload_note(&o, 10000, 10000);
	assert_int_equal(overload_look(&o, 1000, 1000, now + NS_PER_SEC / 2), SHED_NOTHING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps), cmocka_unit_test(test_ring), cmocka_unit_test(test_never) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
