/*
 * JSON cut into the parts at given paths: the same in one piece and split at
 * every byte.
 */
#include "indicators/json_cut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEXT_BYTES = 600 };

static struct json_cut cut;

/* "path:line:text;" for each, "!" before one that was too long. */
static bool
note(void *to, const struct json_part *part)
{
	char *text = to;
	size_t used = strlen(text);

	snprintf(text + used, TEXT_BYTES - 88 - used, "%s%u:%u:%.*s;", part->too_long ? "!" : "", part->path,
	    part->line, (int)(part->text.left < 60 ? part->text.left : 60), (const char *)part->text.at);
	return true;
}

static const char *
parts(const char *const *paths, unsigned count, const char *json, size_t split)
{
	static char text[TEXT_BYTES];
	size_t len = strlen(json);

	text[0] = '\0';
	json_cut_init(&cut, paths, count, note, text);
	json_cut_push(&cut, span_of(json, split));
	json_cut_push(&cut, span_of(json + split, len - split));
	if (!json_cut_whole(&cut))
		strcat(text, "broken");
	return text;
}

struct test_case {
	const char *json, *parts;
};

static void
run_cases(const char *const *paths, unsigned count, const struct test_case *cases, size_t n)
{
	size_t split;

	for (; n-- > 0; cases++)
		for (split = 0; split <= strlen(cases->json); split++)
			assert_string_equal(parts(paths, count, cases->json, split), cases->parts);
}

static void
elements_of_an_array(void **state)
{
	static const char *const paths[] = { "[]" };
	static const struct test_case cases[] = {
		{ "[]", "" }, { " [ \n ] \n", "" }, { "[1]", "0:1:1;" }, { "[ -1.5e3 ]", "0:1:-1.5e3;" },
		{ "[{\"a\":1},\n{\"b\":[1,2]}]", "0:1:{\"a\":1};0:2:{\"b\":[1,2]};" },
		{ "[\"],[\", \"\\\"]\", \"\\\\\"]", "0:1:\"],[\";0:1:\"\\\"]\";0:1:\"\\\\\";" },
		{ "[[[]],{\"x\":{}}\n , null ]", "0:1:[[]];0:1:{\"x\":{}};0:2:null;" },
		{ "{}", "" }, { "{\"a\":[1,{\"b\":2}],\"c\":\"]}\"}", "" }, { "7", "" }, { "\"text\" ", "" },
		{ "", "broken" }, { "x", "broken" }, { "[x]", "broken" }, { "[", "broken" }, { "[1,]", "0:1:1;broken" },
		{ "[,1]", "broken" }, { "[1", "broken" }, { "[\"", "broken" }, { "[}", "broken" },
		{ "[1] ]", "0:1:1;broken" }, { "[1]]", "0:1:1;broken" }, { "{]", "broken" }, { "{1:2}", "broken" },
		{ "{\"a\" 1}", "broken" }, { "{\"a\":}", "broken" }, { "{\"a\":1,}", "broken" },
		{ "{\"a\":1 \"b\":2}", "broken" }, { "[1] [2]", "0:1:1;0:1:2;" },
	};

	(void)state;
	run_cases(paths, 1, cases, sizeof cases / sizeof cases[0]);
}

static void
parts_at_paths(void **state)
{
	static const char *const paths[] = { "E.info", "E.A.[]", "[].E.A.[]", "E.O.[].A.[]", "*.[]" };
	static const struct test_case cases[] = {
		{ "{\"E\":{\"x\":[1],\"info\":\"t\",\"A\":[{},{\"A\":[2]}]}}", "0:1:\"t\";1:1:{};1:1:{\"A\":[2]};" },
		{ "[{\"E\":{\"A\":[1,\n2],\"B\":[3]}},{\"F\":{\"A\":[4]}}]", "2:1:1;2:2:2;" },
		{ "{\"E\":{\"O\":[{\"A\":[5]},{\"B\":[6]}]}}", "3:1:5;" },
		{ "{\"any\":[{\"E\":1}],\"other\":[7]}", "4:1:{\"E\":1};4:1:7;" },
		{ "{\"E\":{\"info\":12}}", "0:1:12;" }, { "{\"E\":[8]}", "4:1:8;" }, { "{\"E.A\":{\"[]\":1}}", "" },
	};

	(void)state;
	run_cases(paths, 5, cases, sizeof cases / sizeof cases[0]);
}

