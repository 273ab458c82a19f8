/*
 * allow.h - what must never be an indicator, each with a reason.
 *
 * A shipped list (feeds/allow.txt, compiled in), and files of the operator's
 * own. One rule on a line, "#" begins a comment:
 *
 *     KIND VALUE [until=YYYY-MM-DD] REASON
 *
 * KIND: address (or CIDR; also ports of it and networks inside it), name (that
 * name alone), domain (and all beneath it), asn, subject (of a certificate, in
 * quotes). A file that begins with "{" is a MISP warning list of type cidr,
 * hostname or string.
 *
 * URLs are not held against names: malware lies on hosts that serve others
 * too. Neither are addresses of infected machines. ASN and subject say nothing
 * of an entry: the analyst asks them of what an entry matched.
 *
 * At most ALLOW_MOST rules; a further one is an error. Read before any sandbox.
 */
#ifndef SENSOR_INDICATORS_ALLOW_H
#define SENSOR_INDICATORS_ALLOW_H

#include "base/error.h"
#include "indicators/value.h"

enum { ALLOW_MOST = 2000000, ALLOW_REASON_MAX = 160 };

struct allow;

struct allow_rule {
	const char *list;		/* name of the file, or "shipped" */
	uint32_t line;			/* MISP: number of the entry */
	const char *reason;
};

struct allow *allow_new(void);		/* NULL: no memory */
void allow_free(struct allow *a);	/* NULL is fine */

/* The shipped list; `documentation`: the ranges and names of RFC 5737, 3849 and 2606 as well. */
int allow_add_shipped(struct allow *a, bool documentation, struct fault *fault);

/* A file, or every file of a folder in order of names. SE_USAGE with "PATH:LINE: what, expected what". */
int allow_add_path(struct allow *a, const char *path, struct fault *fault);

/* Is it allowed at this time? Then *out says by what. */
bool allow_value(const struct allow *a, const struct value *v, int64_t now_ns, struct allow_rule *out);
/* Until when that stays as it is at this time, by the ends of rules; INT64_MAX: for ever. */
int64_t allow_until(const struct allow *a, int64_t now_ns);
bool allow_asn(const struct allow *a, uint32_t asn, int64_t now_ns, struct allow_rule *out);
bool allow_subject(const struct allow *a, struct span subject, int64_t now_ns, struct allow_rule *out);

#endif
