/*
 * indicators.h - feeds in, one compiled image out, and matches from it.
 *
 * The image is position-independent: it lies in a memfd, is mapped read-only
 * by every worker and swapped between batches. Feeds are read by
 * feed_read() into a builder; a line that is not understood is counted and
 * kept with its number (the first few of each feed), never loaded by mistake.
 */
#ifndef SENSOR_INDICATORS_H
#define SENSOR_INDICATORS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/span.h"
#include "indicator.h"

/* ---- reading feeds ---- */

enum { FEED_COMPLAINTS_MAX = 10 };

struct feed_complaint {
	uint32_t line;
	char text[160];		/* what was expected, with the offending value escaped */
};

struct feed_summary {
	char format[32];	/* recognised or forced, e.g. "feodo-csv" */
	uint32_t lines, loaded, not_understood, duplicates;
	uint32_t by_type[INDICATOR_TYPES];
	unsigned complaints_count;
	struct feed_complaint complaints[FEED_COMPLAINTS_MAX];
};

struct builder;
struct builder *builder_new(uint32_t max_indicators);	/* NULL: no memory */
void builder_free(struct builder *b);

/* Copies. SE_LIMIT at the ceiling, SE_FORMAT when the value is not one of its type. */
int builder_add(struct builder *b, const struct indicator *i);

/* One line a format: name and what it is, for help texts. NULL-terminated. */
struct feed_format {
	const char *name, *what;
};
extern const struct feed_format *const feed_formats;

/*
 * Read a whole feed. `format`: a name of feed_formats, or NULL to recognise
 * it from content. `name`: what alerts call the feed. SE_FORMAT when it is
 * no feed at all (one line in `fault`: what it looks like, what was expected).
 */
int feed_read(FILE *in, const char *name, const char *format, struct builder *b,
    struct feed_summary *summary, struct fault *fault);

/* ---- the image ---- */

/* Compile into a sealed memfd, ready to be mapped. *fd is the caller's. */
int builder_compile(struct builder *b, int *fd, struct fault *fault);

struct indicators;

/* Map an image; checks its header and bounds. The descriptor may be closed afterwards. */
int indicators_map(int fd, struct indicators **out, struct fault *fault);
void indicators_unmap(struct indicators *i);	/* NULL is fine */

uint32_t indicators_count(const struct indicators *i);
uint32_t indicators_count_type(const struct indicators *i, enum indicator_type t);

/* Entry `n` of the image; texts point into it. */
void indicators_get(const struct indicators *i, uint32_t n, struct indicator *out);

/*
 * Look-ups: up to `most` entry numbers into `found`, the number of them
 * returned, most specific first (address:port, address, longest network;
 * whole name before parent). Entries with ROLE_INFECTED are only found by
 * indicators_by_source(), all others only by the rest.
 */
enum { MATCHES_MAX = 8 };
unsigned indicators_by_peer(const struct indicators *i, const struct addr *a, uint16_t port,
    uint32_t *found, unsigned most);
unsigned indicators_by_source(const struct indicators *i, const struct addr *a,
    uint32_t *found, unsigned most);
/* `name`: any case, a trailing dot is ignored; a name that is an address is not a domain. */
unsigned indicators_by_domain(const struct indicators *i, struct span name,
    uint32_t *found, unsigned most);
/* `host` may carry a port; `path` with its query. */
unsigned indicators_by_url(const struct indicators *i, struct span host, struct span path,
    uint32_t *found, unsigned most);
/* JA3, JA4, CERT_SHA1: lower-case text. */
unsigned indicators_by_text(const struct indicators *i, enum indicator_type t, struct span text,
    uint32_t *found, unsigned most);

#endif
