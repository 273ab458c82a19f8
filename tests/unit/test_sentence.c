#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/sentence.h"

static void
test_pieces_and_brackets(void **state)
{
	const struct piece pieces[] = { { "who", "10.0.0.5" }, { "what", NULL }, { "n", "3" }, { NULL, NULL } };
	char buf[128];

	(void)state;
	assert_string_equal(sentence_fill("{who} calls {n} times", pieces, buf, sizeof buf), "10.0.0.5 calls 3 times");
	assert_string_equal(sentence_fill("{who}[ asks for {what}][, {n} times]", pieces, buf, sizeof buf), "10.0.0.5, 3 times");
	assert_string_equal(sentence_fill("[{n} of {nobody}]{who}", pieces, buf, sizeof buf), "10.0.0.5");
	assert_string_equal(sentence_fill("", pieces, buf, sizeof buf), "");
}

static void
test_whole_characters(void **state)
{
	const struct piece pieces[] = { { "name", "半鐘" }, { NULL, NULL } };
	char buf[8];
	size_t size;

	(void)state;
	for (size = 1; size <= sizeof buf; size++) {
		sentence_fill("{name}", pieces, buf, size);
		assert_int_equal(strlen(buf), size - 1 < 3 ? 0 : size - 1 < 6 ? 3 : 6);
	}
	assert_int_equal(sentence_whole("半鐘", 6, 6), 6);
	assert_int_equal(sentence_whole("半鐘", 6, 5), 3);
	assert_int_equal(sentence_whole("半鐘", 6, 2), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_and_brackets),
		cmocka_unit_test(test_whole_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
