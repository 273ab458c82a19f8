/*
 * store.h - the files of a fetched feed, beside one another in one folder.
 *
 *     NAME            in force; its time of change: when it was last known to be current
 *     NAME.meta       what the server said of it (ETag, ...), for the next request
 *     NAME.part       being fetched
 *     NAME.new        complete, and nobody has judged it; NAME.new.meta
 *     NAME.trial      being judged; NAME.trial.meta
 *     NAME.own        the same of `hansho feed update`; NAME.own.meta
 *     NAME.state      when it was tried last, what came of it, when it is due again
 *     NAME.held       why the latest candidate was held back
 *     NAME.events/    the events of a MISP feed, one file each
 *
 * Names of feeds have no dot. Files land whole: written beside, synced, renamed.
 * Several processes may work here; a short lock keeps a file and its .meta together.
 */
#ifndef SENSOR_FETCH_STORE_H
#define SENSOR_FETCH_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

#define STORE_NEW "new"
#define STORE_TRIAL "trial"
#define STORE_OWN "own"

enum { STORE_PATH_MAX = 1200, STORE_WORD_MAX = 256, STORE_WHY_MAX = 512 };

struct store_meta {
	char etag[STORE_WORD_MAX], last_modified[STORE_WORD_MAX], added_after[STORE_WORD_MAX];
	uint64_t origin;		/* hash of the URL it came from */
};

/* Times are seconds since 1970. */
struct store_state {
	int64_t tried, due, asked_until;	/* asked_until: the server's Retry-After */
	unsigned failures;			/* in a row */
	char fault[STORE_WHY_MAX];		/* the latest, "" after a success */
};

/* FOLDER/NAME or, with `ending`, FOLDER/NAME.ENDING. False: too long. */
bool store_path(char path[STORE_PATH_MAX], const char *folder, const char *name, const char *ending);

/* A new NAME.part to write to; NULL: `fault` is filled. */
FILE *store_begin(const char *folder, const char *name, struct fault *fault);
/* It is whole: synced and closed, it becomes NAME.LANDING. */
int store_land(const char *folder, const char *name, FILE *part, const char *landing,
    const struct store_meta *meta, struct fault *fault);
void store_drop_part(const char *folder, const char *name, FILE *part);	/* NULL is fine */

/* Is the part, which is synced to its reader's eyes, the same as what is in force? */
bool store_part_is_same(const char *folder, const char *name, FILE *part);
/* What is in force is current as of now; `meta` (NULL: as before) is what the server says of it. */
void store_touch(const char *folder, const char *name, const struct store_meta *meta);

/* Take a candidate over for judging: NAME.FROM becomes NAME.TO. False: there is none. */
bool store_take(const char *folder, const char *name, const char *from, const char *to);
/* It is good: NAME.WHICH is in force. */
int store_promote(const char *folder, const char *name, const char *which, struct fault *fault);
/* It is not: it goes, and why is kept. */
void store_reject(const char *folder, const char *name, const char *which, const char *why);

/* What cannot be read is empty. */
void store_read_meta(const char *folder, const char *name, struct store_meta *meta);
void store_read_state(const char *folder, const char *name, struct store_state *state);
void store_write_state(const char *folder, const char *name, const struct store_state *state);
/* "" when nothing is held back. Returns `why`. */
const char *store_read_held(const char *folder, const char *name, char why[STORE_WHY_MAX]);

#endif
