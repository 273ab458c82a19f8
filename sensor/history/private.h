/*
 * private.h - the history's own: store.c opens and closes the file, gather.c
 * collects in memory, write.c brings it into the tables, evict.c lets go,
 * rows.c reads rows, scan.c and who.c are its two readers.
 */
#ifndef SENSOR_HISTORY_PRIVATE_H
#define SENSOR_HISTORY_PRIVATE_H

#include <sqlite3.h>

#include "base/table.h"
#include "base/when.h"
#include "history/history.h"

#define NS_PER_DAY (86400 * NS_PER_SEC)
#define HISTORY_FILE "history.db"
#define HISTORY_LOCK "lock"
#define HISTORY_APPLICATION 0x68616e73	/* "hans" */

enum {
	HISTORY_VERSION = 1,
	NAME_MOST = 255,		/* bytes of a service's name that are kept */
	GATHERED_MAX = 50000,		/* entries; beyond, contacts are lost */
	GATHERED_PEERS = 8,
	PATH_MOST = 1100
};

/* No padding that is not zeroed: hashed as bytes. */
struct gathered_key {
	struct realm realm;
	struct addr host;
	uint32_t zero;
	int64_t day;
	struct addr address;		/* of a service without a name, else zero */
	uint64_t name[2];		/* hashes of the name, else zero */
	uint16_t port;
	uint8_t protocol, resolved;
	uint32_t zero2;
};

struct gathered {
	struct gathered_key key;
	UT_hash_handle hh;
	int64_t first_ns, last_ns;
	uint64_t count, bytes_out, bytes_in;
	unsigned peers;
	struct history_peer peer[GATHERED_PEERS];
	char name[];			/* NUL-terminated */
};

struct met {			/* a match that was told live */
	struct met *next;
	struct realm realm;
	struct addr host;
	unsigned type;
	int64_t at_ns;
	char value[];
};

struct counted {		/* C2 servers of one malware on one day */
	struct counted *next;
	int64_t day;
	uint64_t servers, hosts;
	bool estimated;
	char family[];
};

/* Rows known to lie in the tables, by hash: in a slot that two want, the later one stays, the other is looked up again. */
enum { REMEMBERED = 65536, REMEMBER_HOST = 1, REMEMBER_SERVICE, REMEMBER_NETWORK };

/* Without padding: hashed as bytes. */
struct remembered_key {
	struct realm realm;
	uint32_t what;
	struct addr address;
	uint64_t name[2];
	int64_t day;
	uint16_t port;
	uint8_t protocol, resolved;
	uint32_t zero;
};

_Static_assert(sizeof(struct remembered_key) == 80, "no padding");

struct remembered {
	uint64_t hash[2];	/* of the key, with a seed each */
	int64_t id;		/* 0: empty */
};

enum statement {
	PUT_HOST, GET_HOST, PUT_SERVICE, GET_SERVICE, PUT_CONTACT, GET_CONTACT, ADD_BYTES, PUT_PEER, COUNT_PEERS,
	DROP_PEERS, PUT_TOLD, GET_TOLD, PUT_COVERAGE, PUT_CENSUS, SCAN_ROWS, ROW_PEERS,
	STATEMENTS
};

struct history {
	struct history_limits limits;
	struct history_counts counts;
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
	int lock;
	bool whole;			/* one transaction from opening to closing */
	char folder[PATH_MOST];
	struct gathered *gathered;
	struct met *met;		/* newest first; order does not matter */
	struct counted *counted;
	uint32_t waiting;
	int64_t scan_at, scan_end;	/* row ids */
	struct remembered remembered[REMEMBERED];
};

extern const char *const history_statements[STATEMENTS];

/* SE_ code and one line from what SQLite says. */
int history_fault(sqlite3 *db, const char *what, struct fault *fault);

/* The statement, reset and without values. */
sqlite3_stmt *history_statement(struct history *h, enum statement which);

/* One statement of no result; SQLITE_OK or its code. */
int history_execute(sqlite3 *db, const char *sql);

void history_forget_gathered(struct history *h);

/* Rows were deleted, or what was written does not last: ids may mean nothing any more. */
void history_forget_remembered(struct history *h);

/* Within the open transaction: SQLITE_OK or its code. */
int history_write(struct history *h);
int history_evict(struct history *h, int64_t now_ns);

/* Columns of a row as rows.c reads them: SELECT HISTORY_ROW_COLUMNS FROM HISTORY_ROW_TABLES. */
#define HISTORY_ROW_COLUMNS \
	"c.id, h.realm, h.address, s.name, s.address, s.port, s.protocol, s.resolved, " \
	"c.first_ns, c.last_ns, c.count, c.bytes_out, c.bytes_in, c.days"
#define HISTORY_ROW_TABLES \
	"contact c JOIN host h ON h.id = c.host JOIN service s ON s.id = c.service"

/* Texts stay the statement's. False: not what the keeper writes. */
bool history_read_row(sqlite3_stmt *row, sqlite3_stmt *peers, struct history_row *out);

#endif
