#include "base/distinct.h"

#include <math.h>

/* Tables are content with hashes of which neighbours have neighbouring ones; here every bit counts. */
static uint64_t
mix(uint64_t h)
{
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

bool
distinct_add(uint8_t *registers, unsigned count, uint64_t hash)
{
	uint64_t mixed = mix(hash), rest = mixed / count;
	unsigned which = (unsigned)(mixed % count);
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
