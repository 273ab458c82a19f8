#include "reassembly/side.h"

#include <stdlib.h>

#include "flow.h"

bool
deadlines_init(struct deadlines *d, uint32_t most)
{
	d->count = 0;
	d->first_ns = INT64_MAX;
	d->at = calloc((size_t)most + 1, sizeof *d->at);
	return d->at != NULL;
}

void
deadlines_clear(struct deadlines *d)
{
	free(d->at);
	d->at = NULL;
	d->count = 0;
}

static bool
comes_before(const struct side *a, const struct side *b)
{
	uint64_t x = a->stream->flow->first_ordinal, y = b->stream->flow->first_ordinal;

	if (a->deadline_ns != b->deadline_ns)
		return a->deadline_ns < b->deadline_ns;
	return x != y ? x < y : a->which < b->which;
}

static void
place(struct deadlines *d, struct side *s, uint32_t at)
{
	d->at[at] = s;
	s->deadline_at = at;
}

static void
move_up(struct deadlines *d, struct side *s)
{
	uint32_t at = s->deadline_at;

	for (; at > 1 && comes_before(s, d->at[at / 2]); at /= 2)
		place(d, d->at[at / 2], at);
	place(d, s, at);
}

static void
move_down(struct deadlines *d, struct side *s)
{
	uint32_t at = s->deadline_at, child;

	for (; at <= d->count / 2; at = child) {
		child = at * 2;
		if (child < d->count && comes_before(d->at[child + 1], d->at[child]))
			child++;
		if (!comes_before(d->at[child], s))
			break;
		place(d, d->at[child], at);
	}
	place(d, s, at);
}

static void
note_first(struct deadlines *d)
{
	d->first_ns = d->count == 0 ? INT64_MAX : d->at[1]->deadline_ns;
}

void
deadlines_set(struct deadlines *d, struct side *s, int64_t deadline_ns)
{
	if (s->deadline_at != 0 && s->deadline_ns == deadline_ns)
		return;
	s->deadline_ns = deadline_ns;
	if (s->deadline_at == 0)
		place(d, s, ++d->count);
	move_up(d, s);
	move_down(d, s);
	note_first(d);
}

void
deadlines_remove(struct deadlines *d, struct side *s)
{
	uint32_t at = s->deadline_at;
	struct side *last;

	if (at == 0)
		return;
	s->deadline_at = 0;
	last = d->at[d->count--];
	if (last != s) {
		place(d, last, at);
		move_up(d, last);
		move_down(d, last);
	}
	note_first(d);
}

void
side_list_append(struct side_list *l, struct side *s)
{
	s->older = l->newest;
	s->newer = NULL;
	*(s->older != NULL ? &s->older->newer : &l->oldest) = s;
	l->newest = s;
}

void
side_list_remove(struct side_list *l, struct side *s)
{
	*(s->older != NULL ? &s->older->newer : &l->oldest) = s->newer;
	*(s->newer != NULL ? &s->newer->older : &l->newest) = s->older;
}

void
stream_list_append(struct stream_list *l, struct stream *s)
{
	s->idler = l->busiest;
	s->busier = NULL;
	*(s->idler != NULL ? &s->idler->busier : &l->idlest) = s;
	l->busiest = s;
}

void
stream_list_remove(struct stream_list *l, struct stream *s)
{
	*(s->idler != NULL ? &s->idler->busier : &l->idlest) = s->busier;
	*(s->busier != NULL ? &s->busier->idler : &l->busiest) = s->idler;
}
