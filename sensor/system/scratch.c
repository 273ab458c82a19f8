#include "system/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
scratch_make(char *path, size_t size, struct fault *fault)
{
	const char *base = getenv("TMPDIR");
	int n = snprintf(path, size, "%s/hansho-XXXXXX", base == NULL || *base == '\0' ? "/tmp" : base);

	if (n < 0 || (size_t)n >= size) {
		path[0] = '\0';
		return fault_set(fault, SE_LIMIT, "TMPDIR is longer than %zu bytes", size);
	}
	if (mkdtemp(path) != NULL)
		return 0;
	fault_set(fault, SE_SYSTEM, "%s: cannot make a directory for the journal: %s", path,
	    strerror(errno));
	path[0] = '\0';
	return SE_SYSTEM;
}

void
scratch_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(path);
}
