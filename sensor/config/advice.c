#include "config/advice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/outline.h"

static const char shipped[] =
#include "advice.inc"
;

enum { FILE_BYTES = 1 << 20 };

struct entry {
	char family[ADVICE_NAME_MAX];
	char name[ADVICE_NAMES][ADVICE_NAME_MAX];	/* plain; the family's too */
	unsigned names, steps[LANGUAGES];
	char *step[LANGUAGES][ADVICE_STEPS];
	unsigned line;
	bool old;			/* of the table that another file may stand over */
};

struct advice {
	struct entry *entry[ADVICE_FAMILIES];
	unsigned count;
};

/* One file being read. */
struct reading {
	struct advice *advice;
	struct entry *now;		/* the entry being filled */
	const char *name;
	struct fault *fault;
};

static void
entry_free(struct entry *e)
{
	unsigned l, i;

	if (e == NULL)
		return;
	for (l = 0; l < LANGUAGES; l++)
		for (i = 0; i < e->steps[l]; i++)
			free(e->step[l][i]);
	free(e);
}

void
advice_free(struct advice *a)
{
	unsigned i;

	if (a == NULL)
		return;
	for (i = 0; i < a->count; i++)
		entry_free(a->entry[i]);
	free(a);
}

/* ---- names ---- */

static void
plain(const char *name, char out[ADVICE_NAME_MAX])
{
	const char *dot = strrchr(name, '.');
	size_t n = 0;

	for (name = dot != NULL && dot[1] != '\0' ? dot + 1 : name; *name != '\0' && n < ADVICE_NAME_MAX - 1; name++)
		if ((*name >= 'a' && *name <= 'z') || (*name >= '0' && *name <= '9'))
			out[n++] = *name;
		else if (*name >= 'A' && *name <= 'Z')
			out[n++] = (char)(*name | 0x20);
	out[n] = '\0';
}

static bool
has_name(const struct entry *e, const char *name)
{
	unsigned i;

	for (i = 0; i < e->names; i++)
		if (strcmp(e->name[i], name) == 0)
			return true;
	return false;
}

/* ---- reading ---- */

static int
refuse(const struct reading *r, unsigned line, const char *what)
{
	return fault_set(r->fault, SE_USAGE, "%s:%u: %s", r->name, line, what);
}

/* An entry of the same file has this name already: which one is meant? One of the table before gives way. */
static int
claim(struct reading *r, const char *name, unsigned line)
{
	struct advice *a = r->advice;
	unsigned i;

	for (i = 0; i < a->count; i++) {
		if (a->entry[i] == r->now || !has_name(a->entry[i], name))
			continue;
		if (!a->entry[i]->old)
			return fault_set(r->fault, SE_USAGE, "%s:%u: the family \"%s\" stands in line %u already, expected one entry of it",
			    r->name, line, name, a->entry[i]->line);
		entry_free(a->entry[i]);
		memmove(&a->entry[i], &a->entry[i + 1], (a->count - i - 1) * sizeof a->entry[0]);
		a->count--;
		break;
	}
	return 0;
}

static int
add_name(struct reading *r, const char *value, unsigned line)
{
	struct entry *e = r->now;
	char name[ADVICE_NAME_MAX];

	plain(value, name);
	if (name[0] == '\0' || strlen(value) >= ADVICE_NAME_MAX)
		return refuse(r, line, "expected a name with letters or digits, of less than 48 bytes");
	if (has_name(e, name))
		return 0;
	if (e->names == ADVICE_NAMES)
		return refuse(r, line, "expected at most 31 aliases");
	memcpy(e->name[e->names++], name, sizeof name);
	return claim(r, name, line);
}

static int
add_family(struct reading *r, const char *value, unsigned line)
{
	int code = add_name(r, value, line);

	if (code == 0)
		snprintf(r->now->family, sizeof r->now->family, "%s", value);
	return code;
}

static int
add_step(struct reading *r, enum language l, const char *value, unsigned line)
{
	struct entry *e = r->now;
	char *copy;

	if (value[0] == '\0' || strlen(value) > ADVICE_STEP_BYTES)
		return refuse(r, line, "expected a step of 1 to 400 bytes");
	if (e->steps[l] == ADVICE_STEPS)
		return refuse(r, line, "expected at most 12 steps");
	if ((copy = strdup(value)) == NULL)
		return fault_set(r->fault, SE_NOMEM, "%s: no memory", r->name);
	e->step[l][e->steps[l]++] = copy;
	return 0;
}

/* The entry that was read last must be whole. */
static int
close_entry(struct reading *r)
{
	const struct entry *e = r->now;

	if (e == NULL)
		return 0;
	if (e->family[0] == '\0')
		return refuse(r, e->line, "an entry without a family, expected \"family: NAME\"");
	if (e->steps[LANGUAGE_EN] == 0)
		return refuse(r, e->line, "an entry without English steps, expected \"en:\" and a list");
	return 0;
}

