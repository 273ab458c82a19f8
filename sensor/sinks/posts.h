/*
 * posts.h - what a webhook has taken and not yet settled: letters (a record
 * each) in posts (a request each), oldest first. For webhook.c only.
 *
 * Two posts that hold the same incident are never on their way at once: the
 * later one waits until the earlier is settled. Incidents are told apart by a
 * few bits of a hash: a collision only makes one wait that need not.
 */
#ifndef SENSOR_SINKS_POSTS_H
#define SENSOR_SINKS_POSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sinks/head.h"

enum { LANE_WORDS = 16, LANES = LANE_WORDS * 64, POST_BYTES = 2 << 20, KEY_TEXT_MAX = HEAD_ID_MAX + 12 };

struct letter {
	char *line;			/* the record */
	char *body;			/* what is sent of it: `line`, or what a template made */
	char key[KEY_TEXT_MAX];		/* "id-revision"; "" for what has none */
	unsigned lane;
};

struct post {
	struct post *next;
	struct letter *letter;
	unsigned count, room;
	size_t bytes;
	uint64_t lanes[LANE_WORDS];
	bool sealed;			/* takes no more letters */
	bool flies;
	unsigned attempts;		/* failed */
	int64_t not_before_ns;		/* monotonic */
};

struct posts {
	struct post *first, *last;
	unsigned letters;
};

/* A copy of `line` goes into the last post that is open, or into a new one; `body` is taken over (NULL: the line). False: no memory, `body` is still yours. */
bool posts_add(struct posts *q, const char *line, char *body, const struct head *head, unsigned most);

/* The next that may go now, in order; NULL for none. *wake_ns: when the first that waits may. */
struct post *posts_ready(struct posts *q, int64_t now_ns, int64_t *wake_ns);

/* Settled: it goes. */
void posts_remove(struct posts *q, struct post *p);

/* Each letter alone, in its place. False: no memory, nothing has changed. */
bool posts_split(struct posts *q, struct post *p);

void posts_clear(struct posts *q);

/* The most that one holds: lines and what was made of them, the last one over the measure. */
size_t posts_post_bytes(void);

#endif
