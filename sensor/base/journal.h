/*
 * journal.h - an on-disk queue of lines: every output record is appended here
 * before any sink sees it.
 *
 * A directory of append-only segments. A record is: length, kind, checksum,
 * bytes; the kind is the user's (include/record.h). A reader keeps its own position (segment, offset) and stores it in a
 * file of its own; a torn tail (the writer was killed) ends the journal there
 * and is cut off when a writer opens it again. Segments that every named
 * reader has passed are removed; at `max_bytes` the oldest goes all the
 * same, and the loss is counted in its records.
 * One writer process, any number of reading ones.
 */
#ifndef SENSOR_BASE_JOURNAL_H
#define SENSOR_BASE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct journal_limits {
	uint64_t segment_bytes, max_bytes;
	bool sync;			/* fsync after each batch of alerts */
};

struct journal;			/* the writer's side */

int journal_open(const char *directory, const struct journal_limits *limits, struct journal **out,
    struct fault *fault);
/* Number of the record, from 1, counted over the journal's whole life. Full disk: SE_SYSTEM, nothing half-written stays. */
int journal_append(struct journal *j, uint16_t kind, const char *line, uint64_t *number,
    struct fault *fault);
int journal_sync(struct journal *j, struct fault *fault);
/* Records that were in it when it was opened, and all since. */
uint64_t journal_count(const struct journal *j);
uint64_t journal_lost(const struct journal *j);
void journal_close(struct journal *j);

struct journal_reader;

/* `name`: whose position, [a-z0-9-]; begins at the stored position, else at the oldest record. */
int journal_reader_open(const char *directory, const char *name, struct journal_reader **out,
    struct fault *fault);
/* 1: a record (valid until the next call); 0: none now; <0: SE_ code. */
int journal_read(struct journal_reader *r, uint16_t *kind, const char **line,
    uint64_t *number, struct fault *fault);
/* All read so far is delivered: store the position (atomically, without fsync). */
int journal_acknowledge(struct journal_reader *r, struct fault *fault);
uint64_t journal_reader_lost(const struct journal_reader *r);
void journal_reader_close(struct journal_reader *r);

#endif
