#include <string.h>

#include "history/private.h"

#define DAY "86400000000000"

const char *const history_statements[STATEMENTS] = {
	[PUT_HOST] = "INSERT OR IGNORE INTO host (realm, address) VALUES (?1, ?2)",
	[GET_HOST] = "SELECT id FROM host WHERE realm = ?1 AND address = ?2",
	[PUT_SERVICE] = "INSERT OR IGNORE INTO service (name, address, port, protocol, resolved) "
	    "VALUES (?1, ?2, ?3, ?4, ?5)",
	[GET_SERVICE] = "SELECT id FROM service WHERE name = ?1 AND address = ?2 AND port = ?3 "
	    "AND protocol = ?4 AND resolved = ?5",
	[PUT_CONTACT] = "INSERT INTO contact (host, service, first_ns, last_ns, count, bytes_out, bytes_in, days) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1) ON CONFLICT (host, service) DO UPDATE SET "
	    "days = days + (excluded.last_ns / " DAY " > last_ns / " DAY "), "
	    "first_ns = min(first_ns, excluded.first_ns), last_ns = max(last_ns, excluded.last_ns), "
	    "count = count + excluded.count, bytes_out = bytes_out + excluded.bytes_out, "
	    "bytes_in = bytes_in + excluded.bytes_in",
	[GET_CONTACT] = "SELECT id FROM contact WHERE host = ?1 AND service = ?2",
	/* A flow that ended: when its contacts were evicted meanwhile, there is nothing to add to. */
	[ADD_BYTES] = "UPDATE contact SET bytes_out = bytes_out + ?3, bytes_in = bytes_in + ?4 "
	    "WHERE host = ?1 AND service = ?2",
	[PUT_PEER] = "INSERT INTO peer (contact, address, first_ns, last_ns, count) VALUES (?1, ?2, ?3, ?4, ?5) "
	    "ON CONFLICT (contact, address) DO UPDATE SET first_ns = min(first_ns, excluded.first_ns), "
	    "last_ns = max(last_ns, excluded.last_ns), count = count + excluded.count",
	[COUNT_PEERS] = "SELECT count(*) FROM peer WHERE contact = ?1",
	[DROP_PEERS] = "DELETE FROM peer WHERE contact = ?1 AND address NOT IN "
	    "(SELECT address FROM peer WHERE contact = ?1 ORDER BY last_ns DESC, address LIMIT ?2)",
	[PUT_TOLD] = "INSERT OR IGNORE INTO told (realm, host, type, value, at_ns) VALUES (?1, ?2, ?3, ?4, ?5)",
	[GET_TOLD] = "SELECT 1 FROM told WHERE realm = ?1 AND host = ?2 AND type = ?3 AND value = ?4",
	[PUT_COVERAGE] = "INSERT INTO coverage (realm, network, first_day, last_day, days) VALUES (?1, ?2, ?3, ?3, 1) "
	    "ON CONFLICT (realm, network) DO UPDATE SET days = days + (excluded.last_day > last_day), "
	    "first_day = min(first_day, excluded.first_day), last_day = max(last_day, excluded.last_day)",
	/* What was counted before a restart may be more. */
	[PUT_CENSUS] = "INSERT INTO census (day, family, servers, hosts, estimated) VALUES (?1, ?2, ?3, ?4, ?5) "
	    "ON CONFLICT (day, family) DO UPDATE SET servers = max(servers, excluded.servers), "
	    "hosts = max(hosts, excluded.hosts), estimated = max(estimated, excluded.estimated)",
	[SCAN_ROWS] = "SELECT " HISTORY_ROW_COLUMNS " FROM " HISTORY_ROW_TABLES
	    " WHERE c.id > ?1 AND c.id <= ?2 ORDER BY c.id LIMIT ?3",
	[ROW_PEERS] = "SELECT address, first_ns, last_ns, count FROM peer WHERE contact = ?1 "
	    "ORDER BY last_ns DESC, address LIMIT 16",
};

