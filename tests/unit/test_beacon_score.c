#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "beacon/nth.h"
#include "beacon/score.h"
#include "chance.h"

enum { ROUNDS = 20000, NUMBERS = 16 };

/* From a clock to dice, with beats that are missed and beats of several contacts. */
static unsigned
draw_gaps(unsigned round, float *gaps)
{
	unsigned n = 5 + round % (SCORE_GAPS_MAX - 4), i;
	double jitter = chance(), missed = round % 3 == 0 ? .4 : 0;

	for (i = 0; i < n; i++) {
		gaps[i] = (float)(.5 + (round % 2 == 0 ? -100 * log(1 - chance()) : 60 * (1 - jitter * chance())));
		while (chance() < missed)
			gaps[i] += (float)(60 * (1 - jitter * chance()));
		if (round % 5 == 0 && i % 3 != 2)
			gaps[i] = (float)(1 + chance());
	}
	return n;
}

static void
assert_same(const struct score_verdict *a, const struct score_verdict *b)
{
	assert_true(!(a->strength < b->strength) && !(a->strength > b->strength));
	assert_true(!(a->raw < b->raw) && !(a->raw > b->raw));
	assert_true(!(a->period_sec < b->period_sec) && !(a->period_sec > b->period_sec));
	assert_true(!(a->width < b->width) && !(a->width > b->width));
	assert_int_equal(a->inside, b->inside);
	assert_int_equal(a->of, b->of);
	assert_int_equal(a->folded, b->folded);
	assert_int_equal(a->clustered, b->clustered);
}

/* What is stronger than what was known is found as if nothing had been known; the rest is not. */
static void
test_beyond_what_is_known(void **state)
{
	struct score_table table;
	struct score_verdict all, beyond;
	float gaps[SCORE_GAPS_MAX], copy[SCORE_GAPS_MAX];
	unsigned round, n, stronger = 0, weaker = 0;
	double known;

	(void)state;
	score_prepare(&table);
	for (round = 0; round < ROUNDS; round++) {
		n = draw_gaps(round, gaps);
		memcpy(copy, gaps, sizeof gaps);
		score_gaps(&table, gaps, n, .5f, &all);
		known = round % 4 == 0 ? all.strength - .001 : round % 4 == 1 ? all.strength + .001 : chance() * 30 - 1;
		score_gaps_beyond(&table, copy, n, .5f, known, &beyond);
		if (all.strength > known) {
			assert_same(&all, &beyond);
			stronger++;
		} else {
			assert_true(beyond.strength <= fmax(known, 0));
			weaker++;
		}
	}
	assert_true(stronger > ROUNDS / 4 && weaker > ROUNDS / 4);
}

static int
compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

static void
test_nth_of_a_few(void **state)
{
	int32_t number[NUMBERS], sorted[NUMBERS];
	unsigned round, n, i, kinds;

	(void)state;
	for (round = 0; round < ROUNDS; round++) {
		n = 1 + round % NUMBERS;
		kinds = round % 3 == 0 ? 3 : 1000000;
		for (i = 0; i < NUMBERS; i++)
			number[i] = i < n ? (int32_t)(chance() * kinds) - (int32_t)kinds / 2 : INT32_MAX;
		if (round % 7 == 0)
			number[0] = round % 2 == 0 ? INT32_MAX : INT32_MIN;
		memcpy(sorted, number, sizeof sorted);
		qsort(sorted, n, sizeof *sorted, compare);
		for (i = 0; i < n; i++)
			assert_int_equal(nth_of(number, NUMBERS, n, i), sorted[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beyond_what_is_known),
		cmocka_unit_test(test_nth_of_a_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
