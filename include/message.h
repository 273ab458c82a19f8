/*
 * message.h - what a protocol parser understood.
 *
 * A message and all it points to die when the call that carries it returns.
 * Texts are spans of raw bytes from the wire: not NUL-terminated, any value.
 * An absent text is a span with at == NULL; an empty one has left == 0.
 */
#ifndef HANSHO_MESSAGE_H
#define HANSHO_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"
#include "observation.h"

struct flow;

enum message_kind {
	MESSAGE_HTTP_REQUEST, MESSAGE_HTTP_RESPONSE,
	MESSAGE_TLS_CLIENT, MESSAGE_TLS_SERVER, MESSAGE_TLS_CERTIFICATE,
	MESSAGE_DNS,
	MESSAGE_PROTOCOL,	/* what the flow speaks, or that nobody knows */
	MESSAGE_MAIL, MESSAGE_FILE, MESSAGE_LOGIN, MESSAGE_REMOTE, MESSAGE_IDENTITY,
	MESSAGE_PROXY,
	MESSAGE_KINDS
};

/* A request, when its header is complete (RFC 9112). */
struct http_request {
	struct span method, target;	/* target: as on the request line */
	struct span host;		/* authority of an absolute target or CONNECT, else Host; port kept */
	struct span forwarded_for;	/* X-Forwarded-For: claimed, not known */
	bool via;			/* a proxy handed it on (Via) */
	struct span path;		/* origin form: path and query; "" for CONNECT */
	struct span user_agent, content_type, referrer;
	uint64_t content_length;	/* 0 when absent or chunked */
	bool connect;			/* CONNECT: what follows is a tunnel */
	bool proxied;			/* absolute target or CONNECT: the peer is a proxy */
	uint32_t number;		/* in this connection, from 1 */
};

/* An answer, when its header is complete. `request` fields are those of the request it answers. */
struct http_response {
	uint16_t status;
	struct span content_type, server;
	uint64_t content_length;
	uint32_t number;		/* of the request it answers, from 1; 0 when that was not seen */
	struct span request_method, request_host, request_path, request_user_agent;
};

struct tls_client {
	bool quic;			/* read from a QUIC Initial packet; JA4 begins with q */
	bool again;			/* another connection of the same flow: its client uses the port once more */
	uint32_t quic_version;
	bool ech;			/* encrypted_client_hello: `sni` is the public name of its provider */
	bool resumes;			/* offers a session: pre_shared_key, ticket, or an old session id */
	uint16_t version;		/* legacy_version of the ClientHello */
	uint16_t best_version;		/* highest non-GREASE of supported_versions, else `version` */
	struct span sni;		/* host_name as sent */
	struct span alpn;		/* names joined by "," */
	char ja3[33], ja4[40];		/* hex md5; JA4 text */
	struct span ja3_text;
};

struct tls_server {
	uint16_t version;		/* negotiated: supported_versions, else legacy_version */
	uint16_t cipher;
	struct span alpn;
	char ja3s[33];
	struct span ja3s_text;
	bool retry;			/* HelloRetryRequest */
};

/* The leaf certificate (RFC 5280), up to TLS 1.2. */
struct tls_certificate {
	char sha1[41], sha256[65];	/* lower-case hex over the DER */
	struct span subject, issuer;	/* one line, RFC 2253 order as OpenSSL prints it */
	struct span names;		/* subjectAltName DNS and IP, joined by "," */
	struct span serial;		/* hex */
	int64_t not_before_ns, not_after_ns;
	bool self_signed;		/* subject equals issuer */
	uint32_t chain;			/* how many certificates were sent */
	struct span sni;		/* of the ClientHello before it, absent when not seen */
};

/* A name has 255 bytes at most (RFC 1035 section 3.1); each may need four characters. */
enum { DNS_ANSWERS_MAX = 32, DNS_NAME_MAX = 1024 };

struct dns_answer {
	uint16_t type;
	uint32_t ttl_sec;
	char name[DNS_NAME_MAX];	/* owner */
	struct addr addr;		/* A and AAAA */
	char target[DNS_NAME_MAX];	/* CNAME, DNAME, NS, PTR, MX, SRV, HTTPS, SVCB: name; else "" */
	bool ech;			/* HTTPS, SVCB: the server's real name will be encrypted (RFC 9460, "ech") */
	bool hint;			/* an A or AAAA that stood as a hint in an HTTPS or SVCB answer */
};

/* Which of the protocols that share DNS's format. */
enum dns_flavour { DNS_UNICAST, DNS_MDNS, DNS_LLMNR };

