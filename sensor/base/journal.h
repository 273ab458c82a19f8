/*
 * journal.h - an on-disk queue of lines: every output record is appended here
 * before any sink sees it.
 *
 * A directory of append-only segments, each named by the number of its first
 * record. A record is: length (4 bytes), kind (2), CRC-32 (4), all little
 * endian, then the line and a newline; the kind is the user's
 * (include/record.h). Records are numbered from 1 over the journal's life.
 *
 * A reader keeps the number of the record that it wants next, in a file of
 * its own (NAME.position). A torn tail (the writer was killed) ends the
 * journal there and is cut off when a writer opens it again. Segments that
 * every named reader has passed are removed when a new one is begun; with no
 * reader none is. At `max_bytes`, and when it is `max_hours` old, the oldest
 * goes all the same, and what nobody had read in it is counted
 * (journal_lost); a reader that was there sees the numbers jump
 * (journal_reader_lost). What was damaged in place is passed over up to the
 * next intact record, which is one line in the log and likewise counted.
 *
 * One writer process (a second one is refused), any number of reading ones;
 * two readers of one name would steal each other's position. One thread each.
 */
#ifndef SENSOR_BASE_JOURNAL_H
#define SENSOR_BASE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { JOURNAL_LINE_MAX = 1 << 20 };	/* a longer line is refused: SE_LIMIT */

/* Never: the kernel does it in its time. Interval: at journal_sync(), at most so often. Always: with each urgent record, and at journal_sync(). */
enum journal_sync { JOURNAL_SYNC_NEVER, JOURNAL_SYNC_INTERVAL, JOURNAL_SYNC_ALWAYS };

struct journal_limits {
	uint64_t segment_bytes, max_bytes;	/* at least two segments fit into max_bytes, or segments shrink */
	uint32_t urgent_kinds;		/* bit (1 << kind): readers see it when journal_append() returns */
	enum journal_sync sync;		/* when what was written reaches the disk, not only the kernel */
	uint32_t sync_interval_ms;	/* JOURNAL_SYNC_INTERVAL */
	uint32_t max_hours;		/* older segments go, read or not; 0: never */
};

struct journal;			/* the writer's side */

/* Makes the directory when it is missing (not its parents). SE_USAGE: another process writes it. */
int journal_open(const char *directory, const struct journal_limits *limits, struct journal **out,
    struct fault *fault);

/*
 * *number (NULL is fine): of this record, from 1, counted over the journal's
 * whole life. A record of an urgent kind is handed to the kernel at once,
 * with all before it; others wait for journal_sync(), for 64 KiB of them or
 * for the next urgent one. On failure (full disk: SE_SYSTEM) this record is
 * not in the journal, nothing half-written stays, and what was accepted
 * before still waits; the call may be repeated.
 */
int journal_append(struct journal *j, uint16_t kind, const char *line, uint64_t *number,
    struct fault *fault);
int journal_sync(struct journal *j, struct fault *fault);

/*
 * How many records were appended since the journal's birth, removed ones
 * included: the number of the last one. A replay that starts again over the
 * same input skips as many records as this says.
 */
uint64_t journal_count(const struct journal *j);
/* Records removed at max_bytes or max_hours before every reader had them, by this writer. */
uint64_t journal_lost(const struct journal *j);
/* Writes what waits; says in the log when that fails (journal_sync() first tells more). NULL is fine. */
void journal_close(struct journal *j);

struct journal_reader;

/*
 * `name`: whose position, [a-z0-9-]; begins at the stored position, else at
 * the oldest record. From now on the writer keeps what this reader has not read.
 */
int journal_reader_open(const char *directory, const char *name, struct journal_reader **out,
    struct fault *fault);
/* 1: a record (valid until the next call); 0: none now; <0: SE_ code. kind and number may be NULL. */
int journal_read(struct journal_reader *r, uint16_t *kind, const char **line,
    uint64_t *number, struct fault *fault);
/* All read so far is delivered: store the position (in one write, without fsync). */
int journal_acknowledge(struct journal_reader *r, struct fault *fault);
/* Records that this reader should have had and that are gone; kept with the position. */
uint64_t journal_reader_lost(const struct journal_reader *r);
/* The record that it read last, also before this process; 0 at the journal's beginning. */
uint64_t journal_reader_number(const struct journal_reader *r);
void journal_reader_close(struct journal_reader *r);	/* NULL is fine */

/*
 * What is in the journal, without a position: the newest segment first, in
 * each of them the oldest record first. `take` gets each record (valid until
 * it returns); after a segment `more` says whether the one before it is wanted.
 */
typedef void journal_take_fn(void *to, uint16_t kind, const char *line);
typedef bool journal_more_fn(void *to);
int journal_look_back(const char *directory, journal_take_fn *take, journal_more_fn *more, void *to,
    struct fault *fault);

/* This reader will not come again: its position no longer holds segments back. */
int journal_reader_forget(const char *directory, const char *name, struct fault *fault);

#endif
