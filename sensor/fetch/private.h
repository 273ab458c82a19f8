/*
 * private.h - the inside of fetch/: one run for one feed, by its kind.
 */
#ifndef SENSOR_FETCH_PRIVATE_H
#define SENSOR_FETCH_PRIVATE_H

#include "base/span.h"
#include "fetch/fetch.h"
#include "fetch/store.h"
#include "fetch/transfer.h"

struct fetch_secrets {
	char *auth_header, *certificates;	/* NULL: none */
};

struct fetch_run {
	const char *folder, *landing;
	const struct fetch_feed *feed;
	const struct fetch_secrets *secrets;
	const atomic_bool *cancelled;
	struct fetch_result *result;
	struct fault *fault;
	bool in_force;			/* there is a file from this URL */
	struct store_meta before, meta;	/* of that file; of what is being fetched */
};

enum { MEMORY_MOST = 16 << 20 };	/* what is parsed as a whole: a manifest, a page, an event */

/* A request of this run, without conditions. */
struct transfer_request fetch_request(const struct fetch_run *run, const char *url);
/* The same with those of what is in force. */
struct transfer_request fetch_request_if_changed(const struct fetch_run *run, const char *url);
int fetch_get(struct fetch_run *run, const struct transfer_request *q, FILE *to, struct transfer_answer *a);
/* Into memory, at most MEMORY_MOST; *bytes is yours (free()). */
int fetch_get_bytes(struct fetch_run *run, const struct transfer_request *q, char **bytes, size_t *len,
    struct transfer_answer *a);
/* The part is whole: a candidate, or the same as before. Takes `part`. */
int fetch_settle(struct fetch_run *run, FILE *part);
/* What is in force is current. */
int fetch_is_same(struct fetch_run *run);

int fetch_misp(struct fetch_run *run);
int fetch_taxii(struct fetch_run *run);

/* What the file is packed in (gzip, zip, zstd, xz) is undone into `to`, at most `most` bytes. 0: it was not packed; 1: done. */
int fetch_unpack(FILE *from, FILE *to, uint64_t most, struct fault *fault);

/* One line "Name: value", at most 4 KiB of printable ASCII; what stands behind it is left out. False: it is none. */
bool fetch_header_line(struct span text, char *line, size_t size);

/* ---- parts that can be tried alone ---- */

enum { EVENTS_MOST = 100000, EVENT_ID_BYTES = 36 };

struct misp_event {
	char id[EVENT_ID_BYTES + 1];	/* a UUID in lower case: it becomes a file's name */
	int64_t changed;		/* seconds since 1970 */
};
/* The events of a manifest, newest first; *out is yours. SE_FORMAT, SE_LIMIT, SE_NOMEM. */
int misp_manifest_read(const char *bytes, size_t len, struct misp_event **out, unsigned *count, struct fault *fault);

/* Pages of a collection, a line each, put together as they would be in a run → a bundle of at most `most` bytes, one object a line. */
int taxii_merge(struct span pages, uint64_t most, FILE *bundle, struct fault *fault);

#endif
