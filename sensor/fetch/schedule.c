#include "fetch/schedule.h"

enum {
	FIRST_PAUSE_SEC = 60,		/* after a failure; doubled with each further one */
	LONGEST_PAUSE_SEC = 6 * 3600,	/* or the interval, when that is longer */
	MORE_PAUSE_SEC = 300,
	AT_ONCE_SEC = 60
};

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
failure_pause(uint32_t interval_sec, unsigned failures)
{
	int64_t most = interval_sec > LONGEST_PAUSE_SEC ? interval_sec : LONGEST_PAUSE_SEC;
	int64_t pause = least(interval_sec, FIRST_PAUSE_SEC);
	unsigned i;

	for (i = 1; i < failures && pause < most; i++)
		pause *= 2;
	return least(pause, most);
}

/* A tenth more or less, so that not all the world comes at the full hour. */
static int64_t
jitter(int64_t pause, uint64_t random)
{
	int64_t tenth = pause / 10;

	return pause - tenth + (int64_t)(random % (uint64_t)(2 * tenth + 1));
}

void
schedule_next(struct store_state *s, const struct schedule_event *e)
{
	int64_t pause;

	s->tried = e->now;
	s->failures = e->failed ? s->failures + 1 : 0;
	if (e->failed)
		pause = failure_pause(e->interval_sec, s->failures);
	else
		pause = e->more ? least(e->interval_sec, MORE_PAUSE_SEC) : e->interval_sec;
	s->due = e->now + jitter(pause, e->random);
	s->asked_until = e->retry_after_sec > 0 ? e->now + e->retry_after_sec : 0;
	if (s->due < s->asked_until)
		s->due = s->asked_until;
}

int64_t
schedule_at_once(const struct store_state *s, uint32_t interval_sec)
{
	int64_t soon = s->tried + least(interval_sec, AT_ONCE_SEC);

	if (s->tried == 0)
		soon = 0;
	return soon > s->asked_until ? soon : s->asked_until;
}
