#include "system/pin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* The nth of a set, from 0; CPU_SETSIZE when it has fewer. */
static unsigned
nth(const cpu_set_t *set, unsigned n)
{
	unsigned c;

	for (c = 0; c < CPU_SETSIZE; c++)
		if (CPU_ISSET(c, set) && n-- == 0)
			return c;
	return CPU_SETSIZE;
}

void
pin_plan(struct pin *p, const cpu_set_t *all, unsigned workers)
{
	unsigned i;

	p->all = p->rest = *all;
	p->processors = (unsigned)CPU_COUNT(all);
	p->workers = workers;
	if (p->processors <= workers)
		return;
	for (i = 0; i < workers; i++)
		CPU_CLR(pin_processor(p, i), &p->rest);
}

unsigned
pin_processor(const struct pin *p, unsigned worker)
{
	unsigned first = p->processors > p->workers ? p->processors - p->workers : 0;

	return nth(&p->all, (first + worker) % p->processors);
}

int
pin_look(struct pin *p, unsigned workers, struct fault *fault)
{
	cpu_set_t all;

	memset(p, 0, sizeof *p);
	if (sched_getaffinity(0, sizeof all, &all) < 0)
		return fault_set(fault, SE_SYSTEM, "pin_workers: the processors of this process cannot be told: %s",
		    strerror(errno));
	pin_plan(p, &all, workers);
	return 0;
}

void
pin_worker(const struct pin *p, unsigned worker)
{
	unsigned processor = pin_processor(p, worker);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	if (sched_setaffinity(0, sizeof one, &one) < 0)
		log_warn("worker", "pin_workers: worker %u is not bound to processor %u: %s", worker, processor,
		    strerror(errno));
}

void
pin_other(const struct pin *p)
{
	char text[PIN_TEXT_MAX];

	if (sched_setaffinity(0, sizeof p->rest, &p->rest) < 0)
		log_warn("watch", "pin_workers: analyst and others are not kept to processors %s: %s",
		    pin_text(&p->rest, text), strerror(errno));
}

static unsigned
run_end(const cpu_set_t *set, unsigned first)
{
	while (first + 1 < CPU_SETSIZE && CPU_ISSET(first + 1, set))
		first++;
	return first;
}

const char *
pin_text(const cpu_set_t *set, char text[PIN_TEXT_MAX])
{
	size_t used = 0;
	unsigned c, last;

	text[0] = '\0';
	for (c = 0; c < CPU_SETSIZE; c++) {
		if (!CPU_ISSET(c, set))
			continue;
		if (used > PIN_TEXT_MAX - 20) {
			snprintf(text + used, PIN_TEXT_MAX - used, ", ...");
			return text;
		}
		last = run_end(set, c);
		used += (size_t)snprintf(text + used, PIN_TEXT_MAX - used, "%s%u", used == 0 ? "" : ", ", c);
		if (last > c)
			used += (size_t)snprintf(text + used, PIN_TEXT_MAX - used, "-%u", last);
		c = last;
	}
	return text;
}
