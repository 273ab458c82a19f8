#include "config/catalogue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/options.h"
#include "config/outline.h"

enum { CATALOGUE_BYTES = 1 << 20 };

/* What is there for people, and sets nothing. */
static const char *const words[] = { "roles", "trust", "auth", "note", "verified", NULL };

static bool
is_word(const char *key)
{
	unsigned i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], key) == 0)
			return true;
	return false;
}

/* The program may be installed anywhere, or run where it was built. */
static void
find_beside_program(char *path, size_t size)
{
	static const char *const places[] = { "../share/hansho/catalogue.yaml", "../feeds/catalogue.yaml" };
	char program[CONFIG_TEXT_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
	unsigned i;

	program[len < 0 ? 0 : len] = '\0';
	program[strrchr(program, '/') == NULL ? 0 : strrchr(program, '/') - program] = '\0';
	for (i = 0; i < sizeof places / sizeof *places; i++)
		if ((size_t)snprintf(path, size, "%s/%s", program, places[i]) < size && access(path, R_OK) == 0)
			return;
	snprintf(path, size, "/usr/share/hansho/catalogue.yaml");
}

static int
open_catalogue(const char *path, char shown[CONFIG_TEXT_MAX + 64], struct outline **out, struct fault *fault)
{
	FILE *in;
	char *bytes;
	size_t len;
	int r;

	*out = NULL;
	snprintf(shown, CONFIG_TEXT_MAX + 64, "%s", path);
	if (path[0] == '\0')
		find_beside_program(shown, CONFIG_TEXT_MAX + 64);
	if ((in = fopen(shown, "re")) == NULL)
		return fault_set(fault, SE_USAGE, "%s: %s: expected the catalogue of feeds", shown, strerror(errno));
	if ((bytes = malloc(CATALOGUE_BYTES)) == NULL) {
		fclose(in);
		return fault_set(fault, SE_NOMEM, "%s: no memory", shown);
	}
	len = fread(bytes, 1, CATALOGUE_BYTES, in);
	if (len == CATALOGUE_BYTES || ferror(in))
		r = fault_set(fault, SE_USAGE, "%s: expected a catalogue of less than 1 MiB", shown);
	else
		r = outline_read(shown, bytes, len, out, fault);
	free(bytes);
	fclose(in);
	return r;
}

/* One key of the entry through the option table. */
static int
set_key(const char *shown, const struct outline_entry *e, struct config_feed *feed, struct fault *fault)
{
	const struct option_row *row = option_find(e->path);
	char expected[256];

	if (e->kind != OUTLINE_TEXT || e->value == NULL || is_word(e->path + strlen("feeds[].")))
		return 0;
	if (row == NULL)
		return fault_set(fault, SE_USAGE, "%s:%u: %s: no such option", shown, e->line, e->path);
	if (!option_accepts(row, e->value))
		return fault_set(fault, SE_USAGE, "%s:%u: %s: expected %s", shown, e->line, e->path,
		    option_expected(row, expected, sizeof expected));
	option_set(row, feed, e->value);
	return 0;
}

static int
fill(const char *shown, const struct outline *o, unsigned entry, struct config_feed *feed, struct fault *fault)
{
	size_t i;
	int r = 0;

	for (i = 0; i < o->count && r == 0; i++)
		if (o->entry[i].entry == entry && strncmp(o->entry[i].path, "feeds[].", 8) == 0)
			r = set_key(shown, &o->entry[i], feed, fault);
	if (r == 0 && (!fetch_url_well(feed->fetch.url) || !fetch_name_well(feed->name)))
		r = fault_set(fault, SE_USAGE, "%s: %s: expected a url and a name", shown, feed->name);
	return r;
}

int
catalogue_fill(const char *path, const char *name, struct config_feed *feed, struct fault *fault)
{
	char shown[CONFIG_TEXT_MAX + 64];
	const struct outline_entry *e;
	struct outline *o;
	unsigned n;
	int r;

	if ((r = open_catalogue(path, shown, &o, fault)) < 0)
		return r;
	for (n = 0; (e = outline_find(o, "feeds[].name", n)) != NULL; n++)
		if (e->value != NULL && strcmp(e->value, name) == 0)
			break;
	if (e == NULL)
		r = fault_set(fault, SE_USAGE, "\"%.64s\" is not in the catalogue %s: expected one of "
		    "`hansho feed list --catalogue`", name, shown);
	else
		r = fill(shown, o, n, feed, fault);
	outline_free(o);
	return r;
}

static const char *
text_of(const struct outline *o, const char *key, unsigned entry)
{
	char path[OUTLINE_PATH_MAX];
	const struct outline_entry *e;

	snprintf(path, sizeof path, "feeds[].%s", key);
	e = outline_find(o, path, entry);
	return e == NULL || e->value == NULL ? "" : e->value;
}

int
catalogue_each(const char *path, catalogue_fn *tell, void *to, struct fault *fault)
{
	char shown[CONFIG_TEXT_MAX + 64];
	struct outline *o;
	unsigned n;
	int r;

	if ((r = open_catalogue(path, shown, &o, fault)) < 0)
		return r;
	for (n = 0; outline_find(o, "feeds[]", n) != NULL; n++) {
		const struct catalogue_entry e = {
			text_of(o, "name", n), text_of(o, "url", n), text_of(o, "format", n),
			text_of(o, "licence", n), text_of(o, "interval_sec", n), text_of(o, "roles", n),
			text_of(o, "trust", n), text_of(o, "auth", n), text_of(o, "note", n),
			text_of(o, "verified", n),
		};

		tell(to, &e);
	}
	outline_free(o);
	return 0;
}
