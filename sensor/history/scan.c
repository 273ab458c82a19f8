#include "history/private.h"

void
history_scan_begin(struct history *h)
{
	sqlite3_stmt *s = NULL;

	h->scan_at = h->scan_end = 0;
	if (sqlite3_prepare_v2(h->db, "SELECT ifnull(max(id), 0) FROM contact", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		h->scan_end = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
}

int
history_scan_step(struct history *h, unsigned most, history_row_fn *take, void *to, bool *over)
{
	sqlite3_stmt *s = history_statement(h, SCAN_ROWS);
	struct history_row row;
	int taken = 0, r = SQLITE_DONE;

	*over = false;
	sqlite3_bind_int64(s, 1, h->scan_at);
	sqlite3_bind_int64(s, 2, h->scan_end);
	sqlite3_bind_int(s, 3, (int)most);
	while ((r = sqlite3_step(s)) == SQLITE_ROW) {
		if (history_read_row(s, h->statement[ROW_PEERS], &row) && !take(to, &row))
			break;
		h->scan_at = sqlite3_column_int64(s, 0);
		taken++;
	}
	sqlite3_reset(s);
	*over = r == SQLITE_DONE && (unsigned)taken < most;
	return r == SQLITE_DONE || r == SQLITE_ROW ? taken : SE_SYSTEM;
}
