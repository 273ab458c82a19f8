#include "config/outline.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 8, ENTRIES_MAX = 8192, KEY_MAX = 40, VALUE_MAX = 4096 };

struct level {
	enum outline_kind kind;
	size_t path_len;		/* of the mapping or list itself */
	size_t first;			/* its first entry in the outline */
	bool have_key;			/* MAPPING: the next node is this key's value */
};

struct walk {
	const char *name;
	struct outline *out;
	struct fault *fault;
	struct level level[DEPTH_MAX];
	unsigned depth, documents;
	char path[OUTLINE_PATH_MAX];
	unsigned line;			/* of the key, or of the list entry */
	unsigned entry;
};

static int
refuse(const struct walk *w, unsigned line, const char *what)
{
	return fault_set(w->fault, SE_USAGE, "%s:%u: %s", w->name, line, what);
}

/* ---- entries ---- */

const struct outline_entry *
outline_find(const struct outline *o, const char *path, unsigned entry)
{
	size_t i;

	for (i = 0; i < o->count; i++)
		if (o->entry[i].entry == entry && strcmp(o->entry[i].path, path) == 0)
			return &o->entry[i];
	return NULL;
}

void
outline_free(struct outline *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < o->count; i++)
		free(o->entry[i].value);
	free(o->entry);
	free(o);
}

static struct outline_entry *
add_entry(struct walk *w, enum outline_kind kind)
{
	struct outline *o = w->out;
	struct outline_entry *e;
	size_t room = o->room == 0 ? 64 : o->room * 2;

	if (o->count == ENTRIES_MAX) {
		fault_set(w->fault, SE_USAGE, "%s:%u: expected at most %d values in all", w->name,
		    w->line, (int)ENTRIES_MAX);
		return NULL;
	}
	if (o->count == o->room) {
		if ((e = realloc(o->entry, room * sizeof *e)) == NULL) {
			fault_set(w->fault, SE_NOMEM, "%s: no memory", w->name);
			return NULL;
		}
		o->entry = e;
		o->room = room;
	}
	e = &o->entry[o->count++];
	memset(e, 0, sizeof *e);
	memcpy(e->path, w->path, sizeof e->path);
	e->kind = kind;
	e->line = w->line;
	e->entry = w->entry;
	return e;
}

/* ---- where we are ---- */

static bool
in_outermost_list(const struct walk *w)
{
	unsigned i;

	for (i = 0; i + 1 < w->depth; i++)
		if (w->level[i].kind == OUTLINE_LIST)
			return false;
	return true;
}

/* Append to the path of the innermost mapping or list. */
static int
extend_path(struct walk *w, const char *dot, const char *name)
{
	size_t at = w->depth == 0 ? 0 : w->level[w->depth - 1].path_len;
	size_t room = sizeof w->path - at;

	if ((size_t)snprintf(w->path + at, room, "%s%s", at == 0 ? "" : dot, name) >= room)
		return refuse(w, w->line, "expected fewer levels");
	return 0;
}

/* Before a value: is one expected here, and what is its path? */
static int
begin_value(struct walk *w, const yaml_mark_t *mark)
{
	struct level *l = w->depth == 0 ? NULL : &w->level[w->depth - 1];

	if (l == NULL) {
		w->line = (unsigned)mark->line + 1;
		return 0;
	}
	if (l->kind == OUTLINE_MAPPING) {
		if (!l->have_key)
			return refuse(w, (unsigned)mark->line + 1, "expected the name of an option");
		l->have_key = false;
		return 0;
	}
	w->line = (unsigned)mark->line + 1;
	if (in_outermost_list(w))
		w->entry = w->out->count == l->first ? 0 : w->entry + 1;
	return extend_path(w, "", "[]");
}

static int
push(struct walk *w, enum outline_kind kind, const yaml_mark_t *mark)
{
	struct level *l;
	int r;

	if ((r = begin_value(w, mark)) < 0)
		return r;
	if (w->depth == 0 && kind != OUTLINE_MAPPING)
		return refuse(w, w->line, "expected options, such as \"workers: 2\"");
	if (w->depth == DEPTH_MAX)
		return refuse(w, w->line, "expected fewer levels");
	if (w->depth > 0 && add_entry(w, kind) == NULL)
		return SE_USAGE;
	l = &w->level[w->depth++];
	l->kind = kind;
	l->path_len = w->depth == 1 ? 0 : strlen(w->path);
	l->first = w->out->count;
	l->have_key = false;
	return 0;
}

static void
pop(struct walk *w)
{
	bool list = w->level[--w->depth].kind == OUTLINE_LIST;

	if (list && in_outermost_list(w))
		w->entry = 0;
}

/* ---- scalars ---- */

