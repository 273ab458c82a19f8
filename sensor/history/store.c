#include "history/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/private.h"

static const char schema[] =
    "CREATE TABLE host (id INTEGER PRIMARY KEY, realm BLOB NOT NULL, address BLOB NOT NULL, UNIQUE (address, realm));"
    "CREATE TABLE service (id INTEGER PRIMARY KEY, name TEXT NOT NULL, address BLOB NOT NULL,"
    " port INTEGER NOT NULL, protocol INTEGER NOT NULL, resolved INTEGER NOT NULL,"
    " UNIQUE (name, address, port, protocol, resolved));"
    "CREATE TABLE contact (id INTEGER PRIMARY KEY, host INTEGER NOT NULL, service INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, count INTEGER NOT NULL,"
    " bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL, days INTEGER NOT NULL, UNIQUE (service, host));"
    "CREATE TABLE peer (contact INTEGER NOT NULL, address BLOB NOT NULL, first_ns INTEGER NOT NULL,"
    " last_ns INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (contact, address)) WITHOUT ROWID;"
    "CREATE INDEX peer_address ON peer (address);"
    "CREATE TABLE told (realm BLOB NOT NULL, host BLOB NOT NULL, type INTEGER NOT NULL, value TEXT NOT NULL,"
    " at_ns INTEGER NOT NULL, PRIMARY KEY (realm, host, type, value)) WITHOUT ROWID;"
    "CREATE TABLE coverage (realm BLOB NOT NULL, network BLOB NOT NULL, first_day INTEGER NOT NULL,"
    " last_day INTEGER NOT NULL, days INTEGER NOT NULL, PRIMARY KEY (realm, network)) WITHOUT ROWID;";

/*
 * What came later: a file of an earlier version of this program gets it, and is read by it all the same. It also keeps its
 * indexes of pairs by host and of services, which cost time when rows are written and no more. `gone`: what is let go of.
 */
static const char additions[] =
    "CREATE TABLE IF NOT EXISTS census (day INTEGER NOT NULL, family TEXT NOT NULL, servers INTEGER NOT NULL,"
    " hosts INTEGER NOT NULL, estimated INTEGER NOT NULL, PRIMARY KEY (day, family)) WITHOUT ROWID;"
    "DROP INDEX IF EXISTS contact_last;"
    "CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY);";

#define CACHE_KIB 32768
#define IN_WORDS_(number) #number
#define IN_WORDS(number) IN_WORDS_(number)

