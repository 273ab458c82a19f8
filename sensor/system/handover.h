/*
 * handover.h - a descriptor, with a few bytes, from one process to another
 * over a socket pair (SCM_RIGHTS).
 */
#ifndef SENSOR_SYSTEM_HANDOVER_H
#define SENSOR_SYSTEM_HANDOVER_H

#include <stddef.h>
#include <sys/types.h>

/* `descriptor` -1: bytes only. 0, or SE_SYSTEM. */
int handover_send(int socket, const void *bytes, size_t len, int descriptor);

/*
 * Bytes received (at least 1), 0 when there is nothing now or the other side
 * is gone, or SE_SYSTEM. *descriptor is yours, -1 when none came.
 */
ssize_t handover_receive(int socket, void *bytes, size_t size, int *descriptor);

#endif
