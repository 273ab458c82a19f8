#include "engine/rooms.h"

#include <stdio.h>
#include <string.h>

#include "engine/sizing.h"

#define MIB (1024ULL * 1024)

uint64_t
room_ceilings(const struct config *c)
{
	return c->workers * (sizing_tables(SIZING_WORKER, c) + ((uint64_t)c->ring_mib << 20)) +
	    sizing_tables(SIZING_ANALYST, c);
}

uint64_t
room_bytes(enum sandbox which, const struct config *c)
{
	switch (which) {
	case SANDBOX_WORKER: return 2 * sizing_tables(SIZING_WORKER, c) + 512 * MIB;
	case SANDBOX_ANALYST: return 2 * sizing_tables(SIZING_ANALYST, c) + 1024 * MIB;
	/* Beside it pages that SQLite takes to sort and to vacuum. */
	case SANDBOX_KEEPER: return sizing_tables(SIZING_KEEPER, c) + 2048 * MIB;
	case SANDBOX_COMPILER: return 2 * sizing_tables(SIZING_COMPILER, c) + 1024 * MIB;
	/* A decompressor's window may be large: 2 GiB for zstd's longest. */
	case SANDBOX_READER: return 4096 * MIB;
	case SANDBOX_PORTER: return 256 * MIB;
	case SANDBOX_COURIER: return 2048 * MIB;
	}
	return 0;
}

/* ---- folders ---- */

static void
add(struct room_plan *p, const char *path)
{
	size_t n = 0;

	while (p->write[n] != NULL)
		n++;
	if (n + 1 >= ROOM_PATHS || (size_t)snprintf(p->text[n], sizeof p->text[n], "%s", path) >=
	    sizeof p->text[n])
		return;
	p->write[n] = p->text[n];
}

static void
add_below(struct room_plan *p, const char *folder, const char *name)
{
	char path[CONFIG_TEXT_MAX + 16];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	add(p, path);
}

static void
add_folder_of(struct room_plan *p, const char *path)
{
	char folder[CONFIG_TEXT_MAX];
	char *slash;

	snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder] = '\0';
	add(p, slash == NULL ? "." : folder);
}

static void
add_read(struct room_plan *p, const char *path)
{
	size_t n = 0;

	while (p->read[n] != NULL)
		n++;
	if (path[0] == '\0' || n + 1 >= ROOM_READ_PATHS ||
	    (size_t)snprintf(p->read_text[n], sizeof p->read_text[n], "%s", path) >= sizeof p->read_text[n])
		return;
	p->read[n] = p->read_text[n];
}

/* Secrets, templates, certificates. */
static void
add_inputs(struct room_plan *p, const struct config *c)
{
	unsigned i;

	for (i = 0; i < c->sinks_count; i++) {
		const struct sink_options *s = &c->sinks[i];
		const char *places[] = { s->target, s->header, s->secret, s->login };
		const char *files[] = { s->template, s->ca_file, s->cert_file, s->key_file };
		size_t k;

		for (k = 0; k < sizeof places / sizeof *places; k++)
			if (strncmp(places[k], "file:", 5) == 0)
				add_read(p, places[k] + 5);
		for (k = 0; k < sizeof files / sizeof *files; k++)
			add_read(p, files[k]);
	}
}

/* The file itself, which may be a link to elsewhere, and its folder: it is made anew after a rotation. */
static void
add_outputs(struct room_plan *p, const struct config *c)
{
	unsigned i;

	for (i = 0; i < c->sinks_count; i++) {
		if (c->sinks[i].dead_letters[0] != '\0')
			add_folder_of(p, c->sinks[i].dead_letters);
		if (c->sinks[i].kind == SINK_STORE)
			add_folder_of(p, c->sinks[i].target);
		if (c->sinks[i].kind != SINK_EVE || strcmp(c->sinks[i].target, "-") == 0)
			continue;
		add(p, c->sinks[i].target);
		add_folder_of(p, c->sinks[i].target);
	}
}

/* The folder is made before; without it nothing is fetched. */
static void
add_feeds(struct room_plan *p, const struct config *c)
{
	char folder[CONFIG_TEXT_MAX];
	unsigned i;

	for (i = 0; i < c->feeds_count; i++)
		if (c->feeds[i].fetch.url[0] != '\0')
			break;
	if (i < c->feeds_count && (size_t)snprintf(folder, sizeof folder, "%s/feeds", c->state_directory) < sizeof folder)
		add(p, folder);
}

/* Names are resolved and certificates verified with files that the system's libraries choose. */
static void
add_system(struct room_plan *p)
{
	static const char *const folders[] = {
		"/etc", "/usr", "/lib", "/lib64", "/run", "/var/run", "/dev", "/proc",
	};
	size_t i;

	for (i = 0; i < sizeof folders / sizeof *folders; i++)
		add_read(p, folders[i]);
}

void
room_plan(struct room_plan *plan, enum sandbox which, const struct config *c, const char *journal,
    const char *memory)
{
	/* The texts, a quarter of a MiB, are written before they are read. */
	memset(&plan->room, 0, sizeof plan->room);
	memset(plan->write, 0, sizeof plan->write);
	memset(plan->read, 0, sizeof plan->read);
	plan->room.data_bytes = room_bytes(which, c);
	if (which == SANDBOX_ANALYST || which == SANDBOX_COURIER) {
		add(plan, journal);
		plan->room.write = plan->write;
	}
	if (which == SANDBOX_ANALYST && memory[0] != '\0')
		add(plan, memory);
	if (which == SANDBOX_KEEPER) {
		add_below(plan, c->state_directory, "history");
		add_below(plan, c->state_directory, "contacts");
		plan->room.write = plan->write;
	}
	/* The snapshot of the history is read anew each day. */
	if (which == SANDBOX_ANALYST) {
		snprintf(plan->read_text[0], sizeof plan->read_text[0], "%s/history", c->state_directory);
		plan->read[0] = plan->read_text[0];
		plan->room.read = plan->read;
	}
	if (which != SANDBOX_COURIER)
		return;
	add_outputs(plan, c);
	add_feeds(plan, c);
	add_system(plan);
	add_inputs(plan, c);
	plan->room.read = plan->read;
}