/* NORMAL: a power cut may cost the last transactions, never the file. */
static const char settings[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -" IN_WORDS(CACHE_KIB) "; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = OFF;"
    "PRAGMA trusted_schema = OFF;";

int
history_fault(sqlite3 *db, const char *what, struct fault *fault)
{
	return fault_set(fault, SE_SYSTEM, "%s: %s", what,
	    db == NULL ? "no memory" : sqlite3_errmsg(db));
}

int
history_execute(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

sqlite3_stmt *
history_statement(struct history *h, enum statement which)
{
	return h->statement[which];
}

/* ---- opening ---- */

static int
lock_folder(struct history *h, struct fault *fault)
{
	char path[PATH_MOST + 16];

	snprintf(path, sizeof path, "%s/" HISTORY_LOCK, h->folder);
	if ((h->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		return fault_set(fault, SE_SYSTEM, "history: %s: %s", path, strerror(errno));
	if (flock(h->lock, LOCK_EX | LOCK_NB) < 0)
		return fault_set(fault, SE_PEER, "history: %s: another hansho writes there", h->folder);
	return 0;
}

static int
number(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int r = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (r == SQLITE_OK && (r = sqlite3_step(s)) == SQLITE_ROW) {
		*out = sqlite3_column_int64(s, 0);
		r = SQLITE_OK;
	}
	sqlite3_finalize(s);
	return r;
}

static int
make_schema(sqlite3 *db)
{
	char mark[96];
	int r;

	snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
	    HISTORY_APPLICATION, HISTORY_VERSION);
	if ((r = history_execute(db, "BEGIN IMMEDIATE")) != SQLITE_OK ||
	    (r = history_execute(db, schema)) != SQLITE_OK ||
	    (r = history_execute(db, mark)) != SQLITE_OK)
		return r;
	return history_execute(db, "COMMIT");
}

static int
limit_pages(struct history *h)
{
	int64_t page;
	char sql[64];
	int r = number(h->db, "PRAGMA page_size", &page);

	if (r != SQLITE_OK || page <= 0)
		return r;
	/* A little above the size at which the oldest go: only a transaction in between meets it. */
	snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld",
	    (long long)((int64_t)(h->limits.max_bytes + h->limits.max_bytes / 4) / page + 64));
	return history_execute(h->db, sql);
}

static int
prepare_all(struct history *h)
{
	int i, r = history_show_gathered(h);

	for (i = 0; i < STATEMENTS && r == SQLITE_OK; i++)
		r = sqlite3_prepare_v3(h->db, history_statements[i], -1, SQLITE_PREPARE_PERSISTENT,
		    &h->statement[i], NULL);
	return r;
}

static void
close_file(struct history *h)
{
	int i;

	for (i = 0; i < STATEMENTS; i++) {
		sqlite3_finalize(h->statement[i]);
		h->statement[i] = NULL;
	}
	sqlite3_close(h->db);
	h->db = NULL;
}

/* SQLITE_OK, or its code; `newer`: the file is of a later version of this program. */
static int
open_file(struct history *h, bool *newer)
{
	int64_t version = 0, tables = 0;
	char path[PATH_MOST + 16];
	int r;

	*newer = false;
	/* A lock and a sum for each allocation: nobody asks for them. Refused when SQLite runs already. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	snprintf(path, sizeof path, "%s/" HISTORY_FILE, h->folder);
	r = sqlite3_open_v2(path, &h->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r != SQLITE_OK)
		return r;
	sqlite3_busy_timeout(h->db, 5000);
	if ((r = history_execute(h->db, settings)) != SQLITE_OK ||
	    (r = number(h->db, "PRAGMA user_version", &version)) != SQLITE_OK ||
	    (r = number(h->db, "SELECT count(*) FROM sqlite_master", &tables)) != SQLITE_OK)
		return r;
	*newer = version > HISTORY_VERSION;
	if (*newer)
		return SQLITE_OK;
	if (tables == 0 && (r = make_schema(h->db)) != SQLITE_OK)
		return r;
	if (tables != 0 && version != HISTORY_VERSION)
		return SQLITE_NOTADB;
	if ((r = limit_pages(h)) != SQLITE_OK || (r = history_execute(h->db, additions)) != SQLITE_OK)
		return r;
	return prepare_all(h);
}

static bool
means_damage(int code)
{
	int primary = code & 0xff;

	return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR ||
	    primary == SQLITE_FORMAT || primary == SQLITE_MISMATCH;
}

/* The file and what belongs to it get names of their own, which nobody else has. */
static int
set_aside(const struct history *h, char *note, size_t note_size, struct fault *fault)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	char from[PATH_MOST + 32], to[PATH_MOST + 64];
	unsigned n, i;

	for (n = 1; n < 10000; n++) {
		snprintf(to, sizeof to, "%s/" HISTORY_FILE ".damaged-%u", h->folder, n);
		if (access(to, F_OK) < 0)
			break;
	}
	snprintf(note, note_size, "the history was damaged; it is set aside as %s and begins anew", to);
	for (i = 0; i < 3; i++) {
		snprintf(from, sizeof from, "%s/" HISTORY_FILE "%s", h->folder, parts[i]);
		snprintf(to, sizeof to, "%s/" HISTORY_FILE ".damaged-%u%s", h->folder, n, parts[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			return fault_set(fault, SE_SYSTEM, "history: %s: cannot be set aside: %s", from,
			    strerror(errno));
	}
	return 0;
}

/* Ends of an earlier writer: seen while it was used. */
static int
open_or_set_aside(struct history *h, char *note, size_t note_size, struct fault *fault)
{
	bool newer;
	int code = open_file(h, &newer), r;

	if (code == SQLITE_OK && newer)
		return fault_set(fault, SE_FORMAT, "history: %s/" HISTORY_FILE ": made by a newer hansho",
		    h->folder);
	if (code != SQLITE_OK && means_damage(code)) {
		close_file(h);
		if ((r = set_aside(h, note, note_size, fault)) < 0)
			return r;
		code = open_file(h, &newer);
	}
	if (code != SQLITE_OK)
		return history_fault(h->db, "history", fault);
	return 0;
}

int
history_open(const char *folder, const struct history_limits *limits, bool whole,
    struct history **out, char *note, size_t note_size, struct fault *fault)
{
	struct history *h = calloc(1, sizeof *h);
	mode_t mask;
	int r;

	*out = NULL;
	note[0] = '\0';
	if (h == NULL)
		return fault_set(fault, SE_NOMEM, "history: no memory");
	h->limits = *limits;
	h->whole = whole;
	h->lock = -1;
	snprintf(h->folder, sizeof h->folder, "%s", folder);
	mask = umask(077);
	if ((r = history_make_gathered(h)) < 0)
		fault_set(fault, r, "history: no memory");
	else if ((r = lock_folder(h, fault)) == 0)
		r = open_or_set_aside(h, note, note_size, fault);
	umask(mask);
	if (r == 0 && whole && history_execute(h->db, "BEGIN IMMEDIATE") != SQLITE_OK)
		r = history_fault(h->db, "history", fault);
	if (r < 0) {
		history_close(h, false);
		return r;
	}
	*out = h;
	return 0;
}

void
history_close(struct history *h, bool keep)
{
	struct fault fault;

	if (h == NULL)
		return;
	if (keep && h->db != NULL && history_waiting(h) > 0)
		history_commit(h, INT64_MIN, &fault);
	if (h->whole && h->db != NULL)
		history_execute(h->db, keep ? "COMMIT" : "ROLLBACK");
	history_free_gathered(h);
	close_file(h);
	if (h->lock >= 0)
		close(h->lock);
	free(h);
}

int
history_commit(struct history *h, int64_t now_ns, struct fault *fault)
{
	char note[PATH_MOST + 128] = "";
	uint64_t lost = 0;
	int code = SQLITE_OK, r = 0;
	uint32_t i;

	for (i = 0; i < h->gathered_count; i++)
		lost += h->gathered[i].count;
	if (!h->whole)
		code = history_execute(h->db, "BEGIN IMMEDIATE");
	if (code == SQLITE_OK)
		code = history_write(h, now_ns);
	if (code == SQLITE_OK)
		code = history_evict(h, now_ns);
	if (code == SQLITE_OK && !h->whole)
		code = history_execute(h->db, "COMMIT");
	if (code != SQLITE_OK) {
		r = history_fault(h->db, "history: contacts are lost", fault);
		h->counts.lost += lost;
		history_forget_remembered(h);
		if (!h->whole)
			history_execute(h->db, "ROLLBACK");
	}
	history_forget_gathered(h);
	if (code != SQLITE_OK && !h->whole && means_damage(code)) {
		close_file(h);
		r = open_or_set_aside(h, note, sizeof note, fault);
		if (r == 0)
			r = fault_set(fault, SE_FORMAT, "history: %s", note);
	}
	return r;
}

const struct history_counts *
history_counts(const struct history *h)
{
	return &h->counts;
}

size_t
history_cache_bytes(void)
{
	return ((size_t)CACHE_KIB << 10) + REMEMBERED * sizeof(struct remembered) + 2 * GATHERED_MORE_FULL;
}
