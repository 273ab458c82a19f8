#include "base/distinct.h"

#include <math.h>

bool
distinct_add(uint8_t *registers, unsigned count, uint64_t hash)
{
	unsigned which = (unsigned)(hash % count);
	uint64_t rest = hash / count;
	/* The place of the first bit; what was divided off leaves zeros at the top. */
	uint8_t rank = (uint8_t)(rest == 0 ? 64 : __builtin_ctzll(rest) + 1);

	if (registers[which] >= rank)
		return false;
	registers[which] = rank;
	return true;
}

uint64_t
distinct_count(const uint8_t *registers, unsigned count)
{
	/* Of the paper's constants that of 64 differs visibly from the limit. */
	double factor = count <= 64 ? .709 : .7213 / (1 + 1.079 / count), sum = 0, estimate;
	unsigned i, empty = 0;

	for (i = 0; i < count; i++) {
		sum += ldexp(1, -registers[i]);
		empty += registers[i] == 0;
	}
	estimate = factor * count * count / sum;
	if (estimate <= 2.5 * count && empty > 0)
		estimate = count * log((double)count / empty);
	return estimate < 9e18 ? (uint64_t)(estimate + .5) : (uint64_t)9e18;
}