static int64_t
signed_of(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static void
bind_bytes(sqlite3_stmt *s, int place, const void *at, size_t len)
{
	/* A pointer of zero length would be NULL to SQLite. */
	sqlite3_bind_blob(s, place, len == 0 ? "" : at, (int)len, SQLITE_STATIC);
}

static int
run(sqlite3_stmt *s)
{
	int r = sqlite3_step(s);

	sqlite3_reset(s);
	return r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
}

/* The first column of the first row; 0 when there is none. */
static int
run_for_number(sqlite3_stmt *s, int64_t *out)
{
	int r = sqlite3_step(s);

	*out = r == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
	while (r == SQLITE_ROW)
		r = sqlite3_step(s);
	sqlite3_reset(s);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

/* ---- what was looked up before ---- */

static struct remembered
name_of(const struct remembered_key *key)
{
	const struct hash_key *seed = hash_seed();
	const struct hash_key other = { ~seed->k0, seed->k1 };

	return (struct remembered){ { hash_bytes(seed, key, sizeof *key), hash_bytes(&other, key, sizeof *key) }, 0 };
}

/* 0: not known. */
static int64_t
recall(const struct history *h, const struct remembered *sought)
{
	const struct remembered *r = &h->remembered[sought->hash[0] % REMEMBERED];

	return r->hash[0] == sought->hash[0] && r->hash[1] == sought->hash[1] ? r->id : 0;
}

static void
remember(struct history *h, const struct remembered *sought, int64_t id)
{
	struct remembered *r = &h->remembered[sought->hash[0] % REMEMBERED];

	*r = *sought;
	r->id = id;
}

void
history_forget_remembered(struct history *h)
{
	memset(h->remembered, 0, sizeof h->remembered);
}

/* ---- identities ---- */

static void
bind_host(sqlite3_stmt *s, const struct gathered_key *k)
{
	bind_bytes(s, 1, &k->realm, sizeof k->realm);
	bind_bytes(s, 2, k->host.b, sizeof k->host.b);
}

static int
find_or_put_host(struct history *h, const struct gathered *g, int64_t *id)
{
	sqlite3_stmt *s = history_statement(h, GET_HOST);
	int r;

	bind_host(s, &g->key);
	if ((r = run_for_number(s, id)) != SQLITE_OK || *id != 0)
		return r;
	s = history_statement(h, PUT_HOST);
	bind_host(s, &g->key);
	r = run(s);
	*id = sqlite3_last_insert_rowid(h->db);
	return r;
}

static int
host_id(struct history *h, const struct gathered *g, int64_t *id)
{
	const struct remembered_key key = { .what = REMEMBER_HOST, .realm = g->key.realm, .address = g->key.host };
	const struct remembered name = name_of(&key);
	int r;

	if ((*id = recall(h, &name)) != 0)
		return SQLITE_OK;
	if ((r = find_or_put_host(h, g, id)) == SQLITE_OK)
		remember(h, &name, *id);
	return r;
}

static void
bind_service(sqlite3_stmt *s, const struct gathered *g)
{
	bool named = g->name[0] != '\0';

	sqlite3_bind_text(s, 1, g->name, -1, SQLITE_STATIC);
	bind_bytes(s, 2, g->key.address.b, named ? 0 : sizeof g->key.address.b);
	sqlite3_bind_int(s, 3, g->key.port);
	sqlite3_bind_int(s, 4, g->key.protocol);
	sqlite3_bind_int(s, 5, g->key.resolved);
}

static int
find_or_put_service(struct history *h, const struct gathered *g, int64_t *id)
{
	sqlite3_stmt *s = history_statement(h, GET_SERVICE);
	int r;

	bind_service(s, g);
	if ((r = run_for_number(s, id)) != SQLITE_OK || *id != 0)
		return r;
	s = history_statement(h, PUT_SERVICE);
	bind_service(s, g);
	r = run(s);
	*id = sqlite3_last_insert_rowid(h->db);
	return r;
}

static int
service_id(struct history *h, const struct gathered *g, int64_t *id)
{
	const struct remembered_key key = { .what = REMEMBER_SERVICE, .address = g->key.address,
		.name = { g->key.name[0], g->key.name[1] }, .port = g->key.port, .protocol = g->key.protocol,
		.resolved = g->key.resolved };
	const struct remembered name = name_of(&key);
	int r;

	if ((*id = recall(h, &name)) != 0)
		return SQLITE_OK;
	if ((r = find_or_put_service(h, g, id)) == SQLITE_OK)
		remember(h, &name, *id);
	return r;
}

/* ---- one entry ---- */

static int
put_peers(struct history *h, const struct gathered *g, int64_t contact)
{
	sqlite3_stmt *s;
	int64_t there;
	unsigned i;
	int r;

	for (i = 0; i < g->peers; i++) {
		s = history_statement(h, PUT_PEER);
		sqlite3_bind_int64(s, 1, contact);
		bind_bytes(s, 2, g->peer[i].addr.b, sizeof g->peer[i].addr.b);
		sqlite3_bind_int64(s, 3, g->peer[i].first_ns);
		sqlite3_bind_int64(s, 4, g->peer[i].last_ns);
		sqlite3_bind_int64(s, 5, signed_of(g->peer[i].count));
		if ((r = run(s)) != SQLITE_OK)
			return r;
	}
	s = history_statement(h, COUNT_PEERS);
	sqlite3_bind_int64(s, 1, contact);
	if ((r = run_for_number(s, &there)) != SQLITE_OK || there <= HISTORY_PEERS_MAX)
		return r;
	s = history_statement(h, DROP_PEERS);
	sqlite3_bind_int64(s, 1, contact);
	sqlite3_bind_int(s, 2, HISTORY_PEERS_MAX);
	r = run(s);
	h->counts.peers_evicted += (uint64_t)sqlite3_changes(h->db);
	return r;
}

/* The network of a host: /24, /64. A second time on the same day changes nothing. */
static int
put_coverage(struct history *h, const struct gathered *g)
{
	struct remembered_key key = { .what = REMEMBER_NETWORK, .realm = g->key.realm, .address = g->key.host,
		.day = g->key.day };
	struct remembered name;
	sqlite3_stmt *s;
	int r;

	if (addr_is_v4(&key.address))
		key.address.b[15] = 0;
	else
		memset(key.address.b + 8, 0, 8);
	name = name_of(&key);
	if (recall(h, &name) != 0)
		return SQLITE_OK;
	s = history_statement(h, PUT_COVERAGE);
	bind_bytes(s, 1, &key.realm, sizeof key.realm);
	bind_bytes(s, 2, key.address.b, sizeof key.address.b);
	sqlite3_bind_int64(s, 3, key.day);
	if ((r = run(s)) == SQLITE_OK)
		remember(h, &name, 1);
	return r;
}

static int
put_peers_of(struct history *h, const struct gathered *g, int64_t host, int64_t service)
{
	sqlite3_stmt *s = history_statement(h, GET_CONTACT);
	int64_t contact;
	int r;

	sqlite3_bind_int64(s, 1, host);
	sqlite3_bind_int64(s, 2, service);
	if ((r = run_for_number(s, &contact)) != SQLITE_OK)
		return r;
	return put_peers(h, g, contact);
}

static int
put_contact(struct history *h, const struct gathered *g, int64_t host, int64_t service)
{
	sqlite3_stmt *s = history_statement(h, PUT_CONTACT);
	int r;

	sqlite3_bind_int64(s, 1, host);
	sqlite3_bind_int64(s, 2, service);
	sqlite3_bind_int64(s, 3, g->first_ns);
	sqlite3_bind_int64(s, 4, g->last_ns);
	sqlite3_bind_int64(s, 5, signed_of(g->count));
	sqlite3_bind_int64(s, 6, signed_of(g->bytes_out));
	sqlite3_bind_int64(s, 7, signed_of(g->bytes_in));
	if ((r = run(s)) != SQLITE_OK)
		return r;
	if (g->peers > 0 && (r = put_peers_of(h, g, host, service)) != SQLITE_OK)
		return r;
	return put_coverage(h, g);
}

static int
add_bytes(struct history *h, const struct gathered *g, int64_t host, int64_t service)
{
	sqlite3_stmt *s = history_statement(h, ADD_BYTES);

	sqlite3_bind_int64(s, 1, host);
	sqlite3_bind_int64(s, 2, service);
	sqlite3_bind_int64(s, 3, signed_of(g->bytes_out));
	sqlite3_bind_int64(s, 4, signed_of(g->bytes_in));
	return run(s);
}

static int
put_gathered(struct history *h, const struct gathered *g)
{
	int64_t host, service;
	int r;

	if ((r = host_id(h, g, &host)) != SQLITE_OK || (r = service_id(h, g, &service)) != SQLITE_OK)
		return r;
	return g->count > 0 ? put_contact(h, g, host, service) : add_bytes(h, g, host, service);
}

static void
bind_told(sqlite3_stmt *s, const struct realm *realm, const struct addr *host, unsigned type,
    const char *value)
{
	bind_bytes(s, 1, realm, sizeof *realm);
	bind_bytes(s, 2, host->b, sizeof host->b);
	sqlite3_bind_int(s, 3, (int)type);
	sqlite3_bind_text(s, 4, value, -1, SQLITE_STATIC);
}

static int
put_told(struct history *h, const struct realm *realm, const struct addr *host, unsigned type,
    const char *value, int64_t at_ns)
{
	sqlite3_stmt *s = history_statement(h, PUT_TOLD);

	bind_told(s, realm, host, type, value);
	sqlite3_bind_int64(s, 5, at_ns);
	return run(s);
}

void
history_tell(struct history *h, const struct realm *realm, const struct addr *host, unsigned type,
    const char *value, int64_t at_ns)
{
	put_told(h, realm, host, type, value, at_ns);
}

bool
history_is_told(struct history *h, const struct realm *realm, const struct addr *host, unsigned type,
    const char *value)
{
	sqlite3_stmt *s = history_statement(h, GET_TOLD);
	int64_t there;

	bind_told(s, realm, host, type, value);
	return run_for_number(s, &there) == SQLITE_OK && there != 0;
}

static int
put_census(struct history *h, const struct counted *c)
{
	sqlite3_stmt *s = history_statement(h, PUT_CENSUS);

	sqlite3_bind_int64(s, 1, c->day);
	sqlite3_bind_text(s, 2, c->family, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 3, signed_of(c->servers));
	sqlite3_bind_int64(s, 4, signed_of(c->hosts));
	sqlite3_bind_int(s, 5, c->estimated);
	return run(s);
}

int
history_write(struct history *h)
{
	struct counted *c;
	struct gathered *g;
	struct met *m;
	int r = SQLITE_OK;

	for (g = h->gathered; g != NULL && r == SQLITE_OK; g = g->hh.next)
		r = put_gathered(h, g);
	for (m = h->met; m != NULL && r == SQLITE_OK; m = m->next)
		r = put_told(h, &m->realm, &m->host, m->type, m->value, m->at_ns);
	for (c = h->counted; c != NULL && r == SQLITE_OK; c = c->next)
		r = put_census(h, c);
	return r;
}
