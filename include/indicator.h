/*
 * indicator.h - one thing that a feed says is bad, and what it says about it.
 */
#ifndef HANSHO_INDICATOR_H
#define HANSHO_INDICATOR_H

#include <stdint.h>

enum indicator_type {
	INDICATOR_ADDRESS,	/* "192.0.2.7" */
	INDICATOR_ADDRESS_PORT,	/* "192.0.2.7:443", "[2001:db8::7]:443" */
	INDICATOR_CIDR,		/* "192.0.2.0/24" */
	INDICATOR_DOMAIN,	/* the name and all below it */
	INDICATOR_URL,		/* host/path?query without scheme; http and https alike */
	INDICATOR_JA3, INDICATOR_JA4,
	INDICATOR_CERT_SHA1,
	INDICATOR_JA3S, INDICATOR_CERT_SHA256,
	INDICATOR_FILE_SHA256,
	INDICATOR_USER_AGENT,	/* the whole text, case kept */
	INDICATOR_TYPES
};

/* What the indicator is of: decides against which end of a flow it is held. */
enum indicator_role {
	ROLE_C2,		/* destination: command and control */
	ROLE_DOWNLOAD,		/* destination: malware distribution */
	ROLE_INFECTED,		/* source: somebody told us that this address is infected (NOTICE) */
	ROLE_SUSPICIOUS,	/* destination: a list that does not say what for */
	ROLE_SINKHOLE,		/* destination: who asks it is infected, but nobody commands there any more */
	ROLE_SCANNER,		/* source, from outside: scans or attacks */
	ROLE_RESOLVER,		/* destination: a resolver or proxy that hides others (Tor, open proxy, DoH) */
	ROLE_KINDS
};

enum { INDICATOR_ROOM = 72 };

/*
 * Texts are NUL-terminated UTF-8, "" when the feed does not say. Times
 * WHEN_UNKNOWN likewise. `value` may point into `room`: copy the one, and the
 * other does not follow.
 */
struct indicator {
	enum indicator_type type;
	enum indicator_role role;
	const char *value;		/* canonical, as under enum indicator_type */
	const char *feed;		/* name of the feed */
	const char *malware;
	const char *reference;		/* the feed's own id or link */
	uint32_t line;			/* in the feed's file, from 1 */
	uint8_t confidence;		/* 0..100 */
	int64_t first_seen_ns, last_seen_ns;
	int64_t valid_until_ns;		/* the feed itself says so (STIX); else unknown */
	char room[INDICATOR_ROOM];	/* for a value that is written when it is asked for */
};

/* "ip", "ip:port", "cidr", "domain", "url", "ja3", "ja4", "cert-sha1", "ja3s", "cert-sha256", "sha256", "user-agent" */
const char *indicator_type_text(enum indicator_type t);
/* "c2", "download", "infected", "suspicious", "sinkhole", "scanner", "resolver" */
const char *indicator_role_text(enum indicator_role r);

#endif
