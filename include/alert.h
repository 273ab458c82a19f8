/*
 * alert.h - a finding that policy lets out: one incident, told in revisions.
 *
 * It opens, is updated while it goes on (at a bounded rate) and closes.
 * `id` is the same in every replay: a hash of kind, realm, host, subject and
 * the time of the observation that opened it. (id, revision) is the idempotency key.
 */
#ifndef HANSHO_ALERT_H
#define HANSHO_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/language.h"
#include "case.h"
#include "finding.h"

enum alert_state { ALERT_OPEN, ALERT_UPDATE, ALERT_CLOSE };

struct place {			/* from the GeoIP databases; "" and 0 when unknown */
	uint32_t asn;
	char organisation[64];
	char country[3];	/* ISO 3166-1 */
};

/* What is known of a host besides its address. */
enum host_fact_kind { HOST_MAC, HOST_NAME, HOST_USER, HOST_DOMAIN, HOST_SOFTWARE, HOST_FACTS };

struct host_fact {
	const char *text;	/* NULL: not known */
	const char *source;	/* who said it, "dhcp" */
	int64_t heard_ns;	/* when it was last said */
};

struct host_identity {
	struct host_fact fact[HOST_FACTS];
};

enum { ALERT_ID_TEXT = 17 };	/* 16 hex digits and a NUL */

struct alert {
	char id[ALERT_ID_TEXT];
	uint32_t revision;		/* from 1 */
	enum alert_state state;
	int64_t ts_ns;			/* of this revision, packet time */
	int64_t first_ns, last_ns;	/* of the incident's observations */
	uint64_t count;			/* findings folded into it */
	uint64_t bytes_out, bytes_in;	/* of the flows it rests on, seen from the host */
	struct place peer_place;
	const char *technique;		/* ATT&CK, e.g. "T1071.001" */
	const char *signature;		/* title: "C2 feed ip:port Emotet" */
	enum language language;		/* of its title and reason */
	const char *held_by;		/* id of the summary that tells of it; "": it is told itself */
	const struct finding *finding;	/* the latest; its texts are the incident's */
	const char *peer_name;		/* what DNS called the peer; "" when not seen */
	char case_id[ALERT_ID_TEXT];	/* of the case that it belongs to, which may have opened later; "" for none */
	bool member;			/* it belonged to a case when it opened */
	bool quiet;			/* this revision is written, and nobody is called for it */
	bool worse;			/* this revision came because it got more severe, or came to a further stage */
	const struct case_story *story;	/* FINDING_CASE */
	const char *former;		/* the line of the revision before, by an analyst that died: nothing came since; else NULL */
	const struct host_identity *identity;	/* of the host, at its latest finding; NULL: nobody said */
};

typedef void alert_fn(void *to, const struct alert *a);

#endif
