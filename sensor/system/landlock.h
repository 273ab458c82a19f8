/*
 * landlock.h - which files a process may still reach, told to the kernel by path (Landlock).
 *
 * Beside the system-call filter, which knows no paths: it holds for the one that
 * must open files, and is a second lock for those that must not. Where the
 * kernel has none (before 5.13, or not among its security modules) nothing
 * happens. Rights that it does not know are left out: renaming between
 * folders since ABI 2, truncating since 3, TCP since 4, abstract sockets and signals since 6.
 */
#ifndef SENSOR_SYSTEM_LANDLOCK_H
#define SENSOR_SYSTEM_LANDLOCK_H

#include <stdbool.h>

#include "base/error.h"

struct landlock_paths {
	const char *const *write;	/* folders or files, all rights below them; ended by NULL. NULL: none */
	const char *const *read;	/* likewise, read only */
	const char *tidy;		/* a folder from which folders may be removed; NULL: none */
	bool network;			/* TCP, and signals and abstract sockets of others, too */
};

/* ABI of this kernel; 0: it has no Landlock. */
int landlock_abi(void);

/*
 * Whatever is not named is out of reach, for this process and all that it starts; what is
 * open stays so. A path that is not there is left out. no_new_privs must be set.
 */
int landlock_enter(const struct landlock_paths *paths, struct fault *fault);

#endif
