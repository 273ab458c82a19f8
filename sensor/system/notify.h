/*
 * notify.h - tells a service manager how it goes: one datagram to
 * $NOTIFY_SOCKET (sd_notify(3)). Without that variable nothing happens. The
 * socket lives as long as a message: no other process inherits it.
 */
#ifndef SENSOR_SYSTEM_NOTIFY_H
#define SENSOR_SYSTEM_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* "READY=1\nSTATUS=..." False: nobody is told, or it did not take it. */
bool notify_send(const char *text);

/* How often the manager wants to hear WATCHDOG=1, in nanoseconds: half of what it waits. 0: it does not. */
int64_t notify_watchdog_ns(void);

#endif
