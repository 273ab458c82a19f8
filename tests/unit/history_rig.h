/* history_rig.h - a folder for a history, and its life in a test. */
#ifndef TESTS_UNIT_HISTORY_RIG_H
#define TESTS_UNIT_HISTORY_RIG_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/when.h"
#include "history/history.h"

#define DAY_NS (86400 * NS_PER_SEC)
#define START_NS (20000 * DAY_NS)

static char folder[64];
static const struct history_limits roomy = { .days = 90, .max_bytes = 64u << 20 };

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/hansho-history-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state)
{
	char path[512];
	struct dirent *e;
	DIR *d = opendir(folder);

	(void)state;
	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
	return rmdir(folder);
}

/* `said`, 256 bytes: what it has to say of an earlier one; NULL: nothing is expected. */
static struct history *
opened(const struct history_limits *limits, bool whole, char *said)
{
	struct history *h = NULL;
	struct fault fault = { "" };
	char mine[256];

	if (history_open(folder, limits, whole, &h, said != NULL ? said : mine, sizeof mine, &fault) < 0)
		fail_msg("%s", fault.text);
	if (said == NULL)
		assert_string_equal(mine, "");
	return h;
}

static void
commit(struct history *h, int64_t now_ns)
{
	struct fault fault = { "" };

	if (history_commit(h, now_ns, &fault) < 0)
		fail_msg("%s", fault.text);
}

#endif
