#include "engine/allowance.h"

#include <sched.h>

#include "base/log.h"
#include "engine/rooms.h"
#include "system/cgroup.h"

static void
look(struct cgroup *g)
{
	cgroup_look("/proc/self/cgroup", "/sys/fs/cgroup", g);
}

double
allowance_processors(void)
{
	struct cgroup g;
	cpu_set_t set;
	double cores;

	look(&g);
	cores = sched_getaffinity(0, sizeof set, &set) == 0 ? (double)CPU_COUNT(&set) : 0;
	return g.processors > 0 && (cores == 0 || g.processors < cores) ? g.processors : cores;
}

void
allowance_say(const struct config *c)
{
	uint64_t most = room_ceilings(c);
	struct cgroup g;
	double cores = allowance_processors();

	look(&g);
	if (cores > 0 && (double)c->workers > cores)
		log_warn("watch", "workers: %u, but this service may use %.1f processors: they will wait for each other",
		    c->workers, cores);
	if (g.memory_limit_bytes > 0 && most > g.memory_limit_bytes)
		log_warn("watch", "full tables would take some %llu MiB, this service may use %llu MiB: lower limits.*, "
		    "beacon.max_keys, alerts.*, or give it more", (unsigned long long)(most >> 20),
		    (unsigned long long)(g.memory_limit_bytes >> 20));
}

void
allowance_note(struct board *b)
{
	struct cgroup g;

	look(&g);
	atomic_store(&b->memory_limit_bytes, g.memory_limit_bytes);
	atomic_store(&b->memory_used_bytes, g.memory_used_bytes);
}