/* One DNS message (RFC 1035). Names: lower case, no trailing dot, odd bytes as \ddd. */
struct dns_message {
	uint16_t id;
	bool response;
	uint8_t opcode;
	uint16_t rcode;			/* with the extended bits of an OPT record */
	bool authoritative, truncated;
	char question[DNS_NAME_MAX];	/* "" when there is none */
	uint16_t question_type, question_class;
	unsigned answers_count;		/* used of `answers` */
	const struct dns_answer *answers;
	/* Behind them in `answers`: hints, and A, AAAA, CNAME of the other sections. They belong to their own names. */
	unsigned extras_count;
	enum dns_flavour flavour;
	uint32_t odd_payload_bytes;	/* of all TXT, NULL, KEY and private-use answers: what a tunnel carries down */
	bool edns;			/* an OPT record is there (RFC 6891) */
	uint16_t edns_udp_bytes;
};

/*
 * The flow's protocol, once, when its first bytes were recognised and its
 * messages will name no service (HTTP and TLS do: they send none of these),
 * and once more for what a tunnel in it carries; or, with APP_UNKNOWN, when
 * it is clear that nobody here knows them: then what they were, for the
 * analyst. Of an unknown stream both sides' first turns are told, as far as
 * they were seen; of an unknown UDP flow the first payload alone.
 */
struct protocol {
	enum app app;
	struct span software;	/* what a side calls itself (SSH, SMTP banner); may be absent */
	struct span first[2];	/* APP_UNKNOWN: first bytes by side, at most PROTOCOL_FIRST_BYTES; else absent */
	double entropy[2];	/* bits per byte of the first bytes held of that side, 0..8 */
};

enum { PROTOCOL_FIRST_BYTES = 64 };

/* One mail (RFC 5321), when its data ended or was refused, or the session ended in it. */
struct mail {
	uint32_t number;		/* in this connection, from 1 */
	struct span helo;
	struct span from;		/* MAIL FROM without <>; empty: the null sender of a bounce */
	struct span recipients;		/* accepted or not yet answered, joined by ","; as many as fit */
	uint32_t recipients_count, recipients_refused;
	bool authenticated;		/* AUTH succeeded before */
	struct span user;		/* of AUTH where it can be read, else absent */
	uint16_t status;		/* of the server's answer to the data; 0: not seen */
	uint64_t bytes;			/* of data; what gaps lost is counted */
	/* The header (RFC 5322), decoded (RFC 2047) to UTF-8 where it is encoded. */
	struct span header_from_name, header_from;
	struct span subject;		/* absent: there is none */
	struct span message_id;		/* without <> */
	bool references;		/* References or In-Reply-To */
	bool report;			/* multipart/report: a delivery status notification */
	bool list;			/* List-Id, List-Unsubscribe, or Precedence list or bulk */
	struct span original_id;	/* Message-ID of the first mail, or header of one, within: what a report is about */
	/* Attachments: MESSAGE_FILE tells each; here how many, and names joined by "/", as many as fit. */
	uint32_t attachments;
	struct span attachment_names;
};

enum file_kind {	/* by content, never by name */
	FILE_UNKNOWN, FILE_PE, FILE_ELF, FILE_MACHO, FILE_OLE, FILE_OOXML, FILE_ZIP, FILE_RAR,
	FILE_SEVEN_ZIP, FILE_PDF, FILE_SCRIPT, FILE_LNK, FILE_ISO, FILE_GZIP, FILE_CAB, FILE_HTML,
	FILE_IMAGE, FILE_TEXT, FILE_KINDS
};

/* "pe", "elf", ..., "unknown" */
const char *file_kind_text(enum file_kind k);

/* A body or an attachment, when it ended: what it is, against what it was called. */
struct file {
	enum file_kind kind;		/* content codings (gzip, deflate) undone */
	enum file_kind inner;		/* of a gzip file: what its first bytes hold; else `kind` */
	struct span name;		/* file name of Content-Disposition or the URL's last part */
	struct span declared;		/* Content-Type */
	uint64_t bytes;			/* of the body on the wire, coded as it was */
	char sha256[65];		/* lower-case hex over the whole body, codings undone; "" when not whole or too large */
	bool whole;			/* no byte was missing */
	bool encrypted;			/* ZIP, RAR, PDF, OLE: needs a password */
	bool macros;			/* OLE or OOXML with VBA */
	bool ordinary;			/* part of a web page: no hash (content.h) */
	bool mismatched;		/* an executable, script or macro document that declared type and name deny */
	struct span host, path;		/* HTTP: of the request */
	struct span user_agent;
};

