#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "history/private.h"

#define DAY "86400000000000"
#define INSERT_CONTACT "INSERT INTO contact (host, service, first_ns, last_ns, count, bytes_out, bytes_in, days) "
#define OR_ADD "ON CONFLICT (host, service) DO UPDATE SET " \
	"days = days + (excluded.last_ns / " DAY " > last_ns / " DAY "), " \
	"first_ns = min(first_ns, excluded.first_ns), last_ns = max(last_ns, excluded.last_ns), " \
	"count = count + excluded.count, bytes_out = bytes_out + excluded.bytes_out, " \
	"bytes_in = bytes_in + excluded.bytes_in"

const char *const history_statements[STATEMENTS] = {
	[PUT_HOST] = "INSERT OR IGNORE INTO host (realm, address) VALUES (?1, ?2)",
	[GET_HOST] = "SELECT id FROM host WHERE realm = ?1 AND address = ?2",
	[PUT_SERVICE] = "INSERT OR IGNORE INTO service (name, address, port, protocol, resolved) "
	    "VALUES (?1, ?2, ?3, ?4, ?5)",
	[GET_SERVICE] = "SELECT id FROM service WHERE name = ?1 AND address = ?2 AND port = ?3 "
	    "AND protocol = ?4 AND resolved = ?5",
	/* Without "true" SQLite would read ON as that of a join. */
	[PUT_CONTACTS] = INSERT_CONTACT "SELECT host, service, first_ns, last_ns, count, bytes_out, bytes_in, 1 "
	    "FROM gathered WHERE true " OR_ADD,
	[PUT_CONTACT] = INSERT_CONTACT "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1) " OR_ADD,
	[ADD_CONTACT] = "UPDATE contact SET days = days + (?4 / " DAY " > last_ns / " DAY "), "
	    "first_ns = min(first_ns, ?3), last_ns = max(last_ns, ?4), count = count + ?5, "
	    "bytes_out = bytes_out + ?6, bytes_in = bytes_in + ?7 WHERE host = ?1 AND service = ?2",
	[LATEST_CONTACT] = "SELECT ifnull(max(id), 0) FROM contact",
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

/* Without padding: hashed as bytes. What each is begins it. */
struct host_key {
	uint32_t what;
	struct realm realm;
	struct addr address;
};

struct network_key {
	struct host_key network;
	int32_t day;
};

struct service_key {
	uint32_t what;
	uint16_t port;
	uint8_t protocol, flags;
	uint8_t service[16];
};

_Static_assert(sizeof(struct host_key) == 48 && sizeof(struct network_key) == 52 && sizeof(struct service_key) == 24,
    "no padding");

/* NULL: not known. */
static struct remembered *
recall(struct history *h, uint64_t hash)
{
	struct remembered *r = &h->remembered[hash % REMEMBERED];

	return r->id != 0 && r->hash == hash ? r : NULL;
}

static struct remembered *
remember(struct history *h, uint64_t hash, int64_t id)
{
	struct remembered *r = &h->remembered[hash % REMEMBERED];

	*r = (struct remembered){ hash, id, NO_DAY };
	return r;
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

/* `make`: when it is not there; else id 0. */
static int
find_or_put_host(struct history *h, const struct gathered *g, bool make, int64_t *id)
{
	sqlite3_stmt *s = history_statement(h, make ? PUT_HOST : GET_HOST);
	int r;

	bind_host(s, &g->key);
	if (!make)
		return run_for_number(s, id);
	if ((r = run(s)) != SQLITE_OK || sqlite3_changes(h->db) == 0)
		return r != SQLITE_OK ? r : find_or_put_host(h, g, false, id);
	*id = sqlite3_last_insert_rowid(h->db);
	return SQLITE_OK;
}

/* The network of a host: /24, /64. A second time on the same day changes nothing. */
static int
put_coverage(struct history *h, const struct gathered *g)
{
	struct network_key key = { { REMEMBER_NETWORK, g->key.realm, g->key.host }, g->day };
	sqlite3_stmt *s;
	uint64_t hash;
	int r;

	if (addr_is_v4(&key.network.address))
		key.network.address.b[15] = 0;
	else
		memset(key.network.address.b + 8, 0, 8);
	hash = hash_table(&key, sizeof key);
	if (recall(h, hash) != NULL)
		return SQLITE_OK;
	s = history_statement(h, PUT_COVERAGE);
	bind_bytes(s, 1, &g->key.realm, sizeof g->key.realm);
	bind_bytes(s, 2, key.network.address.b, sizeof key.network.address.b);
	sqlite3_bind_int64(s, 3, g->day);
	if ((r = run(s)) == SQLITE_OK)
		remember(h, hash, 1);
	return r;
}

static int
host_id(struct history *h, const struct gathered *g, bool make, int64_t *id)
{
	const struct host_key key = { REMEMBER_HOST, g->key.realm, g->key.host };
	const uint64_t hash = hash_table(&key, sizeof key);
	struct remembered *known = recall(h, hash);
	int r;

	*id = known != NULL ? known->id : 0;
	if (known == NULL && ((r = find_or_put_host(h, g, make, id)) != SQLITE_OK || *id == 0))
		return r;
	if (known == NULL)
		known = remember(h, hash, *id);
	if (g->day == NO_DAY || known->day == g->day)
		return SQLITE_OK;
	known->day = g->day;
	return put_coverage(h, g);
}

static void
bind_service(sqlite3_stmt *s, const struct gathered *g)
{
	sqlite3_bind_text(s, 1, g->name != NULL ? g->name : "", -1, SQLITE_STATIC);
	bind_bytes(s, 2, g->key.what, g->name != NULL ? 0 : sizeof g->key.what);
	sqlite3_bind_int(s, 3, g->key.port);
	sqlite3_bind_int(s, 4, g->key.protocol);
	sqlite3_bind_int(s, 5, (g->key.flags & GATHERED_RESOLVED) != 0);
}

static int
find_or_put_service(struct history *h, const struct gathered *g, bool make, int64_t *id)
{
	sqlite3_stmt *s = history_statement(h, make ? PUT_SERVICE : GET_SERVICE);
	int r;

	bind_service(s, g);
	if (!make)
		return run_for_number(s, id);
	if ((r = run(s)) != SQLITE_OK || sqlite3_changes(h->db) == 0)
		return r != SQLITE_OK ? r : find_or_put_service(h, g, false, id);
	*id = sqlite3_last_insert_rowid(h->db);
	return SQLITE_OK;
}

static int
service_id(struct history *h, const struct gathered *g, bool make, int64_t *id)
{
	struct service_key key = { REMEMBER_SERVICE, g->key.port, g->key.protocol, g->key.flags, { 0 } };
	const struct remembered *known;
	uint64_t hash;
	int r;

	memcpy(key.service, g->key.what, sizeof key.service);
	hash = hash_table(&key, sizeof key);
	if ((known = recall(h, hash)) != NULL) {
		*id = known->id;
		return SQLITE_OK;
	}
	if ((r = find_or_put_service(h, g, make, id)) == SQLITE_OK && *id != 0)
		remember(h, hash, *id);
	return r;
}

/* ---- one entry ---- */

/* 0: it was left out. */
static int
get_contact(struct history *h, const struct gathered_order *o, int64_t *contact)
{
	sqlite3_stmt *s = history_statement(h, GET_CONTACT);

	sqlite3_bind_int64(s, 1, o->host);
	sqlite3_bind_int64(s, 2, o->service);
	return run_for_number(s, contact);
}

static int
drop_peers(struct history *h, int64_t contact)
{
	sqlite3_stmt *s = history_statement(h, COUNT_PEERS);
	int64_t there;
	int r;

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

static int
put_peers(struct history *h, const struct gathered_order *o, const struct gathered_peers *peers)
{
	const struct history_peer *p;
	sqlite3_stmt *s;
	int64_t contact;
	int r = get_contact(h, o, &contact);

	if (r != SQLITE_OK || contact == 0)
		return r;
	for (p = peers->peer; p < peers->peer + peers->count; p++) {
		s = history_statement(h, PUT_PEER);
		sqlite3_bind_int64(s, 1, contact);
		bind_bytes(s, 2, p->addr.b, sizeof p->addr.b);
		sqlite3_bind_int64(s, 3, p->first_ns);
		sqlite3_bind_int64(s, 4, p->last_ns);
		sqlite3_bind_int64(s, 5, history_signed(p->count));
		if ((r = run(s)) != SQLITE_OK)
			return r;
	}
	return drop_peers(h, contact);
}

/* Without `room` a pair that is new is left out. */
static int
put_contact(struct history *h, const struct gathered_order *o, bool room)
{
	sqlite3_stmt *s = history_statement(h, room ? PUT_CONTACT : ADD_CONTACT);
	const struct gathered *g = &h->gathered[o->at];
	int r;

	sqlite3_bind_int64(s, 1, o->host);
	sqlite3_bind_int64(s, 2, o->service);
	sqlite3_bind_int64(s, 3, g->first_ns);
	sqlite3_bind_int64(s, 4, g->last_ns);
	sqlite3_bind_int64(s, 5, history_signed(g->count));
	sqlite3_bind_int64(s, 6, history_signed(g->bytes_out));
	sqlite3_bind_int64(s, 7, history_signed(g->bytes_in));
	sqlite3_set_last_insert_rowid(h->db, 0);
	r = run(s);
	if (r == SQLITE_OK && !room && sqlite3_changes(h->db) == 0)
		h->counts.left_out += g->count;
	/* 0 stays when the pair was there. */
	h->hour_rows += r == SQLITE_OK && sqlite3_last_insert_rowid(h->db) != 0;
	return r;
}

static int
add_bytes(struct history *h, const struct gathered *g, const struct gathered_order *o)
{
	sqlite3_stmt *s = history_statement(h, ADD_BYTES);

	sqlite3_bind_int64(s, 1, o->host);
	sqlite3_bind_int64(s, 2, o->service);
	sqlite3_bind_int64(s, 3, history_signed(g->bytes_out));
	sqlite3_bind_int64(s, 4, history_signed(g->bytes_in));
	return run(s);
}

/* ---- all of them ---- */

/* Pairs that the hour may still bring. */
static uint64_t
room_of(const struct history *h)
{
	uint64_t most = h->limits.max_bytes / ROW_BYTES / 24;

	if (most < LEAST_ROWS_AN_HOUR)
		most = LEAST_ROWS_AN_HOUR;
	return h->hour_rows < most ? most - h->hour_rows : 0;
}

static int
by_pair(const void *left, const void *right)
{
	const struct gathered_order *a = left, *b = right;

	if (a->service != b->service)
		return a->service < b->service ? -1 : 1;
	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	return a->at < b->at ? -1 : 1;
}

/* Hosts and services get their ids in the order in which they came. Of the ends of flows: those whose contacts are there. */
static int
put_in_order(struct history *h, bool flows, bool make)
{
	struct gathered_order *o = h->order;
	struct gathered *g;
	int r;

	for (g = h->gathered; g < h->gathered + h->gathered_count; g++) {
		if ((g->day == NO_DAY) != flows)
			continue;
		if ((r = host_id(h, g, make, &o->host)) != SQLITE_OK || (r = service_id(h, g, make, &o->service)) != SQLITE_OK)
			return r;
		o->at = (uint32_t)(g - h->gathered);
		if (o->host != 0 && o->service != 0)
			o++;
		else
			h->counts.left_out += g->count;
	}
	h->order_count = (uint32_t)(o - h->order);
	qsort(h->order, h->order_count, sizeof *h->order, by_pair);
	return SQLITE_OK;
}

static int
write_flows(struct history *h)
{
	int r = put_in_order(h, true, false);
	uint32_t i;

	for (i = 0; i < h->order_count && r == SQLITE_OK; i++)
		r = add_bytes(h, &h->gathered[h->order[i].at], &h->order[i]);
	return r;
}

/* No more of them can be new than there is room for. */
static int
put_all_contacts(struct history *h)
{
	int64_t before, after;
	int r;

	if ((r = run_for_number(history_statement(h, LATEST_CONTACT), &before)) != SQLITE_OK ||
	    (r = run(history_statement(h, PUT_CONTACTS))) != SQLITE_OK ||
	    (r = run_for_number(history_statement(h, LATEST_CONTACT), &after)) != SQLITE_OK)
		return r;
	h->hour_rows += (uint64_t)(after - before);
	return SQLITE_OK;
}

static int
write_contacts(struct history *h)
{
	const struct gathered_peers *peers;
	uint32_t i;
	int r = put_in_order(h, false, room_of(h) > 0);

	if (r == SQLITE_OK && h->order_count <= room_of(h))
		r = put_all_contacts(h);
	else
		for (i = 0; i < h->order_count && r == SQLITE_OK; i++)
			r = put_contact(h, &h->order[i], room_of(h) > 0);
	for (i = 0; i < h->order_count && r == SQLITE_OK; i++)
		if ((peers = h->gathered[h->order[i].at].peers) != NULL)
			r = put_peers(h, &h->order[i], peers);
	return r;
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
	sqlite3_bind_int64(s, 3, history_signed(c->servers));
	sqlite3_bind_int64(s, 4, history_signed(c->hosts));
	sqlite3_bind_int(s, 5, c->estimated);
	return run(s);
}

/* What came first is written first: the end of a flow counts when a contact was known before. */
int
history_write(struct history *h, int64_t now_ns)
{
	struct counted *c;
	struct met *m;
	int r;

	if (now_ns > 0 && now_ns / NS_PER_HOUR != h->hour) {
		h->hour = now_ns / NS_PER_HOUR;
		h->hour_rows = 0;
	}
	if ((r = write_flows(h)) == SQLITE_OK)
		r = write_contacts(h);
	for (m = h->met; m != NULL && r == SQLITE_OK; m = m->next)
		r = put_told(h, &m->realm, &m->host, m->type, m->value, m->at_ns);
	for (c = h->counted; c != NULL && r == SQLITE_OK; c = c->next)
		r = put_census(h, c);
	return r;
}
