#include "history/private.h"

enum { CENSUS_DAYS = 3653, GONE_MOST = 1 << 20, SIZE_STEPS = 5, SAMPLES = 8192 };

static int
number_of(sqlite3 *db, const char *sql, int64_t first, int64_t second, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int r = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	*out = 0;
	sqlite3_bind_int64(s, 1, first);
	sqlite3_bind_int64(s, 2, second);
	if (r == SQLITE_OK && (r = sqlite3_step(s)) == SQLITE_ROW) {
		*out = sqlite3_column_int64(s, 0);
		r = SQLITE_OK;
	}
	sqlite3_finalize(s);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

/* Pages that hold something, in bytes: the file itself never shrinks. */
static int
used_bytes(sqlite3 *db, uint64_t *out)
{
	int64_t pages, empty, size;
	int r;

	if ((r = number_of(db, "PRAGMA page_count", 0, 0, &pages)) != SQLITE_OK ||
	    (r = number_of(db, "PRAGMA freelist_count", 0, 0, &empty)) != SQLITE_OK ||
	    (r = number_of(db, "PRAGMA page_size", 0, 0, &size)) != SQLITE_OK)
		return r;
	*out = (uint64_t)((pages - empty) * size);
	return SQLITE_OK;
}

static int
delete_older(sqlite3 *db, const char *sql, int64_t before_ns, int64_t most)
{
	int64_t none;

	return number_of(db, sql, before_ns, most, &none);
}

/* All is read once: no index follows each contact for what is asked once a day. */
static int
drop_contacts(struct history *h, int64_t before_ns, int64_t most, uint64_t *dropped)
{
	int r = delete_older(h->db, "INSERT INTO gone SELECT id FROM contact WHERE last_ns < ?1 LIMIT ?2", before_ns, most);

	*dropped = r == SQLITE_OK ? (uint64_t)sqlite3_changes(h->db) : 0;
	if (r != SQLITE_OK || *dropped == 0)
		return r;
	history_forget_remembered(h);
	if ((r = history_execute(h->db, "DELETE FROM peer WHERE contact IN (SELECT id FROM gone)")) != SQLITE_OK ||
	    (r = history_execute(h->db, "DELETE FROM contact WHERE id IN (SELECT id FROM gone)")) != SQLITE_OK ||
	    (r = history_execute(h->db, "DELETE FROM gone")) != SQLITE_OK)
		return r;
	r = history_execute(h->db, "DELETE FROM service WHERE NOT EXISTS "
	    "(SELECT 1 FROM contact WHERE contact.service = service.id)");
	return r != SQLITE_OK ? r :
	    history_execute(h->db, "DELETE FROM host WHERE id NOT IN (SELECT host FROM contact)");
}

static int
evict_age(struct history *h, int64_t before_ns)
{
	uint64_t dropped;
	int r;

	if ((r = drop_contacts(h, before_ns, GONE_MOST, &dropped)) != SQLITE_OK)
		return r;
	h->counts.evicted_age += dropped;
	if (dropped == GONE_MOST)
		h->age_due_ns = 0;
	if (dropped == 0)
		return SQLITE_OK;
	if ((r = delete_older(h->db, "DELETE FROM told WHERE at_ns < ?1 AND ?2 > 0", before_ns, 1)) != SQLITE_OK)
		return r;
	return delete_older(h->db, "DELETE FROM coverage WHERE last_day < ?1 / 86400000000000 AND ?2 > 0", before_ns, 1);
}

/* A time before which about a tenth of all pairs were called last, from a sample of them; `rows`: how many that are at most. */
static int
oldest_tenth(sqlite3 *db, int64_t *before_ns, int64_t *rows)
{
	int64_t step, sampled;
	int r;

	if ((r = number_of(db, "SELECT count(*) FROM contact", 0, 0, rows)) != SQLITE_OK)
		return r;
	step = *rows / SAMPLES + 1;
	*rows = *rows / 8 + 1;
	if (*rows > GONE_MOST)
		*rows = GONE_MOST;
	if ((r = number_of(db, "SELECT count(*) FROM contact WHERE id % ?1 = 0", step, 0, &sampled)) != SQLITE_OK)
		return r;
	r = number_of(db, "SELECT last_ns FROM contact WHERE id % ?1 = 0 ORDER BY last_ns, id LIMIT 1 OFFSET ?2", step,
	    sampled / 10, before_ns);
	*before_ns += *before_ns < INT64_MAX;
	return r;
}

/* Down to nine tenths, so that not every commit has to. */
static int
evict_size(struct history *h)
{
	uint64_t used, dropped;
	int64_t before_ns, rows;
	unsigned i;
	int r;

	if ((r = used_bytes(h->db, &used)) != SQLITE_OK || used <= h->limits.max_bytes)
		return r;
	for (i = 0; i < SIZE_STEPS && used > h->limits.max_bytes / 10 * 9; i++) {
		if ((r = oldest_tenth(h->db, &before_ns, &rows)) != SQLITE_OK ||
		    (r = drop_contacts(h, before_ns, rows, &dropped)) != SQLITE_OK ||
		    (r = used_bytes(h->db, &used)) != SQLITE_OK)
			return r;
		h->counts.evicted_size += dropped;
		if (dropped == 0)
			break;
	}
	return SQLITE_OK;
}

/* Once a day. Further off than that: the time was set back. */
static bool
age_is_due(struct history *h, int64_t now_ns)
{
	if (now_ns < h->age_due_ns && h->age_due_ns - now_ns <= NS_PER_DAY)
		return false;
	h->age_due_ns = now_ns + NS_PER_DAY;
	return true;
}

int
history_evict(struct history *h, int64_t now_ns)
{
	int64_t age_ns = h->limits.days * NS_PER_DAY;
	int r = SQLITE_OK;

	if (now_ns > age_ns && age_is_due(h, now_ns)) {
		r = evict_age(h, now_ns - age_ns);
		/* A curve of years is little: some rows a day. */
		if (r == SQLITE_OK && now_ns > CENSUS_DAYS * NS_PER_DAY)
			r = delete_older(h->db, "DELETE FROM census WHERE day < ?1 / 86400000000000 AND ?2 > 0",
			    now_ns - CENSUS_DAYS * NS_PER_DAY, 1);
	}
	return r == SQLITE_OK ? evict_size(h) : r;
}
