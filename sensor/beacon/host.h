/*
 * host.h - what one host does besides: is somebody at work there, does it
 * load pages?
 *
 * A page load is a connection start that makes three of them, to at least
 * two services, within three seconds. What was called in it is told, also what was called
 * first. Private to beacon/.
 */
#ifndef SENSOR_BEACON_HOST_H
#define SENSOR_BEACON_HOST_H

#include "beacon/pool.h"

enum { HOST_RECENT = 8 };

struct host {
	struct pool_node node;
	int64_t first_ns;
	int64_t load_ns;		/* of the latest page load; 0: none yet */
	int64_t covered_until_ns;
	float covered_sec;		/* time within or just behind page loads */
	uint32_t loads;
	struct host_call {
		int64_t at_ns;
		uint64_t service;
		uint32_t key;		/* index in the pool of keys, and its tag there */
		uint32_t tag;
	} recent[HOST_RECENT];
	uint8_t next;
};

/* A key's contact at `at_ns` was part of a page load. */
typedef void host_loaded_fn(void *to, uint32_t key, uint32_t tag, int64_t at_ns);

/* A connection start, in order of time; late ones are left out. */
void host_call(struct host *h, const struct host_call *call, host_loaded_fn *loaded, void *to);

/* Share of the time until now that page loads cover: how many calls would fall into one by chance. */
double host_cover(const struct host *h, int64_t now_ns);

#endif
