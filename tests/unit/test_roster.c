#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/roster.h"

enum { MOST = 300, KEYS = 1000, STEPS = 200000 };

static void
test_order_of_use(void **state)
{
	struct roster r;
	uint32_t a, b, c;

	(void)state;
	assert_true(roster_init(&r, 3));
	a = roster_add(&r, 16);
	b = roster_add(&r, 32);		/* of one bucket */
	c = roster_add(&r, 48);
	assert_int_equal(roster_add(&r, 5), 0);
	assert_int_equal(roster_find(&r, 16), a);
	assert_int_equal(roster_find(&r, 32), b);
	assert_int_equal(roster_find(&r, 64), 0);
	roster_touch(&r, a);
	roster_touch(&r, a);
	assert_int_equal(r.oldest, b);
	assert_int_equal(r.newest, a);
	roster_remove(&r, c);
	assert_int_equal(roster_find(&r, 48), 0);
	assert_int_equal(r.place[b].newer, a);
	roster_remove(&r, b);
	roster_remove(&r, a);
	assert_int_equal(r.oldest, 0);
	assert_int_equal(r.newest, 0);
	assert_int_not_equal(roster_add(&r, 7), 0);
	roster_clear(&r);
}

/* Beside a plain array of when each was used. */
static void
test_like_a_list(void **state)
{
	static uint64_t used[KEYS];	/* 0: not there */
	uint64_t chance = 1, now;
	struct roster r;
	uint32_t at, i, oldest;

	(void)state;
	assert_true(roster_init(&r, MOST));
	for (now = 1; now <= STEPS; now++) {
		uint32_t key;

		chance = chance * 6364136223846793005u + 1442695040888963407u;
		key = (uint32_t)(chance >> 33) % KEYS;
		at = roster_find(&r, key * 7u);
		assert_int_equal(at != 0, used[key] != 0);
		if (at != 0 && chance >> 60 == 0) {
			roster_remove(&r, at);
			used[key] = 0;
			continue;
		}
		if (at != 0)
			roster_touch(&r, at);
		if (at == 0 && r.count == MOST) {
			for (oldest = KEYS, i = 0; i < KEYS; i++)
				if (used[i] != 0 && (oldest == KEYS || used[i] < used[oldest]))
					oldest = i;
			assert_int_equal(r.place[r.oldest].hash, oldest * 7u);
			roster_remove(&r, r.oldest);
			used[oldest] = 0;
		}
		if (at == 0)
			assert_int_not_equal(roster_add(&r, key * 7u), 0);
		used[key] = now;
	}
	roster_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_use), cmocka_unit_test(test_like_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
