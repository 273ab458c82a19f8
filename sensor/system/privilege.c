#include "system/privilege.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int
find_user(const char *name, struct passwd **user, struct fault *fault)
{
	if ((*user = getpwnam(name)) == NULL)
		return fault_set(fault, SE_USAGE,
		    "user: there is no user \"%s\" to give up root for", name);
	return 0;
}

int
privilege_drop(const char *name, struct fault *fault)
{
	struct passwd *user = NULL;
	int r;

	if (geteuid() == 0 && name[0] != '\0' && (r = find_user(name, &user, fault)) < 0)
		return r;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW) < 0)
		return fault_set(fault, SE_SYSTEM, "capabilities: %s", strerror(errno));
	if (user != NULL)
		r = capng_change_id((int)user->pw_uid, (int)user->pw_gid,
		    CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	else
		/* Without CAP_NET_RAW from the start there is nothing to keep: opening has said so. */
		r = capng_apply(CAPNG_SELECT_CAPS) < 0 ? capng_apply(CAPNG_SELECT_CAPS) : 0;
	if (r < 0 && geteuid() == 0)
		return fault_set(fault, SE_SYSTEM, "cannot give up root for \"%s\" (%d): %s", name, r,
		    strerror(errno));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return 0;
}

int
privilege_drop_all(struct fault *fault)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return fault_set(fault, SE_SYSTEM, "cannot give up capabilities: %s", strerror(errno));
	return 0;
}

static int
make_parents(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return SE_SYSTEM;
		*slash = '/';
	}
	return mkdir(path, 0750) < 0 && errno != EEXIST ? SE_SYSTEM : 0;
}

int
privilege_make_directory(const char *path, const char *name, struct fault *fault)
{
	char copy[1100];
	struct passwd *user;
	int r, fd;

	if ((size_t)snprintf(copy, sizeof copy, "%s", path) >= sizeof copy)
		return fault_set(fault, SE_LIMIT, "state_directory is too long");
	if (make_parents(copy) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: cannot make this directory: %s", path,
		    strerror(errno));
	if (geteuid() != 0 || name[0] == '\0')
		return 0;
	if ((r = find_user(name, &user, fault)) < 0)
		return r;
	/* Nobody who may write beside it shall turn this into a gift of another directory. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 ? -1 : fchown(fd, user->pw_uid, user->pw_gid);
	if (r < 0)
		fault_set(fault, SE_SYSTEM, "%s: cannot give it to %s: %s", path, name,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return r < 0 ? SE_SYSTEM : 0;
}
