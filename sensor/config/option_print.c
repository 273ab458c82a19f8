#include <ctype.h>
#include <string.h>

#include "config/options.h"

enum { TEXT_MAX = 512, WIDTH = 88 };

/* ---- the sample file ---- */

/* Comment lines of at most WIDTH columns; `hang` stands behind the mark of every line but the first. */
static void
print_comment(FILE *to, const char *indent, const char *hang, const char *text)
{
	size_t column = strlen(indent) + 1, len;

	for (fprintf(to, "%s#", indent); *(text += strspn(text, " ")) != '\0'; text += len) {
		len = strcspn(text, " ");
		if (column + 1 + len > WIDTH) {
			fprintf(to, "\n%s#%s", indent, hang);
			column = strlen(indent) + 1 + strlen(hang);
		}
		fprintf(to, " %.*s", (int)len, text);
		column += 1 + len;
	}
	fputc('\n', to);
}

/* Help, and for what has a range or choices also these: "From 64 to 262144 bytes." */
static void
help_words(const struct option_row *row, char *words, size_t size)
{
	char expected[TEXT_MAX];
	const char *from;

	option_expected(row, expected, sizeof expected);
	if (row->type == OPTION_TEXT || row->type == OPTION_PATH || row->type == OPTION_NETWORKS) {
		snprintf(words, size, "%s", row->help);
	} else if (row->type == OPTION_INTEGER || row->type == OPTION_NUMBER) {
		from = strstr(expected, "from ");
		snprintf(words, size, "%s F%s.", row->help, from == NULL ? "" : from + 1);
	} else {
		expected[0] = (char)toupper((unsigned char)expected[0]);
		snprintf(words, size, "%s %s.", row->help, expected);
	}
}

static void
print_help(FILE *to, const char *indent, const struct option_row *row)
{
	char words[2 * TEXT_MAX];

	help_words(row, words, sizeof words);
	print_comment(to, indent, "", words);
}

static bool
is_word(const char *text)
{
	return text[0] != '\0' && text[strspn(text,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-")] == '\0';
}

static void
print_fallback(FILE *to, const struct option_row *row)
{
	if (row->type == OPTION_NETWORKS || row->type == OPTION_RECORDS) {
		/* In quotes, since fe80::/10 has colons. */
		const char *text = row->fallback;
		size_t len;

		for (fputs(" [", to); *(text += strspn(text, ", ")) != '\0'; text += len) {
			len = strcspn(text, ", ");
			fprintf(to, "%s\"%.*s\"", text == row->fallback ? "" : ", ", (int)len, text);
		}
		fputs("]\n", to);
	} else {
		fprintf(to, is_word(row->fallback) ? " %s\n" : " \"%s\"\n", row->fallback);
	}
}

static void
print_scalar(FILE *to, const char *indent, const struct option_row *row)
{
	print_help(to, indent, row);
	fprintf(to, "%s#%s:", indent, option_name(row));
	print_fallback(to, row);
}

static void
print_example(FILE *to, const char *example)
{
	size_t len;

	for (; *example != '\0'; example += len + 1) {
		len = strcspn(example, "\n");
		fprintf(to, "#  %.*s\n", (int)len, example);
	}
}

static void
print_member_help(FILE *to, const struct option_row *row)
{
	char help[2 * TEXT_MAX], words[4 * TEXT_MAX];

	help_words(row, help, sizeof help);
	snprintf(words, sizeof words, "- %s: %s%s%s%s", option_name(row), help,
	    row->fallback[0] == '\0' ? "" : " Without it: ", row->fallback,
	    row->fallback[0] == '\0' ? "" : ".");
	print_comment(to, "", "    ", words);
}

static void
print_list(FILE *to, const struct option_row *list)
{
	char holder[64];
	const struct option_row *row;

	print_comment(to, "", "", list->help);
	snprintf(holder, sizeof holder, "%s[]", list->path);
	for (row = option_rows; row < option_rows + option_rows_count; row++)
		if (option_is_beneath(row, holder))
			print_member_help(to, row);
	fprintf(to, "%s:\n", list->path);
	print_example(to, list->example);
}

static void
print_section(FILE *to, const struct option_row *section)
{
	const struct option_row *row;

	print_comment(to, "", "", section->help);
	fprintf(to, "%s:\n", section->path);
	for (row = option_rows; row < option_rows + option_rows_count; row++)
		if (option_is_beneath(row, section->path))
			print_scalar(to, "  ", row);
}

void
options_print_sample(FILE *to)
{
	const struct option_row *row;

	print_comment(to, "", "", "hansho.yaml - the configuration of hansho, in YAML. `hansho check` validates it and "
	    "shows what it puts in force. Each option stands here, commented out, with the value that "
	    "holds without it; a line \"#name: value\" takes effect without its \"#\". Relative paths "
	    "begin at the folder of this file.");
	for (row = option_rows; row < option_rows + option_rows_count; row++) {
		if (!option_is_beneath(row, ""))
			continue;
		fputc('\n', to);
		if (row->type == OPTION_SECTION)
			print_section(to, row);
		else if (row->type == OPTION_LIST)
			print_list(to, row);
		else
			print_scalar(to, "", row);
	}
}

/* ---- the manual's table ---- */

static const char *
fallback_words(const struct option_row *row)
{
	if (row->type == OPTION_SECTION || row->type == OPTION_LIST)
		return "";
	return row->fallback[0] == '\0' ? "none" : row->fallback;
}

static void
print_row(FILE *to, const struct option_row *row)
{
	char expected[TEXT_MAX];

	fprintf(to, "| `%s` | %s | %s | %s |\n", row->path,
	    option_expected(row, expected, sizeof expected), fallback_words(row), row->help);
}

static void
print_head(FILE *to, const char *title, const char *words)
{
	fprintf(to, "\n## %s\n\n%s%s| option | takes | default | what for |\n| --- | --- | --- | --- |\n",
	    title, words, words[0] == '\0' ? "" : "\n\n");
}

static void
print_beneath(FILE *to, const struct option_row *holder)
{
	char path[64];
	const struct option_row *row;

	snprintf(path, sizeof path, "%s%s", holder->path, holder->type == OPTION_LIST ? "[]" : "");
	print_head(to, holder->path, holder->help);
	for (row = option_rows; row < option_rows + option_rows_count; row++)
		if (option_is_beneath(row, path))
			print_row(to, row);
	if (holder->type == OPTION_LIST)
		fprintf(to, "\n```yaml\n%s:\n%s```\n", holder->path, holder->example);
}

void
options_print_table(FILE *to)
{
	const struct option_row *row;

	print_head(to, "General", "");
	for (row = option_rows; row < option_rows + option_rows_count; row++)
		if (option_is_beneath(row, "") && row->type != OPTION_SECTION && row->type != OPTION_LIST)
			print_row(to, row);
	for (row = option_rows; row < option_rows + option_rows_count; row++)
		if (row->type == OPTION_SECTION || row->type == OPTION_LIST)
			print_beneath(to, row);
}
