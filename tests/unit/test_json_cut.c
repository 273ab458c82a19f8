/*
 * Arrays cut into elements: the same in one piece and split at every byte.
 */
#include "indicators/json_cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct json_cut cut;

/* "line:element;" for each, "!" before one that was too long. */
static bool
note(void *to, struct span element, uint32_t line, bool too_long)
{
	char *text = to;
	size_t used = strlen(text);

	snprintf(text + used, 512 - used, "%s%u:%.*s;", too_long ? "!" : "", line,
	    (int)(element.left < 60 ? element.left : 60), (const char *)element.at);
	return true;
}

static const char *
elements(const char *json, size_t split)
{
	static char text[600];
	size_t len = strlen(json);

	text[0] = '\0';
	json_cut_init(&cut, note, text);
	json_cut_push(&cut, span_of(json, split));
	json_cut_push(&cut, span_of(json + split, len - split));
	if (!json_cut_whole(&cut))
		strcat(text, "broken");
	return text;
}

static void
whole_and_split(void **state)
{
	static const struct {
		const char *json, *elements;
	} cases[] = {
		{ "[]", "" }, { " [ \n ] \n", "" }, { "[1]", "1:1;" },
		{ "[{\"a\":1},\n{\"b\":[1,2]}]", "1:{\"a\":1};2:{\"b\":[1,2]};" },
		{ "[\"],[\", \"\\\"]\", \"\\\\\"]", "1:\"],[\";1:\"\\\"]\";1:\"\\\\\";" },
		{ "[[[]],{\"x\":{}}\n , null ]", "1:[[]];1:{\"x\":{}};2:null;" },
		{ "", "broken" }, { "[", "broken" }, { "{}", "broken" }, { "[1,]", "1:1;broken" },
		{ "[,1]", "broken" }, { "[1", "broken" }, { "[\"", "broken" }, { "[}", "broken" },
		{ "[1] x", "1:1;broken" }, { "[1]]", "1:1;broken" },
	};
	size_t n, split;

	(void)state;
	for (n = 0; n < sizeof cases / sizeof cases[0]; n++)
		for (split = 0; split <= strlen(cases[n].json); split++)
			assert_string_equal(elements(cases[n].json, split), cases[n].elements);
}

static void
longer_than_the_buffer(void **state)
{
	size_t len = JSON_ELEMENT_BYTES + 100;
	char *json = malloc(len + 32), start[64];

	(void)state;
	assert_non_null(json);
	memset(json, 'x', len);
	memcpy(json, "[\"", 2);
	strcpy(json + len, "]\",\n7]");
	memset(start, 'x', sizeof start);
	memcpy(start, "!1:\"", 4);
	assert_memory_equal(elements(json, 1000), start, 60);
	assert_string_equal(strchr(elements(json, len), ';'), ";2:7;");
	free(json);
}

static bool
refuse(void *to, struct span element, uint32_t line, bool too_long)
{
	(void)element;
	(void)line;
	(void)too_long;
	return ++*(int *)to < 2;
}

static void
stops_when_told(void **state)
{
	int count = 0;

	(void)state;
	json_cut_init(&cut, refuse, &count);
	assert_false(json_cut_push(&cut, span_text("[1,2,3,4]")));
	assert_false(json_cut_push(&cut, span_text("[1,2,3,4]")));
	assert_int_equal(count, 2);
	assert_false(json_cut_whole(&cut));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_and_split), cmocka_unit_test(longer_than_the_buffer),
		cmocka_unit_test(stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
