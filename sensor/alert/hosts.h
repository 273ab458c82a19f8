/*
 * hosts.h - which machine has an address, as far as anybody said.
 *
 * Each fact is kept with who said it and when. Who ranks higher stays: a DHCP
 * server's grant, then what a host says where it logs in or asks for its
 * address, then what it claims to all its neighbours, last what a program of
 * it calls itself. Of equals the latest
 * stands. A grant to another hardware address ends all that was known of the
 * machine before. Bounded: at `max_hosts` the one heard longest ago gives way
 * (counted by the caller's counter). Private to alert/.
 */
#ifndef SENSOR_ALERT_HOSTS_H
#define SENSOR_ALERT_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "observation.h"

struct hosts;

struct hosts *hosts_new(uint32_t max_hosts, uint64_t *evicted);
void hosts_free(struct hosts *h);	/* NULL is fine */

/* An OBSERVE_IDENTITY. Without memory what it says is not remembered. True: the address was granted to another machine than had it. */
bool hosts_note(struct hosts *h, const struct observation *o);

/* False: nobody said anything. Texts in *out are valid until the next hosts_note(). */
bool hosts_find(const struct hosts *h, const struct realm *realm, const struct addr *addr,
    struct host_identity *out);

/* The most that one costs. */
size_t hosts_host_bytes(void);

#endif
