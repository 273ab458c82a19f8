#include "analyst/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "config/config.h"

struct source {
	struct ring *ring;
	const struct observation *next;	/* one `copy`, or NULL */
	const struct observation *last;	/* the latest taken, the other one; or NULL */
	int64_t watermark;		/* read before it was found empty */
	bool ended;
	/*
	 * Of the record that is next in the ring. Its producer reads hostile
	 * bytes and can write there at any time: what was found valid must
	 * be what is used.
	 */
	struct observation_buffer copy[2];
};

struct merge {
	bool live;
	unsigned count;
	struct source source[WORKERS_MAX + 2];
};

struct merge *
merge_new(struct ring *const *rings, unsigned count, bool live)
{
	struct merge *m;
	unsigned i;

	if (count > WORKERS_MAX + 2 || (m = calloc(1, sizeof *m)) == NULL)
		return NULL;
	m->live = live;
	m->count = count;
	for (i = 0; i < count; i++)
		m->source[i].ring = rings[i];
	return m;
}

void
merge_free(struct merge *m)
{
	free(m);
}

/* What the watermark speaks of. */
static int64_t
place(const struct merge *m, const struct observation *o)
{
	if (!m->live)
		return o->ordinal > INT64_MAX ? INT64_MAX : (int64_t)o->ordinal;
	return o->deadline_ns == INT64_MAX ? o->flow_last_ns : o->deadline_ns;
}

static int
order(const struct merge *m, const struct observation *a, const struct observation *b)
{
	int64_t at = place(m, a), bt = place(m, b);
	uint64_t ah, bh;

	if (!m->live)
		return observation_order(a, b);
	if (at != bt)
		return at < bt ? -1 : 1;
	ah = hash_bytes(&HASH_FIXED, a, a->bytes);
	bh = hash_bytes(&HASH_FIXED, b, b->bytes);
	return (ah > bh) - (ah < bh);
}

/* A valid copy of the record, or NULL. */
static const struct observation *
fetch(struct source *s, const void *record, uint32_t len)
{
	struct observation_buffer *copy = &s->copy[s->last == &s->copy[0].o];

	if (len > sizeof *copy)
		return NULL;
	memcpy(copy, record, len);
	return observation_valid(&copy->o, len) ? &copy->o : NULL;
}

/* Look what the source has next. False: its ring is damaged. */
static bool
refill(struct merge *m, struct source *s)
{
	const struct observation *found;
	const void *record;
	uint32_t len;
	enum ring_state state;

	while (s->next == NULL && !s->ended) {
		if (!ring_has_more(s->ring))
			s->watermark = ring_watermark(s->ring);
		state = ring_peek(s->ring, &record, &len);
		if (state == RING_EMPTY)
			return true;
		if (state == RING_DAMAGED)
			return false;
		if (state == RING_ENDED) {
			s->ended = true;
			return true;
		}
		if ((found = fetch(s, record, len)) == NULL)
			return false;
		if (!m->live && s->last != NULL && observation_order(found, s->last) <= 0)
			ring_done(s->ring);
		else
			s->next = found;
	}
	return true;
}

static struct source *
first_of(struct merge *m, int64_t *bound, bool *all_ended)
{
	struct source *best = NULL, *s;

	*bound = INT64_MAX;
	*all_ended = true;
	for (s = m->source; s < m->source + m->count; s++) {
		if (!s->ended)
			*all_ended = false;
		if (s->next == NULL) {
			if (!s->ended && s->watermark < *bound)
				*bound = s->watermark;
		} else if (best == NULL || order(m, s->next, best->next) < 0) {
			best = s;
		}
	}
	return best;
}

enum merge_state
merge_run(struct merge *m, unsigned most, observation_fn *take, void *to)
{
	struct source *s;
	int64_t bound;
	bool all_ended;

	for (; most > 0; most--) {
		for (s = m->source; s < m->source + m->count; s++)
			if (!refill(m, s))
				return MERGE_DAMAGED;
		s = first_of(m, &bound, &all_ended);
		if (s == NULL)
			return all_ended ? MERGE_END : MERGE_WAIT;
		if (place(m, s->next) > bound)
			return MERGE_WAIT;
		take(to, s->next);
		s->last = s->next;
		s->next = NULL;
		ring_done(s->ring);
	}
	return MERGE_MORE;
}

int64_t
merge_watermark(const struct merge *m)
{
	int64_t least = INT64_MAX;
	unsigned i;

	for (i = 0; i < m->count; i++)
		if (!m->source[i].ended && m->source[i].watermark < least)
			least = m->source[i].watermark;
	return least > OBSERVATION_TIME_MAX_NS ? INT64_MIN : least;
}