enum outcome { OUTCOME_UNKNOWN, OUTCOME_SUCCESS, OUTCOME_FAILURE, OUTCOMES };

enum login_method {
	LOGIN_OTHER, LOGIN_PASSWORD, LOGIN_NTLM, LOGIN_KERBEROS, LOGIN_KEY, LOGIN_ANONYMOUS,
	LOGIN_METHODS
};

/* Somebody tried to log in: SMB session setup, SSH, RDP, HTTP, SMTP AUTH, Kerberos AS, ... Its message is `from` who tried. */
struct login {
	enum app app;			/* what spoke; WinRM is APP_WINRM */
	enum login_method method;
	enum outcome outcome;
	uint32_t code;			/* the protocol's own: NTSTATUS, Kerberos error, reply code; 0: none */
	struct span user, domain, workstation;	/* as far as the bytes tell */
	struct span software;		/* SSH: the client's version text; SMB: the dialect */
	struct span service;		/* Kerberos: of the ticket asked for; absent: it was the first one (AS) */
};

enum remote_action { REMOTE_SHARE, REMOTE_PIPE, REMOTE_FILE_WRITE, REMOTE_SERVICE, REMOTE_TASK,
	REMOTE_BIND, REMOTE_ACTIONS };

/* Use of another machine over SMB or DCE/RPC: a share, a named pipe, a file written, service control. `from` who used it. */
struct remote {
	enum app app;
	enum remote_action action;
	enum outcome outcome;
	uint32_t code;			/* NTSTATUS or RPC fault */
	struct span name;		/* share, pipe or file; the interface's name or UUID for REMOTE_BIND; the service's */
	struct span command;		/* SERVICE, TASK: what it is to run, where that can be read */
	/* FILE_WRITE: within ten minutes of this connection, with this one. */
	uint32_t files;			/* opened for writing or renamed */
	uint32_t existing;		/* of these: were there before */
	uint32_t deleted;
	uint32_t marked;		/* renamed to `ending`, or made with it behind another ending */
	struct span ending;		/* small letters, without the dot; that most have, absent: none */
};

enum proxy_action { PROXY_CONNECT, PROXY_BIND, PROXY_ASSOCIATE, PROXY_CLAIM, PROXY_ACTIONS };

/*
 * One side speaks for another (SOCKS): `from` is who asked for it, and once
 * more with the answer. From a RESPONDER: whoever opened this connection is
 * the proxy. Or a balancer says for whom it speaks (PROXY_CLAIM).
 */
struct proxy {
	enum proxy_action action;
	uint8_t version;		/* of the protocol */
	struct span host;		/* asked for, with its port; CLAIM: the client's address, claimed and not known */
	bool answered;			/* then the next two are told */
	enum outcome outcome;
	uint32_t code;			/* the protocol's own */
};

enum identity_source {
	IDENTITY_DHCP, IDENTITY_DHCPV6, IDENTITY_NBNS, IDENTITY_MDNS, IDENTITY_LLMNR, IDENTITY_NTLM,
	IDENTITY_KERBEROS, IDENTITY_SMB, IDENTITY_HTTP, IDENTITY_SOURCES
};

/* "dhcp", "dhcpv6", "nbns", "mdns", "llmnr", "ntlm", "kerberos", "smb", "http" */
const char *identity_source_text(enum identity_source s);

/* Something said which machine has an address. What it does not say is absent. */
struct identity {
	enum identity_source source;
	struct addr addr;		/* whose */
	struct span mac;		/* 6 bytes, raw */
	struct span host_name, user, domain;
	struct span software;		/* DHCP vendor class, user agent */
	uint32_t lease_sec;		/* DHCP: as granted; 0: none */
	bool released;			/* the address is given back */
};

struct message {
	enum message_kind kind;
	const struct flow *flow;
	int from;			/* ORIGINATOR or RESPONDER */
	int64_t ts_ns;			/* of the packet that completed it */
	union {
		const struct http_request *http_request;
		const struct http_response *http_response;
		const struct tls_client *tls_client;
		const struct tls_server *tls_server;
		const struct tls_certificate *tls_certificate;
		const struct dns_message *dns;
		const struct protocol *protocol;
		const struct mail *mail;
		const struct file *file;
		const struct login *login;
		const struct remote *remote;
		const struct identity *identity;
		const struct proxy *proxy;
	};
};

/* Takes one message; all it points to dies on return. */
typedef void message_fn(void *to, const struct message *m);

#endif
