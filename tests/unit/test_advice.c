#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/advice.h"

static char path[64];

static int
make_file(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof path, "/tmp/hansho-advice-XXXXXX");
	if ((fd = mkstemp(path)) < 0)
		return -1;
	return close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static struct advice *
read_it(const char *text)
{
	struct advice *a;
	struct fault fault;

	write_file(text);
	if (advice_open(path, &a, &fault) < 0)
		fail_msg("%s", fault.text);
	return a;
}

static const char *
first_step(const struct advice *a, const char *family, enum language l)
{
	const char *const *steps;

	assert_true(advice_for(a, family, l, &steps) > 0);
	return steps[0];
}

static void
test_shipped(void **state)
{
	static const struct {
		const char *asked, *is;
	} names[] = {
		{ "Emotet", "Emotet" }, { "heodo", "Emotet" }, { "Win.Trojan.Heodo", "Emotet" }, { "win.emotet", "Emotet" },
		{ "QUAKBOT", "QakBot" }, { "Cobalt Strike", "Cobalt Strike" }, { "win.cobalt_strike", "Cobalt Strike" },
		{ "Ryuk", "ransomware" }, { "elf.mirai", "IoT bot" }, { "AgentTesla", "password stealer" },
		{ "Nobody's", NULL }, { "", NULL }, { NULL, NULL }, { "any", NULL }, { "...", NULL },
	};
	const char *const *en, *const *ja, *const *any;
	struct advice *a;
	struct fault fault;
	unsigned i, n;

	(void)state;
	assert_int_equal(advice_open("", &a, &fault), 0);
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		if (names[i].is == NULL)
			assert_null(advice_family(a, names[i].asked));
		else
			assert_string_equal(advice_family(a, names[i].asked), names[i].is);
		n = advice_for(a, names[i].asked, LANGUAGE_EN, &en);
		assert_true(n > 0 && n <= ADVICE_STEPS);
		assert_int_equal(advice_for(a, names[i].asked, LANGUAGE_JA, &ja), n);	/* both say the same */
	}
	assert_non_null(strstr(en[0], "network"));
	advice_for(a, "unheard of", LANGUAGE_JA, &any);
	assert_ptr_equal(any, ja);
	n = advice_for(a, "Geodo", LANGUAGE_JA, &ja);
	for (i = 0; i < n && strstr(ja[i], "EmoCheck") == NULL; i++)
		;
	assert_true(i < n);
	assert_non_null(strstr(ja[n - 1], "JPCERT/CC"));
	advice_free(a);
}

static void
test_own_file_wins(void **state)
{
	struct advice *a = read_it("advice:\n- aliases: [Heodo, emotet]\n  family: Our Emotet\n  en: [call 1234]\n  ja: [内線 1234]\n"
	    "- {family: any, en: [ask us]}\n- {family: New.Thing, en: [\"one: two\", three]}\n");
	const char *const *steps;

	(void)state;
	assert_string_equal(first_step(a, "emotet", LANGUAGE_EN), "call 1234");
	assert_string_equal(first_step(a, "Heodo", LANGUAGE_JA), "内線 1234");
	assert_string_equal(advice_family(a, "ouremotet"), "Our Emotet");
	assert_null(advice_family(a, "geodo"));		/* the shipped entry is gone as a whole */
	assert_string_equal(first_step(a, "geodo", LANGUAGE_JA), "ask us");	/* in English: nothing else is known */
	assert_string_equal(advice_family(a, "thing"), "New.Thing");
	assert_int_equal(advice_for(a, "thing", LANGUAGE_EN, &steps), 2);
	assert_string_equal(steps[0], "one: two");
	assert_string_equal(advice_family(a, "qbot"), "QakBot");
	advice_free(a);
	a = read_it("");
	assert_string_equal(advice_family(a, "geodo"), "Emotet");
	advice_free(a);
	a = read_it("advice:\n");
	assert_string_equal(advice_family(a, "geodo"), "Emotet");
	advice_free(a);
}

