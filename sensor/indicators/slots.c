#include "indicators/slots.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"

enum { SLOTS_LEAST = 64, HUGE_LEAST = 2 << 20 };

enum { FILTER_SLOTS = 16 };		/* slots a word of the filter stands for */

void
slots_init(struct slots *s)
{
	s->slot = NULL;
	s->filter = NULL;
	s->size = s->used = s->waiting_count = 0;
}

void
slots_clear(struct slots *s)
{
	free(s->slot);
	free(s->filter);
	slots_init(s);
}

void
slots_empty(struct slots *s)
{
	if (s->size > 0) {
		memset(s->slot, 0xff, sizeof *s->slot * s->size);
		memset(s->filter, 0, sizeof *s->filter * (s->size / FILTER_SLOTS));
	}
	s->used = s->waiting_count = 0;
}

/* ---- the filter ---- */

static uint64_t *
filter_word(const struct slots *s, uint32_t hash)
{
	return &s->filter[(hash & (s->size - 1)) / FILTER_SLOTS];
}

static uint64_t
filter_bits(uint32_t hash)
{
	uint64_t mixed = hash * 0x9e3779b97f4a7c15ULL;

	return 1ULL << (mixed >> 58) | 1ULL << (mixed >> 52 & 63);
}

/* ---- the table ---- */

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

static void
put_waiting(struct slots *s)
{
	uint32_t i;

	for (i = 0; i < s->waiting_count; i++)
		put(s, s->waiting[i].hash, s->waiting[i].number);
	s->waiting_count = 0;
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

static int
make(struct slots *s, uint32_t size)
{
	slots_init(s);
	s->slot = take(sizeof *s->slot * size);
	s->filter = take(sizeof *s->filter * (size / FILTER_SLOTS));
	if (s->slot == NULL || s->filter == NULL) {
		slots_clear(s);
		return SE_NOMEM;
	}
	s->size = size;
	slots_empty(s);
	return 0;
}

/*
 * Twice as large. Equal hashes keep their order: what is carried over first
 * must be what is found first, so the walk begins behind a free slot.
 */
static int
grow(struct slots *s)
{
	struct slots bigger;
	const struct slot *slot;
	uint32_t from = 0, i;
	int r;

	if (s->size >= 1u << 31)
		return SE_LIMIT;
	if ((r = make(&bigger, s->size == 0 ? SLOTS_LEAST : s->size * 2)) < 0)
		return r;
	while (from < s->size && s->slot[from].number != SLOTS_NONE)
		from++;
	for (i = 0; i < s->size; i++) {
		slot = &s->slot[(from + i) & (s->size - 1)];
		if (slot->number == SLOTS_NONE)
			continue;
		put(&bigger, slot->hash, slot->number);
		*filter_word(&bigger, slot->hash) |= filter_bits(slot->hash);
	}
	slots_clear(s);
	*s = bigger;
	return 0;
}

int
slots_add(struct slots *s, uint32_t hash, uint32_t number)
{
	int r;

	if (s->waiting_count == SLOTS_WAITING || s->used + s->waiting_count >= s->size / 4 * 3)
		put_waiting(s);
	if (s->used >= s->size / 4 * 3 && (r = grow(s)) < 0)
		return r;
	__builtin_prefetch(&s->slot[hash & (s->size - 1)], 1);
	*filter_word(s, hash) |= filter_bits(hash);
	s->waiting[s->waiting_count++] = (struct slot){ hash, number };
	return 0;
}

struct slots_walk
slots_find(const struct slots *s, uint32_t hash)
{
	uint64_t bits = filter_bits(hash);

	if (s->size > 0 && (*filter_word(s, hash) & bits) == bits)
		return (struct slots_walk){ hash, 0, false };
	return (struct slots_walk){ hash, s->waiting_count, true };
}

uint32_t
slots_next(const struct slots *s, uint32_t hash, struct slots_walk *walk)
{
	const struct slot *slot;

	while (!walk->done) {
		slot = &s->slot[walk->at & (s->size - 1)];
		walk->at++;
		if (slot->number == SLOTS_NONE)
			walk->done = true;
		else if (slot->hash == hash)
			return slot->number;
	}
	while (walk->waiting < s->waiting_count) {
		slot = &s->waiting[walk->waiting++];
		if (slot->hash == hash)
			return slot->number;
	}
	return SLOTS_NONE;
}
