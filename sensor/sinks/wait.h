/*
 * wait.h - waiting for a descriptor, but not for ever: with a deadline on the
 * monotonic clock and a flag that another thread may raise.
 */
#ifndef SENSOR_SINKS_WAIT_H
#define SENSOR_SINKS_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { WAIT_SLICE_MS = 100 };	/* how soon a raised flag is seen */

int64_t wait_now(void);
int64_t wait_deadline(uint32_t ms);

/* Until `events`, or an error, of `fd`. False: errno is ETIMEDOUT, ECANCELED or poll's own. */
bool wait_for(int fd, short events, int64_t until_ns, const atomic_bool *cancelled);

/* Sleep; false when cancelled. */
bool wait_pause(uint32_t ms, const atomic_bool *cancelled);

#endif
