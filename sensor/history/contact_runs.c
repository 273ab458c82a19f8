#include "history/contact_runs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/contact_file.h"

enum { PATH_MOST = 1200, RUN_DIGITS = 16 };

static void
marker_path(char path[PATH_MOST], const char *folder, uint64_t run)
{
	snprintf(path, PATH_MOST, "%s/%016" PRIx64 ".open", folder, run);
}

static bool
run_of_name(const char *name, uint64_t *run)
{
	char *end;

	if (strlen(name) != RUN_DIGITS + sizeof ".open" - 1 || strcmp(name + RUN_DIGITS, ".open") != 0)
		return false;
	*run = strtoull(name, &end, 16);
	return end == name + RUN_DIGITS && *run != 0;
}

void
contact_runs_list(const char *folder, struct contact_runs *out)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	out->count = 0;
	while (d != NULL && out->count < CONTACT_RUNS_MAX && (e = readdir(d)) != NULL)
		out->count += run_of_name(e->d_name, &out->run[out->count]);
	if (d != NULL)
		closedir(d);
}

bool
contact_runs_has(const struct contact_runs *r, uint64_t run)
{
	unsigned i;

	for (i = 0; run != 0 && i < r->count; i++)
		if (r->run[i] == run)
			return true;
	return false;
}

int
contact_run_begin(const char *folder, uint64_t run)
{
	char path[PATH_MOST];
	int fd;

	marker_path(path, folder, run);
	if ((fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

bool
contact_run_writes(int fd, int64_t day)
{
	char line[DAY_NAME + 1];
	int len;

	day_name(day, line);
	len = (int)strlen(line);
	line[len++] = '\n';
	return write(fd, line, (size_t)len) == len && fdatasync(fd) == 0;
}

bool
contact_run_end(const char *folder, uint64_t run, int fd)
{
	char path[PATH_MOST];
	bool gone;

	marker_path(path, folder, run);
	gone = unlink(path) == 0;
	close(fd);
	return gone;
}

/* Nobody writes behind a run that has not ended: what follows its first block is its own. */
static bool
cut(const char *folder, int64_t day, uint64_t run, uint8_t *buffer)
{
	char path[PATH_MOST], name[DAY_NAME];
	uint64_t at = 0, end = 0, skipped;
	struct block b = { .run = 0 };
	bool well = true;
	FILE *in;

	snprintf(path, sizeof path, "%s/%s.hcl", folder, day_name(day, name));
	if ((in = fopen(path, "r+e")) == NULL)
		return errno == ENOENT;
	while (block_next(in, &at, buffer, &b, &skipped) && b.run != run)
		end = at;
	if (b.run == run)
		well = ftruncate(fileno(in), (off_t)end) == 0;
	fclose(in);
	return well;
}

static void
recover(const char *folder, uint64_t run, uint8_t *buffer)
{
	int fd = contact_run_begin(folder, run);
	char line[64];
	bool well = true;
	int64_t day;
	FILE *in;

	if (fd < 0)
		return;
	if ((in = fdopen(fd, "r")) == NULL) {
		close(fd);
		return;
	}
	rewind(in);
	while (fgets(line, sizeof line, in) != NULL)
		if (day_of_name(line, "\n", &day))
			well = cut(folder, day, run, buffer) && well;
	if (well)
		contact_run_end(folder, run, dup(fd));
	fclose(in);
}

void
contact_runs_recover(const char *folder)
{
	uint8_t *buffer = malloc(BLOCK_HEADER + BLOCK_PAYLOAD_MAX);
	struct contact_runs runs;
	unsigned i;

	contact_runs_list(folder, &runs);
	for (i = 0; buffer != NULL && i < runs.count; i++)
		recover(folder, runs.run[i], buffer);
	free(buffer);
}
