/*
 * observation.h - the one record that leaves a worker.
 *
 * "Host X contacted service Y at time t, this many bytes each way, this much
 * known about it", or "indicator I matched here". A fixed part, and behind it
 * texts: (tag, length, bytes), each tag at most once, at most
 * OBSERVATION_TEXT_BYTES together. It holds no pointer: it crosses between
 * processes as it is, and observation_valid() is asked on arrival.
 *
 * Offline the order is total: see observation_order().
 */
#ifndef HANSHO_OBSERVATION_H
#define HANSHO_OBSERVATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "flow.h"

enum observation_kind {
	OBSERVE_CONTACT,	/* a connection began, or the client spoke after a pause */
	OBSERVE_MATCH,		/* an indicator matched; TEXT_INDICATOR_* say which */
	OBSERVE_NAME,		/* a DNS answer: TEXT_SERVICE names `named` */
	OBSERVE_HTTP, OBSERVE_TLS, OBSERVE_DNS,	/* one message, for the EVE records */
	OBSERVE_FLOW,		/* a flow ended */
	OBSERVE_SENSOR,		/* about the sensor itself: TEXT_NOTE; of what lasts, TEXT_SERVICE names it */
	OBSERVE_UNKNOWN,	/* nobody knows this flow's protocol: its first bytes */
	OBSERVE_MAIL, OBSERVE_FILE, OBSERVE_LOGIN, OBSERVE_REMOTE,	/* one message of message.h each */
	OBSERVE_IDENTITY,	/* which machine has `named` */
	OBSERVE_EVASION,	/* bytes of a stream were sent again, and others; once a flow */
	OBSERVE_LASTING,	/* a connection is open for very long; again when that has doubled */
	OBSERVE_UNANSWERED,	/* OBSERVED_UNANSWERED_PACKETS went out and none came back; again when that has doubled */
	OBSERVE_PROXY,		/* a side asked the other for a connection in its place, or that was answered; OBSERVED_RESPONSE: the asked one had opened this connection */
	OBSERVATION_KINDS
};

enum observation_text {
	TEXT_SERVICE = 1,	/* SNI, HTTP host without port, DNS name: lower case */
	TEXT_URL,		/* host/path?query */
	TEXT_METHOD, TEXT_USER_AGENT, TEXT_CONTENT_TYPE, TEXT_REFERRER,
	TEXT_ALPN, TEXT_SERVER_ALPN, TEXT_JA3, TEXT_JA3_TEXT, TEXT_JA3S, TEXT_JA3S_TEXT, TEXT_JA4,
	TEXT_CERT_SHA1, TEXT_CERT_SHA256, TEXT_CERT_SUBJECT, TEXT_CERT_ISSUER, TEXT_CERT_NAMES,
	TEXT_CERT_SERIAL,
	TEXT_ANSWERS,		/* DNS: type and value, "1 192.0.2.7,5 x.example" */
	TEXT_INDICATOR_VALUE, TEXT_INDICATOR_FEED, TEXT_INDICATOR_MALWARE, TEXT_INDICATOR_REFERENCE,
	TEXT_NOTE,
	TEXT_FIRST_ASKED, TEXT_FIRST_ANSWERED,	/* UNKNOWN: first bytes of either side, raw */
	TEXT_SOFTWARE,		/* FLOW: what the server calls itself */
	TEXT_USER, TEXT_DOMAIN, TEXT_HOST_NAME, TEXT_MAC,	/* MAC: 6 raw bytes */
	TEXT_MAIL_HELO, TEXT_MAIL_FROM, TEXT_MAIL_RECIPIENTS, TEXT_MAIL_HEADER_NAME, TEXT_MAIL_HEADER_FROM,
	TEXT_MAIL_SUBJECT, TEXT_MAIL_ID,
	TEXT_FILE_NAME, TEXT_FILE_SHA256,	/* MAIL: names of all attachments */
	TEXT_SHARE,		/* REMOTE: its name */
	TEXT_FORWARDED_FOR,
	TEXT_TICKET,		/* LOGIN: the service that a Kerberos ticket is for */
	TEXT_COMMAND,		/* REMOTE: what a service or task is to run */
	TEXT_INDICATOR_FEEDS,	/* names of all feeds that list it, a line each; _FEED is of the entry that is shown */
	TEXT_MAIL_ORIGINAL_ID,	/* MAIL: of the mail within it, which a report is about */
	TEXT_TAGS		/* at most 64 */
};

