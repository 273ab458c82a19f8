#include <stdlib.h>

#include "base/when.h"
#include "flow/entry.h"

enum { CHUNK_TALKS = 512 };

struct talk_chunk {
	struct talk_chunk *next;
	struct flow_talk at[CHUNK_TALKS];
};

static void
link_unused(struct talk_pool *p, struct flow_talk *k)
{
	k->slot[SLOT_WITNESS] = p->unused;
	p->unused = k;
}

static bool
grow(struct talk_pool *p)
{
	struct talk_chunk *c = malloc(sizeof *c);
	unsigned i;

	if (c == NULL)
		return false;
	c->next = p->chunks;
	p->chunks = c;
	for (i = CHUNK_TALKS; i > 0; i--)
		link_unused(p, &c->at[i - 1]);
	return true;
}

struct flow_talk *
talk_take(struct talk_pool *p)
{
	struct flow_talk *k;

	if (p->unused == NULL && !grow(p))
		return NULL;
	k = p->unused;
	p->unused = k->slot[SLOT_WITNESS];
	*k = FLOW_SILENT;
	return k;
}

void
talk_leave(struct talk_pool *p, struct flow_talk *k)
{
	if (k == NULL)
		return;
	free(k->tunnel);
	link_unused(p, k);
}

void
talk_pool_clear(struct talk_pool *p)
{
	struct talk_chunk *c;

	while ((c = p->chunks) != NULL) {
		p->chunks = c->next;
		free(c);
	}
	p->unused = NULL;
}
