#include "sinks/alert_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/log.h"
#include "base/when.h"
#include "sinks/store_census.h"
#include "sinks/view.h"

enum { VERSION = 1, BUSY_MS = 5000, PATH_MOST = 4096 };

struct alert_store {
	sqlite3 *db;
	sqlite3_stmt *put;
	char path[PATH_MOST];
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS alert (id TEXT PRIMARY KEY, revision INTEGER NOT NULL, state TEXT NOT NULL,"
    " severity INTEGER NOT NULL, kind TEXT NOT NULL, host TEXT NOT NULL, peer TEXT NOT NULL, title TEXT NOT NULL,"
    " count INTEGER NOT NULL, ts_ns INTEGER NOT NULL, stored_ns INTEGER NOT NULL, acknowledged_ns INTEGER, note TEXT,"
    " line TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS alert_ts ON alert (ts_ns);"
    "CREATE INDEX IF NOT EXISTS alert_stored ON alert (stored_ns);"
    "PRAGMA user_version = 1;";

static const char put_text[] =
    "INSERT INTO alert (id, revision, state, severity, kind, host, peer, title, count, ts_ns, stored_ns, line)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    " ON CONFLICT (id) DO UPDATE SET revision = ?2, state = ?3, severity = ?4, kind = ?5, host = ?6, peer = ?7, title = ?8,"
    " count = ?9, ts_ns = ?10, stored_ns = ?11, line = ?12 WHERE ?2 >= revision";

/* ---- opening ---- */

static int
fault_of(const struct alert_store *s, int code, struct fault *fault)
{
	return fault_set(fault, SE_SYSTEM, "%s: %s", s->path, s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(code));
}

static bool
is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

static int
read_number(sqlite3 *db, const char *text, int64_t *out)
{
	sqlite3_stmt *st = NULL;
	int r = sqlite3_prepare_v2(db, text, -1, &st, NULL);

	if (r == SQLITE_OK && (r = sqlite3_step(st)) == SQLITE_ROW) {
		*out = sqlite3_column_int64(st, 0);
		r = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return r;
}

/* SQLITE_MISMATCH: of another version. */
static int
look_at_version(sqlite3 *db)
{
	int64_t version = 0, tables = 0;
	int r;

	if ((r = read_number(db, "PRAGMA user_version", &version)) != SQLITE_OK ||
	    (r = read_number(db, "SELECT count(*) FROM sqlite_master", &tables)) != SQLITE_OK)
		return r;
	return version == VERSION || (version == 0 && tables == 0) ? SQLITE_OK : SQLITE_MISMATCH;
}

static int
open_file(struct alert_store *s, bool write)
{
	int r = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | (write ? SQLITE_OPEN_CREATE : 0) |
	    SQLITE_OPEN_NOMUTEX, NULL);

	if (r != SQLITE_OK)
		return r;
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	if ((r = look_at_version(s->db)) != SQLITE_OK || !write)
		return r;
	if ((r = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", NULL, NULL, NULL)) != SQLITE_OK ||
	    (r = sqlite3_exec(s->db, schema, NULL, NULL, NULL)) != SQLITE_OK ||
	    (r = sqlite3_exec(s->db, store_census_schema, NULL, NULL, NULL)) != SQLITE_OK)
		return r;
	return sqlite3_prepare_v3(s->db, put_text, -1, SQLITE_PREPARE_PERSISTENT, &s->put, NULL);
}

static void
close_file(struct alert_store *s)
{
	sqlite3_finalize(s->put);
	sqlite3_close(s->db);
	s->put = NULL;
	s->db = NULL;
}

/* The write-ahead log belongs to the damaged file: without it, it would be applied to the new one. */
static int
set_aside(struct alert_store *s, int why, struct fault *fault)
{
	static const char *const endings[] = { "-wal", "-shm" };
	char other[PATH_MOST + 16];
	size_t i;

	close_file(s);
	snprintf(other, sizeof other, "%s.damaged", s->path);
	if (rename(s->path, other) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: damaged, and cannot be set aside: %s", s->path, strerror(errno));
	log_warn("store", "%s: %s: set aside as %s, a new one is begun", s->path,
	    why == SQLITE_MISMATCH ? "of another version" : sqlite3_errstr(why), other);
	for (i = 0; i < sizeof endings / sizeof *endings; i++) {
		snprintf(other, sizeof other, "%s%s", s->path, endings[i]);
		if (unlink(other) < 0 && errno != ENOENT)
			return fault_set(fault, SE_SYSTEM, "%s: %s", other, strerror(errno));
	}
	return 0;
}

/* Made by us, so that nobody else may read what hosts did. */
static void
make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd >= 0)
		close(fd);
}

int
alert_store_open(const char *path, bool write, struct alert_store **out, struct fault *fault)
{
	struct alert_store *s = calloc(1, sizeof *s);
	int code, r = 0;

	*out = NULL;
	if (s == NULL)
		return fault_set(fault, SE_NOMEM, "%s: out of memory", path);
	snprintf(s->path, sizeof s->path, "%s", path);
	if (!write && access(path, R_OK) < 0) {
		r = fault_set(fault, SE_USAGE, "%s: %s: expected a store of alerts (a sink of type store writes it)", path,
		    strerror(errno));
		goto done;
	}
	if (write)
		make_file(path);
	code = open_file(s, write);
	if (write && (is_damage(code) || code == SQLITE_MISMATCH)) {
		if ((r = set_aside(s, code, fault)) < 0)
			goto done;
		make_file(path);
		code = open_file(s, write);
	}
	if (code == SQLITE_MISMATCH)
		r = fault_set(fault, SE_USAGE, "%s: of another version: expected one that this hansho made", path);
	else if (code != SQLITE_OK)
		r = fault_of(s, code, fault);
	if (r < 0)
		goto done;
	*out = s;
	s = NULL;
done:
	alert_store_close(s);
	return r;
}

void
alert_store_close(struct alert_store *s)
{
	if (s == NULL)
		return;
	close_file(s);
	free(s);
}

void
alert_store_give_up(struct alert_store *s)
{
	struct fault fault;

	if (set_aside(s, SQLITE_CORRUPT, &fault) < 0)
		log_error("store", "%s", fault.text);
	free(s);
}

/* ---- writing ---- */

static int64_t
wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * NS_PER_SEC + now.tv_nsec;
}

static void
bind_text(sqlite3_stmt *st, int place, const char *text)
{
	sqlite3_bind_text(st, place, text, -1, SQLITE_STATIC);
}

static int
put_one(struct alert_store *s, const char *line, unsigned *odd)
{
	sqlite3_stmt *st = s->put;
	struct view v;
	int64_t ts_ns;
	int r = SQLITE_DONE;

	if (view_open(&v, line) && store_census_is(&v)) {
		r = store_census_put(s->db, &v, line, wall_clock_ns());
		*odd += r == SQLITE_MISMATCH;
		r = r == SQLITE_MISMATCH ? SQLITE_DONE : r;
		goto done;
	}
	if (v.root == NULL || v.id[0] == '\0' || !when_parse(v.timestamp, strlen(v.timestamp), 0, &ts_ns)) {
		++*odd;
		goto done;
	}
	sqlite3_reset(st);
	bind_text(st, 1, v.id);
	sqlite3_bind_int64(st, 2, v.revision);
	bind_text(st, 3, v.state);
	sqlite3_bind_int64(st, 4, v.severity);
	bind_text(st, 5, v.kind);
	bind_text(st, 6, v.host);
	bind_text(st, 7, view_peer_name(&v)[0] != '\0' ? view_peer_name(&v) : v.peer);
	bind_text(st, 8, v.signature);
	sqlite3_bind_int64(st, 9, (sqlite3_int64)v.count);
	sqlite3_bind_int64(st, 10, ts_ns);
	sqlite3_bind_int64(st, 11, wall_clock_ns());
	bind_text(st, 12, line);
	r = sqlite3_step(st);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
done:
	view_close(&v);
	return r;
}

int
alert_store_put(struct alert_store *s, char *const *lines, unsigned count, unsigned *odd, struct fault *fault)
{
	int r = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	unsigned i;

	*odd = 0;
	if (r != SQLITE_OK)
		return is_damage(r) ? (fault_of(s, r, fault), SE_FORMAT) : fault_of(s, r, fault);
	for (i = 0, r = SQLITE_DONE; i < count && r == SQLITE_DONE; i++)
		r = put_one(s, lines[i], odd);
	if (r == SQLITE_DONE && (r = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL)) == SQLITE_OK)
		return 0;
	fault_of(s, r, fault);
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return is_damage(r) ? SE_FORMAT : SE_SYSTEM;
}

