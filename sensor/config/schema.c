#include "config/schema.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 320, ELEMENTS_MAX = 16, CHOICES_MAX = 256 };

struct schema {
	cyaml_schema_field_t field[FIELDS_MAX];
	cyaml_schema_value_t element[ELEMENTS_MAX];	/* entries of lists */
	cyaml_strval_t choice[CHOICES_MAX];
	cyaml_schema_value_t root;
	unsigned fields, elements, choices;
};

/* ---- rows → fields ---- */

static cyaml_schema_value_t *
new_element(struct schema *s)
{
	return s->elements < ELEMENTS_MAX ? &s->element[s->elements++] : NULL;
}

static bool
set_choices(struct schema *s, const struct option_row *row, cyaml_schema_value_t *v)
{
	const struct option_choice *c;

	v->enumeration.strings = s->choice + s->choices;
	for (c = row->choices; c->text != NULL; c++) {
		if (s->choices == CHOICES_MAX)
			return false;
		s->choice[s->choices++] = (cyaml_strval_t){ c->text, c->value };
		v->enumeration.count++;
	}
	return true;
}

static bool
set_scalar(struct schema *s, const struct option_row *row, cyaml_schema_value_t *v)
{
	static const enum cyaml_type types[] = {
		[OPTION_RECORDS] = CYAML_FLAGS, [OPTION_INTEGER] = CYAML_UINT,
		[OPTION_NUMBER] = CYAML_FLOAT, [OPTION_BOOLEAN] = CYAML_BOOL,
		[OPTION_CHOICE] = CYAML_ENUM, [OPTION_TEXT] = CYAML_STRING,
		[OPTION_PATH] = CYAML_STRING,
	};

	v->type = types[row->type];
	v->flags = CYAML_FLAG_DEFAULT;
	v->data_size = (uint32_t)row->size;
	if (v->type == CYAML_STRING)
		v->string.max = (uint32_t)row->size - 1;
	return row->choices == NULL || set_choices(s, row, v);
}

static bool
set_list(cyaml_schema_field_t *f, cyaml_schema_value_t *element, const struct option_row *row,
    size_t at, size_t count_at)
{
	if (element == NULL)
		return false;
	f->data_offset = (uint32_t)at;
	f->count_offset = (uint32_t)count_at;
	f->count_size = sizeof(unsigned);
	f->value.type = CYAML_SEQUENCE;
	f->value.flags = CYAML_FLAG_POINTER_NULL_STR;
	f->value.data_size = (element->flags & CYAML_FLAG_POINTER) != 0 ? sizeof(void *) :
	    element->data_size;
	f->value.sequence.entry = element;
	f->value.sequence.max = (uint32_t)row->most;
	return true;
}

/* Networks of a list's entry: read from the outline, since libcyaml could only allocate them. */
static bool
is_in_list(const struct option_row *row)
{
	return strstr(row->path, "[].") != NULL;
}

static size_t
networks_place(const struct option_row *row)
{
	const struct option_row *r;
	size_t n = 0;

	for (r = option_rows; r < row; r++)
		n += r->type == OPTION_NETWORKS && !is_in_list(r);
	return n;
}

static bool
set_networks(struct schema *s, const struct option_row *row, cyaml_schema_field_t *f)
{
	cyaml_schema_value_t *element;
	size_t at;

	if (is_in_list(row)) {
		f->value.type = CYAML_IGNORE;
		return true;
	}
	element = new_element(s);
	if (networks_place(row) >= NETWORKS_MAX)
		return false;
	if (element != NULL) {
		element->type = CYAML_STRING;
		element->flags = CYAML_FLAG_POINTER;
		element->data_size = sizeof(char);
		element->string.max = ADDR_TEXT_MAX + 4;
	}
	at = offsetof(struct loaded, networks) + networks_place(row) * sizeof(struct loaded_networks);
	return set_list(f, element, row, at + offsetof(struct loaded_networks, text),
	    at + offsetof(struct loaded_networks, count));
}

/* The fields beneath `holder` that hold no others, and the end mark; sections and lists are set by their caller. */
static const cyaml_schema_field_t *
set_members(struct schema *s, const char *holder)
{
	const cyaml_schema_field_t *first = s->field + s->fields;
	const struct option_row *row;

	for (row = option_rows; row < option_rows + option_rows_count; row++) {
		cyaml_schema_field_t *f = s->field + s->fields;

		if (!option_is_beneath(row, holder))
			continue;
		if (s->fields + 1 >= FIELDS_MAX)
			return NULL;
		s->fields++;
		f->key = option_name(row);
		if (row->type == OPTION_NETWORKS ? !set_networks(s, row, f) :
		    row->type != OPTION_SECTION && row->type != OPTION_LIST &&
		    !set_scalar(s, row, &f->value))
			return NULL;
		if (row->type != OPTION_NETWORKS)
			f->data_offset = (uint32_t)row->offset;
		f->value.flags |= CYAML_FLAG_OPTIONAL;
	}
	if (s->fields == FIELDS_MAX)
		return NULL;
	s->fields++;	/* zeroed: the end */
	return first;
}

static bool
set_mapping(struct schema *s, cyaml_schema_value_t *v, const char *holder, size_t size)
{
	v->type = CYAML_MAPPING;
	v->data_size = (uint32_t)size;
	return (v->mapping.fields = set_members(s, holder)) != NULL;
}

