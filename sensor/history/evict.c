#include "history/private.h"

enum { CENSUS_DAYS = 3653, EVICT_STEP = 2000, EVICT_STEPS_MAX = 50 };

static int
number_of(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int r = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	*out = 0;
	if (r == SQLITE_OK && (r = sqlite3_step(s)) == SQLITE_ROW) {
		*out = sqlite3_column_int64(s, 0);
		r = SQLITE_OK;
	}
	sqlite3_finalize(s);
	return r;
}

/* Pages that hold something, in bytes: the file itself never shrinks. */
static int
used_bytes(sqlite3 *db, uint64_t *out)
{
	int64_t pages, empty, size;
	int r;

	if ((r = number_of(db, "PRAGMA page_count", &pages)) != SQLITE_OK ||
	    (r = number_of(db, "PRAGMA freelist_count", &empty)) != SQLITE_OK ||
	    (r = number_of(db, "PRAGMA page_size", &size)) != SQLITE_OK)
		return r;
	*out = (uint64_t)((pages - empty) * size);
	return SQLITE_OK;
}

static int
delete_older(sqlite3 *db, const char *sql, int64_t before_ns)
{
	sqlite3_stmt *s = NULL;
	int r = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (r == SQLITE_OK) {
		sqlite3_bind_int64(s, 1, before_ns);
		sqlite3_bind_int(s, 2, EVICT_STEP);
		r = sqlite3_step(s);
	}
	sqlite3_finalize(s);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

#define OLDEST "(SELECT id FROM contact WHERE last_ns < ?1 ORDER BY last_ns, id LIMIT ?2)"

static int
drop_contacts(sqlite3 *db, int64_t before_ns, uint64_t *dropped)
{
	int r = delete_older(db, "DELETE FROM peer WHERE contact IN " OLDEST, before_ns);

	if (r == SQLITE_OK)
		r = delete_older(db, "DELETE FROM contact WHERE id IN " OLDEST, before_ns);
	*dropped = r == SQLITE_OK ? (uint64_t)sqlite3_changes(db) : 0;
	return r;
}

static int
drop_orphans(struct history *h)
{
	int r = history_execute(h->db, "DELETE FROM service WHERE id NOT IN (SELECT service FROM contact)");

	history_forget_remembered(h);
	return r != SQLITE_OK ? r :
	    history_execute(h->db, "DELETE FROM host WHERE id NOT IN (SELECT host FROM contact)");
}

static int
evict_age(struct history *h, int64_t before_ns, bool *orphans)
{
	uint64_t dropped;
	unsigned i;
	int r;

	for (i = 0; i < EVICT_STEPS_MAX; i++) {
		if ((r = drop_contacts(h->db, before_ns, &dropped)) != SQLITE_OK)
			return r;
		h->counts.evicted_age += dropped;
		*orphans |= dropped > 0;
		if (dropped < EVICT_STEP)
			break;
	}
	if (!*orphans)
		return SQLITE_OK;
	if ((r = delete_older(h->db, "DELETE FROM told WHERE at_ns < ?1 AND ?2 > 0", before_ns)) != SQLITE_OK)
		return r;
	return delete_older(h->db, "DELETE FROM coverage WHERE last_day < ?1 / 86400000000000 AND ?2 > 0", before_ns);
}

/* Down to nine tenths, so that not every commit has to. */
static int
evict_size(struct history *h, bool *orphans)
{
	uint64_t used, dropped;
	unsigned i;
	int r;

	if ((r = used_bytes(h->db, &used)) != SQLITE_OK || used <= h->limits.max_bytes)
		return r;
	for (i = 0; i < EVICT_STEPS_MAX && used > h->limits.max_bytes / 10 * 9; i++) {
		if ((r = drop_contacts(h->db, INT64_MAX, &dropped)) != SQLITE_OK ||
		    (r = drop_orphans(h)) != SQLITE_OK ||
		    (r = used_bytes(h->db, &used)) != SQLITE_OK)
			return r;
		h->counts.evicted_size += dropped;
		*orphans |= dropped > 0;
		if (dropped == 0)
			break;
	}
	return SQLITE_OK;
}

int
history_evict(struct history *h, int64_t now_ns)
{
	int64_t age_ns = h->limits.days * NS_PER_DAY;
	bool orphans = false;
	int r = SQLITE_OK;

	if (now_ns > age_ns)
		r = evict_age(h, now_ns - age_ns, &orphans);
	/* A curve of years is little: some rows a day. */
	if (r == SQLITE_OK && now_ns > CENSUS_DAYS * NS_PER_DAY)
		r = delete_older(h->db, "DELETE FROM census WHERE (day, family) IN (SELECT day, family FROM census "
		    "WHERE day < ?1 / 86400000000000 LIMIT ?2)", now_ns - CENSUS_DAYS * NS_PER_DAY);
	if (r == SQLITE_OK)
		r = evict_size(h, &orphans);
	return r == SQLITE_OK && orphans ? drop_orphans(h) : r;
}
