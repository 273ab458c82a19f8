#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "flow/entry.h"

enum { CHUNK_PLACES = 256 };

struct place {
	struct flow_place place;	/* first: a flow points to it */
	uint32_t flows;			/* how many are there; 0: unused */
	struct place *chain;		/* in its bucket, or among the unused */
};

struct place_chunk {
	struct place_chunk *next;
	struct place at[CHUNK_PLACES];
};

size_t
place_bytes(void)
{
	return sizeof(struct place) + 2 * sizeof(struct place *);
}

static struct place **
bucket_of(const struct place_pool *p, const struct flow_place *place)
{
	return &p->buckets[hash_table(place, sizeof *place) >> p->bucket_shift];
}

static bool
grow(struct place_pool *p)
{
	struct place_chunk *c = malloc(sizeof *c);
	unsigned i;

	if (c == NULL)
		return false;
	c->next = p->chunks;
	p->chunks = c;
	for (i = CHUNK_PLACES; i > 0; i--) {
		c->at[i - 1].chain = p->unused;
		p->unused = &c->at[i - 1];
	}
	return true;
}

static struct place *
find(const struct place_pool *p, const struct flow_place *place)
{
	struct place *kept = *bucket_of(p, place);

	while (kept != NULL && memcmp(&kept->place, place, sizeof *place) != 0)
		kept = kept->chain;
	return kept;
}

static struct place *
add(struct place_pool *p, const struct flow_place *place)
{
	struct place *kept, **bucket = bucket_of(p, place);

	if (p->unused == NULL && !grow(p))
		return NULL;
	kept = p->unused;
	p->unused = kept->chain;
	*kept = (struct place){ *place, 0, *bucket };
	*bucket = kept;
	return kept;
}

const struct flow_place *
place_take(struct place_pool *p, const struct flow_place *place)
{
	struct place *kept = p->latest;

	if (kept == NULL || memcmp(&kept->place, place, sizeof *place) != 0)
		kept = find(p, place);
	if (kept == NULL)
		kept = add(p, place);
	if (kept == NULL)
		return NULL;
	kept->flows++;
	p->latest = kept;
	return &kept->place;
}

void
place_leave(struct place_pool *p, const struct flow_place *place)
{
	struct place *kept = (struct place *)place, **link;

	if (place == NULL || --kept->flows > 0)
		return;
	for (link = bucket_of(p, place); *link != kept; link = &(*link)->chain)
		;
	*link = kept->chain;
	kept->chain = p->unused;
	p->unused = kept;
	if (p->latest == kept)
		p->latest = NULL;
}

/* calloc() of the buckets costs nothing until they are written. */
bool
place_pool_init(struct place_pool *p, uint32_t flows)
{
	uint32_t bits = 1;

	while (bits < 31 && 1U << bits < flows)
		bits++;
	p->bucket_shift = 64 - bits;
	p->buckets = calloc((size_t)1 << bits, sizeof *p->buckets);
	return p->buckets != NULL;
}

void
place_pool_clear(struct place_pool *p)
{
	struct place_chunk *c;

	while ((c = p->chunks) != NULL) {
		p->chunks = c->next;
		free(c);
	}
	free(p->buckets);
	*p = (struct place_pool){ 0 };
}
