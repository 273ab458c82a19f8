/*
 * sandbox.h - what a process may still ask of the kernel.
 *
 * Set after everything is open and before the first byte from outside is
 * read. A foreign system call kills the process; the supervisor says which
 * signal ended it. no_new_privs is set, capabilities are gone.
 */
#ifndef SENSOR_SYSTEM_SANDBOX_H
#define SENSOR_SYSTEM_SANDBOX_H

#include <stdint.h>

#include "base/error.h"

enum sandbox {
	SANDBOX_WORKER,		/* no files, no sockets, no processes */
	SANDBOX_READER,		/* the same */
	SANDBOX_COMPILER,	/* the same, and may make and send a memfd */
	SANDBOX_ANALYST,	/* files below room.write, but no sockets and no processes */
	SANDBOX_KEEPER,		/* the same, with what SQLite needs */
	SANDBOX_PORTER,		/* accepts connections and answers; no files, makes no sockets, no processes */
	SANDBOX_COURIER		/* files below its folders, the network; no system-call filter, and keeps capabilities */
};

struct sandbox_room {
	uint64_t data_bytes;		/* private memory, at most; 0: no limit */
	const char *const *write;	/* folders, ended by NULL; NULL: none */
	const char *const *read;	/* likewise, read only */
	const char *tidy;		/* a folder from which empty folders may be removed; NULL: none */
};

/*
 * Also: no core file, as many descriptors more as it may need, no process or thread more
 * (but for the courier's). Folders hold where the kernel has Landlock.
 */
int sandbox_enter(enum sandbox which, const struct sandbox_room *room, struct fault *fault);

/* Tries it in a child that does nothing else. */
int sandbox_probe(enum sandbox which, const struct sandbox_room *room, struct fault *fault);

/* Is this build able to sandbox? The sanitizers' runtimes need calls that the filter forbids. */
int sandbox_available(void);

#endif
