#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "engine/allowance.h"
#include "engine/house.h"
#include "system/back_off.h"

enum { TALLY_SEC = 1 };

/* The second number of /proc/PID/statm: pages in memory. */
static uint64_t
resident_bytes(pid_t pid)
{
	unsigned long long size, resident = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	if (fscanf(f, "%llu %llu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t
cpu_ns(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) < 0)
		return 0;
	return (uint64_t)t.tv_sec * NS_PER_SEC + (uint64_t)t.tv_nsec;
}

static void
tally(struct board_process *p, pid_t pid)
{
	atomic_store(&p->up, pid > 0);
	atomic_store(&p->resident_bytes, pid > 0 ? resident_bytes(pid) : 0);
	/* Of a dead one it stays: what comes next begins anew. */
	if (pid > 0)
		atomic_store(&p->cpu_ns, cpu_ns(pid));
}

void
house_tally(struct house *h)
{
	int64_t now_ns = back_off_clock_ns();
	struct board *b = h->board;
	unsigned i;

	atomic_store(&b->beat_ns, now_ns);
	if (now_ns < h->next_tally_ns)
		return;
	h->next_tally_ns = now_ns + TALLY_SEC * NS_PER_SEC;
	allowance_note(b);
	tally(&b->process[BOARD_OF_SUPERVISOR], getpid());
	tally(&b->process[BOARD_OF_ANALYST], h->analyst);
	tally(&b->process[BOARD_OF_KEEPER], h->keeper);
	tally(&b->process[BOARD_OF_COURIER], h->courier);
	tally(&b->process[BOARD_OF_PORTER], h->porter);
	for (i = 0; i < h->workers; i++)
		tally(&b->process[BOARD_OF_WORKER + i], h->worker[i]);
}
