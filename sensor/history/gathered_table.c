#include <stdlib.h>

#include "history/private.h"

/*
 * What is to be written, as a table that SQLite reads: the pairs of h->order.
 * One statement for all of them, instead of one for each.
 */

enum column { COLUMN_HOST, COLUMN_SERVICE, COLUMN_FIRST, COLUMN_LAST, COLUMN_COUNT, COLUMN_BYTES_OUT, COLUMN_BYTES_IN };

static const char declaration[] = "CREATE TABLE gathered (host INTEGER, service INTEGER, first_ns INTEGER, last_ns INTEGER,"
    " count INTEGER, bytes_out INTEGER, bytes_in INTEGER)";

struct table {
	sqlite3_vtab base;		/* first: SQLite's */
	const struct history *h;
};

struct cursor {
	sqlite3_vtab_cursor base;	/* first: SQLite's */
	uint32_t at;			/* of h->order */
};

static const struct history *
history_of(const struct cursor *c)
{
	return ((const struct table *)c->base.pVtab)->h;
}

static int
on_connect(sqlite3 *db, void *h, int words, const char *const *word, sqlite3_vtab **out, char **error)
{
	struct table *t = calloc(1, sizeof *t);

	(void)words;
	(void)word;
	(void)error;
	if (t == NULL)
		return SQLITE_NOMEM;
	t->h = h;
	*out = &t->base;
	return sqlite3_declare_vtab(db, declaration);
}

static int
on_disconnect(sqlite3_vtab *t)
{
	free(t);
	return SQLITE_OK;
}

/* There is one way to read it: from the first to the last. */
static int
on_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	(void)t;
	info->estimatedCost = GATHERED_MAX;
	return SQLITE_OK;
}

static int
on_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct cursor *c = calloc(1, sizeof *c);

	(void)t;
	if (c == NULL)
		return SQLITE_NOMEM;
	*out = &c->base;
	return SQLITE_OK;
}

static int
on_close(sqlite3_vtab_cursor *c)
{
	free(c);
	return SQLITE_OK;
}

static int
on_filter(sqlite3_vtab_cursor *c, int plan, const char *text, int values, sqlite3_value **value)
{
	(void)plan;
	(void)text;
	(void)values;
	(void)value;
	((struct cursor *)c)->at = 0;
	return SQLITE_OK;
}

static int
on_next(sqlite3_vtab_cursor *c)
{
	((struct cursor *)c)->at++;
	return SQLITE_OK;
}

static int
on_end(sqlite3_vtab_cursor *c)
{
	return ((struct cursor *)c)->at >= history_of((struct cursor *)c)->order_count;
}

static int64_t
value_of(const struct gathered_order *o, const struct gathered *g, int column)
{
	switch (column) {
	case COLUMN_HOST:
		return o->host;
	case COLUMN_SERVICE:
		return o->service;
	case COLUMN_FIRST:
		return g->first_ns;
	case COLUMN_LAST:
		return g->last_ns;
	case COLUMN_COUNT:
		return history_signed(g->count);
	case COLUMN_BYTES_OUT:
		return history_signed(g->bytes_out);
	default:
		return history_signed(g->bytes_in);
	}
}

static int
on_column(sqlite3_vtab_cursor *c, sqlite3_context *to, int column)
{
	const struct history *h = history_of((struct cursor *)c);
	const struct gathered_order *o = &h->order[((struct cursor *)c)->at];

	sqlite3_result_int64(to, value_of(o, &h->gathered[o->at], column));
	return SQLITE_OK;
}

static int
on_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
	*out = ((struct cursor *)c)->at;
	return SQLITE_OK;
}

/* Without xCreate it is there as soon as it is named. */
static const sqlite3_module module = {
	.xConnect = on_connect, .xDisconnect = on_disconnect, .xBestIndex = on_best_index, .xOpen = on_open,
	.xClose = on_close, .xFilter = on_filter, .xNext = on_next, .xEof = on_end, .xColumn = on_column,
	.xRowid = on_rowid
};

int
history_show_gathered(struct history *h)
{
	return sqlite3_create_module_v2(h->db, "gathered", &module, h, NULL);
}
