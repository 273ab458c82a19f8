/*
 * private.h - the history's own: store.c opens and closes the file, gather.c
 * collects in memory, write.c brings it into the tables (gathered_table.c
 * shows SQLite what was collected), evict.c lets go,
 * rows.c reads rows, scan.c and who.c are its two readers.
 */
#ifndef SENSOR_HISTORY_PRIVATE_H
#define SENSOR_HISTORY_PRIVATE_H

#include <sqlite3.h>

#include "base/when.h"
#include "history/history.h"

#define NS_PER_DAY (86400 * NS_PER_SEC)
#define NS_PER_HOUR (3600 * NS_PER_SEC)
#define HISTORY_FILE "history.db"
#define HISTORY_LOCK "lock"
#define HISTORY_APPLICATION 0x68616e73	/* "hans" */

enum {
	HISTORY_VERSION = 1,
	NAME_MOST = 255,		/* bytes of a service's name that are kept */
	GATHERED_MAX = 1 << 19,		/* entries; beyond, contacts are lost */
	GATHERED_FULL = GATHERED_MAX - (1 << 14),	/* from here on it is time to write */
	GATHERED_LEAST = 1000,
	GATHERED_PEERS = 8,
	GATHERED_BUCKETS = 1 << 19,
	ROW_BYTES = 96,			/* what a pair takes in the file, with its share of host, service and indexes */
	LEAST_ROWS_AN_HOUR = 10000,
	PATH_MOST = 1100
};

/* Names and peers of what is gathered: from here on it is time to write; beyond twice that contacts are lost. */
#define GATHERED_MORE_FULL ((size_t)16 << 20)

enum { GATHERED_NAMED = 1, GATHERED_RESOLVED = 2 };

/* Without padding: hashed as bytes. */
struct gathered_key {
	struct realm realm;
	struct addr host;
	uint8_t what[16];		/* the service's address, or hashes of its name */
	uint16_t port;
	uint8_t protocol;
	uint8_t flags;			/* GATHERED_ */
};

_Static_assert(sizeof(struct gathered_key) == 64, "no padding");

/*
 * Contacts of one host, service and day, with the bytes of flows that ended since; or (NO_DAY) the bytes of flows whose
 * contacts were written before. Those of a host and service are in one chain, the latest first.
 */
struct gathered {
	struct gathered_key key;
	int32_t day;
	uint32_t next;			/* of the chain, + 1 */
	uint64_t count, bytes_out, bytes_in;
	int64_t first_ns, last_ns;
	char *name;			/* NULL: none, and no peers */
	struct gathered_peers *peers;
};

_Static_assert(sizeof(struct gathered) == 128, "two cache lines");

struct gathered_peers {
	unsigned count, room;
	struct history_peer peer[];
};

#define NO_DAY INT32_MIN

/* Written side by side what lies side by side in the tables. */
struct gathered_order {
	int64_t service, host;
	uint32_t at;			/* of `gathered` */
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
enum { REMEMBERED = 1 << 18, REMEMBER_HOST = 1, REMEMBER_SERVICE, REMEMBER_NETWORK };

struct remembered {
	uint64_t hash;		/* of the key, with a key that nobody knows: others agree with a chance of 2^-64 */
	int64_t id;		/* 0: empty */
	int64_t day;		/* HOST: its network is known to have been heard then */
};

enum statement {
	PUT_HOST, GET_HOST, PUT_SERVICE, GET_SERVICE, PUT_CONTACTS, PUT_CONTACT, ADD_CONTACT, GET_CONTACT, ADD_BYTES, PUT_PEER, COUNT_PEERS,
	LATEST_CONTACT, DROP_PEERS, PUT_TOLD, GET_TOLD, PUT_COVERAGE, PUT_CENSUS, SCAN_ROWS, ROW_PEERS,
	STATEMENTS
};

struct history {
	struct history_limits limits;
	struct history_counts counts;
	sqlite3 *db;
	int64_t age_due_ns;		/* 0: at once */
	sqlite3_stmt *statement[STATEMENTS];
	int lock;
	bool whole;			/* one transaction from opening to closing */
	char folder[PATH_MOST];
	struct gathered *gathered;	/* GATHERED_MAX of them, in the order in which they came */
	uint32_t *bucket;		/* first of the chain, + 1 */
	uint32_t gathered_count;
	size_t more_bytes;
	struct gathered_order *order;	/* GATHERED_MAX, while it is written */
	uint32_t order_count;
	int64_t hour;			/* since 1970; of `now_ns` */
	uint64_t hour_rows;		/* pairs that are new in it */
	struct met *met;		/* newest first; order does not matter */
	struct counted *counted;
	uint32_t waiting;
	int64_t scan_at, scan_end;	/* row ids */
	struct remembered remembered[REMEMBERED];
};

extern const char *const history_statements[STATEMENTS];

/* SE_ code and one line from what SQLite says. */
int history_fault(sqlite3 *db, const char *what, struct fault *fault);

/* Whoever uses it binds all of its values before, and resets it after. */
sqlite3_stmt *history_statement(struct history *h, enum statement which);

/* One statement of no result; SQLITE_OK or its code. */
int history_execute(sqlite3 *db, const char *sql);

/* As table `gathered`, for statements: the entries of h->order. SQLITE_OK or its code. */
int history_show_gathered(struct history *h);

/* As SQLite counts. */
static inline int64_t
history_signed(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

/* SE_NOMEM: h is as it was. */
int history_make_gathered(struct history *h);
void history_free_gathered(struct history *h);
void history_forget_gathered(struct history *h);

/* Rows were deleted, or what was written does not last: ids may mean nothing any more. */
void history_forget_remembered(struct history *h);

/* Within the open transaction: SQLITE_OK or its code. */
int history_write(struct history *h, int64_t now_ns);
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
