/*
 * posts.h - what a webhook has taken and not yet settled: letters (a record
 * each) in posts (a request each), oldest first. For webhook.c only.
 *
 * Two posts that hold the same incident are never on their way at once: the
 * later one waits until the earlier is settled. Incidents are told apart by a
 * few bits of a hash: a collision only makes one wait that need not.
 *
 * When a post fails again and again, is it the receiver that is down, or the
 * receiver that cannot bear this one record? What becomes of the others says:
 * a failure is a post's own when, since it failed before, more posts were
 * taken than new ones failed. One with a failure of its own is a suspect.
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
	bool of_sensor;			/* an alert about the sensor itself */
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
	unsigned own;			/* of them, while others were taken */
	int64_t failing_since_ns;
	uint64_t taken_then, failed_then;	/* of struct posts, when it failed last */
	int64_t not_before_ns;		/* monotonic */
};

struct posts {
	struct post *first, *last;
	unsigned letters, suspects;	/* letters, and those of suspects */
	uint64_t taken, failed;		/* posts that were; failures of posts that had not failed much yet */
};

/* Of one post: failures before others are tried for it; before it is given up; of them, its own. */
enum { POST_FAILS_ALONE = 8, POST_FAILS_MOST = 12, POST_FAILS_OWN = 3 };

/* A copy of `line` goes into the last post that is open, or into a new one; `body` is taken over (NULL: the line). False: no memory, `body` is still yours. */
bool posts_add(struct posts *q, const char *line, char *body, const struct head *head, unsigned most);

/*
 * The next that may go now; NULL for none. *wake_ns: when the first that waits may. In order, but to try whether the
 * receiver is there at all (`trial`) one that has not failed POST_FAILS_ALONE times goes before those that have.
 */
struct post *posts_ready(struct posts *q, int64_t now_ns, bool trial, int64_t *wake_ns);

/* It is settled, and goes; `taken`: the receiver has it. */
void posts_remove(struct posts *q, struct post *p, bool taken);

/* `about_it`: the answer may be about this record. True: the failure is its own. */
bool posts_note_failure(struct posts *q, struct post *p, int64_t now_ns, bool about_it);

/* A suspect that has failed often enough, and for so long. */
bool post_is_hopeless(const struct post *p, int64_t now_ns, uint32_t give_up_sec);

/* All that could go has failed since the last was taken: a further one would tell the record from the receiver. */
bool posts_want_other(const struct posts *q);

/* Each letter alone, in its place. False: no memory, nothing has changed. */
bool posts_split(struct posts *q, struct post *p);

void posts_clear(struct posts *q);

/* The most that one holds: lines and what was made of them, the last one over the measure. */
size_t posts_post_bytes(void);

#endif
