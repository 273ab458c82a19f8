#include "indicators/slots.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

enum { SLOTS_LEAST = 64, HUGE_LEAST = 2 << 20 };

void
slots_init(struct slots *s)
{
	s->slot = NULL;
	s->size = s->used = 0;
}

void
slots_clear(struct slots *s)
{
	free(s->slot);
	slots_init(s);
}

void
slots_empty(struct slots *s)
{
	if (s->size > 0)
		memset(s->slot, 0xff, sizeof *s->slot * s->size);
	s->used = 0;
}

static void
put(struct slots *s, uint32_t hash, uint32_t number)
{
	uint32_t at = hash & (s->size - 1);

	while (s->slot[at].number != SLOTS_NONE)
		at = (at + 1) & (s->size - 1);
	s->slot[at].hash = hash;
	s->slot[at].number = number;
	s->used++;
}

/* Read at random: fewer, larger pages cost less. Where there are none it is memory like any other. */
static void *
take(size_t bytes)
{
	void *p;

	if (bytes < HUGE_LEAST)
		return malloc(bytes);
	if (posix_memalign(&p, HUGE_LEAST, bytes) != 0)
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

/*
 * Twice as large. Equal hashes keep their order: what is carried over first
 * must be what is found first, so the walk begins behind a free slot.
 */
static int
grow(struct slots *s)
{
	struct slots bigger;
	uint32_t from = 0, i, at;

	if (s->size >= 1u << 31)
		return SE_LIMIT;
	bigger.size = s->size == 0 ? SLOTS_LEAST : s->size * 2;
	if ((bigger.slot = take(sizeof *bigger.slot * bigger.size)) == NULL)
		return SE_NOMEM;
	slots_empty(&bigger);
	while (from < s->size && s->slot[from].number != SLOTS_NONE)
		from++;
	for (i = 0; i < s->size; i++) {
		at = (from + i) & (s->size - 1);
		if (s->slot[at].number != SLOTS_NONE)
			put(&bigger, s->slot[at].hash, s->slot[at].number);
	}
	free(s->slot);
	*s = bigger;
	return 0;
}

int
slots_add(struct slots *s, uint32_t hash, uint32_t number)
{
	int r;

	if (s->used >= s->size / 4 * 3 && (r = grow(s)) < 0)
		return r;
	put(s, hash, number);
	return 0;
}

uint32_t
slots_next(const struct slots *s, uint32_t hash, uint32_t *at)
{
	const struct slot *slot;

	if (s->size == 0)
		return SLOTS_NONE;
	for (;;) {
		slot = &s->slot[*at & (s->size - 1)];
		if (slot->number == SLOTS_NONE)
			return SLOTS_NONE;
		(*at)++;
		if (slot->hash == hash)
			return slot->number;
	}
}
