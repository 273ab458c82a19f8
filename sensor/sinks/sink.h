/*
 * sink.h - where records go: a table of kinds, one row each.
 *
 * A sink gets EVE JSON lines in journal order and either delivers one, asks
 * for it again later, or refuses it for good. It never blocks longer than
 * its configured timeout. Nothing is connected at sink_open(), so a receiver
 * that is down at the start is no error. The courier calls it; a sink that
 * is down holds back only itself.
 *
 * One thread at a time, but for sink_cancel(). No two sinks share anything.
 */
#ifndef SENSOR_SINK_H
#define SENSOR_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "record.h"
#include "sinks/head.h"

enum sink_kind { SINK_CONSOLE, SINK_EVE, SINK_SYSLOG, SINK_WEBHOOK, SINK_STORE, SINK_MAIL, SINK_KINDS };

enum sink_starttls { SINK_STARTTLS_TRY, SINK_STARTTLS_REQUIRE, SINK_STARTTLS_OFF };

enum sink_rfc { SINK_RFC_5424, SINK_RFC_3164 };

enum { SINK_NETWORKS_MAX = 64 };

struct sink_options {
	enum sink_kind kind;
	char name[32];			/* for the journal position, metrics and messages */
	uint32_t records;		/* bit (1 << record_kind): which it takes */
	/* Of alerts: those at least so severe (1 critical to 4 low; 0: all), of these kinds (bit (1 << head_kind); 0: all). */
	uint8_t least_severity;
	uint32_t kinds;
	/* Of all records: those about hosts in one of these; without any: all. */
	struct cidr networks[SINK_NETWORKS_MAX];
	unsigned networks_count;
	/*
	 * EVE: path, "-" is standard output. WEBHOOK: URL. SYSLOG: "local:/dev/log" (as syslog(3) writes:
	 * for journald and rsyslog), or RFC 5424 to "/path" (a datagram socket), "udp://host:port", "tcp://host:port", "tls://host:port".
	 */
	char target[1024];
	uint32_t timeout_ms;			/* 0: SINK_TIMEOUT_MS */
	uint32_t retry_min_ms, retry_max_ms;	/* back-off of the courier; 0: likewise */
	uint8_t facility;		/* syslog, 0..23 */
	uint8_t rfc;			/* syslog: enum sink_rfc; local:/… is always its own */
	uint8_t format;			/* EVE: enum line_format */
	uint64_t rotate_bytes;		/* EVE: a new file when it is longer; 0: none. Not to pipes */
	uint32_t rotate_keep;		/* so many before it; 0: 1 */
	/* Of TLS: certificates (PEM) that may vouch for the receiver, instead of the system's; our own, and its key. */
	char ca_file[1024], cert_file[1024], key_file[1024];
	/*
	 * WEBHOOK. `header`: one more header line, and `secret`: what signs the bodies; both as secret.h says, "" for none,
	 * as the target may be. `batch`: up to so many records in a request, as a JSON array; 0: one, as an object.
	 * `parallel`: requests at once; 0: one.
	 */
	char header[1024], secret[1024], template[1024];
	char dead_letters[1024];	/* a file for what is refused; "": it is only counted and told */
	uint32_t batch, parallel;
	uint32_t give_up_sec;		/* what fails for so long while others are taken; 0: never */
	/* STORE: target is its path; so many incidents, not written to for so long. */
	uint32_t store_rows, store_days;
	/* MAIL: target is the relay, smtp:// or smtps://; `login`: user:password, as secret.h says. */
	char mail_from[256], mail_to[1024], login[1024];
	uint32_t mail_interval_sec, mail_alerts;
	uint8_t starttls;		/* enum sink_starttls */
	bool japanese;
	char sensor_name[64];
	/* CONSOLE, EVE: opened before privileges are dropped, stays the caller's; else -1. */
	int descriptor;
};

/* What 0 in the options stands for. */
enum { SINK_TIMEOUT_MS = 10000, SINK_RETRY_MIN_MS = 1000, SINK_RETRY_MAX_MS = 60000 };
enum { SINK_BATCH_MOST = 256, SINK_PARALLEL_MOST = 32 };

enum sink_result {
	SINK_DONE,		/* delivered */
	SINK_BUSY,		/* flush only: at work still; bring more, or flush again without a pause */
	SINK_LATER,		/* not now: the same record again after the back-off */
	SINK_REFUSED		/* never: the receiver says that it does not want this one */
};

/* One record: an EVE line without newline, and what its head says. Borrowed for the call. */
struct sink_record {
	enum record_kind kind;
	const char *line;
	const struct head *head;
};

struct sink;

/* SE_USAGE for a target that cannot be one, SE_SYSTEM for a file that cannot be opened. Copies `options`. */
int sink_open(const struct sink_options *options, struct sink **out, struct fault *fault);

/* Is the head of such a record read? Of what is no alert only for who asks whose it is; else it is all zeros. */
bool sink_asks_head(const struct sink_options *o, enum record_kind kind);

/* Does its filter let this record through? */
bool sink_wants(const struct sink_options *o, enum record_kind kind, const struct head *head);

/*
 * `fault` is filled for LATER and REFUSED: what, where, why, and never a
 * secret of the target. DONE may mean that the sink holds a copy of the record until sink_flush().
 */
enum sink_result sink_deliver(struct sink *s, const struct sink_record *r, struct fault *fault);

/*
 * Write out what is held (at a batch's end and before acknowledging), and look
 * whether the receiver is still there; call it when idle, too.
 * DONE: nothing is held any more. LATER: it is held; flush again.
 * REFUSED: what was held is lost for good (the reader of the pipe has left).
 */
enum sink_result sink_flush(struct sink *s, struct fault *fault);

/* Records taken and not settled; so many at most before it wants to be flushed. */
unsigned sink_held(const struct sink *s);
unsigned sink_batch(const struct sink *s);
/* May it hold records for hours, unacknowledged? */
bool sink_is_patient(const struct sink *s);
/* After BUSY: is there room for as many as it likes to send at once? */
bool sink_has_room(const struct sink *s);

/* All that it holds fails: one more record would show whether that is the receiver's fault or theirs. */
bool sink_wants_other(const struct sink *s);

/* What became of records since it was last asked: each is counted once, as delivered or refused. */
struct sink_tally {
	uint64_t delivered, refused;
	uint64_t given_up;		/* of those refused: the receiver never said so, but failed for this record alone */
	uint64_t refused_others;	/* of those refused: what is not about the sensor itself */
	uint64_t failures;		/* attempts that failed */
	struct fault fault;		/* of the last that was refused or failed */
};
void sink_take_tally(struct sink *s, struct sink_tally *out);

/* The end is near: pause less between attempts of its own. */
void sink_hurry(struct sink *s);

/* After LATER: the receiver asked to be left alone for so long; 0 when it did not say. */
uint32_t sink_retry_after_ms(const struct sink *s);

/* For `hansho check`: can the target be reached at all? Sends no record. */
int sink_probe(struct sink *s, struct fault *fault);

/* From any thread: what is under way, and all that follows, ends within about 0.2 s with LATER. */
void sink_cancel(struct sink *s);

/* Nothing is flushed. Closes no descriptor of the caller's. NULL is fine. */
void sink_close(struct sink *s);

/* "console", "eve", "syslog", "webhook", "store", "mail" */
const char *sink_kind_text(enum sink_kind kind);

#endif
