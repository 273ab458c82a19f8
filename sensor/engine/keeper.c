#include "engine/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/when.h"
#include "history/known.h"

/* Rows that are looked up in one step (live: a second), entries that are written together. */
enum { LOOK_BACK_STEP = 10000, WRITE_TOGETHER = 10000, SNAPSHOT_SEC = 86400 };

struct keeper {
	const struct config *config;
	struct history *history;
	const struct indicators *set;
	bool whole;
	bool looking_back;
	uint64_t retro;
	uint32_t index;
	int64_t last_ns;		/* latest time of a record; WHEN_UNKNOWN */
	int64_t commit_ns, look_ns, snapshot_ns;	/* when each is due */
	struct log_limit trouble;
};

const char *
keeper_folder(const struct config *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s/history", c->state_directory);
	return buf;
}

const char *
keeper_known_path(const struct config *c, char *buf, size_t size)
{
	snprintf(buf, size, "%s/history/known", c->state_directory);
	return buf;
}

int
keeper_open(const struct config *config, bool whole, const struct indicators *set, struct keeper **out,
    struct fault *fault)
{
	char folder[CONFIG_TEXT_MAX + 16], note[CONFIG_TEXT_MAX + 256];
	struct keeper *k = calloc(1, sizeof *k);
	int r;

	*out = NULL;
	if (k == NULL)
		return fault_set(fault, SE_NOMEM, "keeper: no memory");
	k->config = config;
	k->whole = whole;
	k->set = set;
	k->last_ns = WHEN_UNKNOWN;
	if ((r = history_open(keeper_folder(config, folder, sizeof folder), &config->history, whole,
	    &k->history, note, sizeof note, fault)) < 0) {
		keeper_close(k, false);
		return r;
	}
	if (note[0] != '\0')
		log_warn("keeper", "%s", note);
	history_scan_begin(k->history);
	k->looking_back = set != NULL;
	*out = k;
	return 0;
}

void
keeper_close(struct keeper *k, bool keep)
{
	if (k == NULL)
		return;
	history_close(k->history, keep);
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
	if (!kept_valid(record, len))
		return;
	if (record->ts_ns > k->last_ns)
		k->last_ns = record->ts_ns;
	history_note(k->history, record);
}

void
keeper_relieve(struct keeper *k)
{
	if (history_waiting(k->history) >= WRITE_TOGETHER)
		commit(k, k->last_ns);
}

static bool
write_snapshot(struct keeper *k, int64_t now_ns)
{
	char path[CONFIG_TEXT_MAX + 32];
	struct fault fault;

	if (history_known_write(k->history, keeper_known_path(k->config, path, sizeof path),
	    now_ns == WHEN_UNKNOWN ? 0 : (int32_t)(now_ns / NS_PER_SEC / 86400), &fault) == 0)
		return true;
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
	return write_snapshot(k, WHEN_UNKNOWN);
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

void
keeper_tick(struct keeper *k, int64_t now_ns, retro_emit_fn *emit, void *to)
{
	if (k->snapshot_ns == 0)
		k->snapshot_ns = snapshot_due(k, now_ns);
	/* Further off than that: the time was set back. */
	if (now_ns >= k->commit_ns || k->commit_ns - now_ns > 2 * NS_PER_SEC ||
	    history_waiting(k->history) >= WRITE_TOGETHER) {
		k->commit_ns = now_ns + NS_PER_SEC;
		if (history_waiting(k->history) > 0)
			commit(k, now_ns);
	}
	if (k->looking_back && (now_ns >= k->look_ns || k->look_ns - now_ns > 2 * NS_PER_SEC)) {
		k->look_ns = now_ns + NS_PER_SEC;
		look_back(k, now_ns, emit, to);
	}
	if (now_ns >= k->snapshot_ns) {
		k->snapshot_ns = now_ns + SNAPSHOT_SEC * NS_PER_SEC;
		write_snapshot(k, now_ns);
	}
}

void
keeper_count(const struct keeper *k, struct keeper_counts *out)
{
	out->history = *history_counts(k->history);
	out->retro = k->retro;
}
