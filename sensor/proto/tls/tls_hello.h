/*
 * tls_hello.h - ClientHello and ServerHello taken apart (RFC 8446, 4.1; RFC 5246, 7.4.1).
 *
 * All spans point into the body that was read. A body that ends before its
 * fields do is refused. Extensions are read as far as they go: who talks to
 * its own server may put anything behind them. One that is odd inside is left
 * out, and its type still stands in the list.
 */
#ifndef SENSOR_TLS_HELLO_H
#define SENSOR_TLS_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum {	/* extension types that are looked into */
	EXTENSION_SERVER_NAME = 0, EXTENSION_GROUPS = 10, EXTENSION_POINT_FORMATS = 11,
	EXTENSION_SIGNATURES = 13, EXTENSION_ALPN = 16, EXTENSION_TICKET = 35,
	EXTENSION_PRE_SHARED_KEY = 41, EXTENSION_VERSIONS = 43,
	EXTENSION_ENCRYPTED_HELLO = 0xfe0d
};

enum { TLS_1_3 = 0x0304, DTLS_1_0 = 0xfeff, DTLS_1_2 = 0xfefd, DTLS_1_3 = 0xfefc };

struct tls_client_hello {
	uint16_t version;		/* legacy_version */
	uint16_t best_version;		/* highest non-GREASE of supported_versions, else `version` */
	struct span ciphers;		/* 16 bits each */
	struct span extensions;		/* the block: tls_next_extension() */
	struct span groups, signatures;	/* 16 bits each */
	struct span point_formats;	/* 8 bits each */
	struct span alpn;		/* the list: tls_next_name() */
	struct span sni;		/* first host_name; absent when there is none */
	bool has_sni;			/* the extension is there, whatever it says */
	bool ech;			/* encrypted_client_hello, or its GREASE, which nobody can tell apart */
	bool resumes;			/* offers a session: pre_shared_key, a ticket, before TLS 1.3 a session id */
};

struct tls_server_hello {
	uint16_t legacy_version;
	uint16_t version;		/* supported_versions, else legacy_version */
	uint16_t cipher;
	struct span extensions;
	struct span alpn;		/* the list */
	bool retry;			/* HelloRetryRequest */
};

/* A version of DTLS (RFC 6347, 9147) has a cookie in its ClientHello, else they are alike. */
bool tls_client_hello_read(struct span body, struct tls_client_hello *out);
bool tls_server_hello_read(struct span body, struct tls_server_hello *out);

bool tls_version_is_dtls(uint16_t version);

/* TLS 1.3 or one of its drafts: what follows the ServerHello is encrypted. */
bool tls_version_hides(uint16_t version);

/* RFC 8701: values that mean nothing and keep servers tolerant. */
static inline bool
tls_is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/* Next 16-bit value that is not GREASE. False at the end. */
static inline bool
tls_next_value(struct span *list, uint16_t *value)
{
	while (span_u16be(list, value))
		if (!tls_is_grease(*value))
			return true;
	return false;
}

/* Next extension that is not GREASE. False at the end. */
static inline bool
tls_next_extension(struct span *block, uint16_t *type, struct span *body)
{
	struct span s = *block;
	uint16_t len;

	while (span_u16be(&s, type) && span_u16be(&s, &len) && span_take(&s, len, body)) {
		*block = s;
		if (!tls_is_grease(*type))
			return true;
	}
	return false;
}

/* Next protocol name of an ALPN list, GREASE too (RFC 7301). False at the end or when it is cut. */
bool tls_next_name(struct span *list, struct span *name);

/* Is a protocol name GREASE? */
bool tls_name_is_grease(struct span name);

#endif
