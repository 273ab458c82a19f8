/*
 * sleeper.c - names of connections that were silent for so long that their
 * flow ended. Whoever goes on in one says its name no more: what it called
 * before is what it calls.
 *
 * A table without chains: of two that meet in a place the later one stays.
 */
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "beacon/private.h"
#include "flow.h"
#include "packet.h"

enum { SLEEPERS = 4096, FEW = 64 };

struct sleeper {
	uint64_t id;			/* hash of the flow's key; 0: nobody */
	uint8_t len;
	uint8_t name[SERVICE_TEXT_MAX];
};

static struct sleeper *
place_of(struct sleeper *all, const struct observation *o, uint64_t *id)
{
	*id = hash_quick(&HASH_FIXED, (const uint8_t *)&o->key, sizeof o->key) | 1;
	return &all[*id / 2 % SLEEPERS];
}

struct sleeper *
sleepers_new(void)
{
	return pages_new(sleepers_bytes());
}

void
sleepers_free(struct sleeper *all)
{
	pages_free(all, sleepers_bytes());
}

size_t
sleepers_bytes(void)
{
	return SLEEPERS * sizeof(struct sleeper);
}

void
sleeper_note(struct beacon *b, const struct observation *flow, struct span name)
{
	struct sleeper *s;
	uint64_t id;

	if (flow->key.protocol != PROTO_TCP || name.left == 0 || name.left > SERVICE_TEXT_MAX ||
	    (flow->flow_end != FLOW_END_TIMEOUT && flow->flow_end != FLOW_END_EVICTED))
		return;
	s = place_of(b->sleepers, flow, &id);
	/* Written before it is read: else a page faults twice, the first time for one of zeros. */
	s->len = (uint8_t)name.left;
	__asm__ volatile("" ::: "memory");
	b->counts.names_lost += s->id != 0 && s->id != id;
	if (b->sleepers_noted < FEW && ++b->sleepers_noted == FEW)
		pages_fill(b->sleepers, sleepers_bytes());
	s->id = id;
	memmove(s->name, name.at, name.left);	/* it may be what lies here */
}

struct span
sleeper_name(const struct beacon *b, const struct observation *o)
{
	const struct sleeper *s;
	uint64_t id;

	if (b->sleepers_noted == 0 || o->key.protocol != PROTO_TCP || (o->flags & OBSERVED_MIDWAY) == 0)
		return span_of(NULL, 0);
	s = place_of(b->sleepers, o, &id);
	return s->id == id ? span_of(s->name, s->len) : span_of(NULL, 0);
}
