#include "history/contact_days.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/contact_file.h"

enum { PATH_MOST = 1200 };

static uint64_t
size_of(const char *folder, int64_t day, const char *suffix)
{
	char path[PATH_MOST], name[DAY_NAME];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s%s", folder, day_name(day, name), suffix);
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int
by_day(const void *left, const void *right)
{
	const struct contact_day *a = left, *b = right;

	return (a->day > b->day) - (a->day < b->day);
}

void
contact_days_list(const char *folder, struct contact_days *out)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int64_t day;

	out->count = 0;
	while (d != NULL && out->count < DAYS_MAX && (e = readdir(d)) != NULL)
		if (day_of_name(e->d_name, ".hcl", &day))
			out->day[out->count++] = (struct contact_day){ day,
			    size_of(folder, day, ".hcl") + size_of(folder, day, ".hcs") };
	if (d != NULL)
		closedir(d);
	qsort(out->day, out->count, sizeof *out->day, by_day);
}

void
contact_days_remove(const char *folder, int64_t day)
{
	char path[PATH_MOST], name[DAY_NAME];

	snprintf(path, sizeof path, "%s/%s.hcl", folder, day_name(day, name));
	unlink(path);
	snprintf(path, sizeof path, "%s/%s.hcs", folder, name);
	unlink(path);
}
