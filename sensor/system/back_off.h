/*
 * back_off.h - when may something that died begin again? At once after a long
 * life; else with pauses that double from one second to thirty.
 */
#ifndef SENSOR_SYSTEM_BACK_OFF_H
#define SENSOR_SYSTEM_BACK_OFF_H

#include <stdbool.h>
#include <stdint.h>

struct back_off {
	int64_t started_ns;	/* all on the monotonic clock; zeros: never started */
	int64_t not_before_ns;
	uint32_t pause_ms;
	uint32_t most_ms;	/* longest pause; 0: thirty seconds */
};

int64_t back_off_clock_ns(void);

void back_off_started(struct back_off *b, int64_t now_ns);
/* It has died, or could not be started. */
void back_off_failed(struct back_off *b, int64_t now_ns);
bool back_off_over(const struct back_off *b, int64_t now_ns);

#endif