static int
begin_entry(struct reading *r, unsigned line)
{
	struct advice *a = r->advice;
	int code = close_entry(r);

	if (code < 0)
		return code;
	if (a->count == ADVICE_FAMILIES)
		return refuse(r, line, "expected at most 256 families in all");
	if ((r->now = calloc(1, sizeof *r->now)) == NULL)
		return fault_set(r->fault, SE_NOMEM, "%s: no memory", r->name);
	r->now->line = line;
	a->entry[a->count++] = r->now;
	return 0;
}

static int
take(struct reading *r, const struct outline_entry *e)
{
	static const char expected[] = "expected family, aliases, en or ja";
	const char *path = e->path, *value = e->value != NULL ? e->value : "";
	bool list = e->kind == OUTLINE_LIST || e->empty;

	if (strcmp(path, "advice") == 0)
		return list ? 0 : refuse(r, e->line, "expected \"advice:\" and a list of families");
	if (strncmp(path, "advice[]", 8) != 0)
		return refuse(r, e->line, "expected \"advice:\" and nothing beside it");
	if (strcmp(path, "advice[]") == 0)
		return e->kind == OUTLINE_MAPPING ? begin_entry(r, e->line) : refuse(r, e->line, expected);
	path += 8;
	if (strcmp(path, ".aliases") == 0 || strcmp(path, ".en") == 0 || strcmp(path, ".ja") == 0)
		return list ? 0 : refuse(r, e->line, "expected a list");
	if (e->kind != OUTLINE_TEXT)
		return refuse(r, e->line, expected);
	if (strcmp(path, ".family") == 0)
		return add_family(r, value, e->line);
	if (strcmp(path, ".aliases[]") == 0)
		return add_name(r, value, e->line);
	if (strcmp(path, ".en[]") == 0)
		return add_step(r, LANGUAGE_EN, value, e->line);
	if (strcmp(path, ".ja[]") == 0)
		return add_step(r, LANGUAGE_JA, value, e->line);
	return refuse(r, e->line, expected);
}

static int
read_bytes(struct advice *a, const char *name, const char *bytes, size_t len, struct fault *fault)
{
	struct reading r = { .advice = a, .name = name, .fault = fault };
	struct outline *o;
	size_t i;
	int code = outline_read(name, bytes, len, &o, fault);

	if (code < 0)
		return code;
	for (i = 0; i < o->count && code == 0; i++)
		code = take(&r, &o->entry[i]);
	if (code == 0)
		code = close_entry(&r);
	outline_free(o);
	return code;
}

static int
read_file(struct advice *a, const char *path, struct fault *fault)
{
	FILE *in = fopen(path, "re");
	char *bytes = in == NULL ? NULL : malloc(FILE_BYTES);
	size_t len;
	int code;

	if (in == NULL)
		return fault_set(fault, SE_USAGE, "%s: %m: expected a file of advice", path);
	if (bytes == NULL)
		code = fault_set(fault, SE_NOMEM, "%s: no memory", path);
	else if ((len = fread(bytes, 1, FILE_BYTES, in)) == FILE_BYTES || ferror(in))
		code = fault_set(fault, SE_USAGE, "%s: expected a readable file of less than 1 MiB", path);
	else
		code = read_bytes(a, path, bytes, len, fault);
	free(bytes);
	fclose(in);
	return code;
}

int
advice_open(const char *path, struct advice **out, struct fault *fault)
{
	struct advice *a = calloc(1, sizeof *a);
	unsigned i;
	int code;

	*out = NULL;
	if (a == NULL)
		return fault_set(fault, SE_NOMEM, "no memory for the table of advice");
	code = read_bytes(a, "feeds/advice.yaml", shipped, sizeof shipped - 1, fault);
	for (i = 0; i < a->count; i++)
		a->entry[i]->old = true;
	if (code == 0 && path[0] != '\0')
		code = read_file(a, path, fault);
	if (code < 0)
		advice_free(a);
	else
		*out = a;
	return code;
}

/* ---- asking ---- */

static const struct entry *
find(const struct advice *a, const char *family)
{
	char name[ADVICE_NAME_MAX];
	unsigned i;

	if (family == NULL || family[0] == '\0')
		return NULL;
	plain(family, name);
	for (i = 0; i < a->count; i++)
		if (has_name(a->entry[i], name))
			return a->entry[i];
	return NULL;
}

unsigned
advice_for(const struct advice *a, const char *family, enum language l, const char *const **steps)
{
	const struct entry *e = find(a, family);

	*steps = NULL;
	if (e == NULL && (e = find(a, "any")) == NULL)
		return 0;
	if (e->steps[l] == 0)
		l = LANGUAGE_EN;
	*steps = (const char *const *)e->step[l];
	return e->steps[l];
}

const char *
advice_family(const struct advice *a, const char *family)
{
	const struct entry *e = find(a, family);

	return e == NULL || has_name(e, "any") ? NULL : e->family;
}
