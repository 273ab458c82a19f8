#include "sinks/wait.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "base/when.h"

int64_t
wait_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

int64_t
wait_deadline(uint32_t ms)
{
	return wait_now() + (int64_t)ms * 1000000;
}

bool
wait_for(int fd, short events, int64_t until_ns, const atomic_bool *cancelled)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left_ms;
	int n;

	for (;;) {
		if (atomic_load(cancelled)) {
			errno = ECANCELED;
			return false;
		}
		left_ms = (until_ns - wait_now() + 999999) / 1000000;
		if (left_ms < 0)
			left_ms = 0;
		n = poll(&p, 1, left_ms < WAIT_SLICE_MS ? (int)left_ms : WAIT_SLICE_MS);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		if (left_ms == 0) {
			errno = ETIMEDOUT;
			return false;
		}
	}
}

bool
wait_pause(uint32_t ms, const atomic_bool *cancelled)
{
	if (wait_for(-1, 0, wait_deadline(ms), cancelled))
		return true;
	return errno != ECANCELED;
}
