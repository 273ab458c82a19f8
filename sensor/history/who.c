#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "history/private.h"
#include "history/value.h"

/* Rows are narrowed by what an index knows; sought_*() decides. */
static const char all_rows[] = "SELECT " HISTORY_ROW_COLUMNS " FROM " HISTORY_ROW_TABLES
    " ORDER BY c.first_ns, c.id";
/* No index leads from a host to its pairs: all are read, and only when there is such a host. */
#define OF_HOST "SELECT p.id FROM host t CROSS JOIN contact p ON p.host = t.id WHERE t.address = ?1"
static const char of_host[] = "SELECT " HISTORY_ROW_COLUMNS " FROM " HISTORY_ROW_TABLES
    " WHERE c.id IN (" OF_HOST ") ORDER BY c.first_ns, c.id";
static const char of_address[] = "SELECT " HISTORY_ROW_COLUMNS " FROM " HISTORY_ROW_TABLES
    " WHERE c.id IN (SELECT contact FROM peer WHERE address = ?1"
    " UNION SELECT p.id FROM service t CROSS JOIN contact p ON p.service = t.id WHERE t.name = '' AND t.address = ?1"
    " UNION " OF_HOST ") ORDER BY c.first_ns, c.id";
static const char of_name[] = "SELECT " HISTORY_ROW_COLUMNS " FROM " HISTORY_ROW_TABLES
    " WHERE s.name LIKE '%' || ?1 ORDER BY c.first_ns, c.id";

static bool
is_one(const struct sought *s)
{
	return !s->is_name && s->net.bits == 128;
}

static bool
row_fits(const struct history_row *row, const struct sought *s, bool host_only)
{
	unsigned i;

	if (s->is_name)
		return sought_name(s, span_text(row->name)) && (s->port == 0 || s->port == row->port);
	/* A host has called from many ports: which ones, the history does not know. */
	if (s->port == 0 && cidr_contains(&s->net, &row->host))
		return true;
	for (i = 0; i < row->peers && !host_only; i++)
		if (sought_end(s, &row->peer[i].addr, row->port))
			return true;
	return false;
}

static int
open_beside(const char *folder, sqlite3 **db)
{
	char path[PATH_MOST + 16];
	int r;

	snprintf(path, sizeof path, "%s/" HISTORY_FILE, folder);
	if (access(path, F_OK) < 0)
		return SQLITE_OK;
	r = sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK)
		sqlite3_busy_timeout(*db, 5000);
	return r;
}

static sqlite3_stmt *
prepare(sqlite3 *db, const struct sought *s, bool host_only)
{
	const char *sql = s->is_name ? of_name : !is_one(s) ? all_rows : host_only ? of_host : of_address;
	sqlite3_stmt *out = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &out, NULL) != SQLITE_OK)
		return NULL;
	if (s->is_name)
		sqlite3_bind_text(out, 1, s->name, -1, SQLITE_STATIC);
	else if (is_one(s))
		sqlite3_bind_blob(out, 1, s->net.base.b, sizeof s->net.base.b, SQLITE_STATIC);
	return out;
}

int64_t
history_census(const char *folder, int32_t from, int32_t to_day, history_census_fn *take, void *to, struct fault *fault)
{
	struct history_census row;
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	int64_t found = 0;
	int r;

	if ((r = open_beside(folder, &db)) == SQLITE_OK && db == NULL)
		return 0;
	/* A file that no sensor of this version has written yet has no such table. */
	if (r == SQLITE_OK && sqlite3_table_column_metadata(db, NULL, "census", NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
		goto done;
	if (r != SQLITE_OK || sqlite3_prepare_v2(db, "SELECT day, family, servers, hosts, estimated FROM census "
	    "WHERE day BETWEEN ?1 AND ?2 ORDER BY day, family", -1, &s, NULL) != SQLITE_OK) {
		found = history_fault(db, folder, fault);
		goto done;
	}
	sqlite3_bind_int(s, 1, from);
	sqlite3_bind_int(s, 2, to_day);
	while ((r = sqlite3_step(s)) == SQLITE_ROW) {
		row = (struct history_census){ sqlite3_column_int(s, 0), (const char *)sqlite3_column_text(s, 1),
			(uint64_t)sqlite3_column_int64(s, 2), (uint64_t)sqlite3_column_int64(s, 3), sqlite3_column_int(s, 4) != 0 };
		if (row.family == NULL)
			continue;
		found++;
		if (!take(to, &row))
			break;
	}
	if (r != SQLITE_ROW && r != SQLITE_DONE)
		found = history_fault(db, folder, fault);
done:
	sqlite3_finalize(s);
	sqlite3_close(db);
	return found;
}

int64_t
history_who(const char *folder, const char *value, bool host_only, history_row_fn *take, void *to,
    struct fault *fault)
{
	sqlite3_stmt *rows = NULL, *peers = NULL;
	struct history_row row;
	struct sought s;
	sqlite3 *db = NULL;
	int64_t found = 0;
	int r;

	if (!sought_parse(value, &s))
		return fault_set(fault, SE_USAGE, "\"%s\": expected an address, address:port, a network or a name",
		    value);
	if ((r = open_beside(folder, &db)) == SQLITE_OK && db == NULL)
		return 0;
	if (r != SQLITE_OK || (rows = prepare(db, &s, host_only)) == NULL ||
	    sqlite3_prepare_v2(db, history_statements[ROW_PEERS], -1, &peers, NULL) != SQLITE_OK) {
		found = history_fault(db, folder, fault);
		goto done;
	}
	while ((r = sqlite3_step(rows)) == SQLITE_ROW)
		if (history_read_row(rows, peers, &row) && row_fits(&row, &s, host_only)) {
			found++;
			if (!take(to, &row))
				break;
		}
	if (r != SQLITE_ROW && r != SQLITE_DONE)
		found = history_fault(db, folder, fault);
done:
	sqlite3_finalize(rows);
	sqlite3_finalize(peers);
	sqlite3_close(db);
	return found;
}
