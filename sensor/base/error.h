/*
 * error.h - what went wrong, as a code and as one line of words.
 *
 * Functions that can fail for a reason of ours (memory, file, peer) return 0
 * or a negative SE_ code. Where a person must act on it they also fill a
 * struct fault: what, where, what was expected, on one line. Odd traffic is
 * no error: it is counted by the stage that meets it.
 */
#ifndef SENSOR_BASE_ERROR_H
#define SENSOR_BASE_ERROR_H

enum se_code {
	SE_OK = 0,
	SE_NOMEM = -1,		/* no memory */
	SE_SYSTEM = -2,		/* a system call failed; errno says which way */
	SE_FORMAT = -3,		/* bytes are not what they claim to be */
	SE_LIMIT = -4,		/* a configured ceiling was reached */
	SE_USAGE = -5,		/* wrong arguments or configuration */
	SE_PEER = -6,		/* the other side refused, hung or answered wrong */
	SE_STOPPED = -7		/* asked to stop */
};

/* Words for a code. For SE_SYSTEM the words of errno. Never NULL. */
const char *se_text(int code);

struct fault {
	char text[1024];
};

/* Write one line into `f` (NULL is fine) and return `code`. Control bytes are escaped. */
int fault_set(struct fault *f, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