enum { OBSERVATION_TEXT_BYTES = 8192 };

#define OBSERVATION_TIME_MAX_NS 9000000000000000000LL	/* in 2255: years may be added without care */

/* What was at work: at one deadline, holes are given up before flows end. */
enum observation_phase { PHASE_HOLE, PHASE_FLOW_END, PHASE_PACKET };

enum app {	/* what the flow speaks, as far as known */
	APP_UNKNOWN, APP_HTTP, APP_TLS, APP_DNS,
	APP_HTTP2, APP_QUIC, APP_DOT, APP_DOH, APP_MDNS, APP_LLMNR, APP_NBNS, APP_DHCP,
	APP_SMTP, APP_IMAP, APP_POP3, APP_FTP, APP_LDAP, APP_KERBEROS,
	APP_SMB, APP_DCERPC, APP_RDP, APP_SSH, APP_WINRM,
	APP_DOQ,
	APP_TEAMVIEWER, APP_ANYDESK, APP_RUSTDESK, APP_RFB,	/* remote support */
	APP_SOCKS, APP_PROXY,	/* PROXY: a header alone, of a connection that ended behind it */
	APP_KINDS
};

struct observation {
	uint32_t bytes;			/* of the whole record, texts included; multiple of 8 */
	uint16_t kind;			/* enum observation_kind */
	uint8_t app;			/* enum app */
	uint8_t home;			/* bit s set: side s of the flow is in the home networks */

	/*
	 * Order (offline): ordinal, deadline (timers before the packet), phase,
	 * flow, index. What one packet caused is one worker's and comes as it was
	 * caused, whichever flows that touched (at a ceiling others give way).
	 */
	uint64_t ordinal;		/* of the packet being processed */
	int64_t deadline_ns;		/* a timer's deadline; INT64_MAX when the packet itself caused it */
	uint64_t flow_ordinal;		/* the flow's first packet */
	uint32_t index;			/* within (ordinal, deadline, phase) of its worker */
	uint16_t phase;			/* enum observation_phase */

	uint16_t text_bytes;
	int64_t ts_ns;			/* packet time, or the deadline */

	struct flow_key key;		/* [0] asked, [1] was asked */
	uint8_t host_side;		/* which side is the host that we watch over */
	uint8_t flow_state, flow_end;
	uint8_t burst;			/* CONTACT: 1 inside a connection, 0 its start */
	uint64_t flow_id;
	int64_t flow_first_ns, flow_last_ns;
	uint64_t packets[2], flow_bytes[2];	/* by side, so far */
	uint64_t payload_bytes[2];	/* behind the transport header, retransmissions too */
	uint64_t missed_bytes[2];

