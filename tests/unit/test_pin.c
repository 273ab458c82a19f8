/* Who gets which processor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "system/pin.h"

enum { END = CPU_SETSIZE };

static cpu_set_t
set_of(const unsigned *processors)
{
	cpu_set_t s;

	CPU_ZERO(&s);
	for (; *processors != END; processors++)
		CPU_SET(*processors, &s);
	return s;
}

static void
workers_take_the_last(void **state)
{
	const cpu_set_t all = set_of((const unsigned[]) { 1, 2, 5, 9, END }), rest = set_of((const unsigned[]) { 1, 2, END });
	struct pin p;

	(void)state;
	pin_plan(&p, &all, 2);
	assert_int_equal(p.processors, 4);
	assert_int_equal(pin_processor(&p, 0), 5);
	assert_int_equal(pin_processor(&p, 1), 9);
	assert_true(CPU_EQUAL(&p.rest, &rest));
}

static void
no_rest_is_all(void **state)
{
	const cpu_set_t all = set_of((const unsigned[]) { 3, 7, END });
	struct pin p;

	(void)state;
	pin_plan(&p, &all, 2);
	assert_int_equal(pin_processor(&p, 0), 3);
	assert_int_equal(pin_processor(&p, 1), 7);
	assert_true(CPU_EQUAL(&p.rest, &all));
	pin_plan(&p, &all, 5);
	assert_int_equal(pin_processor(&p, 2), 3);
	assert_int_equal(pin_processor(&p, 4), 3);
	assert_true(CPU_EQUAL(&p.rest, &all));
}

static void
sets_are_told_in_runs(void **state)
{
	const cpu_set_t some = set_of((const unsigned[]) { 0, 1, 2, 5, 1022, 1023, END });
	char text[PIN_TEXT_MAX];
	cpu_set_t odd;
	unsigned i;

	(void)state;
	assert_string_equal(pin_text(&some, text), "0-2, 5, 1022-1023");
	CPU_ZERO(&odd);
	assert_string_equal(pin_text(&odd, text), "");
	for (i = 1; i < CPU_SETSIZE; i += 2)
		CPU_SET(i, &odd);
	pin_text(&odd, text);
	assert_true(strlen(text) < PIN_TEXT_MAX);
	assert_string_equal(text + strlen(text) - 5, ", ...");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_take_the_last),
		cmocka_unit_test(no_rest_is_all),
		cmocka_unit_test(sets_are_told_in_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
