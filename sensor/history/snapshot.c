#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "history/known.h"
#include "history/known_file.h"
#include "history/private.h"

struct list {
	struct history_known_entry *entry;
	uint32_t count, room;
};

static bool
add(struct list *l, uint64_t hash, int64_t first_day, int64_t days)
{
	struct history_known_entry *grown;
	uint32_t room = l->room == 0 ? 4096 : l->room * 2;

	if (l->count == l->room) {
		if (room > KNOWN_ENTRIES_MAX / 2 ||
		    (grown = realloc(l->entry, room * sizeof *grown)) == NULL)
			return false;
		l->entry = grown;
		l->room = room;
	}
	l->entry[l->count++] = (struct history_known_entry){ hash, (int32_t)first_day, (uint32_t)days };
	return true;
}

static int
by_hash(const void *left, const void *right)
{
	const struct history_known_entry *a = left, *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->first_day > b->first_day) - (a->first_day < b->first_day);
}

/* Of equal hashes the first day stays. */
static void
sort(struct list *l)
{
	uint32_t i, n = 0;

	if (l->count == 0)
		return;
	qsort(l->entry, l->count, sizeof *l->entry, by_hash);
	for (i = 1; i < l->count; i++)
		if (l->entry[i].hash != l->entry[n].hash)
			l->entry[++n] = l->entry[i];
	l->count = n + 1;
}

/* A service that only DNS names is known by both: whoever asks may have no name for it. */
static bool
add_service(struct list *l, const struct hash_key *key, sqlite3_stmt *s)
{
	const char *name = (const char *)sqlite3_column_text(s, 0);
	const struct addr *a = sqlite3_column_blob(s, 1);
	int64_t day = sqlite3_column_int64(s, 4);

	if (name != NULL && name[0] != '\0' && !add(l, history_known_hash_name(key, span_text(name)), day, 0))
		return false;
	return sqlite3_column_bytes(s, 1) != sizeof *a || a == NULL ||
	    add(l, history_known_hash_address(key, a, (uint16_t)sqlite3_column_int(s, 2),
	    (uint8_t)sqlite3_column_int(s, 3)), day, 0);
}

static bool
add_network(struct list *l, const struct hash_key *key, sqlite3_stmt *s)
{
	struct realm realm;
	struct addr network;

	if (sqlite3_column_bytes(s, 0) != sizeof realm || sqlite3_column_bytes(s, 1) != sizeof network)
		return true;
	memcpy(&realm, sqlite3_column_blob(s, 0), sizeof realm);
	memcpy(&network, sqlite3_column_blob(s, 1), sizeof network);
	return add(l, history_known_hash_network(key, &realm, &network), sqlite3_column_int64(s, 2),
	    sqlite3_column_int64(s, 3));
}

static int
read_all(sqlite3 *db, const char *sql, bool (*take)(struct list *, const struct hash_key *, sqlite3_stmt *),
    struct list *l, const struct hash_key *key)
{
	sqlite3_stmt *s = NULL;
	int r = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

	if (r == SQLITE_OK)
		while ((r = sqlite3_step(s)) == SQLITE_ROW)
			if (!take(l, key, s)) {
				r = SQLITE_NOMEM;
				break;
			}
	sqlite3_finalize(s);
	sort(l);
	return r == SQLITE_DONE ? SQLITE_OK : r;
}

static int
write_file(const char *path, const struct history_known_header *header, const struct list *services,
    const struct list *networks, struct fault *fault)
{
	char beside[PATH_MOST + 32];
	FILE *out;
	int fd, r = 0;

	snprintf(beside, sizeof beside, "%s.new", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || (out = fdopen(fd, "w")) == NULL)
		return fault_set(fault, SE_SYSTEM, "history: %s: %s", beside, strerror(errno));
	if (fwrite(header, sizeof *header, 1, out) != 1 ||
	    (services->count > 0 && fwrite(services->entry, sizeof *services->entry, services->count, out) !=
	    services->count) ||
	    (networks->count > 0 && fwrite(networks->entry, sizeof *networks->entry, networks->count, out) !=
	    networks->count))
		r = -1;
	if (fclose(out) != 0 || r < 0 || rename(beside, path) < 0) {
		r = fault_set(fault, SE_SYSTEM, "history: %s: %s", path, strerror(errno));
		unlink(beside);
	}
	return r;
}

/* Services of an address, and those addresses whose name only DNS told. */
static const char services_sql[] =
    "SELECT s.name, s.address, s.port, s.protocol, min(c.first_ns) / 86400000000000 "
    "FROM service s JOIN contact c ON c.service = s.id GROUP BY s.id "
    "UNION ALL "
    "SELECT '', p.address, s.port, s.protocol, min(p.first_ns) / 86400000000000 "
    "FROM service s JOIN contact c ON c.service = s.id JOIN peer p ON p.contact = c.id "
    "WHERE s.resolved = 1 GROUP BY s.id, p.address";

int
history_known_write(struct history *h, const char *path, int32_t day, struct fault *fault)
{
	struct history_known_header header = { .magic = KNOWN_MAGIC, .made_day = day };
	struct list services = { 0 }, networks = { 0 };
	int r;

	if (getrandom(&header.key, sizeof header.key, 0) != (ssize_t)sizeof header.key)
		return fault_set(fault, SE_SYSTEM, "history: getrandom: %s", strerror(errno));
	if (read_all(h->db, services_sql, add_service, &services, &header.key) != SQLITE_OK ||
	    read_all(h->db, "SELECT realm, network, first_day, days FROM coverage", add_network, &networks,
	    &header.key) != SQLITE_OK) {
		r = history_fault(h->db, "history: snapshot", fault);
	} else {
		header.services = services.count;
		header.networks = networks.count;
		r = write_file(path, &header, &services, &networks, fault);
	}
	free(services.entry);
	free(networks.entry);
	return r;
}
