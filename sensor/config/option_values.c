#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"

enum { DIGITS_MAX = 15 };	/* exact in a double */

static const struct option_choice boolean_choices[] = {
	{ "yes", 1 }, { "no", 0 }, { "true", 1 }, { "false", 0 }, { "on", 1 }, { "off", 0 }, { NULL, 0 },
};

const struct option_row *
option_find(const char *path)
{
	size_t i;

	for (i = 0; i < option_rows_count; i++)
		if (strcmp(option_rows[i].path, path) == 0)
			return &option_rows[i];
	return NULL;
}

const char *
option_name(const struct option_row *row)
{
	const char *dot = strrchr(row->path, '.');

	return dot == NULL ? row->path : dot + 1;
}

bool
option_is_beneath(const struct option_row *row, const char *holder)
{
	size_t len = (size_t)(option_name(row) - row->path), n = strlen(holder);

	return len == 0 ? n == 0 : len - 1 == n && memcmp(row->path, holder, n) == 0;
}

/* ---- what is expected ---- */

static const struct option_choice *
find_choice(const struct option_choice *c, const char *text)
{
	for (; c->text != NULL; c++)
		if (strcmp(c->text, text) == 0)
			return c;
	return NULL;
}

static void
print_choices(FILE *to, const struct option_row *row)
{
	const struct option_choice *c;

	for (c = row->choices; c->text != NULL; c++)
		fprintf(to, "%s%s", c == row->choices ? "" : ", ", c->text);
}

static void
print_number(FILE *to, double v)
{
	if (v == floor(v))
		fprintf(to, "%.0f", v);
	else
		fprintf(to, "%g", v);
}

static void
print_range(FILE *to, const struct option_row *row)
{
	fprintf(to, row->type == OPTION_INTEGER ? "a whole number from " : "a number from ");
	print_number(to, row->least);
	fprintf(to, " to ");
	print_number(to, row->most);
	if (row->unit[0] != '\0')
		fprintf(to, " (%s)", row->unit);
}

static void
print_members(FILE *to, const char *holder)
{
	const char *sep = "";
	size_t i;

	for (i = 0; i < option_rows_count; i++)
		if (option_is_beneath(&option_rows[i], holder)) {
			fprintf(to, "%s%s", sep, option_name(&option_rows[i]));
			sep = ", ";
		}
}

/* Of one entry of a list. */
static void
print_expected_entry(FILE *to, const struct option_row *row)
{
	char entry[64];

	if (row->type == OPTION_LIST) {
		snprintf(entry, sizeof entry, "%s[]", row->path);
		fprintf(to, "options: ");
		print_members(to, entry);
	} else if (row->type == OPTION_NETWORKS) {
		fprintf(to, "an address or a CIDR such as 192.0.2.0/24");
	} else {
		fprintf(to, "one of ");
		print_choices(to, row);
	}
}

static void
print_expected(FILE *to, const struct option_row *row)
{
	char entry[64];

	switch (row->type) {
	case OPTION_SECTION:
		fprintf(to, "options beneath it: ");
		print_members(to, row->path);
		break;
	case OPTION_LIST:
		snprintf(entry, sizeof entry, "%s[]", row->path);
		fprintf(to, "a list of at most %.0f, each with some of ", row->most);
		print_members(to, entry);
		break;
	case OPTION_NETWORKS:
		fprintf(to, "a list of addresses or CIDRs such as 192.0.2.0/24, from %.0f to %.0f of them",
		    row->least, row->most);
		break;
	case OPTION_RECORDS:
		fprintf(to, "a list of some of ");
		print_choices(to, row);
		break;
	case OPTION_INTEGER:
	case OPTION_NUMBER:
		print_range(to, row);
		break;
	case OPTION_BOOLEAN:
		fprintf(to, "yes or no");
		break;
	case OPTION_CHOICE:
		fprintf(to, "one of ");
		print_choices(to, row);
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
		fprintf(to, "%s of at most %.0f bytes", row->type == OPTION_PATH ? "a path" : "text",
		    row->most);
		break;
	}
}

