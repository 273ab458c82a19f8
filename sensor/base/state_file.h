/*
 * state_file.h - what a process wants to know again after a restart: tables
 * of records, in one file.
 *
 * A file is made in memory, written beside its name, and renamed: whoever
 * reads it has the old one or the new one. It begins with a magic number, the
 * version of its content, its length and CRC-32 (zlib). It is this machine's
 * and this build's: records are as they lie in memory, so whoever changes a
 * record changes the version. A file that is damaged, cut or of another
 * version is set aside under NAME.damaged, which is one line for the log and
 * never an error that ends anything.
 *
 * A table has a name of at most STATE_NAME_MAX bytes. One thread each.
 */
#ifndef SENSOR_BASE_STATE_FILE_H
#define SENSOR_BASE_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { STATE_NAME_MAX = 15 };

/* ---- writing ---- */

struct state_out;

struct state_out *state_out_new(void);		/* NULL: no memory */
void state_out_free(struct state_out *s);	/* what is half written is removed; NULL is fine */

/*
 * A table begins; state_out_put() copies records into it, until the next one
 * begins. What does not fit into memory is told by state_out_write().
 */
void state_out_table(struct state_out *s, const char *name, size_t record_bytes);
void state_out_put(struct state_out *s, const void *records, size_t count);

/*
 * → path, in place of what is there; `sync`: it has reached the disk when this
 * returns. On failure the old file stays, and nothing beside it.
 */
int state_out_write(struct state_out *s, const char *path, uint32_t version, bool sync, struct fault *fault);

/*
 * The same by and by, for whoever has no time: begin, then step after step of
 * at most `most` bytes. 1: there is more to write; 0: it is in place.
 */
int state_out_begin(struct state_out *s, const char *path, uint32_t version, struct fault *fault);
int state_out_step(struct state_out *s, size_t most, bool sync, struct fault *fault);

/* ---- reading ---- */

struct state_in;

/*
 * *out stays NULL when there is no such file, which is no error. SE_FORMAT:
 * it was set aside, and `fault` says why and where. At most `most_bytes` are
 * read: a longer one is damaged.
 */
int state_in_open(const char *path, uint32_t version, size_t most_bytes, struct state_in **out, struct fault *fault);
void state_in_close(struct state_in *s);	/* NULL is fine */

/* The records of a table, aligned to 8 bytes, until close; NULL, and none, when it is not there or its records are of another size. */
const void *state_in_records(const struct state_in *s, const char *table, size_t record_bytes, size_t *count);

#endif
