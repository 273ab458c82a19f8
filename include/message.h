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

struct flow;

enum message_kind {
	MESSAGE_HTTP_REQUEST, MESSAGE_HTTP_RESPONSE,
	MESSAGE_TLS_CLIENT, MESSAGE_TLS_SERVER, MESSAGE_TLS_CERTIFICATE,
	MESSAGE_DNS
};

/* A request, when its header is complete (RFC 9112). */
struct http_request {
	struct span method, target;	/* target: as on the request line */
	struct span host;		/* authority of an absolute target or CONNECT, else Host; port kept */
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
	struct span reason, content_type, server;
	uint64_t content_length;
	uint32_t number;		/* of the request it answers, from 1; 0 when that was not seen */
	struct span request_method, request_host, request_path, request_user_agent;
};

struct tls_client {
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

enum { DNS_ANSWERS_MAX = 32, DNS_NAME_MAX = 256 };

struct dns_answer {
	uint16_t type;
	uint32_t ttl_sec;
	char name[DNS_NAME_MAX];	/* owner */
	struct addr addr;		/* A and AAAA */
	char target[DNS_NAME_MAX];	/* CNAME, NS, PTR, MX: name; else "" */
};

/* One DNS message (RFC 1035). Names: lower case, no trailing dot, odd bytes as \ddd. */
struct dns_message {
	uint16_t id;
	bool response;
	uint8_t opcode, rcode;
	bool authoritative, truncated;
	char question[DNS_NAME_MAX];	/* "" when there is none */
	uint16_t question_type, question_class;
	unsigned answers_count;		/* used of `answers` */
	const struct dns_answer *answers;
	bool multicast;			/* mDNS, LLMNR */
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
	};
};

/* Takes one message; all it points to dies on return. */
typedef void message_fn(void *to, const struct message *m);

#endif
