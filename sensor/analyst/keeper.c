#include "analyst/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/when.h"
#include "history/known.h"
#include "system/privilege.h"

/* Rows that are looked up in one step (live: a second); so many entries in a second are written less often: more of them are then one row. */
enum { LOOK_BACK_STEP = 10000, STORM = 10000, STORM_SEC = 10, SNAPSHOT_SEC = 86400 };

struct keeper {
	const struct config *config;
	struct history *history;	/* NULL: not kept */
	struct contact_log *log;	/* NULL: not kept */
	const struct indicators *set;
	bool whole;
	bool looking_back;
	uint64_t retro;
	uint32_t index, snapshots;
	int64_t last_ns;		/* latest time of a record; WHEN_UNKNOWN */
	int64_t commit_ns, storm_ns, look_ns, snapshot_ns;	/* when each is due */
	struct log_limit trouble, log_trouble;
};

const char *
keeper_folder(const struct config *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s/history", c->state_directory);
	return buf;
}

const char *
keeper_contacts_folder(const struct config *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s/contacts", c->state_directory);
	return buf;
}

const char *
keeper_known_path(const struct config *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s/history/known", c->state_directory);
	return buf;
}

bool
keeper_wanted(const struct config *c)
{
	return c->history_enabled || c->contact_log_enabled;
}

int
keeper_make_folders(const struct config *c, const char *user, struct fault *fault)
{
	char folder[CONFIG_TEXT_MAX + 16];
	int r = 0;

	if (c->history_enabled)
		r = privilege_make_directory(keeper_folder(c, folder, sizeof folder), user, fault);
	if (r == 0 && c->contact_log_enabled)
		r = privilege_make_directory(keeper_contacts_folder(c, folder, sizeof folder), user, fault);
	return r;
}

static int
open_history(struct keeper *k, struct fault *fault)
{
	char folder[CONFIG_TEXT_MAX + 16], note[CONFIG_TEXT_MAX + 256];
	int r;

	if (!k->config->history_enabled)
		return 0;
	if ((r = history_open(keeper_folder(k->config, folder, sizeof folder), &k->config->history, k->whole,
	    &k->history, note, sizeof note, fault)) < 0)
		return r;
	if (note[0] != '\0')
		log_warn("keeper", "%s", note);
	history_scan_begin(k->history);
	k->looking_back = k->set != NULL;
	return 0;
}

static int
open_log(struct keeper *k, uint64_t run, struct fault *fault)
{
	char folder[CONFIG_TEXT_MAX + 16];

	if (!k->config->contact_log_enabled)
		return 0;
	k->log = contact_log_new(keeper_contacts_folder(k->config, folder, sizeof folder),
	    &k->config->contact_log, run);
	return k->log == NULL ? fault_set(fault, SE_NOMEM, "keeper: no memory") : 0;
}

int
keeper_open(const struct config *config, bool whole, uint64_t run, const struct indicators *set,
    struct keeper **out, struct fault *fault)
{
	struct keeper *k = calloc(1, sizeof *k);
	int r;

	*out = NULL;
	if (k == NULL)
		return fault_set(fault, SE_NOMEM, "keeper: no memory");
	k->config = config;
	k->whole = whole;
	k->set = set;
	k->last_ns = WHEN_UNKNOWN;
	if ((r = open_history(k, fault)) < 0 || (r = open_log(k, run, fault)) < 0)
		keeper_close(k, false);
	else
		*out = k;
	return r;
}

void
keeper_close(struct keeper *k, bool keep)
{
	struct fault fault;

	if (k == NULL)
		return;
	if (k->log != NULL && keep && contact_log_end(k->log, &fault) < 0)
		log_error("keeper", "%s", fault.text);
	history_close(k->history, keep);
	contact_log_free(k->log);
	free(k);
}

static void
commit(struct keeper *k, int64_t now_ns)
{
	struct fault fault;

	if (history_commit(k->history, now_ns, &fault) < 0)
		log_limited(&k->trouble, LOG_LEVEL_ERROR, "keeper", "%s", fault.text);
}

void
keeper_take(struct keeper *k, const struct kept *record, uint32_t len)
{
	struct fault fault;

	if (!kept_valid(record, len))
		return;
	if (record->ts_ns > k->last_ns)
		k->last_ns = record->ts_ns;
	if (k->history != NULL)
		history_note(k->history, record);
	if (k->log != NULL && contact_log_note(k->log, record, &fault) < 0)
		log_limited(&k->log_trouble, LOG_LEVEL_ERROR, "keeper", "%s", fault.text);
}

