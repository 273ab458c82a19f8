/* chance.h - numbers that look drawn, the same in each run: xorshift64* (Vigna, 2016). */
#ifndef TESTS_UNIT_CHANCE_H
#define TESTS_UNIT_CHANCE_H

#include <stdint.h>

static uint64_t state_of_chance = 1;

/* From 0 to below 1. */
static double
chance(void)
{
	state_of_chance ^= state_of_chance >> 12;
	state_of_chance ^= state_of_chance << 25;
	state_of_chance ^= state_of_chance >> 27;
	return (double)((state_of_chance * 2685821657736338717ULL) >> 11) / 9007199254740992.0;
}

#endif
