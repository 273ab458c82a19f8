/*
 * sandbox.h - what a process may still ask of the kernel.
 *
 * Set after everything is open and before the first byte from outside is
 * read. A foreign system call kills the process; the supervisor says which
 * signal ended it. no_new_privs is set, capabilities are gone.
 */
#ifndef SENSOR_ENGINE_SANDBOX_H
#define SENSOR_ENGINE_SANDBOX_H

#include "base/error.h"

enum sandbox {
	SANDBOX_WORKER,		/* no files, no sockets, no processes */
	SANDBOX_COMPILER,	/* the same, and may make and send a memfd */
	SANDBOX_ANALYST		/* files, but no sockets and no processes */
};

int sandbox_enter(enum sandbox which, struct fault *fault);

/* Is this build able to sandbox? The sanitizers' runtimes need calls that the filter forbids. */
int sandbox_available(void);

#endif