/* What a function prints, in `buf`. */
static const char *
print_into(char *buf, size_t size, void print(FILE *to, const struct option_row *row),
    const struct option_row *row)
{
	FILE *to = fmemopen(buf, size, "w");

	buf[0] = '\0';
	if (to == NULL)
		return buf;
	print(to, row);
	fclose(to);
	buf[size - 1] = '\0';
	return buf;
}

const char *
option_expected(const struct option_row *row, char *buf, size_t size)
{
	return print_into(buf, size, print_expected, row);
}

const char *
option_expected_entry(const struct option_row *row, char *buf, size_t size)
{
	return print_into(buf, size, print_expected_entry, row);
}

const char *
option_members(const char *holder, char *buf, size_t size)
{
	FILE *to = fmemopen(buf, size, "w");

	buf[0] = '\0';
	if (to == NULL)
		return buf;
	print_members(to, holder);
	fclose(to);
	buf[size - 1] = '\0';
	return buf;
}

/* ---- text → value ---- */

/* Digits, for NUMBER with a fraction; nothing that readers of YAML take in different ways: 0x10, 010, 1_000, 1e3. */
static bool
read_number(const struct option_row *row, const char *text, double *out)
{
	size_t whole = strspn(text, "0123456789"), all = whole;

	if (whole == 0 || (whole > 1 && text[0] == '0'))
		return false;
	if (row->type == OPTION_NUMBER && text[whole] == '.') {
		all = whole + 1 + strspn(text + whole + 1, "0123456789");
		if (all == whole + 1)
			return false;
	}
	if (text[all] != '\0' || all > DIGITS_MAX)
		return false;
	*out = strtod(text, NULL);
	return *out >= row->least && *out <= row->most;
}

bool
option_accepts(const struct option_row *row, const char *text)
{
	struct cidr network;
	double value;

	switch (row->type) {
	case OPTION_NETWORKS:
		return cidr_parse(text, strlen(text), &network);
	case OPTION_RECORDS:
	case OPTION_CHOICE:
		return find_choice(row->choices, text) != NULL;
	case OPTION_INTEGER:
	case OPTION_NUMBER:
		return read_number(row, text, &value);
	case OPTION_BOOLEAN:
		return find_choice(boolean_choices, text) != NULL;
	case OPTION_TEXT:
	case OPTION_PATH:
		return strlen(text) <= (size_t)row->most;
	case OPTION_SECTION:
	case OPTION_LIST:
		break;
	}
	return false;
}

/* ---- value ↔ struct ---- */

static uint64_t
get_bytes(const void *at, size_t size)
{
	uint64_t v64;
	uint32_t v32;
	uint8_t v8;

	switch (size) {
	case 1:
		memcpy(&v8, at, 1);
		return v8;
	case 4:
		memcpy(&v32, at, 4);
		return v32;
	default:
		memcpy(&v64, at, 8);
		return v64;
	}
}

static void
put_bytes(void *at, size_t size, uint64_t v64)
{
	uint32_t v32 = (uint32_t)v64;
	uint8_t v8 = (uint8_t)v64;

	switch (size) {
	case 1:
		memcpy(at, &v8, 1);
		break;
	case 4:
		memcpy(at, &v32, 4);
		break;
	default:
		memcpy(at, &v64, 8);
		break;
	}
}

double
option_get(const struct option_row *row, const void *base)
{
	const char *at = (const char *)base + row->offset;
	double v;

	if (row->type == OPTION_NUMBER) {
		memcpy(&v, at, sizeof v);
		return v;
	}
	return (double)(get_bytes(at, row->size) / row->scale);
}

