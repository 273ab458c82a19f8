#include "system/back_off.h"

#include <time.h>

#include "base/when.h"

enum { FIRST_MS = 1000, MOST_MS = 30000, LONG_LIFE_SEC = 60 };

int64_t
back_off_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

void
back_off_started(struct back_off *b, int64_t now_ns)
{
	b->started_ns = now_ns;
}

void
back_off_failed(struct back_off *b, int64_t now_ns)
{
	uint32_t most_ms = b->most_ms == 0 ? MOST_MS : b->most_ms;

	if (now_ns - b->started_ns >= LONG_LIFE_SEC * NS_PER_SEC)
		b->pause_ms = 0;
	b->not_before_ns = now_ns + (int64_t)b->pause_ms * 1000000;
	b->pause_ms = b->pause_ms == 0 ? FIRST_MS : b->pause_ms * 2;
	if (b->pause_ms > most_ms)
		b->pause_ms = most_ms;
}

bool
back_off_over(const struct back_off *b, int64_t now_ns)
{
	return now_ns >= b->not_before_ns;
}
