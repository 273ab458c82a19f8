#include <string.h>

#include "history/private.h"

static bool
copy_blob(sqlite3_stmt *s, int column, void *to, size_t size)
{
	if (sqlite3_column_bytes(s, column) != (int)size || sqlite3_column_blob(s, column) == NULL)
		return false;
	memcpy(to, sqlite3_column_blob(s, column), size);
	return true;
}

static uint64_t
count_of(sqlite3_stmt *s, int column)
{
	int64_t n = sqlite3_column_int64(s, column);

	return n < 0 ? 0 : (uint64_t)n;
}

static void
read_peers(sqlite3_stmt *s, int64_t contact, struct history_row *out)
{
	struct history_peer *p;

	sqlite3_reset(s);
	sqlite3_bind_int64(s, 1, contact);
	while (out->peers < HISTORY_PEERS_MAX && sqlite3_step(s) == SQLITE_ROW) {
		p = &out->peer[out->peers];
		p->first_ns = sqlite3_column_int64(s, 1);
		p->last_ns = sqlite3_column_int64(s, 2);
		p->count = count_of(s, 3);
		out->peers += copy_blob(s, 0, &p->addr, sizeof p->addr);
	}
	sqlite3_reset(s);
}

static bool
times_well(const struct history_row *row)
{
	return row->first_ns >= 0 && row->last_ns >= row->first_ns && row->last_ns <= INT64_MAX / 2;
}

bool
history_read_row(sqlite3_stmt *s, sqlite3_stmt *peers, struct history_row *out)
{
	int64_t port = sqlite3_column_int64(s, 5), protocol = sqlite3_column_int64(s, 6);

	memset(out, 0, sizeof *out);
	out->name = (const char *)sqlite3_column_text(s, 3);
	if (out->name == NULL || !copy_blob(s, 1, &out->realm, sizeof out->realm) ||
	    !copy_blob(s, 2, &out->host, sizeof out->host) || port < 0 || port > UINT16_MAX ||
	    protocol < 0 || protocol > UINT8_MAX || out->realm.tunnel >= TUNNEL_KINDS)
		return false;
	out->port = (uint16_t)port;
	out->protocol = (uint8_t)protocol;
	out->resolved = sqlite3_column_int(s, 7) != 0;
	out->first_ns = sqlite3_column_int64(s, 8);
	out->last_ns = sqlite3_column_int64(s, 9);
	out->count = count_of(s, 10);
	out->bytes_out = count_of(s, 11);
	out->bytes_in = count_of(s, 12);
	out->days = (uint32_t)count_of(s, 13);
	if (!times_well(out))
		return false;
	if (out->name[0] != '\0') {
		read_peers(peers, sqlite3_column_int64(s, 0), out);
		return true;
	}
	out->peers = 1;
	out->peer[0].first_ns = out->first_ns;
	out->peer[0].last_ns = out->last_ns;
	out->peer[0].count = out->count;
	return copy_blob(s, 4, &out->peer[0].addr, sizeof out->peer[0].addr);
}
