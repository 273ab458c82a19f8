#include "sinks/store_census.h"

#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/when.h"
#include "sinks/view.h"

const char store_census_schema[] =
    "CREATE TABLE IF NOT EXISTS census (day TEXT NOT NULL, family TEXT NOT NULL, sensor TEXT NOT NULL, stored_ns INTEGER NOT NULL,"
    " line TEXT NOT NULL, PRIMARY KEY (day, family, sensor));";

bool
store_census_is(const struct view *v)
{
	return strcmp(v->event_type, "census") == 0;
}

int
store_census_put(sqlite3 *db, const struct view *v, const char *line, int64_t stored_ns)
{
	const cJSON *census = cJSON_GetObjectItemCaseSensitive(v->root, "census");
	const char *day = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(census, "day"));
	const char *family = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(census, "family"));
	const char *sensor = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(v->root, "host"));
	sqlite3_stmt *st = NULL;
	int r;

	if (day == NULL || family == NULL)
		return SQLITE_MISMATCH;
	if ((r = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO census (day, family, sensor, stored_ns, line) VALUES (?1, ?2, ?3, ?4, ?5)",
	    -1, &st, NULL)) != SQLITE_OK)
		return r;
	sqlite3_bind_text(st, 1, day, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, family, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, sensor != NULL ? sensor : "", -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, stored_ns);
	sqlite3_bind_text(st, 5, line, -1, SQLITE_STATIC);
	r = sqlite3_step(st);
	sqlite3_finalize(st);
	return r;
}

int
store_census_trim(sqlite3 *db, uint64_t rows, int64_t oldest_ns)
{
	char text[256];

	snprintf(text, sizeof text, "DELETE FROM census WHERE stored_ns < %lld OR rowid NOT IN"
	    " (SELECT rowid FROM census ORDER BY stored_ns DESC, rowid DESC LIMIT %llu)", (long long)oldest_ns, (unsigned long long)rows);
	return sqlite3_exec(db, text, NULL, NULL, NULL);
}

int
store_census_each(sqlite3 *db, int64_t since_ns, store_census_fn *tell, void *to)
{
	sqlite3_stmt *st = NULL;
	char day[WHEN_TEXT_MAX];
	int r;

	if (sqlite3_table_column_metadata(db, NULL, "census", NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK)
		return SQLITE_DONE;
	if ((r = sqlite3_prepare_v2(db, "SELECT line FROM census WHERE day >= ?1 ORDER BY day, family, sensor", -1, &st, NULL)) != SQLITE_OK)
		return r;
	when_rfc3339(since_ns > 0 ? since_ns : 0, day);
	sqlite3_bind_text(st, 1, day, 10, SQLITE_STATIC);
	while ((r = sqlite3_step(st)) == SQLITE_ROW)
		if (!tell(to, (const char *)sqlite3_column_text(st, 0)))
			break;
	sqlite3_finalize(st);
	return r == SQLITE_ROW ? SQLITE_DONE : r;
}
