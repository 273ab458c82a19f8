/*
 * distinct.h - how many different things were there, in little memory.
 *
 * HyperLogLog (Flajolet et al. 2007) with linear counting for few: registers
 * of a byte, a power of two of them from 64 on, zeroed at the beginning. The
 * standard error is 1.04 / sqrt(registers): 13 % of 64, 3.3 % of 1,024.
 * Takes hashes of 64 bits, also such as stand one behind the other; equal ones count once. Two sets of registers are
 * put together by taking the larger of each.
 */
#ifndef SENSOR_BASE_DISTINCT_H
#define SENSOR_BASE_DISTINCT_H

#include <stdbool.h>
#include <stdint.h>

/* True: something changed, and the count may be another. */
bool distinct_add(uint8_t *registers, unsigned count, uint64_t hash);

uint64_t distinct_count(const uint8_t *registers, unsigned count);

#endif
