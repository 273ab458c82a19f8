/*
 * jitter.h - how long to wait before the next attempt: "full jitter", drawn
 * evenly from nothing up to a ceiling that doubles with each failure. Sinks,
 * and sensors, that failed together do not come back together.
 */
#ifndef SENSOR_SINKS_JITTER_H
#define SENSOR_SINKS_JITTER_H

#include <stdint.h>

/* xorshift64 (Marsaglia, 2003); *state is not 0. No secret depends on it. */
static inline uint64_t
jitter_number(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* `attempts`: failed in a row, from 1. At least 1 ms. */
static inline uint32_t
jitter_pause_ms(uint64_t *state, uint32_t least_ms, uint32_t most_ms, unsigned attempts)
{
	uint64_t ceiling = least_ms;
	unsigned i;

	for (i = 1; i < attempts && ceiling < most_ms; i++)
		ceiling *= 2;
	if (ceiling > most_ms)
		ceiling = most_ms;
	return 1 + (uint32_t)(ceiling == 0 ? 0 : jitter_number(state) % ceiling);
}

#endif
