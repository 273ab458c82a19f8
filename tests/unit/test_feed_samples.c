/*
 * Every file of feeds/samples/ is read, and all that was understood of it is
 * held against feeds/samples/understood.tsv. With HANSHO_UPDATE set the table
 * is written anew: read the difference before committing it.
 */
#include "indicators/indicators.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"

#define FOLDER "feeds/samples"
#define TABLE FOLDER "/understood.tsv"

static int
is_sample(const struct dirent *e)
{
	return e->d_name[0] != '.' && strcmp(e->d_name, "README.md") != 0 &&
	    strcmp(e->d_name, "understood.tsv") != 0;
}

static const char *
when(int64_t ns, char buf[WHEN_TEXT_MAX])
{
	if (ns == WHEN_UNKNOWN)
		return "-";
	when_rfc3339(ns, buf);
	strcpy(buf + 19, "Z");
	return buf;
}

static const char *
or_dash(const char *text)
{
	return text[0] == '\0' ? "-" : text;
}

static void
write_entries(FILE *out, const char *file, const struct indicators *set)
{
	char first[WHEN_TEXT_MAX], last[WHEN_TEXT_MAX], until[WHEN_TEXT_MAX];
	struct indicator i;
	uint32_t n;

	for (n = 0; n < indicators_count(set); n++) {
		indicators_get(set, n, &i);
		fprintf(out, "%s\t%u\t%s\t%s\t%s\t%s\t%u\t%s\t%s\t%s\t%s\n", file, i.line,
		    indicator_type_text(i.type), indicator_role_text(i.role), i.value, or_dash(i.malware),
		    i.confidence, when(i.first_seen_ns, first), when(i.last_seen_ns, last),
		    when(i.valid_until_ns, until), or_dash(i.reference));
	}
}

static void
write_sample(FILE *out, const char *file)
{
	struct builder *b = builder_new(1000);
	struct indicators *set;
	struct feed_summary s;
	struct fault fault;
	char path[300];
	unsigned n;
	FILE *in;
	int fd;

	snprintf(path, sizeof path, FOLDER "/%s", file);
	in = fopen(path, "re");
	assert_non_null(in);
	assert_non_null(b);
	if (feed_read(in, file, NULL, b, &s, &fault) < 0)
		fail_msg("%s", fault.text);
	fclose(in);
	assert_int_equal(builder_compile(b, &fd, &fault), 0);
	assert_int_equal(indicators_map(fd, &set, &fault), 0);
	close(fd);
	fprintf(out, "%s\t%s: %u loaded, %u duplicates, %u of no use, %u not understood\n", file, s.format,
	    s.loaded, s.duplicates, s.passed_over, s.not_understood);
	for (n = 0; n < s.complaints_count; n++)
		fprintf(out, "%s\t%u\t%s\n", file, s.complaints[n].line, s.complaints[n].text);
	write_entries(out, file, set);
	indicators_unmap(set);
	builder_free(b);
}

static char *
read_table(void)
{
	FILE *in = fopen(TABLE, "re");
	char *text = NULL;
	size_t size = 0;

	assert_non_null(in);
	assert_true(getdelim(&text, &size, '\0', in) > 0);
	fclose(in);
	return text;
}

/* Line by line, so that a failure shows what differs. */
static void
compare(char *found, char *expected)
{
	char *f, *e, *in_found = NULL, *in_expected = NULL;

	f = strtok_r(found, "\n", &in_found);
	e = strtok_r(expected, "\n", &in_expected);
	while (f != NULL && e != NULL) {
		assert_string_equal(f, e);
		f = strtok_r(NULL, "\n", &in_found);
		e = strtok_r(NULL, "\n", &in_expected);
	}
	assert_null(f);
	assert_null(e);
}

static void
all_samples(void **state)
{
	struct dirent **entry;
	char *text = NULL, *expected;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int count = scandir(FOLDER, &entry, is_sample, alphasort), n;

	(void)state;
	assert_non_null(out);
	assert_true(count > 40);
	for (n = 0; n < count; n++) {
		write_sample(out, entry[n]->d_name);
		free(entry[n]);
	}
	free(entry);
	fclose(out);
	if (getenv("HANSHO_UPDATE") != NULL) {
		out = fopen(TABLE, "we");
		assert_non_null(out);
		fputs(text, out);
		fclose(out);
	}
	expected = read_table();
	compare(text, expected);
	free(expected);
	free(text);
}

/* Each format has a sample. */
static void
no_format_without_sample(void **state)
{
	char *table = read_table(), word[80];
	const char *name;
	unsigned n;

	(void)state;
	for (n = 0; (name = feed_format(n, NULL)) != NULL; n++) {
		snprintf(word, sizeof word, "\t%s: ", name);
		if (strstr(table, word) == NULL)
			fail_msg("no sample of %s", name);
	}
	free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_samples), cmocka_unit_test(no_format_without_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
