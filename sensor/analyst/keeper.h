/*
 * keeper.h - the history's side of the house, joined: what the analyst keeps
 * → history; history × indicators → matches that come late.
 *
 * Nothing here is waited for by detection. One thread; who holds it decides
 * what a time is: live the wall clock, in a replay none (WHEN_UNKNOWN).
 */
#ifndef SENSOR_ANALYST_KEEPER_H
#define SENSOR_ANALYST_KEEPER_H

#include "analyst/keep.h"
#include "analyst/retro.h"
#include "config/config.h"

struct keeper;

struct keeper_counts {
	struct history_counts history;
	struct contact_log_counts log;
	uint64_t retro;			/* matches found in the history */
	uint32_t snapshots;		/* written */
};

/* "STATE/history", "STATE/contacts", "STATE/history/known" → buf. */
const char *keeper_folder(const struct config *c, char *buf, size_t size);
const char *keeper_contacts_folder(const struct config *c, char *buf, size_t size);
const char *keeper_known_path(const struct config *c, char *buf, size_t size);

/* Does the configuration ask for anything that is kept? */
bool keeper_wanted(const struct config *c);
/* Make its folders, for `user` to write in. */
int keeper_make_folders(const struct config *c, const char *user, struct fault *fault);

/*
 * `whole`: a replay, see history_open(); `run`: see contact_log_new(). The folders are there.
 * `set` is borrowed and may be NULL. Something that was damaged is said in the log.
 */
int keeper_open(const struct config *config, bool whole, uint64_t run, const struct indicators *set,
    struct keeper **out, struct fault *fault);
/* `keep`: what came last is written. NULL is fine. */
void keeper_close(struct keeper *k, bool keep);

/* One record, checked: what is none is passed over. */
void keeper_take(struct keeper *k, const struct kept *record, uint32_t len);

/* The whole history against the indicators, and the snapshot: at a replay's start. False: it failed, and was said. */
bool keeper_look_back(struct keeper *k, retro_emit_fn *emit, void *to);

/* Live, often: commits, looks back a step further, writes the snapshot when it is a day old. */
void keeper_tick(struct keeper *k, int64_t now_ns, retro_emit_fn *emit, void *to);

/* Is it time to write? A replay asks behind each record: what is written together is then the same in each run. */
void keeper_relieve(struct keeper *k);

void keeper_count(const struct keeper *k, struct keeper_counts *out);

#endif
