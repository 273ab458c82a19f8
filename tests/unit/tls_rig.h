/*
 * tls_rig.h - conversations of the TLS reader, and what it says about them.
 */
#ifndef TEST_TLS_RIG_H
#define TEST_TLS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "proto/tls/tls.h"
#include "tls_wire.h"

/* ---- what comes out, as lines ---- */

struct heard {
	char text[16384];
	size_t len;
	struct tls_client client;	/* the last one; its spans are dead */
	struct tls_server server;
	struct tls_certificate certificate;
	int64_t ts_ns;
	unsigned clients, servers, certificates;
};

static inline void
note(struct heard *h, const char *name, struct span s)
{
	int n;

	if (s.at == NULL)
		n = snprintf(h->text + h->len, sizeof h->text - h->len, " %s=-", name);
	else
		n = snprintf(h->text + h->len, sizeof h->text - h->len, " %s='%.*s'", name,
		    (int)s.left, (const char *)s.at);
	assert_true(n > 0);
	h->len += (size_t)n;
	if (h->len >= sizeof h->text)
		h->len = sizeof h->text - 1;
}

static inline void
note_number(struct heard *h, const char *name, long long value)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%lld", value);
	note(h, name, span_text(digits));
}

static inline void
hear_client(struct heard *h, const struct tls_client *c)
{
	h->clients++;
	h->client = *c;
	note_number(h, "client", c->version);
	note_number(h, "best", c->best_version);
	note(h, "sni", c->sni);
	note(h, "alpn", c->alpn);
	note(h, "ja3", span_text(c->ja3));
	note(h, "ja4", span_text(c->ja4));
	note(h, "text", c->ja3_text);
}

static inline void
hear_server(struct heard *h, const struct tls_server *s)
{
	h->servers++;
	h->server = *s;
	note_number(h, "server", s->version);
	note_number(h, "cipher", s->cipher);
	note_number(h, "retry", s->retry);
	note(h, "alpn", s->alpn);
	note(h, "ja3s", span_text(s->ja3s));
	note(h, "text", s->ja3s_text);
}

static inline void
hear_certificate(struct heard *h, const struct tls_certificate *c)
{
	h->certificates++;
	h->certificate = *c;
	note(h, "sha1", span_text(c->sha1));
	note(h, "sha256", span_text(c->sha256));
	note(h, "subject", c->subject);
	note(h, "issuer", c->issuer);
	note(h, "names", c->names);
	note(h, "serial", c->serial);
	note(h, "sni", c->sni);
	note_number(h, "from", c->not_before_ns);
	note_number(h, "to", c->not_after_ns);
	note_number(h, "self", c->self_signed);
	note_number(h, "chain", c->chain);
}

static inline void
hear(void *to, const struct message *m)
{
	struct heard *h = to;

	h->ts_ns = m->ts_ns;
	note_number(h, "\nby", m->from);
	if (m->kind == MESSAGE_TLS_CLIENT)
		hear_client(h, m->tls_client);
	else if (m->kind == MESSAGE_TLS_SERVER)
		hear_server(h, m->tls_server);
	else
		hear_certificate(h, m->tls_certificate);
}

static inline bool
says(const struct heard *h, const char *words)
{
	if (strstr(h->text, words) != NULL)
		return true;
	print_message("not said: %s\nsaid: %s\n", words, h->text);
	return false;
}

/* ---- a conversation, delivered in many ways ---- */

enum { CLIENT = ORIGINATOR, SERVER = RESPONDER, TURNS_MAX = 8 };

struct talk {
	struct {
		int from;
		struct wire *said;
	} turn[TURNS_MAX];
	unsigned turns;
};

static const struct proto_limits LIMITS = { .header_bytes = 65536, .handshake_bytes = 65536,
    .flow_bytes = 400000 };

struct session {
	struct proto *p;
	void *reader;
	struct heard heard;
	uint64_t offset[2];
	int64_t now_ns;
	bool wanted;
};

static inline void
session_open(struct session *s, const struct proto_limits *limits)
{
	memset(s, 0, sizeof *s);
	s->p = proto_new(limits, hear, &s->heard);
	assert_non_null(s->p);
	s->reader = tls_row.open(s->p);
	assert_non_null(s->reader);
	s->wanted = true;
}