/* Lists of mappings, all at the top: what an entry is, and where in struct config they lie. */
static const struct list_kind {
	const char *path, *holder;
	size_t entry_bytes, at, count_at;
} list_kinds[] = {
	{ "feeds", "feeds[]", sizeof(struct config_feed), offsetof(struct config, feeds),
	    offsetof(struct config, feeds_count) },
	{ "sinks", "sinks[]", sizeof(struct sink_options), offsetof(struct config, sinks),
	    offsetof(struct config, sinks_count) },
	{ "suppress", "suppress[]", sizeof(struct suppress_rule), offsetof(struct config, suppress),
	    offsetof(struct config, suppress_count) },
};

enum { LIST_KINDS = sizeof list_kinds / sizeof *list_kinds };

static bool
set_mappings(struct schema *s, cyaml_schema_field_t *f, const struct option_row *row)
{
	cyaml_schema_value_t *element = new_element(s);
	const struct list_kind *k = list_kinds;

	while (k < list_kinds + LIST_KINDS && strcmp(k->path, row->path) != 0)
		k++;
	if (element == NULL || k == list_kinds + LIST_KINDS || !set_mapping(s, element, k->holder, k->entry_bytes))
		return false;
	return set_list(f, element, row, offsetof(struct loaded, top) + k->at,
	    offsetof(struct loaded, top) + k->count_at);
}

static bool
set_holders(struct schema *s, cyaml_schema_field_t *root)
{
	const struct option_row *row;
	cyaml_schema_field_t *f;
	unsigned sections = 0;

	for (f = root; f->key != NULL; f++) {
		row = option_find(f->key);
		if (row->type == OPTION_LIST && !set_mappings(s, f, row))
			return false;
		if (row->type == OPTION_SECTION) {
			if (sections == SECTIONS_MAX ||
			    !set_mapping(s, &f->value, row->path, sizeof(struct loaded)))
				return false;
			f->data_offset = (uint32_t)(offsetof(struct loaded, section) +
			    sections++ * sizeof(struct config *));
			f->value.flags = CYAML_FLAG_POINTER_NULL_STR;
		}
		f->value.flags |= CYAML_FLAG_OPTIONAL;
	}
	return true;
}

struct schema *
schema_new(void)
{
	struct schema *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->root.flags = CYAML_FLAG_POINTER;
	if (set_mapping(s, &s->root, "", sizeof(struct loaded)) && set_holders(s, s->field))
		return s;
	schema_free(s);
	return NULL;
}

void
schema_free(struct schema *s)
{
	free(s);
}

/* ---- loading ---- */

/* libcyaml's first line says what is wrong; the first with a line says where. */
struct words {
	char what[256], where[256];
};

static void __attribute__((format(printf, 3, 0)))
take_log(cyaml_log_t level, void *to, const char *format, va_list ap)
{
	struct words *w = to;
	char line[256];

	if (level != CYAML_LOG_ERROR)
		return;
	vsnprintf(line, sizeof line, format, ap);
	line[strcspn(line, "\n")] = '\0';
	if (w->what[0] == '\0')
		memcpy(w->what, line, sizeof line);
	else if (w->where[0] == '\0' && strstr(line, "line:") != NULL)
		memcpy(w->where, line, sizeof line);
}

static cyaml_config_t
settings(struct words *words)
{
	return (cyaml_config_t){
		.log_fn = words == NULL ? NULL : take_log, .log_ctx = words, .mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_NO_ALIAS,
	};
}

int
schema_load(const struct schema *s, const char *name, const void *bytes, size_t len,
    struct loaded **out, struct fault *fault)
{
	struct words words = { "", "" };
	cyaml_config_t with = settings(&words);
	cyaml_data_t *data = NULL;
	cyaml_err_t e = cyaml_load_data(bytes, len, &with, &s->root, &data, NULL);

	*out = data;
	if (e == CYAML_OK)
		return 0;
	return fault_set(fault, e == CYAML_ERR_OOM ? SE_NOMEM : SE_USAGE, "%s: %s%s%s", name,
	    words.what[0] == '\0' ? cyaml_strerror(e) : words.what,
	    words.where[0] == '\0' ? "" : ",", words.where);
}

void
schema_unload(const struct schema *s, struct loaded *l)
{
	cyaml_config_t with = settings(NULL);

	if (l != NULL)
		cyaml_free(&with, &s->root, l, 0);
}

/* ---- what was loaded ---- */

const struct loaded_networks *
schema_networks(const struct loaded *l, const struct option_row *row)
{
	static const struct loaded_networks none;
	/* A section is loaded into a whole struct loaded of its own, for the networks beneath it. */
	const struct loaded *holder = schema_base(l, row, 0);

	return holder == NULL ? &none : &holder->networks[networks_place(row)];
}

const void *
schema_base(const struct loaded *l, const struct option_row *row, unsigned entry)
{
	const struct option_row *r;
	const struct list_kind *list;
	const char *entries;
	unsigned k = 0, count;

	for (list = list_kinds; list < list_kinds + LIST_KINDS; list++) {
		if (!option_is_beneath(row, list->holder))
			continue;
		memcpy(&entries, (const char *)&l->top + list->at, sizeof entries);
		memcpy(&count, (const char *)&l->top + list->count_at, sizeof count);
		return entry < count ? entries + entry * list->entry_bytes : NULL;
	}
	if (option_is_beneath(row, ""))
		return &l->top;
	for (r = option_rows; r < option_rows + option_rows_count; r++) {
		if (r->type != OPTION_SECTION)
			continue;
		if (option_is_beneath(row, r->path))
			return l->section[k];
		k++;
	}
	return NULL;
}
