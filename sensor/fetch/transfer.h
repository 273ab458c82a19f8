/*
 * transfer.h - one GET into a file, with every limit on it.
 *
 * Follows at most five redirects itself: from https to https only, from http to
 * either; the authentication header goes to the first URL's own scheme, host
 * and port alone. Certificates are verified. gzip is undone as it comes, and
 * what comes out of it is what is counted.
 */
#ifndef SENSOR_FETCH_TRANSFER_H
#define SENSOR_FETCH_TRANSFER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum { TRANSFER_WORD_MAX = 256 };

struct transfer_request {
	const char *url;
	const char *proxy;		/* "" directly */
	const char *accept;		/* "Accept: ..." or NULL */
	const char *auth_header;	/* a whole line, or NULL */
	const char *certificates;	/* PEM; NULL: the system's */
	const char *etag, *last_modified;	/* of what is there; "" none */
	uint64_t most_bytes;
	uint32_t timeout_sec;
	const atomic_bool *cancelled;
};

struct transfer_answer {
	long status;			/* 200 or 304 on success; else what was answered, or 0 */
	uint64_t bytes;
	uint32_t retry_after_sec;	/* also on failure; 0: none */
	/* Printable ASCII; "" when there is none, or it is longer. */
	char etag[TRANSFER_WORD_MAX], last_modified[TRANSFER_WORD_MAX], date_added_last[TRANSFER_WORD_MAX];
};

/* 0; SE_PEER, SE_LIMIT, SE_SYSTEM, SE_NOMEM; SE_STOPPED when cancelled. The words name no secret. */
int transfer_get(const struct transfer_request *q, FILE *to, struct transfer_answer *a, struct fault *fault);

#endif