static inline void
session_close(struct session *s)
{
	tls_row.close(s->reader);
	proto_free(s->p);
}

/* Bytes that are copied into a block of their own size, so that a sanitizer sees what reads past it. */
static inline void
say(struct session *s, int from, const uint8_t *bytes, size_t len, bool gap)
{
	struct stream_piece piece = { .from = from, .gap = gap, .len = len };
	uint8_t *copy = malloc(len + (len == 0));

	assert_non_null(copy);
	if (len > 0 && !gap)
		memcpy(copy, bytes, len);
	piece.bytes = gap ? NULL : copy;
	piece.offset = s->offset[from];
	piece.ts_ns = ++s->now_ns;
	s->offset[from] += len;
	if (s->wanted)
		s->wanted = tls_row.piece(s->reader, &piece);
	free(copy);
}

static inline void
say_all(struct session *s, const struct talk *t)
{
	unsigned i;

	for (i = 0; i < t->turns; i++)
		say(s, t->turn[i].from, t->turn[i].said->bytes, t->turn[i].said->len, false);
}

/* Turn `which` in two pieces, cut at `at`; with `gap` that byte is lost. Turns behind `last` stay unsaid. */
static inline void
say_cut(struct session *s, const struct talk *t, unsigned which, size_t at, bool gap)
{
	const struct wire *w;
	unsigned i;

	for (i = 0; i < t->turns; i++) {
		w = t->turn[i].said;
		if (i != which) {
			say(s, t->turn[i].from, w->bytes, w->len, false);
			continue;
		}
		say(s, t->turn[i].from, w->bytes, at, false);
		if (gap)
			say(s, t->turn[i].from, NULL, 1, true);
		at += gap;
		say(s, t->turn[i].from, w->bytes + at, w->len - at, false);
	}
}

static inline void
add_turn(struct talk *t, int from, struct wire *said)
{
	assert_true(t->turns < TURNS_MAX);
	t->turn[t->turns].from = from;
	t->turn[t->turns++].said = said;
}

/* Split anywhere, byte by byte, cut anywhere, a hole anywhere. */
static inline void
check_slicings(const struct talk *t, const char *expected)
{
	struct session s;
	unsigned i;
	size_t at;

	for (i = 0; i < t->turns; i++) {
		for (at = 0; at <= t->turn[i].said->len; at++) {
			session_open(&s, &LIMITS);
			say_cut(&s, t, i, at, false);
			assert_string_equal(s.heard.text, expected);
			session_close(&s);
		}
		for (at = 0; at < t->turn[i].said->len; at++) {
			session_open(&s, &LIMITS);
			say_cut(&s, t, i, at, true);
			session_close(&s);
			session_open(&s, &LIMITS);
			say(&s, t->turn[i].from, t->turn[i].said->bytes, at, false);
			session_close(&s);
		}
	}
	session_open(&s, &LIMITS);
	for (i = 0; i < t->turns; i++)
		for (at = 0; at < t->turn[i].said->len; at++)
			say(&s, t->turn[i].from, t->turn[i].said->bytes + at, 1, false);
	assert_string_equal(s.heard.text, expected);
	session_close(&s);
}

/* ---- pieces of handshakes ---- */

static struct wire client_wire, server_wire, more_wire, last_wire;

static inline void
clear_wires(void)
{
	client_wire.len = server_wire.len = more_wire.len = last_wire.len = 0;
}

/* The example of FoxIO's JA4.md, with GREASE put in wherever it may stand. */
static const unsigned EXAMPLE_CIPHERS[] = { 0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c,
	0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035, WIRE_END };
static const unsigned EXAMPLE_EXTENSIONS[] = { 0xfafa, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017,
	0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0x1a1a,
	WIRE_END };
static const unsigned EXAMPLE_SIGNATURES[] = { 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806,
	0x0601, WIRE_END };