static void
expect_refused(const char *text, const char *words)
{
	struct advice *a;
	struct fault fault;
	const char *said;

	write_file(text);
	assert_int_equal(advice_open(path, &a, &fault), SE_USAGE);
	assert_null(a);
	said = fault.text + strlen(path);
	if (strncmp(fault.text, path, strlen(path)) != 0 || strncmp(said, words, strlen(words)) != 0)
		fail_msg("\"%s\", expected \":FILE%s\"", fault.text, words);
}

static void
test_wrong_files(void **state)
{
	static const struct {
		const char *text, *words;
	} table[] = {
		{ "advise:\n- family: x\n", ":1: expected \"advice:\"" },
		{ "advice: words\n", ":1: expected \"advice:\" and a list" },
		{ "advice:\n- words\n", ":2: expected family, aliases, en or ja" },
		{ "advice:\n- family: x\n  en: [a]\n  fr: [b]\n", ":4: expected family, aliases, en or ja" },
		{ "advice:\n- family: x\n  en: words\n", ":3: expected a list" },
		{ "advice:\n- family: x\n  en: [[a]]\n", ":3: expected family, aliases, en or ja" },
		{ "advice:\n- family: [x]\n", ":2: expected family, aliases, en or ja" },
		{ "advice:\n- family: x\n- family: y\n  en: [a]\n", ":2: an entry without English steps" },
		{ "advice:\n- family: y\n  en: [a]\n- en: [a]\n", ":4: an entry without a family" },
		{ "advice:\n- family: \"!\"\n", ":2: expected a name with letters or digits" },
		{ "advice:\n- family: x\n  en: [\"\"]\n", ":3: expected a step of 1 to 400 bytes" },
		{ "advice:\n- family: x\n  en: [1,2,3,4,5,6,7,8,9,10,11,12,\n  13]\n", ":4: expected at most 12 steps" },
		{ "advice:\n- {family: x, en: [a]}\n- {family: y, aliases: [win.X], en: [a]}\n",
		    ":3: the family \"x\" stands in line 2 already" },
		{ "advice:\n- family: x\n  en: [a\n", ":4: expected YAML" },
	};
	char many[20000] = "advice:\n", step[600];
	struct advice *a;
	struct fault fault;
	unsigned i;

	(void)state;
	for (i = 0; i < sizeof table / sizeof *table; i++)
		expect_refused(table[i].text, table[i].words);
	snprintf(step, sizeof step, "advice:\n- family: x\n  en: [%0401d]\n", 7);
	expect_refused(step, ":3: expected a step of 1 to 400 bytes");
	for (i = 0; i < 257; i++)
		snprintf(many + strlen(many), sizeof many - strlen(many), "- {family: f%u, en: [a]}\n", i);
	write_file(many);
	assert_int_equal(advice_open(path, &a, &fault), SE_USAGE);
	assert_non_null(strstr(fault.text, "expected at most 256 families"));
	assert_int_equal(advice_open("/nowhere/advice.yaml", &a, &fault), SE_USAGE);
	assert_non_null(strstr(fault.text, "/nowhere/advice.yaml: No such file"));
}

/* Whatever an editor leaves behind is read, or refused in a line. */
static void
test_cut_at_every_byte(void **state)
{
	static const char text[] = "advice:\n- family: x\n  aliases: [a, b]\n  en:\n  - one\n  ja:\n  - 二\n- {family: any, en: [t]}\n";
	char cut[sizeof text];
	struct advice *a;
	struct fault fault;
	size_t len;
	int code;

	(void)state;
	for (len = 0; len < sizeof text; len++) {
		snprintf(cut, sizeof cut, "%.*s", (int)len, text);
		write_file(cut);
		code = advice_open(path, &a, &fault);
		assert_true(code == 0 ? a != NULL : code == SE_USAGE && fault.text[0] != '\0');
		advice_free(a);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_own_file_wins),
		cmocka_unit_test(test_wrong_files),
		cmocka_unit_test(test_cut_at_every_byte),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