void
option_put(const struct option_row *row, void *base, double written)
{
	char *at = (char *)base + row->offset;

	if (row->type == OPTION_NUMBER)
		memcpy(at, &written, sizeof written);
	else
		put_bytes(at, row->size, (uint64_t)written * row->scale);
}

/* "alert, beacon" */
static double
read_choices(const struct option_row *row, const char *text)
{
	const struct option_choice *c;
	int64_t bits = 0;
	size_t len;

	while (*(text += strspn(text, ", ")) != '\0') {
		len = strcspn(text, ", ");
		for (c = row->choices; c->text != NULL; c++)
			if (strlen(c->text) == len && memcmp(c->text, text, len) == 0)
				bits |= c->value;
		text += len;
	}
	return (double)bits;
}

void
option_set(const struct option_row *row, void *base, const char *text)
{
	double v = 0;

	switch (row->type) {
	case OPTION_RECORDS:
		option_put(row, base, read_choices(row, text));
		break;
	case OPTION_CHOICE:
		if (text[0] != '\0')
			option_put(row, base, (double)find_choice(row->choices, text)->value);
		break;
	case OPTION_BOOLEAN:
		option_put(row, base, (double)find_choice(boolean_choices, text)->value);
		break;
	case OPTION_INTEGER:
	case OPTION_NUMBER:
		read_number(row, text, &v);
		option_put(row, base, v);
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
		snprintf((char *)base + row->offset, row->size, "%s", text);
		break;
	case OPTION_SECTION:
	case OPTION_LIST:
	case OPTION_NETWORKS:
		break;
	}
}

void
option_set_defaults(const char *holder, void *base)
{
	const struct option_row *row;

	for (row = option_rows; row < option_rows + option_rows_count; row++)
		if (holder[0] == '\0' ? strstr(row->path, "[]") == NULL : option_is_beneath(row, holder))
			option_set(row, base, row->fallback);
}

/* ---- value → text ---- */

static void
print_networks(FILE *to, const struct option_row *row, const void *base)
{
	const char *at = (const char *)base + row->offset;
	char text[ADDR_TEXT_MAX + 4];
	const struct cidr *list;
	unsigned i, count;

	memcpy(&list, at, sizeof list);
	memcpy(&count, at + sizeof list, sizeof count);
	for (i = 0; i < count; i++)
		fprintf(to, "%s%s", i == 0 ? "" : ", ", cidr_text(&list[i], text));
}

static void
print_choice_values(FILE *to, const struct option_row *row, const void *base)
{
	int64_t v = (int64_t)option_get(row, base);
	const struct option_choice *c;
	const char *sep = "";

	for (c = row->choices; c->text != NULL; c++)
		if (row->type == OPTION_RECORDS ? (v & c->value) != 0 : v == c->value) {
			fprintf(to, "%s%s", sep, c->text);
			sep = ", ";
			if (row->type != OPTION_RECORDS)
				break;	/* of two names for one thing the first */
		}
}

static void
print_value(FILE *to, const struct option_row *row, const void *base)
{
	switch (row->type) {
	case OPTION_NETWORKS:
		print_networks(to, row, base);
		break;
	case OPTION_RECORDS:
	case OPTION_CHOICE:
		print_choice_values(to, row, base);
		break;
	case OPTION_INTEGER:
	case OPTION_NUMBER:
		print_number(to, option_get(row, base));
		break;
	case OPTION_BOOLEAN:
		fputs(option_get(row, base) != 0 ? "yes" : "no", to);
		break;
	case OPTION_TEXT:
	case OPTION_PATH:
		fputs((const char *)base + row->offset, to);
		break;
	case OPTION_SECTION:
	case OPTION_LIST:
		break;
	}
}

const char *
option_text(const struct option_row *row, const void *base, char *buf, size_t size)
{
	FILE *to = fmemopen(buf, size, "w");

	buf[0] = '\0';
	if (to == NULL)
		return buf;
	print_value(to, row, base);
	fclose(to);
	buf[size - 1] = '\0';
	return buf;
}