static const unsigned EXAMPLE_GROUPS[] = { 0x3a3a, 29, 23, 24, WIRE_END };
static const unsigned EXAMPLE_VERSIONS[] = { 0xdada, 0x0304, 0x0303, WIRE_END };
static const uint8_t EXAMPLE_ALPN[] = "\002h2\010http/1.1";
static const uint8_t EXAMPLE_FORMATS[] = { 0 };

static inline struct wire_hello
example_hello(void)
{
	struct wire_hello h = {
		.version = 0x0303, .ciphers = EXAMPLE_CIPHERS, .extensions = EXAMPLE_EXTENSIONS,
		.groups = EXAMPLE_GROUPS, .signatures = EXAMPLE_SIGNATURES,
		.versions = EXAMPLE_VERSIONS, .sni = "host.example", .alpn = EXAMPLE_ALPN,
		.alpn_len = sizeof EXAMPLE_ALPN - 1, .formats = EXAMPLE_FORMATS,
		.formats_len = sizeof EXAMPLE_FORMATS, .padding = 3,
	};

	return h;
}

static const uint8_t PLAIN_RANDOM[32] = { 9, 9, 9 };

static inline void
retry_random(uint8_t out[32])
{
	static const char words[] = "HelloRetryRequest";

	SHA256((const uint8_t *)words, sizeof words - 1, out);
}

static inline void
add_client_hello(struct wire *w, const struct wire_hello *h)
{
	static struct wire message;

	message.len = 0;
	wire_client_hello(&message, h);
	wire_record(w, 22, message.bytes, message.len);
}

static inline void
add_server_hello(struct wire *w, unsigned version, bool retry)
{
	static struct wire message, extensions;
	uint8_t random[32];
	bool hides = version == 0x0304;

	memcpy(random, PLAIN_RANDOM, sizeof random);
	if (retry)
		retry_random(random);
	message.len = extensions.len = 0;
	wire_extension(&extensions, 0xff01, "", 1);
	wire_extension(&extensions, 16, "\000\003\002h2", 5);
	if (hides)
		wire_extension(&extensions, 43, "\003\004", 2);
	wire_server_hello(&message, hides ? 0x0303 : version, random, hides ? 0x1301 : 0xc02f,
	    &extensions);
	wire_record(w, 22, message.bytes, message.len);
}

static inline void
add_name(X509_NAME *name, const char *field, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
	    (const unsigned char *)value, -1, -1, 0), 1);
}

/* A certificate for "鐘.example" by "Test CA" with two alternative names; its length → *len. */
static inline uint8_t *
make_certificate(int *len, const char *not_after)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_EXTENSION *names;
	uint8_t *der = NULL;

	assert_non_null(key);
	assert_non_null(x);
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 0x00abcdef);
	add_name(X509_get_subject_name(x), "O", "Fire, Bell");
	add_name(X509_get_subject_name(x), "CN", "\xe9\x90\x98.example");
	if (not_after != NULL)
		X509_set_issuer_name(x, X509_get_subject_name(x));
	else
		add_name(X509_get_issuer_name(x), "CN", "Test CA");
	ASN1_TIME_set_string(X509_getm_notBefore(x), "200101000000Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), not_after != NULL ? not_after : "301231235959Z");
	X509_set_pubkey(x, key);
	names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
	    "DNS:a.example,email:x@y.example,IP:192.0.2.7,IP:2001:db8::1,DNS:*.b.example");
	assert_non_null(names);
	X509_add_ext(x, names, -1);
	X509_EXTENSION_free(names);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	*len = i2d_X509(x, &der);
	assert_true(*len > 0);
	X509_free(x);
	EVP_PKEY_free(key);
	return der;
}

static inline void
add_certificate(struct wire *w, const char *not_after, unsigned chain)
{
	static struct wire message;
	int len;
	uint8_t *der = make_certificate(&len, not_after);

	message.len = 0;
	wire_certificate(&message, der, (size_t)len, chain);
	wire_record(w, 22, message.bytes, message.len);
	OPENSSL_free(der);
}

static inline void
hear_hello(struct session *s, const struct wire_hello *h)
{
	static struct wire w;

	w.len = 0;
	add_client_hello(&w, h);
	session_open(s, &LIMITS);
	say(s, CLIENT, w.bytes, w.len, false);
}

#endif
