/*
 * known.h - services that are known to be harmless, each with a reason.
 *
 * A shipped list (feeds/harmless.txt, compiled in) and an operator's own
 * rules. One on a line, "#" begins a comment:
 *
 *     KIND VALUE [host=CIDR] [until=YYYY-MM-DD] REASON
 *
 * KIND: domain (and all beneath it), asn, cert (SHA-1), address (or CIDR);
 * upload (a domain): beacons ring, but much that is sent there is no theft;
 * support (a domain, or a protocol as app_proto has it): a tool with which
 * others work on this machine; the reason is the tool's name.
 * Read before any traffic; the sandboxed analyst only asks.
 */
#ifndef SENSOR_BEACON_KNOWN_H
#define SENSOR_BEACON_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"
#include "base/span.h"
#include "observation.h"

enum { KNOWN_MOST = 100000, KNOWN_REASON_MAX = 160 };

struct known;

struct known *known_new(void);		/* NULL: no memory */
void known_free(struct known *k);	/* NULL is fine */

/* The shipped list. */
int known_add_shipped(struct known *k, struct fault *fault);

/* An operator's file. SE_USAGE with "PATH:LINE: what, expected what". */
int known_add_file(struct known *k, const char *path, struct fault *fault);

/* Is it the protocol of a tool of remote support? */
bool known_supports(enum app app);

/* Why this is harmless, or NULL. `now_ns`: rules end. */
const char *known_domain(const struct known *k, struct span name, const struct addr *host, int64_t now_ns);
const char *known_upload(const struct known *k, struct span name, const struct addr *host, int64_t now_ns);
const char *known_support(const struct known *k, struct span name, const struct addr *host, int64_t now_ns);
const char *known_protocol(const struct known *k, enum app app, const struct addr *host, int64_t now_ns);
const char *known_address(const struct known *k, const struct addr *peer, const struct addr *host, int64_t now_ns);
const char *known_asn(const struct known *k, uint32_t asn, const struct addr *host, int64_t now_ns);
const char *known_cert(const struct known *k, struct span sha1, const struct addr *host, int64_t now_ns);

#endif
