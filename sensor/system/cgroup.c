#include "system/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, LINE_BYTES = 1024, LEVELS_MAX = 32 };

/* Version 1 tells that there is no limit by a number near the largest. */
#define NO_LIMIT (UINT64_MAX / 4)

/* The first line of FOLDER/NAME. */
static bool
read_line(const char *folder, const char *name, char line[LINE_BYTES])
{
	char path[PATH_BYTES + 64];
	FILE *f;
	bool well;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	if ((f = fopen(path, "re")) == NULL)
		return false;
	well = fgets(line, LINE_BYTES, f) != NULL;
	fclose(f);
	return well;
}

static uint64_t
read_number(const char *folder, const char *name)
{
	char line[LINE_BYTES];

	return read_line(folder, name, line) && line[0] >= '0' && line[0] <= '9' ? strtoull(line, NULL, 10) : 0;
}

static void
take_memory(const char *folder, const char *limit, const char *used, struct cgroup *out)
{
	uint64_t bytes = read_number(folder, limit);

	if (bytes == 0 || bytes > NO_LIMIT || (out->memory_limit_bytes > 0 && bytes >= out->memory_limit_bytes))
		return;
	out->memory_limit_bytes = bytes;
	out->memory_used_bytes = read_number(folder, used);
}

static void
take_processors(double quota, double period, struct cgroup *out)
{
	if (quota <= 0 || period <= 0)
		return;
	if (out->processors == 0 || quota / period < out->processors)
		out->processors = quota / period;
}

static void
look_in(const char *folder, struct cgroup *out)
{
	char line[LINE_BYTES];
	double quota, period;

	take_memory(folder, "memory.max", "memory.current", out);
	take_memory(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", out);
	if (read_line(folder, "cpu.max", line) && sscanf(line, "%lf %lf", &quota, &period) == 2)
		take_processors(quota, period, out);
	take_processors((double)read_number(folder, "cpu.cfs_quota_us"), (double)read_number(folder, "cpu.cfs_period_us"), out);
}

/* From the group up to the root; in a container the path may not be there, the root is. */
static void
look_upwards(const char *root, const char *path, struct cgroup *out)
{
	char folder[PATH_BYTES];
	size_t least = strlen(root);
	char *slash;
	int level;

	if ((size_t)snprintf(folder, sizeof folder, "%s%s", root, path) >= sizeof folder)
		return;
	for (level = 0; level < LEVELS_MAX && strlen(folder) >= least; level++) {
		look_in(folder, out);
		if ((slash = strrchr(folder, '/')) == NULL || (size_t)(slash - folder) < least)
			break;
		*slash = '\0';
	}
}

static bool
has_controller(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *at = strstr(list, name);

	return at != NULL && (at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0');
}

/* "0::/system.slice/hansho.service" or "4:memory:/x" */
static void
look_at_line(char *line, const char *root, struct cgroup *out)
{
	char *controllers = strchr(line, ':'), *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
	char below[PATH_BYTES];

	if (path == NULL)
		return;
	*path++ = '\0';
	controllers++;
	path[strcspn(path, "\n")] = '\0';
	if (strcmp(path, "/") == 0)
		*path = '\0';
	if (controllers[0] == '\0') {
		look_upwards(root, path, out);
		return;
	}
	if (!has_controller(controllers, "memory") && !has_controller(controllers, "cpu"))
		return;
	snprintf(below, sizeof below, "%s/%s", root, has_controller(controllers, "memory") ? "memory" : "cpu");
	look_upwards(below, path, out);
}

void
cgroup_look(const char *membership, const char *root, struct cgroup *out)
{
	FILE *f = fopen(membership, "re");
	char line[LINE_BYTES];

	memset(out, 0, sizeof *out);
	if (f == NULL)
		return;
	while (fgets(line, sizeof line, f) != NULL)
		look_at_line(line, root, out);
	fclose(f);
}
