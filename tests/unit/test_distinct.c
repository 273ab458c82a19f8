#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/distinct.h"
#include "base/hash.h"

static uint64_t
of_number(uint32_t n)
{
	return hash_bytes(&HASH_FIXED, &n, sizeof n);
}

static void
test_few_are_nearly_exact(void **state)
{
	uint8_t registers[1024] = { 0 };
	uint32_t i;

	(void)state;
	assert_int_equal(distinct_count(registers, 1024), 0);
	for (i = 1; i <= 100; i++) {
		distinct_add(registers, 1024, of_number(i));
		assert_false(distinct_add(registers, 1024, of_number(i)));	/* the same again */
	}
	assert_in_range(distinct_count(registers, 1024), 96, 104);
}

static void
check(unsigned count, uint32_t things, double most)
{
	uint8_t registers[1024] = { 0 };
	uint32_t i;

	for (i = 0; i < things; i++)
		distinct_add(registers, count, of_number(i * 7 + 3));
	assert_in_range(distinct_count(registers, count), (uint64_t)(things * (1 - most)), (uint64_t)(things * (1 + most)));
}

/* Within three standard errors. */
static void
test_many(void **state)
{
	static const uint32_t things[] = { 1000, 5000, 100000, 1000000 };
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof things / sizeof *things; i++) {
		check(64, things[i], .39);
		check(1024, things[i], .1);
	}
}

static void
test_neighbours(void **state)
{
	uint8_t registers[64] = { 0 };
	uint64_t i;

	(void)state;
	for (i = 0; i < 5000; i++)
		distinct_add(registers, 64, i << 20);
	assert_in_range(distinct_count(registers, 64), 3000, 7000);
}

static void
test_the_largest(void **state)
{
	uint8_t registers[64];

	(void)state;
	memset(registers, 0, sizeof registers);
	assert_true(distinct_add(registers, 64, 0));
	assert_true(distinct_add(registers, 64, UINT64_MAX));
	assert_true(distinct_count(registers, 64) >= 1);
	memset(registers, 64, sizeof registers);
	assert_true(distinct_count(registers, 64) > 1000000000ULL);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few_are_nearly_exact),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_the_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
