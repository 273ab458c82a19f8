/* The builder's set of numbers by hash: what was added is found, equal hashes in order, whatever waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "indicators/slots.h"

/* All numbers under a hash, as "3 7 9". */
static const char *
under(const struct slots *s, uint32_t hash, char buf[256])
{
	struct slots_walk walk = slots_find(s, hash);
	uint32_t number;
	size_t used = 0;

	buf[0] = '\0';
	while ((number = slots_next(s, hash, &walk)) != SLOTS_NONE && used < 240)
		used += (size_t)snprintf(buf + used, 256 - used, "%s%u", used > 0 ? " " : "", number);
	return buf;
}

static void
nothing_is_there(void **state)
{
	struct slots s;
	char buf[256];

	(void)state;
	slots_init(&s);
	assert_string_equal(under(&s, 7, buf), "");
	assert_int_equal(slots_add(&s, 7, 1), 0);
	assert_string_equal(under(&s, 8, buf), "");
	slots_clear(&s);
	assert_string_equal(under(&s, 7, buf), "");
}

/* Equal ones before and after the table grew, some of them still waiting. */
static void
equal_hashes_keep_their_order(void **state)
{
	struct slots s;
	char buf[256];
	uint32_t n;

	(void)state;
	slots_init(&s);
	for (n = 0; n < 5000; n++)
		assert_int_equal(slots_add(&s, n % 1000 == 0 ? 0xfffffff0u : n * 2654435761u, n), 0);
	assert_int_equal(slots_add(&s, 0xfffffff0u, 5000), 0);
	assert_string_equal(under(&s, 0xfffffff0u, buf), "0 1000 2000 3000 4000 5000");
	slots_empty(&s);
	assert_string_equal(under(&s, 0xfffffff0u, buf), "");
	assert_int_equal(slots_add(&s, 0xfffffff0u, 9), 0);
	assert_string_equal(under(&s, 0xfffffff0u, buf), "9");
	slots_clear(&s);
}

/* After every addition all that were added are found, and nothing else is. */
static void
each_is_found_at_any_time(void **state)
{
	struct slots s;
	uint32_t n, k;

	(void)state;
	slots_init(&s);
	for (n = 0; n < 300; n++) {
		assert_int_equal(slots_add(&s, n * 2654435761u, n), 0);
		for (k = 0; k < 400; k++) {
			struct slots_walk walk = slots_find(&s, k * 2654435761u);

			assert_int_equal(slots_next(&s, k * 2654435761u, &walk), k <= n ? k : SLOTS_NONE);
		}
	}
	slots_clear(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_there),
		cmocka_unit_test(equal_hashes_keep_their_order),
		cmocka_unit_test(each_is_found_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