void
keeper_relieve(struct keeper *k)
{
	if (k->history != NULL && history_is_full(k->history))
		commit(k, k->last_ns);
}

static bool
write_snapshot(struct keeper *k, int64_t now_ns)
{
	char path[CONFIG_TEXT_MAX + 32];
	struct fault fault;

	if (history_known_write(k->history, keeper_known_path(k->config, path, sizeof path),
	    now_ns == WHEN_UNKNOWN ? 0 : (int32_t)(now_ns / NS_PER_SEC / 86400), &fault) == 0) {
		k->snapshots++;
		return true;
	}
	log_limited(&k->trouble, LOG_LEVEL_ERROR, "keeper", "%s", fault.text);
	return false;
}

/* Rows taken, or SE_ code: it cannot be read. */
static int
look_back(struct keeper *k, int64_t now_ns, retro_emit_fn *emit, void *to)
{
	struct retro r = { k->history, k->set, emit, to, now_ns, k->index, 0 };
	bool over;
	int n = history_scan_step(k->history, LOOK_BACK_STEP, retro_row, &r, &over);

	k->index = r.index;
	k->retro += r.found;
	if (n < 0 || over)
		k->looking_back = false;
	if (n < 0)
		log_limited(&k->trouble, LOG_LEVEL_ERROR, "keeper", "the history cannot be read");
	return n;
}

bool
keeper_look_back(struct keeper *k, retro_emit_fn *emit, void *to)
{
	/* No row, and not the end: whoever is told was stopped. */
	while (k->looking_back)
		if (look_back(k, WHEN_UNKNOWN, emit, to) <= 0 && k->looking_back)
			return false;
	return k->history == NULL || write_snapshot(k, WHEN_UNKNOWN);
}

/* One that a predecessor wrote today will do. */
static int64_t
snapshot_due(const struct keeper *k, int64_t now_ns)
{
	char path[CONFIG_TEXT_MAX + 32];
	int64_t made_ns;
	struct stat st;

	if (stat(keeper_known_path(k->config, path, sizeof path), &st) < 0)
		return now_ns;
	made_ns = (int64_t)st.st_mtim.tv_sec * NS_PER_SEC;
	return made_ns > now_ns ? now_ns : made_ns + SNAPSHOT_SEC * NS_PER_SEC;
}

/* Further off than that: the time was set back. */
static bool
is_due(int64_t now_ns, int64_t due_ns)
{
	return now_ns >= due_ns || due_ns - now_ns > 2 * SNAPSHOT_SEC * NS_PER_SEC;
}

static void
tick_history(struct keeper *k, int64_t now_ns, retro_emit_fn *emit, void *to)
{
	if (k->snapshot_ns == 0)
		k->snapshot_ns = snapshot_due(k, now_ns);
	if (k->looking_back && is_due(now_ns, k->look_ns)) {
		k->look_ns = now_ns + NS_PER_SEC;
		look_back(k, now_ns, emit, to);
	}
	if (is_due(now_ns, k->snapshot_ns)) {
		k->snapshot_ns = now_ns + SNAPSHOT_SEC * NS_PER_SEC;
		write_snapshot(k, now_ns);
	}
}

static bool
history_is_due(const struct keeper *k, int64_t now_ns)
{
	if (k->history == NULL || history_waiting(k->history) == 0)
		return false;
	return history_waiting(k->history) < STORM || history_is_full(k->history) || is_due(now_ns, k->storm_ns);
}

static void
write_all(struct keeper *k, int64_t now_ns)
{
	struct fault fault;

	if (history_is_due(k, now_ns)) {
		k->storm_ns = now_ns + STORM_SEC * NS_PER_SEC;
		commit(k, now_ns);
	}
	if (k->log != NULL && contact_log_flush(k->log, &fault) < 0)
		log_limited(&k->log_trouble, LOG_LEVEL_ERROR, "keeper", "%s", fault.text);
}

void
keeper_tick(struct keeper *k, int64_t now_ns, retro_emit_fn *emit, void *to)
{
	if (is_due(now_ns, k->commit_ns) || (k->history != NULL && history_is_full(k->history))) {
		k->commit_ns = now_ns + NS_PER_SEC;
		write_all(k, now_ns);
	}
	if (k->history != NULL)
		tick_history(k, now_ns, emit, to);
}

void
keeper_count(const struct keeper *k, struct keeper_counts *out)
{
	if (k->history != NULL)
		out->history = *history_counts(k->history);
	if (k->log != NULL)
		out->log = *contact_log_counts(k->log);
	out->retro = k->retro;
	out->snapshots = k->snapshots;
}