static void
whole_values_one_after_the_other(void **state)
{
	static const char *const paths[] = { "" };
	static const struct test_case cases[] = {
		{ "{\"a\":1}\n{\"b\":2}\n", "0:1:{\"a\":1};0:2:{\"b\":2};" }, { "1\n2", "0:1:1;0:2:2;" },
		{ "[1][2]", "0:1:[1];0:1:[2];" }, { "{\"a\":1}\n{\"b\"", "0:1:{\"a\":1};broken" },
	};

	(void)state;
	run_cases(paths, 1, cases, sizeof cases / sizeof cases[0]);
}

/* Is what a path leads to there, if only empty? */
static void
says_what_it_reached(void **state)
{
	static const char *const paths[] = { "objects.[]" };

	(void)state;
	parts(paths, 1, "{\"objects\":[]}", 1);
	assert_true(cut.reached);
	parts(paths, 1, "{\"error\":\"objects\"}", 1);
	assert_false(cut.reached);
	parts(paths, 1, "{\"objects\":{}}", 1);
	assert_false(cut.reached);
	parts(paths, 1, "[{\"objects\":[]}]", 1);
	assert_false(cut.reached);
}

static void
deeper_than_it_goes(void **state)
{
	static const char *const paths[] = { "a.[]" };
	char json[600];
	size_t depth;

	(void)state;
	for (depth = 1; depth < 200; depth++) {
		memset(json, '[', depth);
		memset(json + depth, ']', depth);
		json[2 * depth] = '\0';
		assert_string_equal(parts(paths, 1, json, depth), depth <= JSON_DEPTH_MAX ? "" : "broken");
	}
	/* Inside a part only brackets are counted. */
	memcpy(json, "{\"a\":[", 6);
	memset(json + 6, '[', 200);
	memset(json + 206, ']', 201);
	strcpy(json + 407, "}");
	assert_memory_equal(parts(paths, 1, json, 100), "0:1:[[[[", 8);
}

static void
longer_than_the_buffer(void **state)
{
	static const char *const paths[] = { "[]" };
	size_t len = JSON_ELEMENT_BYTES + 100;
	char *json = malloc(len + 32), start[64];

	(void)state;
	assert_non_null(json);
	memset(json, 'x', len);
	memcpy(json, "[\"", 2);
	strcpy(json + len, "]\",\n7]");
	memset(start, 'x', sizeof start);
	memcpy(start, "!0:1:\"", 6);
	assert_memory_equal(parts(paths, 1, json, 1000), start, 60);
	assert_string_equal(strchr(parts(paths, 1, json, len), ';'), ";0:2:7;");
	free(json);
}

static bool
refuse(void *to, const struct json_part *part)
{
	(void)part;
	return ++*(int *)to < 2;
}

static void
stops_when_told(void **state)
{
	static const char *const paths[] = { "[]" };
	int count = 0;

	(void)state;
	json_cut_init(&cut, paths, 1, refuse, &count);
	assert_false(json_cut_push(&cut, span_text("[1,2,3,4]")));
	assert_false(json_cut_push(&cut, span_text("[1,2,3,4]")));
	assert_int_equal(count, 2);
	assert_false(json_cut_whole(&cut));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_of_an_array), cmocka_unit_test(parts_at_paths),
		cmocka_unit_test(whole_values_one_after_the_other), cmocka_unit_test(says_what_it_reached),
		cmocka_unit_test(deeper_than_it_goes), cmocka_unit_test(longer_than_the_buffer),
		cmocka_unit_test(stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
