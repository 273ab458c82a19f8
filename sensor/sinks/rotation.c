#include "sinks/rotation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ROTATED_PATH_MAX = 1024 + 16 };

static const char *
numbered(const char *path, unsigned n, char buf[ROTATED_PATH_MAX])
{
	if (n == 0)
		return path;
	snprintf(buf, ROTATED_PATH_MAX, "%s.%u", path, n);
	return buf;
}

int
rotation_turn(const char *path, unsigned keep, struct fault *fault)
{
	char from[ROTATED_PATH_MAX], to[ROTATED_PATH_MAX];
	unsigned n;

	for (n = keep; n-- > 0;)
		if (rename(numbered(path, n, from), numbered(path, n + 1, to)) < 0 && (n == 0 || errno != ENOENT))
			return fault_set(fault, SE_SYSTEM, "%s: cannot be renamed to %s: %s", numbered(path, n, from),
			    numbered(path, n + 1, to), strerror(errno));
	return 0;
}

bool
rotation_is_at(int fd, const char *path)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_dev == there.st_dev &&
	    here.st_ino == there.st_ino;
}
