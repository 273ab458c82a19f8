/*
 * Any bytes as a configuration file, up to what it names: nothing is opened.
 * What the option table takes libcyaml must take as well, and each value that
 * it loaded must be where the table says.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_check.h"
#include "config/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One line, and it says where. */
static void
expect_line(const struct fault *fault)
{
	if (strncmp(fault->text, "x:", 2) != 0 || fault->text[2] < '1' || fault->text[2] > '9' ||
	    strchr(fault->text, '\n') != NULL)
		abort();
}

static void
expect_value(const struct loaded *l, const struct outline_entry *e)
{
	bool is_list_entry;
	const struct option_row *row = config_row(e, &is_list_entry);
	const void *base;

	if (is_list_entry || e->kind != OUTLINE_TEXT || row->type < OPTION_INTEGER)
		return;
	if ((base = schema_base(l, row, e->entry)) == NULL)
		abort();
	if (row->type >= OPTION_TEXT ? strcmp((const char *)base + row->offset, e->value) != 0 :
	    row->type == OPTION_INTEGER &&
	    option_get(row, base) * row->scale != (double)(atoll(e->value) / row->scale * row->scale))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault fault = { "" };
	struct outline *outline = NULL;
	struct schema *schema = NULL;
	struct loaded *loaded = NULL;
	size_t i;

	if (outline_read("x", data, size, &outline, &fault) < 0 ||
	    config_check("x", outline, &fault) < 0) {
		expect_line(&fault);
		goto done;
	}
	if (outline->count == 0 || (schema = schema_new()) == NULL)
		goto done;
	if (schema_load(schema, "x", data, size, &loaded, &fault) < 0)
		abort();
	for (i = 0; i < outline->count; i++)
		expect_value(loaded, &outline->entry[i]);
done:
	schema_unload(schema, loaded);
	schema_free(schema);
	outline_free(outline);
	return 0;
}
