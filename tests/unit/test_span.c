/*
 * Spans: nothing is read behind their end, and an absent one has no bytes.
 */
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Under UBSan an address made from NULL ends the program. */
static void
absent_ones_give_nothing(void **state)
{
	struct span s = span_of(NULL, 0), part = span_text("x");
	char room[1] = { 'a' };
	uint8_t byte;

	(void)state;
	assert_true(span_skip(&s, 0));
	assert_true(span_take(&s, 0, &part));
	assert_null(part.at);
	assert_true(span_copy(&s, room, 0));
	assert_int_equal(room[0], 'a');
	assert_false(span_skip(&s, 1));
	assert_false(span_take(&s, 1, &part));
	assert_false(span_copy(&s, room, 1));
	assert_false(span_u8(&s, &byte));
	assert_false(span_until(&s, 'a', &part));
	assert_null(span_said("").at);
}

static void
whole_words_or_none(void **state)
{
	struct span s = span_of("\x01\x02\x03\x04\x05\x06\x07", 7), rest;
	uint32_t word = 0, three = 0;
	uint16_t two = 0;

	(void)state;
	assert_true(span_u16be(&s, &two));
	assert_int_equal(two, 0x0102);
	assert_true(span_u24be(&s, &three));
	assert_int_equal(three, 0x030405);
	assert_false(span_u32be(&s, &word));
	assert_false(span_u32le(&s, &word));
	assert_int_equal(word, 0);
	assert_int_equal(s.left, 2);
	assert_true(span_take(&s, 2, &rest));
	assert_int_equal(rest.at[0], 6);
	assert_int_equal(s.left, 0);
	assert_false(span_u16le(&s, &two));
}

static void
words_end_where_they_are_told(void **state)
{
	struct span s = span_text("one,two"), word;

	(void)state;
	assert_true(span_until(&s, ',', &word));
	assert_true(span_equal(word, span_text("one")));
	assert_true(span_equal(s, span_text("two")));
	assert_false(span_until(&s, ',', &word));
	assert_true(span_equal(s, span_text("two")));
	assert_true(span_equal_nocase(s, span_text("TWO")));
	assert_false(span_equal_nocase(s, span_text("TWOS")));
}

/* Every pair of bytes, at every place of texts that are read in pieces of eight. */
static void
case_is_of_letters_alone(void **state)
{
	enum { MOST = 25 };
	uint8_t a[MOST], b[MOST];
	unsigned len, at, x, y;
	bool same;

	(void)state;
	for (len = 1; len <= MOST; len++) {
		memset(a, 'q', len);
		memset(b, 'Q', len);
		for (x = 0; x <= UINT8_MAX; x++) {
			at = (x * 7) % len;
			a[at] = (uint8_t)x;
			for (y = 0; y <= UINT8_MAX; y++) {
				b[at] = (uint8_t)y;
				same = x == y || ((x ^ y) == 0x20 && (x | 0x20) >= 'a' && (x | 0x20) <= 'z');
				assert_int_equal(span_equal_nocase(span_of(a, len), span_of(b, len)), same);
			}
			a[at] = 'q';
			b[at] = 'Q';
		}
	}
	assert_true(span_equal_nocase(span_of(NULL, 0), span_text("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_ones_give_nothing), cmocka_unit_test(whole_words_or_none),
		cmocka_unit_test(words_end_where_they_are_told),
		cmocka_unit_test(case_is_of_letters_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