static bool
is_plain_text(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

static int
take_key(struct walk *w, struct level *l, const char *name, size_t len)
{
	size_t i;

	if (len == 0 || len > KEY_MAX || !is_plain_text(name, len))
		return refuse(w, w->line, "expected the name of an option");
	if (strpbrk(name, ".[") != NULL)	/* a path of ours is made of them */
		return fault_set(w->fault, SE_USAGE, "%s:%u: %s: expected a name without \".\" and \"[\": "
		    "the options of a section stand beneath it", w->name, w->line, name);
	if (extend_path(w, ".", name) < 0)
		return SE_USAGE;
	for (i = l->first; i < w->out->count; i++)
		if (w->out->entry[i].entry == w->entry && strcmp(w->out->entry[i].path, w->path) == 0)
			return fault_set(w->fault, SE_USAGE, "%s:%u: %s stands on line %u already: "
			    "expected once", w->name, w->line, w->path, w->out->entry[i].line);
	l->have_key = true;
	return 0;
}

static bool
is_nothing(const char *s)
{
	return *s == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0 ||
	    strcmp(s, "Null") == 0 || strcmp(s, "NULL") == 0;
}

static int
take_scalar(struct walk *w, const yaml_event_t *event)
{
	struct level *l = w->depth == 0 ? NULL : &w->level[w->depth - 1];
	const char *s = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct outline_entry *e;
	int r;

	if (l != NULL && l->kind == OUTLINE_MAPPING && !l->have_key) {
		w->line = (unsigned)event->start_mark.line + 1;
		return take_key(w, l, s, len);
	}
	if ((r = begin_value(w, &event->start_mark)) < 0)
		return r;
	if (l == NULL)
		return plain && is_nothing(s) ? 0 :
		    refuse(w, w->line, "expected options, such as \"workers: 2\"");
	if (len > VALUE_MAX)
		return refuse(w, w->line, "expected a shorter value");
	if (!is_plain_text(s, len))
		return refuse(w, w->line, "expected a value of one line without control characters");
	if ((e = add_entry(w, OUTLINE_TEXT)) == NULL)
		return SE_USAGE;
	e->empty = plain && is_nothing(s);
	if ((e->value = strdup(s)) == NULL)
		return fault_set(w->fault, SE_NOMEM, "%s: no memory", w->name);
	return 0;
}

/* ---- events ---- */

static bool
has_properties(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor != NULL || e->data.scalar.tag != NULL;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor != NULL || e->data.sequence_start.tag != NULL;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor != NULL || e->data.mapping_start.tag != NULL;
	default:
		return e->type == YAML_ALIAS_EVENT;
	}
}

static int
take_event(struct walk *w, const yaml_event_t *e)
{
	if (has_properties(e))
		return refuse(w, (unsigned)e->start_mark.line + 1,
		    "anchors, aliases and tags (& * !) are not taken: expected a plain value, in quotes if it begins so");
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (w->documents++ > 0)
			return refuse(w, (unsigned)e->start_mark.line + 1,
			    "a second document begins: expected one");
		return 0;
	case YAML_SCALAR_EVENT:
		return take_scalar(w, e);
	case YAML_MAPPING_START_EVENT:
		return push(w, OUTLINE_MAPPING, &e->start_mark);
	case YAML_SEQUENCE_START_EVENT:
		return push(w, OUTLINE_LIST, &e->start_mark);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		pop(w);
		return 0;
	default:
		return 0;
	}
}

static unsigned
line_of(const uint8_t *bytes, size_t offset)
{
	unsigned line = 1;
	size_t i;

	for (i = 0; i < offset; i++)
		line += bytes[i] == '\n';
	return line;
}

/* In libyaml's words. Where it cannot read characters it gives no line, only an offset. */
static int
refuse_syntax(const struct walk *w, const yaml_parser_t *p, const uint8_t *bytes, size_t len)
{
	const char *problem = p->problem == NULL ? "not understood" : p->problem;

	if (p->error == YAML_MEMORY_ERROR)
		return fault_set(w->fault, SE_NOMEM, "%s: no memory", w->name);
	if (p->error == YAML_READER_ERROR)
		return fault_set(w->fault, SE_USAGE, "%s:%u: expected YAML in UTF-8: %s", w->name,
		    line_of(bytes, p->problem_offset < len ? p->problem_offset : len), problem);
	if (p->context == NULL)
		return fault_set(w->fault, SE_USAGE, "%s:%zu: expected YAML: %s", w->name,
		    p->problem_mark.line + 1, problem);
	return fault_set(w->fault, SE_USAGE, "%s:%zu: expected YAML: %s (from line %zu), %s", w->name,
	    p->problem_mark.line + 1, p->context, p->context_mark.line + 1, problem);
}

static int
walk_events(struct walk *w, yaml_parser_t *p, const uint8_t *bytes, size_t len)
{
	yaml_event_t event;
	bool end = false;
	int r = 0;

	while (!end && r == 0) {
		if (!yaml_parser_parse(p, &event))
			return refuse_syntax(w, p, bytes, len);
		end = event.type == YAML_STREAM_END_EVENT;
		r = take_event(w, &event);
		yaml_event_delete(&event);
	}
	return r;
}

int
outline_read(const char *name, const void *bytes, size_t len, struct outline **out,
    struct fault *fault)
{
	struct walk w = { .name = name, .fault = fault };
	yaml_parser_t parser;
	int r;

	*out = NULL;
	if ((w.out = calloc(1, sizeof *w.out)) == NULL || !yaml_parser_initialize(&parser)) {
		free(w.out);
		return fault_set(fault, SE_NOMEM, "%s: no memory", name);
	}
	yaml_parser_set_input_string(&parser, bytes, len);
	r = walk_events(&w, &parser, bytes, len);
	yaml_parser_delete(&parser);
	if (r < 0) {
		outline_free(w.out);
		return r;
	}
	*out = w.out;
	return 0;
}
