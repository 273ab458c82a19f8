/*
 * contact_runs.h - the contacts of a replay count when it has ended.
 *
 * While a run writes, RUN.open lies in the folder, locked, and names the days
 * it has written to. Whoever reads the log leaves out the blocks of such runs.
 * Of a run that broke off the file stays, unlocked: the next writer cuts what
 * that run has left off those days' ends, and removes it.
 */
#ifndef SENSOR_HISTORY_CONTACT_RUNS_H
#define SENSOR_HISTORY_CONTACT_RUNS_H

#include <stdbool.h>
#include <stdint.h>

enum { CONTACT_RUNS_MAX = 256 };	/* beyond, the rest of a folder's counts as ended */

struct contact_runs {
	unsigned count;
	uint64_t run[CONTACT_RUNS_MAX];
};

/* Those that have not ended. */
void contact_runs_list(const char *folder, struct contact_runs *out);
bool contact_runs_has(const struct contact_runs *r, uint64_t run);

/* A descriptor, locked; -1: it cannot be made, or another has it. */
int contact_run_begin(const char *folder, uint64_t run);
/* Before its first block of a day. False: it cannot be noted, nothing may be written. */
bool contact_run_writes(int fd, int64_t day);
/* It has ended: its contacts count from now on. Closes fd. */
bool contact_run_end(const char *folder, uint64_t run, int fd);

/* Removes what runs have left that broke off. */
void contact_runs_recover(const char *folder);

#endif
