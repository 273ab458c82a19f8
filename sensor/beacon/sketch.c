#include "beacon/sketch.h"

#include <math.h>
#include <string.h>

#include "base/pages.h"

enum { FEW = 256 };

static size_t
cells_bytes(const struct sketch *s)
{
	return (s->mask + 1) * sizeof *s->cell[0];
}

bool
sketch_init(struct sketch *s, uint32_t sets, int64_t period_ns)
{
	uint64_t cells = 1024;
	int i;

	memset(s, 0, sizeof *s);
	for (i = 0; i < SKETCH_BITS; i++)
		s->members[i] = -SKETCH_BITS * log(1 - i / (double)SKETCH_BITS);
	s->members[SKETCH_BITS] = 4. * SKETCH_BITS;
	while (cells < sets)
		cells *= 2;
	s->mask = cells - 1;
	s->period_ns = period_ns;
	s->until_ns = INT64_MIN;
	s->cell[0] = pages_new(cells_bytes(s));
	s->cell[1] = pages_new(cells_bytes(s));
	if (s->cell[0] != NULL && s->cell[1] != NULL)
		return true;
	sketch_clear(s);
	return false;
}

void
sketch_clear(struct sketch *s)
{
	pages_free(s->cell[0], cells_bytes(s));
	pages_free(s->cell[1], cells_bytes(s));
	s->cell[0] = s->cell[1] = NULL;
}

void
sketch_advance(struct sketch *s, int64_t now_ns)
{
	uint64_t *older = s->cell[1];

	if (s->until_ns == INT64_MIN)
		s->until_ns = now_ns + s->period_ns;
	if (now_ns < s->until_ns)
		return;
	s->until_ns = now_ns + s->period_ns;
	memset(older, 0, (s->mask + 1) * sizeof *older);
	s->cell[1] = s->cell[0];
	s->cell[0] = older;
	s->period++;
	s->older = true;
}

static uint64_t
second(const struct sketch *s, uint64_t set)
{
	return (set >> 32 ^ set * 0x9e3779b97f4a7c15ULL >> 17) & s->mask;
}

void
sketch_add(struct sketch *s, uint64_t set, uint64_t member)
{
	uint64_t bit = (uint64_t)1 << (member >> 58);

	if (++s->added == FEW)
		pages_fill(s->cell[0], cells_bytes(s));
	s->cell[0][set & s->mask] |= bit;
	s->cell[0][second(s, set)] |= bit;
}

static uint64_t
bits_of(const struct sketch *s, uint64_t set)
{
	uint64_t a = set & s->mask, b = second(s, set);

	return (s->cell[0][a] & s->cell[0][b]) | (s->older ? s->cell[1][a] & s->cell[1][b] : 0);
}

bool
sketch_has(const struct sketch *s, uint64_t set, uint64_t member)
{
	return (bits_of(s, set) >> (member >> 58) & 1) != 0;
}

double
sketch_count(const struct sketch *s, uint64_t set)
{
	return s->members[__builtin_popcountll(bits_of(s, set))];
}
