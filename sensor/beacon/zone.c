#include "beacon/private.h"

struct span
zone_find(struct beacon *b, struct span name)
{
	uint64_t hash = hash_table(name.at, name.left) | 1;
	struct zone_entry *e = &b->zones[hash >> 32 & (ZONES_KEPT - 1)];

	if (e->name != hash) {
		e->name = hash;
		e->bytes = zone_of(name).left;
	}
	return e->bytes == 0 || e->bytes > name.left ? span_of(NULL, 0) :
	    span_of(name.at + (name.left - e->bytes), e->bytes);
}
