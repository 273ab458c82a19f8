/*
 * cgroup.h - what the service manager or the container allows this sensor:
 * memory and processors of its control group and those above it.
 */
#ifndef SENSOR_SYSTEM_CGROUP_H
#define SENSOR_SYSTEM_CGROUP_H

#include <stdint.h>

struct cgroup {
	uint64_t memory_limit_bytes;	/* the least on the way up; 0: none */
	uint64_t memory_used_bytes;	/* of the group whose limit that is; 0: not known */
	double processors;		/* 0: no quota */
};

/*
 * `membership`: /proc/self/cgroup; `root`: /sys/fs/cgroup. Version 2, and the
 * memory and cpu controllers of version 1. What cannot be read sets no limit.
 */
void cgroup_look(const char *membership, const char *root, struct cgroup *out);

#endif
