/* contact_days.h - which days a folder holds. */
#ifndef SENSOR_HISTORY_CONTACT_DAYS_H
#define SENSOR_HISTORY_CONTACT_DAYS_H

#include <stdint.h>

enum { DAYS_MAX = 4096 };

struct contact_days {
	unsigned count;
	struct contact_day {
		int64_t day;
		uint64_t bytes;		/* both files */
	} day[DAYS_MAX];
};

/* Oldest first. A folder that cannot be read holds none. */
void contact_days_list(const char *folder, struct contact_days *out);
void contact_days_remove(const char *folder, int64_t day);

#endif
