#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

/* Zeroed, and what stands there stays when the pages become others. */
static void
try_way(size_t bytes, void (*way)(void *p, size_t bytes))
{
	uint8_t *p = pages_new(bytes);
	size_t at;

	assert_non_null(p);
	assert_int_equal(p[0] | p[bytes - 1], 0);
	for (at = 0; at < bytes; at += 5000)
		p[at] = (uint8_t)(at / 5000 + 1);
	way(p, bytes);
	for (at = 0; at < bytes; at++)
		if (p[at] != (at % 5000 == 0 ? (uint8_t)(at / 5000 + 1) : 0))
			fail_msg("byte %zu of %zu", at, bytes);
	pages_free(p, bytes);
}

static void
try_size(size_t bytes)
{
	try_way(bytes, pages_enlarge);
	try_way(bytes, pages_fill);
}

static void
test_sizes(void **state)
{
	(void)state;
	try_size(1);
	try_size(100000);
	try_size((size_t)1 << 20);
	try_size(((size_t)2 << 20) + 1);
	try_size((size_t)5 << 20);
	try_size((size_t)9 << 20);
	pages_free(NULL, 1);
	pages_free(NULL, (size_t)5 << 20);
}

/* From the beginning to the end in uneven steps: there is always enough, and what stands there stays. */
static void
try_growth(size_t bytes)
{
	uint8_t *p = pages_new(bytes);
	size_t taken = 0, at;

	assert_non_null(p);
	for (at = 0; at < bytes; at += 3001) {
		if (at + 1 > taken)
			pages_grow(p, bytes, &taken, at + 1);
		assert_true(taken > at && taken <= bytes);
		assert_int_equal(p[at], 0);
		p[at] = (uint8_t)(at % 251);
	}
	for (at = 0; at < bytes; at += 3001)
		assert_int_equal(p[at], at % 251);
	pages_free(p, bytes);
}

static void
test_growth(void **state)
{
	(void)state;
	try_growth(1);
	try_growth(100000);
	try_growth((size_t)1 << 20);
	try_growth(((size_t)7 << 20) + 1);
}

/* What was allocated before, between and behind stays what it is, and nothing is handed out twice. */
static void
test_a_heap_that_grows(void **state)
{
	enum { PIECES = 1000, BYTES = 5000 };
	static uint8_t *piece[PIECES];
	struct pages_heap heap;
	unsigned i, k;

	(void)state;
	pages_heap_begin(&heap);
	for (i = 0; i < PIECES; i++) {
		assert_non_null(piece[i] = malloc(BYTES));
		memset(piece[i], (int)(i % 251), BYTES);
		if (i % 100 == 0)
			pages_heap_fill(&heap);
	}
	for (i = 0; i < PIECES; i++)
		for (k = 0; k < BYTES; k += 100)
			assert_int_equal(piece[i][k], i % 251);
	for (i = 0; i < PIECES; i++)
		free(piece[i]);
	pages_heap_fill(&heap);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_a_heap_that_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
