/*
 * summary.h - how many alerts on how many hosts, in one line.
 *
 * Counts incidents when they open. Hosts are told apart up to
 * SUMMARY_HOSTS_MAX; beyond that the line says "more than".
 */
#ifndef SENSOR_SINKS_SUMMARY_H
#define SENSOR_SINKS_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUMMARY_HOSTS_MAX = 65536 };

struct summary_host;

struct summary {
	uint64_t alerts, by_severity[5];	/* [1..4] */
	struct summary_host *hosts;
	unsigned host_count;
	bool more_hosts;
};

void summary_init(struct summary *s);
void summary_clear(struct summary *s);

/* One opened alert. `host`: what makes it another host than others, realm included; "" for the sensor's own. */
void summary_note(struct summary *s, const char *host, uint32_t severity);

/* "7 alerts on 2 hosts (5 critical, 2 high)", "no alerts". Returns `buf`. */
const char *summary_text(const struct summary *s, char *buf, size_t size);

#endif
