/*
 * fetch.h - feeds from the network into the state directory, politely.
 *
 * A fetched feed lies in FOLDER under its name, with files beside it (see
 * store.h). What is fetched is complete, on the disk and only a candidate:
 * who compiles feeds judges it, and puts it in force or holds it back.
 *
 * Polite: conditional requests (ETag, If-Modified-Since), a pause of
 * interval_sec give or take a tenth between two requests, exponential back-off
 * after failures, Retry-After. Bounded: bytes (also behind gzip), seconds,
 * redirects. HTTPS is verified, and never left for HTTP. Secrets (the
 * authentication header, what a URL holds behind its host) are in no message.
 */
#ifndef SENSOR_FETCH_H
#define SENSOR_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { FETCH_TEXT_MAX = 1024, FETCH_NAME_MAX = 64 };

/* The options feeds[].… that are about fetching; url "": a file that somebody else renews. */
struct fetch_options {
	char url[FETCH_TEXT_MAX];
	char auth_header_file[FETCH_TEXT_MAX];	/* one header line */
	char ca_file[FETCH_TEXT_MAX];		/* PEM; "" for the system's */
	char proxy[FETCH_TEXT_MAX];
	uint32_t interval_sec, timeout_sec, max_mib;
};

/* One feed to fetch; texts are borrowed. */
struct fetch_feed {
	const char *name, *format;
	const struct fetch_options *options;
};

/* May a fetched feed be called so? It becomes the name of a file. */
bool fetch_name_well(const char *name);

/* Scheme and host of a URL for messages; "a URL" when it is none. Returns `buf`. */
const char *fetch_url_text(const char *url, char *buf, unsigned size);

/* http or https with a host? */
bool fetch_url_well(const char *url);

/* ---- one feed, now ---- */

/* What a feed's request needs of files; read before a sandbox forbids that. Free with fetch_secrets_free(). */
struct fetch_secrets;
int fetch_secrets_read(const struct fetch_feed *feed, struct fetch_secrets **out, struct fault *fault);
void fetch_secrets_free(struct fetch_secrets *s);	/* NULL is fine */

enum fetch_outcome {
	FETCH_NEW,		/* a candidate lies there */
	FETCH_SAME		/* what is in force is current */
};

struct fetch_result {
	enum fetch_outcome outcome;
	uint64_t bytes;			/* that came */
	uint32_t retry_after_sec;	/* what the server asked for, or 0 */
	bool more;			/* bounded: there is more to fetch soon */
};

/*
 * Fetch into `folder`; the candidate lies under `landing` (store.h). Keeps the
 * feed's record (STORE_STATE) up to date. SE_PEER, SE_LIMIT, SE_SYSTEM; SE_STOPPED when cancelled.
 */
int fetch_now(const char *folder, const struct fetch_feed *feed, const struct fetch_secrets *secrets,
    const char *landing, const atomic_bool *cancelled, struct fetch_result *result, struct fault *fault);

/* ---- all of them, for ever ---- */

struct fetcher;

/* Reads what the feeds need of files; `feeds` is copied, what they point to must last. A missing file costs its feed only, and is said. */
int fetcher_open(const char *folder, const struct fetch_feed *feeds, unsigned count, struct fetcher **out,
    struct fault *fault);
/* Begin, in a thread with all signals blocked. `at_once`: do not wait for the intervals (but do not hammer). */
int fetcher_start(struct fetcher *f, bool at_once, struct fault *fault);
/* Breaks off what is under way. NULL is fine. */
void fetcher_close(struct fetcher *f);

#endif