int
alert_store_trim(struct alert_store *s, uint64_t rows, int64_t oldest_ns, struct fault *fault)
{
	int64_t count = 0;
	char text[256];
	int r;

	snprintf(text, sizeof text, "DELETE FROM alert WHERE stored_ns < %lld", (long long)oldest_ns);
	if ((r = sqlite3_exec(s->db, text, NULL, NULL, NULL)) != SQLITE_OK ||
	    (r = store_census_trim(s->db, rows, oldest_ns)) != SQLITE_OK ||
	    (r = read_number(s->db, "SELECT count(*) FROM alert", &count)) != SQLITE_OK)
		return fault_of(s, r, fault);
	if ((uint64_t)count <= rows)
		return 0;
	snprintf(text, sizeof text, "DELETE FROM alert WHERE rowid IN (SELECT rowid FROM alert ORDER BY stored_ns LIMIT %llu)",
	    (unsigned long long)((uint64_t)count - rows));
	r = sqlite3_exec(s->db, text, NULL, NULL, NULL);
	return r == SQLITE_OK ? 0 : fault_of(s, r, fault);
}

/* ---- reading ---- */

static const char each_text[] =
    "SELECT id, state, kind, host, peer, title, note, line, revision, severity, count, ts_ns, acknowledged_ns FROM alert"
    " WHERE ts_ns >= ?1 AND (?2 IS NULL OR host = ?2) AND (?3 = 0 OR (severity > 0 AND severity <= ?3))"
    " AND (?4 = 0 OR (state <> 'close' AND acknowledged_ns IS NULL)) AND (?5 IS NULL OR substr(id, 1, length(?5)) = ?5)"
    " ORDER BY ts_ns DESC, id LIMIT ?6";

