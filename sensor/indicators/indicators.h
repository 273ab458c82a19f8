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
	bool allowed;		/* it was understood, and an allow list has it */
	char text[240];		/* what was expected, with the offending value escaped; else as a refusal's */
};

struct feed_refusal {
	uint32_t line;
	char text[240];		/* "VALUE: LIST, line N: REASON" */
};

struct feed_summary {
	char format[32];	/* recognised or forced, e.g. "feodo-csv" */
	uint32_t lines, loaded, not_understood, duplicates;
	uint32_t passed_over;	/* understood, and of no use on the wire: an e-mail address, an MD5 */
	uint32_t by_type[INDICATOR_TYPES];
	unsigned complaints_count;
	struct feed_complaint complaints[FEED_COMPLAINTS_MAX];
	uint32_t allowed;	/* on an allow list: not loaded */
	unsigned refusals_count;
	struct feed_refusal refusals[FEED_COMPLAINTS_MAX];
};

/*
 * New builder, or NULL when out of memory. It opens the CP932 table of the C
 * library, so that feed_read() opens no file: make it before a sandbox forbids
 * that.
 */
struct builder;
/* What an indicator costs at most: while it is compiled, and in the image. */
size_t builder_indicator_bytes(void);
size_t image_indicator_bytes(void);

struct builder *builder_new(uint32_t max_indicators);
void builder_free(struct builder *b);

/* Every line that feed_read() does not understand or an allow list refuses, not only the first few that a summary keeps. */
typedef void feed_complaint_fn(void *to, const struct feed_complaint *c);
void builder_on_complaint(struct builder *b, feed_complaint_fn *tell, void *to);

/*
 * Copies; the value is made canonical. The same type, value and feed again
 * widen the dates of the first, and that is no error. Times are kept to the
 * second, from 1970 to 2106. SE_LIMIT at the ceiling; SE_FORMAT when the value
 * is not one of its type, for networks shorter than /8 (IPv6: /19), and for
 * ROLE_INFECTED with anything but an address or a network. What feeds must
 * never load (loopback, public suffixes) is not asked here: value.h.
 */
int builder_add(struct builder *b, const struct indicator *i);

/* How the feeds read from now on are taken, whatever they say themselves; NULL: as they are. */
struct feed_terms {
	bool role_set;
	enum indicator_role role;	/* ROLE_INFECTED: of addresses and networks only */
	uint8_t confidence;		/* 0: the feed's own */
	int64_t fetched_ns;		/* entries without any date were last seen then; or WHEN_UNKNOWN */
};
void builder_set_terms(struct builder *b, const struct feed_terms *terms);

/* What feeds must not load, as it stands at `now_ns`. Borrowed. */
struct allow;
void builder_set_allow(struct builder *b, const struct allow *allow, int64_t now_ns);

/* A packed feed (gzip, xz, zstd, the first file of a zip) may become so large; without it 4 GiB. */
void builder_set_feed_bytes(struct builder *b, uint64_t most);

/* The n-th format's name, from 0, and what it is (may be NULL), for help texts; NULL behind the last. */
const char *feed_format(unsigned n, const char **what);

/*
 * Read a whole feed. `format`: a name of feed_format(), or NULL to recognise
 * it from content. `name`: what alerts call the feed. SE_FORMAT when it is
 * no feed at all (one line in `fault`: what it looks like, what was expected),
 * when JSON is cut off, and when it has lines but none was understood; then
 * nothing of it stays in the builder. SE_LIMIT when the builder is full: what
 * was read before stays. SE_USAGE: no such format. An empty file is no feed; a
 * list with the right header and no entries is one.
 */
int feed_read(FILE *in, const char *name, const char *format, struct builder *b,
    struct feed_summary *summary, struct fault *fault);

/* ---- the image ---- */

/* Compile into a sealed memfd, ready to be mapped. *fd is the caller's. */
int builder_compile(struct builder *b, int *fd, struct fault *fault);

struct indicators;

/*
 * Map an image; checks its seals, its header and every offset in it, so that
 * no look-up can leave it. The descriptor may be closed afterwards.
 */
int indicators_map(int fd, struct indicators **out, struct fault *fault);
void indicators_unmap(struct indicators *i);	/* NULL is fine */

uint32_t indicators_count(const struct indicators *i);
uint32_t indicators_count_type(const struct indicators *i, enum indicator_type t);

/* Entry `n`, from 0, in the order in which they were added; texts point into the image. */
void indicators_get(const struct indicators *i, uint32_t n, struct indicator *out);

/*
 * Look-ups: up to `most` entry numbers into `found`, the number of them
 * returned, most specific first (address:port, address, longest network;
 * whole name before parent), equal ones in order of entries: the same in every
 * run. No allocation, no system call, no lock: any process, any moment.
 * Entries with ROLE_INFECTED are only found by
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
/*
 * `host` may carry a port; `path` with its query. The whole URL must be the
 * same: a query is part of it. Case of the host, the ports 80 and 443 and a
 * fragment do not count. An empty path (CONNECT) is no URL and finds nothing.
 */
unsigned indicators_by_url(const struct indicators *i, struct span host, struct span path,
    uint32_t *found, unsigned most);
/* JA3 and all types behind it: lower-case text of a hash or fingerprint; USER_AGENT as it is written. */
unsigned indicators_by_text(const struct indicators *i, enum indicator_type t, struct span text,
    uint32_t *found, unsigned most);

/*
 * The same in two steps, for who has several questions at once: asking has
 * the filter say what cannot be there and has the rest fetched, answering
 * reads it. What is found lies in memory that is not at hand: with the other
 * questions asked in between it need not be waited for.
 */
enum { ASK_MOST = 130 };	/* a name has 128 parents, an address is in 128 networks */

struct indicators_ask {
	unsigned count;
	struct indicators_wanted {
		uint64_t print;
		uint32_t bucket;
	} wanted[ASK_MOST];
};

void indicators_ask_peer(const struct indicators *i, const struct addr *a, uint16_t port, struct indicators_ask *ask);
void indicators_ask_source(const struct indicators *i, const struct addr *a, struct indicators_ask *ask);
void indicators_ask_domain(const struct indicators *i, struct span name, struct indicators_ask *ask);
void indicators_ask_url(const struct indicators *i, struct span host, struct span path, struct indicators_ask *ask);
void indicators_ask_text(const struct indicators *i, enum indicator_type t, struct span text, struct indicators_ask *ask);
unsigned indicators_answer(const struct indicators *i, const struct indicators_ask *ask, uint32_t *found, unsigned most);

#endif
