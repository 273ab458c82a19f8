#include "system/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than Debian 12's headers, not than its kernels may be. */
enum {
	ACCESS_TRUNCATE = 1 << 14, ACCESS_IOCTL_DEVICE = 1 << 15,
	ACCESS_TCP = 3, SCOPE_ALL = 3,
	ABI_1_RIGHTS = (1 << 13) - 1
};

/* landlock_ruleset_attr as of ABI 6; older kernels are given its beginning. */
struct attributes {
	uint64_t files, network, scoped;
};

static const uint64_t READ_RIGHTS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

/* What may be said of a file; the rest is of folders. */
static const uint64_t FILE_RIGHTS = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
    LANDLOCK_ACCESS_FS_READ_FILE | ACCESS_TRUNCATE | ACCESS_IOCTL_DEVICE;

int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static uint64_t
rights_of(int abi)
{
	uint64_t rights = ABI_1_RIGHTS;

	if (abi >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		rights |= ACCESS_TRUNCATE;
	if (abi >= 5)
		rights |= ACCESS_IOCTL_DEVICE;
	return rights;
}

static int
create(int abi, uint64_t rights, bool network)
{
	struct attributes a = { .files = rights };
	size_t size = abi >= 6 ? sizeof a : abi >= 4 ? 2 * sizeof a.files : sizeof a.files;

	if (!network && abi >= 4)
		a.network = ACCESS_TCP;
	if (!network && abi >= 6)
		a.scoped = SCOPE_ALL;
	return (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
}

static int
add_path(int rules, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat st;
	int r = 0;

	if ((rule.parent_fd = open(path, O_PATH | O_CLOEXEC)) < 0)
		return 0;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	r = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	if (r < 0 && errno == EBADFD)
		r = 0;		/* a pipe behind /dev/stdout: of no folder, and never restricted */
	close(rule.parent_fd);
	return r;
}

static int
add_paths(int rules, const char *const *paths, uint64_t rights)
{
	for (; paths != NULL && *paths != NULL; paths++)
		if (add_path(rules, *paths, rights) < 0)
			return -1;
	return 0;
}

int
landlock_enter(const struct landlock_paths *paths, struct fault *fault)
{
	uint64_t rights;
	int abi = landlock_abi(), rules, r;

	if (abi == 0)
		return 0;
	rights = rights_of(abi);
	rules = create(abi, rights, paths->network);
	r = rules < 0 ? -1 : add_paths(rules, paths->read, READ_RIGHTS);
	if (r == 0)
		r = add_paths(rules, paths->write, rights & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE);
	if (r == 0 && paths->tidy != NULL)
		r = add_path(rules, paths->tidy, LANDLOCK_ACCESS_FS_REMOVE_DIR);
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	if (r < 0)
		fault_set(fault, SE_SYSTEM, "sandbox: Landlock ABI %d refused the rules: %s", abi,
		    strerror(errno));
	if (rules >= 0)
		close(rules);
	return r < 0 ? SE_SYSTEM : 0;
}