	struct addr named;		/* NAME: the address */
	int64_t indicator_first_ns, indicator_last_ns, indicator_until_ns;
	uint32_t indicator_line;
	uint8_t indicator_type, indicator_role, indicator_confidence;
	uint8_t detail;			/* enum of message.h: FILE its kind, LOGIN the method, REMOTE, PROXY the action, IDENTITY the source */
	uint8_t inner;			/* FILE: enum file_kind inside a coding */
	uint8_t outcome;		/* enum outcome of message.h */
	uint32_t flags;			/* OBSERVED_ */
	uint32_t code;			/* LOGIN, REMOTE, PROXY: the protocol's own; IDENTITY: lease in seconds; TLS: version of QUIC; DNS: opcode */
	uint32_t count;			/* MAIL: recipients; REMOTE: files; DNS: bytes of TXT and NULL answers; FLOW: contacts in it; EVASION: bytes of the copy; TLS: with a certificate, the client's `voice` */
	uint32_t refused;		/* MAIL: recipients refused; REMOTE: files deleted */
	uint16_t attachments;		/* MAIL */
	uint16_t entropy[2];		/* UNKNOWN: 1/1000 bit per byte, by side */
	struct addr outer[2];		/* ends of the innermost tunnel over IP, by side; zero: none */
	uint32_t tunnel_id[2];		/* as struct flow_tunnel has them: by side */
	uint8_t tunnel;			/* enum tunnel_kind of the innermost, also of those that are in no realm */
	uint8_t tunnel_protocol, tunnel_depth;
	uint16_t status;		/* HTTP status, DNS rcode */
	uint16_t version;		/* TLS version; DNS question type */
	uint32_t number;		/* HTTP: which request; DNS: id; TLS: chain length; CONTACT, FLOW: the client's `voice`; REMOTE: files with the ending TEXT_FILE_NAME */
	uint64_t body_bytes;		/* HTTP: Content-Length of the answer, else of the request; DNS: with EDNS, the largest datagram it takes; EVASION: where in the stream; REMOTE: files that were there before */
	int64_t not_before_ns, not_after_ns;	/* certificate */
};

enum {	/* observation.flags */
	OBSERVED_SELF_SIGNED = 1, OBSERVED_PROXIED = 2, OBSERVED_RESPONSE = 4, OBSERVED_MIDWAY = 8,
	OBSERVED_MULTICAST = 16,
	OBSERVED_ENCRYPTED = 32, OBSERVED_MACROS = 64, OBSERVED_MISMATCHED = 128, OBSERVED_WHOLE = 256,	/* FILE */
	OBSERVED_AUTHENTICATED = 512, OBSERVED_REFERENCES = 1024, OBSERVED_REPORT = 2048,	/* MAIL */
	OBSERVED_ECH = 4096, OBSERVED_RESUMES = 8192,	/* TLS */
	OBSERVED_RELEASED = 16384,			/* IDENTITY */
	OBSERVED_AUTHORITATIVE = 32768, OBSERVED_TRUNCATED = 65536, OBSERVED_EDNS = 131072,	/* DNS */
	OBSERVED_LIST = 524288,				/* MAIL: of a mailing list or newsletter, as it says */
	OBSERVED_REFUSED = 2097152,			/* CONTACT, FLOW: the proxy did not reach the service */
	OBSERVED_OVER = 1048576,			/* SENSOR: the trouble is over; TEXT_SERVICE says which */
	OBSERVED_RETRO = 262144				/* MATCH: from the history; flow_first_ns, flow_last_ns, `count`, `number` (days) are its contacts' */
};

enum { OBSERVED_UNANSWERED_PACKETS = 8192 };	/* a power of two */

enum { OBSERVATION_BYTES_MAX = (int)sizeof(struct observation) + OBSERVATION_TEXT_BYTES };

/* A record with room for its texts, filled where it stands. */
struct observation_buffer {
	struct observation o;
	uint8_t text[OBSERVATION_TEXT_BYTES];
};

/* Append a text; longer than `most` is cut there. An absent span or no room left: nothing is added. */
void observation_add(struct observation_buffer *b, enum observation_text tag, struct span text,
    size_t most);

/* Ends the record: sets `bytes`. Nothing may be added afterwards. */
void observation_seal(struct observation_buffer *b);

/* The text under `tag`, or an absent span. */
struct span observation_text(const struct observation *o, enum observation_text tag);

/*
 * Is it whole: lengths, enumerations, tags, times? `len`: bytes there are at `o`.
 * Whoever reads a valid one may use its enumerations as indexes and calculate
 * with ts_ns, flow_first_ns and flow_last_ns.
 */
bool observation_valid(const struct observation *o, size_t len);

/* <0, 0, >0 as memcmp: the total order of a replay. */
int observation_order(const struct observation *a, const struct observation *b);

/* Takes one observation; it dies on return. */
typedef void observation_fn(void *to, const struct observation *o);

#endif
