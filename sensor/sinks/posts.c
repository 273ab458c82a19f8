#include "sinks/posts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/journal.h"
#include "base/when.h"
#include "sinks/sink.h"

enum { OTHERS_MOST = 8, SUSPECTS_MOST = 64 };

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
	l.of_sensor = head->kind == HEAD_SENSOR;
	/* What belongs to no incident has no order to keep. */
	of = head->id[0] != '\0' ? head->id : line;
	l.lane = (unsigned)(hash_bytes(hash_seed(), of, strlen(of)) % LANES);
	put_letter(p, &l);
	q->letters++;
	return true;
}

/* Does nothing before it hold one of its incidents? */
static bool
pass_lanes(const struct post *p, uint64_t before[LANE_WORDS])
{
	bool is_free = true;
	unsigned i;

	for (i = 0; i < LANE_WORDS; i++) {
		is_free = is_free && (p->lanes[i] & before[i]) == 0;
		before[i] |= p->lanes[i];
	}
	return is_free;
}

/* Those that have hardly failed are alike. */
static unsigned
trouble_of(const struct post *p)
{
	return p->attempts < POST_FAILS_ALONE ? 0 : p->attempts;
}

struct post *
posts_ready(struct posts *q, int64_t now_ns, bool trial, int64_t *wake_ns)
{
	uint64_t before[LANE_WORDS] = { 0 };
	struct post *p, *best = NULL;

	*wake_ns = INT64_MAX;
	for (p = q->first; p != NULL; p = p->next) {
		if (!pass_lanes(p, before) || p->flies || p->count == 0)
			continue;
		if (p->not_before_ns > now_ns) {
			if (p->not_before_ns < *wake_ns)
				*wake_ns = p->not_before_ns;
			continue;
		}
		if (!trial)
			return p;
		if (best == NULL || trouble_of(p) < trouble_of(best))
			best = p;
	}
	return best;
}

/* ---- whose fault it is ---- */

bool
posts_note_failure(struct posts *q, struct post *p, int64_t now_ns, bool about_it)
{
	bool own = about_it && p->attempts > 0 && q->taken - p->taken_then > q->failed - p->failed_then;

	if (p->attempts++ == 0)
		p->failing_since_ns = now_ns;
	if (own && p->own++ == 0)
		q->suspects += p->count;
	/* What has failed often says nothing new of the receiver. */
	if (p->attempts <= POST_FAILS_ALONE && p->own == 0)
		q->failed++;
	p->taken_then = q->taken;
	p->failed_then = q->failed;
	return own;
}

bool
post_is_hopeless(const struct post *p, int64_t now_ns, uint32_t give_up_sec)
{
	return give_up_sec > 0 && p->own >= POST_FAILS_OWN && p->attempts >= POST_FAILS_MOST &&
	    now_ns - p->failing_since_ns >= give_up_sec * NS_PER_SEC;
}

bool
posts_want_other(const struct posts *q)
{
	uint64_t before[LANE_WORDS] = { 0 };
	const struct post *p;
	unsigned plain = 0;

	for (p = q->first; p != NULL; p = p->next) {
		if (p->flies)
			return false;
		if (!pass_lanes(p, before))
			continue;
		if (p->attempts < POST_FAILS_ALONE || p->taken_then != q->taken)
			return false;
		plain += p->own == 0;
	}
	return q->first != NULL && plain < OTHERS_MOST && q->suspects < SUSPECTS_MOST;
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
posts_remove(struct posts *q, struct post *p, bool taken)
{
	*place_of(q, p) = p->next;
	q->letters -= p->count;
	if (p->own > 0)
		q->suspects -= p->count;
	q->taken += taken;
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
	if (p->own > 0)
		q->suspects -= p->count;
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
	q->letters = q->suspects = 0;
}

size_t
posts_post_bytes(void)
{
	return sizeof(struct post) + SINK_BATCH_MOST * sizeof(struct letter) + 2 * ((size_t)POST_BYTES + JOURNAL_LINE_MAX);
}