static const char *
column(sqlite3_stmt *st, int place)
{
	const unsigned char *text = sqlite3_column_text(st, place);

	return text == NULL ? "" : (const char *)text;
}

static struct stored_alert
row_of(sqlite3_stmt *st)
{
	return (struct stored_alert){
		.id = column(st, 0), .state = column(st, 1), .kind = column(st, 2), .host = column(st, 3),
		.peer = column(st, 4), .title = column(st, 5), .note = column(st, 6), .line = column(st, 7),
		.revision = (unsigned)sqlite3_column_int64(st, 8), .severity = (unsigned)sqlite3_column_int64(st, 9),
		.count = (uint64_t)sqlite3_column_int64(st, 10), .ts_ns = sqlite3_column_int64(st, 11),
		.acknowledged_ns = sqlite3_column_type(st, 12) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(st, 12),
	};
}

int
alert_store_each(struct alert_store *s, const struct alert_filter *f, stored_alert_fn *tell, void *to,
    struct fault *fault)
{
	sqlite3_stmt *st = NULL;
	struct stored_alert a;
	int r = sqlite3_prepare_v2(s->db, each_text, -1, &st, NULL);

	if (r != SQLITE_OK)
		return fault_of(s, r, fault);
	sqlite3_bind_int64(st, 1, f->since_ns);
	if (f->host != NULL)
		bind_text(st, 2, f->host);
	sqlite3_bind_int64(st, 3, f->least_severity);
	sqlite3_bind_int64(st, 4, f->open);
	if (f->id != NULL)
		bind_text(st, 5, f->id);
	sqlite3_bind_int64(st, 6, f->most == 0 ? -1 : (sqlite3_int64)f->most);
	while ((r = sqlite3_step(st)) == SQLITE_ROW) {
		a = row_of(st);
		if (!tell(to, &a)) {
			r = SQLITE_DONE;
			break;
		}
	}
	if (r != SQLITE_DONE)
		fault_of(s, r, fault);
	sqlite3_finalize(st);
	return r == SQLITE_DONE ? 0 : SE_SYSTEM;
}

int
alert_store_census(struct alert_store *s, int64_t since_ns, bool (*tell)(void *to, const char *line), void *to, struct fault *fault)
{
	int r = store_census_each(s->db, since_ns, tell, to);

	return r == SQLITE_DONE ? 0 : fault_of(s, r, fault);
}

int
alert_store_acknowledge(struct alert_store *s, const char *id, const char *note, int64_t now_ns, struct fault *fault)
{
	sqlite3_stmt *st = NULL;
	int r = sqlite3_prepare_v2(s->db, "UPDATE alert SET acknowledged_ns = ?2, note = ?3 WHERE id = ?1", -1, &st, NULL);

	if (r != SQLITE_OK)
		return fault_of(s, r, fault);
	bind_text(st, 1, id);
	sqlite3_bind_int64(st, 2, now_ns);
	bind_text(st, 3, note);
	r = sqlite3_step(st);
	sqlite3_finalize(st);
	if (r != SQLITE_DONE)
		return fault_of(s, r, fault);
	return sqlite3_changes(s->db) > 0 ? 0 : fault_set(fault, SE_USAGE, "%s: no alert has this id", id);
}
