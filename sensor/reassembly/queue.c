#include "reassembly/queue.h"

#include <stdlib.h>
#include <string.h>

bool
segment_pool_init(struct segment_pool *p, uint64_t most)
{
	memset(p, 0, sizeof *p);
	/* Pages of a cleared allocation cost nothing until they are touched. */
	p->slab = calloc(most, sizeof *p->slab);
	p->most = most;
	return p->slab != NULL;
}

void
segment_pool_clear(struct segment_pool *p)
{
	free(p->slab);
	memset(p, 0, sizeof *p);
}

static struct segment *
take(struct segment_pool *p)
{
	struct segment *s = p->free;

	if (s != NULL)
		p->free = s->next;
	else if (p->used < p->most)
		s = &p->slab[p->used++];
	return s;
}

struct segment *
queue_find(const struct queue *q, uint64_t offset)
{
	struct segment *found = NULL;

	if (q->head != NULL && segment_end(q->head) > offset)
		return q->head;
	/* From the tail: what comes is mostly the newest. */
	for (struct segment *s = q->tail; s != NULL && segment_end(s) > offset; s = s->prev)
		found = s;
	return found;
}

struct segment *
queue_add(struct queue *q, struct segment_pool *p, uint64_t offset, uint32_t len)
{
	struct segment *next = queue_find(q, offset), *s = take(p);

	if (s == NULL)
		return NULL;
	s->offset = offset;
	s->len = len;
	s->acked_ns = WHEN_UNKNOWN;
	s->next = next;
	s->prev = next != NULL ? next->prev : q->tail;
	*(s->prev != NULL ? &s->prev->next : &q->head) = s;
	*(next != NULL ? &next->prev : &q->tail) = s;
	if (next != NULL && next->acked_ns != WHEN_UNKNOWN)
		s->acked_ns = next->acked_ns;
	else if (q->unacked == next)
		q->unacked = s;
	q->segments++;
	q->bytes += len;
	return s;
}

void
queue_pop(struct queue *q, struct segment_pool *p)
{
	struct segment *s = q->head;

	q->head = s->next;
	*(s->next != NULL ? &s->next->prev : &q->tail) = NULL;
	if (q->unacked == s)
		q->unacked = s->next;
	q->segments--;
	q->bytes -= s->len;
	s->next = p->free;
	p->free = s;
}

void
queue_acked(struct queue *q, uint64_t offset, int64_t at_ns)
{
	struct segment *s;

	for (s = q->unacked; s != NULL && s->offset <= offset; s = s->next)
		s->acked_ns = at_ns;
	q->unacked = s;
}

void
queue_not_acked(struct queue *q)
{
	for (struct segment *s = q->head; s != NULL; s = s->next)
		s->acked_ns = WHEN_UNKNOWN;
	q->unacked = q->head;
}
