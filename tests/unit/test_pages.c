#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
