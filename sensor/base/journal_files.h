/*
 * journal_files.h - what both ends of the journal know of its files.
 * Private to base/journal*.c.
 */
#ifndef SENSOR_BASE_JOURNAL_FILES_H
#define SENSOR_BASE_JOURNAL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/journal.h"

enum {
	RECORD_HEADER_BYTES = 10,
	SEGMENT_NAME_BYTES = 32,
	POSITION_NAME_BYTES = 80
};

/* Fill the header of a record whose body (line and newline) is at `body`. */
void record_header_put(uint8_t *header, uint16_t kind, const void *body, uint32_t len);

/* Body length, or 0: that is no header of ours. */
uint32_t record_body_length(const uint8_t *header);
uint16_t record_kind_of(const uint8_t *header);
bool record_intact(const uint8_t *header, const uint8_t *body, uint32_t len);

/* One segment, read from its front (or from a record's start) to its end. */
struct segment_scan {
	int fd;
	uint64_t offset;	/* of the next record */
	uint64_t number;	/* of the next record */
	uint64_t damaged;	/* records passed over because their bytes had changed, at least */
	uint64_t damaged_at, damaged_bytes;	/* the latest of them: where, and how many bytes until the next one */
	uint8_t *buffer;
	size_t room, have, at;	/* bytes at `offset` are buffer[at..have) */
};

struct segment_record {
	uint64_t number;
	uint16_t kind;
	char *line;		/* in the scan's buffer, with NUL, until the next call */
};

void scan_begin(struct segment_scan *s, int fd, uint64_t first);
void scan_clear(struct segment_scan *s);	/* closes the descriptor too */

/*
 * 1: the next record; 0: nothing more, or nothing that can be read, at
 * `offset`; <0: SE_. Damaged bytes are passed over up to the next intact
 * record, which is looked for within some MiB and taken for the next but
 * one. At 0 what was buffered is forgotten: a writer may be in the middle
 * of that record.
 */
int scan_next(struct segment_scan *s, struct segment_record *out);

/* Segments by first record number, ascending. */
struct segment_list {
	uint64_t *first;
	size_t count, room;
};

const char *segment_name(uint64_t first, char name[SEGMENT_NAME_BYTES]);
int segments_list(int directory, struct segment_list *out);	/* 0 or SE_; free `first` */

struct reader_position {
	uint64_t next;		/* number wanted next; 0: the oldest there is */
	uint64_t lost;
};

bool reader_name_valid(const char *name);
int position_load(int directory, const char *file, struct reader_position *out);
/*
 * To write it again and again; made when it is missing. 0; 1: it was damaged, and begins anew; <0: SE_ code, errno is
 * set. *fd is then yours to close, unless it is -1.
 */
int position_open(int directory, const char *name, int *fd, struct reader_position *out);
/* In one write, without fsync: whoever is killed leaves the old one or the new. SE_SYSTEM, errno is set. */
int position_put(int fd, const struct reader_position *p);

/* Smallest and largest `next` of all named readers; false when there is no reader. */
bool positions_range(int directory, uint64_t *smallest, uint64_t *largest);

#endif
