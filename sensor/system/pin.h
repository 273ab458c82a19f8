/*
 * pin.h - which processor is each worker's?
 *
 * Of those that this process may use (taskset, a control group's cpuset) the
 * workers take the last, one each; all other processes share the ones before.
 * With no more processors than workers none is kept for the others: they run
 * on all, and workers beyond the count begin with the first processor again.
 */
#ifndef SENSOR_SYSTEM_PIN_H
#define SENSOR_SYSTEM_PIN_H

#include <sched.h>
#include <stddef.h>

#include "base/error.h"

enum { PIN_TEXT_MAX = 512 };

struct pin {
	cpu_set_t all;
	cpu_set_t rest;			/* for all but workers */
	unsigned processors, workers;	/* 0 processors: nobody is bound */
};

/* Pure. `all` has one processor at least. */
void pin_plan(struct pin *p, const cpu_set_t *all, unsigned workers);
unsigned pin_processor(const struct pin *p, unsigned worker);

/* The plan for this process, before it is bound itself. 0, or SE_SYSTEM with p for nobody. */
int pin_look(struct pin *p, unsigned workers, struct fault *fault);

/* Bind this process, as a worker or as one of the others; what fails is one warning. Not for nobody's plan. */
void pin_worker(const struct pin *p, unsigned worker);
void pin_other(const struct pin *p);

/* "0-2, 5"; cut with "..." when it does not fit. Returns text. */
const char *pin_text(const cpu_set_t *set, char text[PIN_TEXT_MAX]);

#endif
