#include "sinks/posts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/journal.h"
#include "sinks/sink.h"

static void
letter_clear(struct letter *l)
{
	if (l->body != l->line)
		free(l->body);
	free(l->line);
}

static void
post_free(struct post *p)
{
	unsigned i;

	for (i = 0; i < p->count; i++)
		letter_clear(&p->letter[i]);
	free(p->letter);
	free(p);
}

static struct post *
post_new(unsigned room)
{
	struct post *p = calloc(1, sizeof *p);

	if (p == NULL || (p->letter = calloc(room, sizeof *p->letter)) == NULL) {
		free(p);
		return NULL;
	}
	p->room = room;
	return p;
}

static void
put_letter(struct post *p, const struct letter *l)
{
	p->letter[p->count++] = *l;
	p->bytes += strlen(l->body);
	p->lanes[l->lane / 64] |= UINT64_C(1) << l->lane % 64;
	p->sealed = p->count == p->room || p->bytes >= POST_BYTES;
}

static struct post *
open_post(struct posts *q, unsigned most)
{
	struct post *p;

	if (q->last != NULL && !q->last->sealed)
		return q->last;
	if ((p = post_new(most)) == NULL)
		return NULL;
	if (q->last != NULL)
		q->last->next = p;
	else
		q->first = p;
	return q->last = p;
}

bool
posts_add(struct posts *q, const char *line, char *body, const struct head *head, unsigned most)
{
	struct letter l = { .key = "" };
	struct post *p = open_post(q, most);
	const char *of;

	if (p == NULL || (l.line = strdup(line)) == NULL)
		return false;
	l.body = body != NULL ? body : l.line;
	if (head->id[0] != '\0')
		snprintf(l.key, sizeof l.key, "%s-%u", head->id, head->revision);
	/* What belongs to no incident has no order to keep. */
	of = head->id[0] != '\0' ? head->id : line;
	l.lane = (unsigned)(hash_bytes(hash_seed(), of, strlen(of)) % LANES);
	put_letter(p, &l);
	q->letters++;
	return true;
}

struct post *
posts_ready(struct posts *q, int64_t now_ns, int64_t *wake_ns)
{
	uint64_t before[LANE_WORDS] = { 0 };
	struct post *p;
	unsigned i;

	*wake_ns = INT64_MAX;
	for (p = q->first; p != NULL; p = p->next) {
		bool free_lanes = true;

		for (i = 0; i < LANE_WORDS; i++) {
			free_lanes = free_lanes && (p->lanes[i] & before[i]) == 0;
			before[i] |= p->lanes[i];
		}
		if (p->flies || !free_lanes || p->count == 0)
			continue;
		if (p->not_before_ns <= now_ns)
			return p;
		if (p->not_before_ns < *wake_ns)
			*wake_ns = p->not_before_ns;
	}
	return NULL;
}

/* The place that points to it. */
static struct post **
place_of(struct posts *q, const struct post *p)
{
	struct post **at = &q->first;

	while (*at != p)
		at = &(*at)->next;
	return at;
}

/* Its last one may have changed. */
static void
find_last(struct posts *q)
{
	struct post *p;

	q->last = NULL;
	for (p = q->first; p != NULL; p = p->next)
		q->last = p;
}

void
posts_remove(struct posts *q, struct post *p)
{
	*place_of(q, p) = p->next;
	q->letters -= p->count;
	post_free(p);
	find_last(q);
}

bool
posts_split(struct posts *q, struct post *p)
{
	struct post *first = NULL, **end = &first, *next;
	unsigned i;

	for (i = 0; i < p->count; i++) {
		if ((*end = post_new(1)) == NULL) {
			for (; first != NULL; first = next) {
				next = first->next;
				first->count = 0;
				post_free(first);
			}
			return false;
		}
		put_letter(*end, &p->letter[i]);
		end = &(*end)->next;
	}
	*end = p->next;
	*place_of(q, p) = first;
	p->count = 0;
	post_free(p);
	find_last(q);
	return true;
}

void
posts_clear(struct posts *q)
{
	struct post *next;

	for (; q->first != NULL; q->first = next) {
		next = q->first->next;
		post_free(q->first);
	}
	q->last = NULL;
	q->letters = 0;
}

size_t
posts_post_bytes(void)
{
	return sizeof(struct post) + SINK_BATCH_MOST * sizeof(struct letter) + 2 * ((size_t)POST_BYTES + JOURNAL_LINE_MAX);
}
