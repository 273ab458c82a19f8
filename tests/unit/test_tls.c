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

#include "base/when.h"
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

static void
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

static void
note_number(struct heard *h, const char *name, long long value)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%lld", value);
	note(h, name, span_text(digits));
}

static void
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

static void
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

static void
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

static void
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

static bool
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

static const struct proto_limits LIMITS = { 65536, 65536, 400000 };

struct session {
	struct proto *p;
	void *reader;
	struct heard heard;
	uint64_t offset[2];
	int64_t now_ns;
	bool wanted;
};

static void
session_open(struct session *s, const struct proto_limits *limits)
{
	memset(s, 0, sizeof *s);
	s->p = proto_new(limits, hear, &s->heard);
	assert_non_null(s->p);
	s->reader = tls_row.open(s->p);
	assert_non_null(s->reader);
	s->wanted = true;
}

static void
session_close(struct session *s)
{
	tls_row.close(s->reader);
	proto_free(s->p);
}

/* Bytes that are copied into a block of their own size, so that a sanitizer sees what reads past it. */
static void
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

static void
say_all(struct session *s, const struct talk *t)
{
	unsigned i;

	for (i = 0; i < t->turns; i++)
		say(s, t->turn[i].from, t->turn[i].said->bytes, t->turn[i].said->len, false);
}

/* Turn `which` in two pieces, cut at `at`; with `gap` that byte is lost. Turns behind `last` stay unsaid. */
static void
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

static void
add_turn(struct talk *t, int from, struct wire *said)
{
	assert_true(t->turns < TURNS_MAX);
	t->turn[t->turns].from = from;
	t->turn[t->turns++].said = said;
}

/* Split anywhere, byte by byte, cut anywhere, a hole anywhere. */
static void
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

static void
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

static struct wire_hello
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

static void
retry_random(uint8_t out[32])
{
	static const char words[] = "HelloRetryRequest";

	SHA256((const uint8_t *)words, sizeof words - 1, out);
}

static void
add_client_hello(struct wire *w, const struct wire_hello *h)
{
	static struct wire message;

	message.len = 0;
	wire_client_hello(&message, h);
	wire_record(w, 22, message.bytes, message.len);
}

static void
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

static void
add_name(X509_NAME *name, const char *field, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
	    (const unsigned char *)value, -1, -1, 0), 1);
}

/* A certificate for "鐘.example" by "Test CA" with two alternative names; its length → *len. */
static uint8_t *
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

static void
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

static void
hear_hello(struct session *s, const struct wire_hello *h)
{
	static struct wire w;

	w.len = 0;
	add_client_hello(&w, h);
	session_open(s, &LIMITS);
	say(s, CLIENT, w.bytes, w.len, false);
}

/* ---- fingerprints ---- */

static void
test_ja4_is_the_published_one(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	hear_hello(&s, &h);
	assert_int_equal(s.heard.clients, 1);
	assert_string_equal(s.heard.client.ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_true(says(&s.heard, "best='772' sni='host.example' alpn='h2,http/1.1'"));
	session_close(&s);
}

static void
test_ja4_without_signatures(void **state)
{
	/* The published example keeps type 000d in the list though no algorithm follows. */
	static const unsigned none[] = { WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.signatures = none;
	hear_hello(&s, &h);
	assert_string_equal(s.heard.client.ja4, "t13d1516h2_8daaf6152771_6d807ffa2a79");
	session_close(&s);
}

static void
test_ja3_is_the_published_one(void **state)
{
	static const unsigned ciphers[] = { 47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4,
		WIRE_END };
	static const unsigned extensions[] = { 0, 10, 11, WIRE_END };
	static const unsigned groups[] = { 23, 24, 25, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.version = 0x0301;
	h.ciphers = ciphers;
	h.extensions = extensions;
	h.groups = groups;
	hear_hello(&s, &h);
	assert_string_equal(s.heard.client.ja3, "ada70206e40642a3e4461f35503241d5");
	assert_true(says(&s.heard, "text='769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,"
	    "0-10-11,23-24-25,0'"));
	session_close(&s);
}

static void
test_ja3_and_ja4_without_extensions(void **state)
{
	static const unsigned ciphers[] = { 4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.version = 0x0301;
	h.ciphers = ciphers;
	h.extensions = NULL;
	hear_hello(&s, &h);
	assert_string_equal(s.heard.client.ja3, "de350869b8c85de67a350c8d186f11e6");
	/* sha256 of 0003,0004,0005,0006,0009,000a,0012,0013,0062,0063,0064 */
	assert_string_equal(s.heard.client.ja4, "t10i110000_3609b414f052_000000000000");
	assert_true(says(&s.heard, "best='769' sni=- alpn=-"));
	session_close(&s);
}

static void
test_grease_alone_is_nothing(void **state)
{
	static const unsigned grease[] = { 0x0a0a, 0x1a1a, 0xfafa, WIRE_END };
	static const unsigned extensions[] = { 0x2a2a, 0, 16, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.ciphers = grease;
	h.extensions = extensions;
	hear_hello(&s, &h);
	assert_true(says(&s.heard, "text='771,,0-16,,'"));
	assert_string_equal(s.heard.client.ja4, "t12d0002h2_000000000000_000000000000");
	session_close(&s);
}

static void
test_look_alikes_of_grease_stay(void **state)
{
	static const unsigned ciphers[] = { 0x0a1a, 0xaa0a, 0x0b0b, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	h.ciphers = ciphers;
	h.extensions = NULL;
	hear_hello(&s, &h);
	assert_true(says(&s.heard, "text='771,2586-43530-2827,,,'"));
	session_close(&s);
}

static void
check_alpn(const void *list, size_t len, const char *code)
{
	static const unsigned extensions[] = { 16, WIRE_END };
	struct wire_hello h = example_hello();
	struct session s;

	h.extensions = extensions;
	h.alpn = list;
	h.alpn_len = len;
	hear_hello(&s, &h);
	assert_int_equal(strlen(s.heard.client.ja4), 36);
	assert_memory_equal(s.heard.client.ja4 + 8, code, 2);
	session_close(&s);
}

/* The table of JA4.md, "ALPN Extension Value". */
static void
test_ja4_of_odd_alpn(void **state)
{
	(void)state;
	check_alpn("\010http/1.1\002h2", 12, "h1");
	check_alpn("\001q", 2, "qq");
	check_alpn("\001\xab", 2, "ab");
	check_alpn("\002\xab\xcd", 3, "ad");
	check_alpn("\0020\xab", 3, "3b");
	check_alpn("\00401\xab\xcd", 5, "3d");
	check_alpn("\0040\xab\xcd" "1", 5, "01");
	check_alpn("\003h2-", 4, "6d");
	check_alpn("", 0, "00");
	check_alpn("\000", 1, "00");
}

static void
test_counts_stop_at_99(void **state)
{
	unsigned ciphers[121], extensions[121], i;
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	for (i = 0; i < 120; i++) {
		ciphers[i] = 0x0100 + i;
		extensions[i] = 0x5000 + i;
	}
	ciphers[120] = extensions[120] = WIRE_END;
	h.ciphers = ciphers;
	h.extensions = extensions;
	hear_hello(&s, &h);
	assert_memory_equal(s.heard.client.ja4, "t12i999900_", 11);
	session_close(&s);
}

/* A server name without a name in it is a "d" all the same. */
static void
test_empty_extensions(void **state)
{
	static const uint8_t extensions[] = { 0, 16, 0, 0, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0, 43, 0, 0 };
	static const unsigned ciphers[] = { 47, WIRE_END };
	static struct wire message;
	struct wire_hello h = { .version = 0x0303, .ciphers = ciphers };
	struct session s;

	(void)state;
	clear_wires();
	message.len = 0;
	wire_client_hello(&message, &h);
	message.bytes[3] = (uint8_t)(message.bytes[3] + sizeof extensions);
	wire_bytes(&message, extensions, sizeof extensions);
	wire_record(&client_wire, 22, message.bytes, message.len);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_true(says(&s.heard, "best='771' sni=- alpn=-"));
	assert_true(says(&s.heard, "text='771,47,0-10-11-43,,'"));
	assert_memory_equal(s.heard.client.ja4, "t12d010400_", 11);
	session_close(&s);
}

/* ---- whole handshakes ---- */

static const uint8_t CHANGE_CIPHER[] = { 1 };

static void
test_tls12_in_every_slicing(void **state)
{
	struct wire_hello h = example_hello();
	struct talk t = { .turns = 0 };
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	add_certificate(&server_wire, NULL, 3);
	wire_record(&server_wire, 22, "\016\000\000\000", 4);
	add_turn(&t, CLIENT, &client_wire);
	add_turn(&t, SERVER, &server_wire);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_false(s.wanted);
	assert_int_equal(s.heard.clients, 1);
	assert_int_equal(s.heard.servers, 1);
	assert_int_equal(s.heard.certificates, 1);
	assert_true(says(&s.heard, "server='771' cipher='49199' retry='0' alpn='h2'"));
	assert_true(says(&s.heard, "text='771,49199,65281-16'"));
	assert_true(says(&s.heard, "subject='CN=\xe9\x90\x98.example,O=Fire\\, Bell' issuer='CN=Test CA'"));
	assert_true(says(&s.heard, "names='a.example,192.0.2.7,2001:db8::1,*.b.example'"));
	assert_true(says(&s.heard, "serial='ABCDEF' sni='host.example'"));
	assert_true(says(&s.heard, "from='1577836800000000000' to='1924991999000000000'"));
	assert_true(says(&s.heard, "self='0' chain='3'"));
	assert_int_equal(proto_counts(s.p)->tls_certificates, 1);
	assert_int_equal(proto_counts(s.p)->tls_given_up, 0);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

static void
test_hashes_of_the_certificate(void **state)
{
	static struct wire message;
	char hex[65];
	uint8_t sum[32], *der;
	struct session s;
	int len, i;

	(void)state;
	clear_wires();
	message.len = 0;
	der = make_certificate(&len, "99991231235959Z");
	wire_certificate(&message, der, (size_t)len, 1);
	SHA256(der, (size_t)len, sum);
	for (i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	add_server_hello(&server_wire, 0x0301, false);
	wire_record(&server_wire, 22, message.bytes, message.len);
	session_open(&s, &LIMITS);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_string_equal(s.heard.certificate.sha256, hex);
	assert_true(s.heard.certificate.self_signed);
	assert_true(s.heard.certificate.not_after_ns == INT64_MAX);
	assert_true(says(&s.heard, "sni=-"));
	/* The client was not seen yet; its hello may come late. */
	assert_true(s.wanted);
	session_close(&s);
	OPENSSL_free(der);
}

static void
test_tls13_is_released_at_the_server_hello(void **state)
{
	struct wire_hello h = example_hello();
	struct talk t = { .turns = 0 };
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0304, false);
	add_turn(&t, CLIENT, &client_wire);
	add_turn(&t, SERVER, &server_wire);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_false(s.wanted);
	assert_true(says(&s.heard, "server='772' cipher='4865'"));
	assert_true(says(&s.heard, "text='771,4865,65281-16-43'"));
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

/* RFC 8446, D.4: with the ChangeCipherSpecs of middlebox compatibility. */
static void
retry_talk(struct talk *t)
{
	struct wire_hello h = example_hello();

	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0304, true);
	wire_record(&server_wire, 20, CHANGE_CIPHER, 1);
	wire_record(&more_wire, 20, CHANGE_CIPHER, 1);
	h.sni = "second.example";
	add_client_hello(&more_wire, &h);
	add_server_hello(&last_wire, 0x0304, false);
	t->turns = 0;
	add_turn(t, CLIENT, &client_wire);
	add_turn(t, SERVER, &server_wire);
	add_turn(t, CLIENT, &more_wire);
	add_turn(t, SERVER, &last_wire);
}

static void
test_hello_retry_request(void **state)
{
	struct session s;
	struct talk t;

	(void)state;
	retry_talk(&t);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_true(s.heard.server.retry);
	assert_true(s.wanted);
	say(&s, CLIENT, more_wire.bytes, more_wire.len, false);
	assert_int_equal(s.heard.clients, 2);
	assert_true(says(&s.heard, "sni='second.example'"));
	assert_true(s.wanted);
	say(&s, SERVER, last_wire.bytes, last_wire.len, false);
	assert_false(s.wanted);
	assert_false(s.heard.server.retry);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

/* Early data behind the first hello, refused by a HelloRetryRequest (RFC 8446, 4.2.10). */
static void
test_second_hello_behind_early_data(void **state)
{
	static const uint8_t early[300] = { 22, 3, 3, 0, 9, 1, 0, 0, 5 };
	struct wire_hello h = example_hello();
	struct talk t = { .turns = 0 };
	struct session s;

	(void)state;
	retry_talk(&t);
	client_wire.len = more_wire.len = 0;
	add_client_hello(&client_wire, &h);
	wire_record(&client_wire, 20, CHANGE_CIPHER, 1);
	wire_record(&client_wire, 23, early, sizeof early);
	h.sni = "second.example";
	add_client_hello(&more_wire, &h);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_int_equal(s.heard.clients, 2);
	assert_int_equal(s.heard.servers, 2);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

/* All server messages in one record, then one message over many records. */
static void
test_records_and_messages_do_not_match(void **state)
{
	static struct wire whole;
	struct wire_hello h = example_hello();
	struct talk t = { .turns = 0 };
	struct session s;
	size_t at, len;

	(void)state;
	clear_wires();
	whole.len = 0;
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0302, false);
	wire_bytes(&whole, server_wire.bytes + 5, server_wire.len - 5);
	server_wire.len = 0;
	add_certificate(&server_wire, NULL, 1);
	/* CertificateStatus is of no use and stands in between. */
	wire_bytes(&whole, "\026\000\000\003abc", 7);
	wire_bytes(&whole, server_wire.bytes + 5, server_wire.len - 5);
	server_wire.len = 0;
	for (at = 0; at < whole.len; at += len) {
		len = whole.len - at < 7 ? whole.len - at : 7;
		wire_record(&server_wire, 22, whole.bytes + at, len);
		wire_record(&server_wire, 22, NULL, 0);
	}
	add_turn(&t, CLIENT, &client_wire);
	add_turn(&t, SERVER, &server_wire);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_int_equal(s.heard.certificates, 1);
	assert_false(s.wanted);
	check_slicings(&t, s.heard.text);

	server_wire.len = 0;
	wire_record(&server_wire, 22, whole.bytes, whole.len);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

static void
test_resumed_session_ends_at_change_cipher(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_true(s.wanted);
	wire_record(&more_wire, 20, CHANGE_CIPHER, 1);
	say(&s, SERVER, more_wire.bytes, more_wire.len, false);
	assert_false(s.wanted);
	session_close(&s);
}

/* RFC 6066, 3: "unrecognized_name" is a warning, and the handshake goes on. */
static void
test_alerts(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	wire_record(&server_wire, 21, "\001\160", 2);
	add_server_hello(&server_wire, 0x0304, false);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.servers, 1);
	session_close(&s);

	server_wire.len = 0;
	wire_record(&server_wire, 21, "\002\050", 2);
	add_server_hello(&server_wire, 0x0304, false);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.servers, 0);
	assert_false(s.wanted);
	session_close(&s);
}

/* ---- what goes wrong ---- */

static void
test_one_side_alone(void **state)
{
	static const uint8_t data[16000];
	struct wire_hello h = example_hello();
	struct session s;
	int i;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	wire_record(&more_wire, 23, data, sizeof data);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	for (i = 0; i < 40 && s.wanted; i++)
		say(&s, CLIENT, more_wire.bytes, more_wire.len, false);
	assert_int_equal(s.heard.clients, 1);
	assert_false(s.wanted);
	session_close(&s);

	add_server_hello(&server_wire, 0x0304, false);
	session_open(&s, &LIMITS);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	for (i = 0; i < 40 && s.wanted; i++)
		say(&s, SERVER, more_wire.bytes, more_wire.len, false);
	assert_int_equal(s.heard.servers, 1);
	assert_false(s.wanted);
	session_close(&s);
}

/* A flow that was joined from the wrong end: the responder says ClientHello. */
static void
test_sides_exchanged(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	add_certificate(&server_wire, NULL, 1);
	session_open(&s, &LIMITS);
	say(&s, RESPONDER, client_wire.bytes, client_wire.len, false);
	say(&s, ORIGINATOR, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.certificates, 1);
	assert_true(says(&s.heard, "sni='host.example'"));
	assert_false(s.wanted);
	session_close(&s);
}

static void
test_a_gap_ends_its_side_only(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	add_certificate(&server_wire, NULL, 1);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, 50, false);
	say(&s, CLIENT, NULL, 10, true);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_int_equal(s.heard.clients, 0);
	assert_int_equal(proto_counts(s.p)->tls_given_up, 1);
	assert_true(s.wanted);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.certificates, 1);
	assert_false(s.wanted);
	session_close(&s);
}

static void
test_time_is_of_the_last_piece(void **state)
{
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, 100, false);
	s.now_ns = 5000;
	say(&s, CLIENT, client_wire.bytes + 100, client_wire.len - 100, false);
	assert_int_equal(s.heard.ts_ns, 5001);
	session_close(&s);
}

/* Hashes are known of what is no certificate, names are not. */
static void
test_malformed_certificate(void **state)
{
	static struct wire message;
	struct session s;

	(void)state;
	clear_wires();
	message.len = 0;
	wire_certificate(&message, (const uint8_t *)"hello", 5, 2);
	add_server_hello(&server_wire, 0x0303, false);
	wire_record(&server_wire, 22, message.bytes, message.len);
	session_open(&s, &LIMITS);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_string_equal(s.heard.certificate.sha1, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d");
	assert_true(says(&s.heard, "subject=- issuer=- names=- serial=-"));
	assert_int_equal(s.heard.certificate.chain, 2);
	assert_true(s.heard.certificate.not_before_ns == WHEN_UNKNOWN);
	session_close(&s);
}

/* Every byte of a real one changed, one after the other: nothing but no crash is asked. */
static void
test_damaged_certificates(void **state)
{
	static struct wire message;
	struct session s;
	uint8_t *der;
	int len, i;

	(void)state;
	der = make_certificate(&len, NULL);
	for (i = 0; i < len; i++) {
		clear_wires();
		message.len = 0;
		der[i] ^= 0xff;
		wire_certificate(&message, der, (size_t)len, 1);
		der[i] ^= 0xff;
		add_server_hello(&server_wire, 0x0303, false);
		wire_record(&server_wire, 22, message.bytes, message.len);
		session_open(&s, &LIMITS);
		say(&s, SERVER, server_wire.bytes, server_wire.len, false);
		assert_int_equal(s.heard.certificates, 1);
		session_close(&s);
	}
	OPENSSL_free(der);
}

static void
test_empty_certificate_list(void **state)
{
	struct session s;

	(void)state;
	clear_wires();
	add_server_hello(&server_wire, 0x0303, false);
	wire_record(&server_wire, 22, "\013\000\000\003\000\000\000", 7);
	session_open(&s, &LIMITS);
	say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_int_equal(s.heard.certificates, 0);
	assert_int_equal(proto_counts(s.p)->tls_given_up, 1);
	session_close(&s);
}

/* A hello of `len` bytes (padded in its last extension), in records of 16000. */
static void
make_huge_hello(struct wire *w, size_t padding)
{
	static const unsigned extensions[] = { 0, 21, WIRE_END };
	static struct wire message;
	struct wire_hello h = example_hello();
	size_t at, len;

	h.extensions = extensions;
	h.padding = padding;
	message.len = 0;
	wire_client_hello(&message, &h);
	for (at = 0; at < message.len; at += len) {
		len = message.len - at < 16000 ? message.len - at : 16000;
		wire_record(w, 22, message.bytes + at, len);
	}
}

static void
test_huge_hello_up_to_the_limit(void **state)
{
	struct proto_limits limits = { 1000, 60000, 400000 };
	struct session s;
	size_t at;

	(void)state;
	clear_wires();
	make_huge_hello(&client_wire, 50000);
	session_open(&s, &limits);
	for (at = 0; at + 1000 < client_wire.len; at += 1000)
		say(&s, CLIENT, client_wire.bytes + at, 1000, false);
	assert_int_equal(s.heard.clients, 0);
	say(&s, CLIENT, client_wire.bytes + at, client_wire.len - at, false);
	assert_int_equal(s.heard.clients, 1);
	session_close(&s);

	/* One byte above the limit on a message: refused at its header. */
	limits.handshake_bytes = 49999;
	session_open(&s, &limits);
	say(&s, CLIENT, client_wire.bytes, 9, false);
	assert_int_equal(proto_counts(s.p)->over_limit, 1);
	assert_int_equal(proto_counts(s.p)->tls_given_up, 1);
	session_close(&s);

	/* The limit of the flow: refused when the bytes would outgrow it. */
	limits.handshake_bytes = 60000;
	limits.flow_bytes = 20000;
	session_open(&s, &limits);
	say(&s, CLIENT, client_wire.bytes, 18000, false);
	assert_int_equal(proto_counts(s.p)->over_limit, 0);
	say(&s, CLIENT, client_wire.bytes + 18000, 3000, false);
	assert_int_equal(proto_counts(s.p)->over_limit, 1);
	session_close(&s);
}

/* Texts too find their limit, and nothing is said. */
static void
test_no_room_for_texts(void **state)
{
	const struct proto_limits limits = { 1000, 60000, 64 };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	session_open(&s, &limits);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_int_equal(s.heard.clients, 0);
	assert_int_equal(proto_counts(s.p)->over_limit, 1);
	session_close(&s);
}

/* A handshake that never ends is left. */
static void
test_endless_handshake(void **state)
{
	static const uint8_t requests[16000];	/* HelloRequests */
	struct session s;
	int i;

	(void)state;
	clear_wires();
	wire_record(&server_wire, 22, requests, sizeof requests);
	session_open(&s, &LIMITS);
	for (i = 0; i < 100 && s.wanted; i++)
		say(&s, SERVER, server_wire.bytes, server_wire.len, false);
	assert_false(s.wanted);
	assert_true(i < 30);
	assert_int_equal(proto_counts(s.p)->over_limit, 1);
	session_close(&s);
}

static void
test_hello_whose_lengths_lie(void **state)
{
	/* In an example_hello() behind record and message header: version, random, session, 16 ciphers. */
	enum { BLOCK_AT = 5 + 4 + 2 + 32 + 1 + 2 + 32 + 2 };
	static const uint8_t bad[] = { 22, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 1, 1 };
	struct wire_hello h = example_hello();
	struct session s;

	(void)state;
	session_open(&s, &LIMITS);
	say(&s, CLIENT, bad, sizeof bad, false);
	assert_int_equal(s.heard.clients, 0);
	assert_int_equal(proto_counts(s.p)->tls_given_up, 1);
	session_close(&s);

	/* The extension block ends within its last extension: the others are known. */
	clear_wires();
	add_client_hello(&client_wire, &h);
	client_wire.bytes[BLOCK_AT + 1] = (uint8_t)(client_wire.bytes[BLOCK_AT + 1] - 9);
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_int_equal(s.heard.clients, 1);
	assert_memory_equal(s.heard.client.ja4, "t13d1515h2_", 11);
	session_close(&s);

	/* It claims more than there is. */
	client_wire.bytes[BLOCK_AT]++;
	session_open(&s, &LIMITS);
	say(&s, CLIENT, client_wire.bytes, client_wire.len, false);
	assert_int_equal(s.heard.clients, 0);
	assert_int_equal(proto_counts(s.p)->tls_given_up, 1);
	session_close(&s);
}

/* ---- SSLv2 form, and what is told by the first bytes ---- */

static size_t
make_v2_hello(uint8_t *out)
{
	static const uint8_t head[] = { 0x80, 9 + 6 + 16, 1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 47, 0, 0, 53 };

	memset(out, 0, 33);
	memcpy(out, head, sizeof head);
	return 33;
}

static void
test_v2_hello(void **state)
{
	struct talk t = { .turns = 0 };
	struct session s;

	(void)state;
	clear_wires();
	client_wire.len = make_v2_hello(client_wire.bytes);
	add_server_hello(&server_wire, 0x0301, false);
	add_certificate(&server_wire, NULL, 1);
	add_turn(&t, CLIENT, &client_wire);
	add_turn(&t, SERVER, &server_wire);
	session_open(&s, &LIMITS);
	say_all(&s, &t);
	assert_true(says(&s.heard, "client='769' best='769' sni=- alpn=- ja3='' ja4='' text=-"));
	assert_int_equal(s.heard.certificates, 1);
	assert_false(s.wanted);
	check_slicings(&t, s.heard.text);
	session_close(&s);
}

static enum guess
guess(const void *bytes, size_t len)
{
	return tls_row.guess(span_of(bytes, len), ORIGINATOR);
}

static void
test_guess(void **state)
{
	struct wire_hello h = example_hello();
	uint8_t v2[33];
	size_t len;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	add_server_hello(&server_wire, 0x0303, false);
	for (len = 0; len <= 5; len++)
		assert_int_equal(guess(client_wire.bytes, len), GUESS_MORE);
	assert_int_equal(guess(client_wire.bytes, 6), GUESS_YES);
	assert_int_equal(guess(server_wire.bytes, server_wire.len), GUESS_YES);
	make_v2_hello(v2);
	for (len = 0; len < 11; len++)
		assert_int_equal(guess(v2, len), GUESS_MORE);
	assert_int_equal(guess(v2, 11), GUESS_YES);
	v2[2] = 4;
	assert_int_equal(guess(v2, 11), GUESS_NO);
	assert_int_equal(guess("GET / HTTP/1.1\r\n", 16), GUESS_NO);
	assert_int_equal(guess("SSH-2.0-x", 9), GUESS_NO);
	assert_int_equal(guess("\026\003\001\100\377\001", 6), GUESS_YES);
	assert_int_equal(guess("\026\003\001\177\377\001", 6), GUESS_NO);
	assert_int_equal(guess("\026\003\001\000\020\013", 6), GUESS_NO);
	assert_int_equal(guess("\026\376\375\000\000\000", 6), GUESS_NO);	/* DTLS */
	assert_int_equal(guess("\027\003\003\001\000", 5), GUESS_YES);
}

/* Through the table of protocols: told by content, and the flow is known as TLS. */
static void
test_a_dialogue_finds_tls(void **state)
{
	struct wire_hello h = example_hello();
	struct heard heard = { .len = 0 };
	struct flow flow = { .midway = false };
	struct stream_piece piece = { .flow = &flow, .ts_ns = 7, .from = ORIGINATOR };
	struct proto *p = proto_new(&LIMITS, hear, &heard);
	struct dialogue *d = dialogue_new(p);
	size_t i;

	(void)state;
	clear_wires();
	add_client_hello(&client_wire, &h);
	for (i = 0; i < client_wire.len; i++) {
		piece.bytes = client_wire.bytes + i;
		piece.offset = i;
		piece.len = 1;
		assert_true(dialogue_piece(d, &piece));
	}
	assert_int_equal(heard.clients, 1);
	assert_int_equal(dialogue_app(d), APP_TLS);
	add_server_hello(&server_wire, 0x0304, false);
	piece.from = RESPONDER;
	piece.offset = 0;
	piece.bytes = server_wire.bytes;
	piece.len = server_wire.len;
	assert_false(dialogue_piece(d, &piece));
	assert_int_equal(heard.servers, 1);
	dialogue_free(d);
	proto_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ja4_is_the_published_one),
		cmocka_unit_test(test_ja4_without_signatures),
		cmocka_unit_test(test_ja3_is_the_published_one),
		cmocka_unit_test(test_ja3_and_ja4_without_extensions),
		cmocka_unit_test(test_grease_alone_is_nothing),
		cmocka_unit_test(test_look_alikes_of_grease_stay),
		cmocka_unit_test(test_ja4_of_odd_alpn),
		cmocka_unit_test(test_counts_stop_at_99),
		cmocka_unit_test(test_empty_extensions),
		cmocka_unit_test(test_tls12_in_every_slicing),
		cmocka_unit_test(test_hashes_of_the_certificate),
		cmocka_unit_test(test_tls13_is_released_at_the_server_hello),
		cmocka_unit_test(test_hello_retry_request),
		cmocka_unit_test(test_second_hello_behind_early_data),
		cmocka_unit_test(test_records_and_messages_do_not_match),
		cmocka_unit_test(test_resumed_session_ends_at_change_cipher),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_one_side_alone),
		cmocka_unit_test(test_sides_exchanged),
		cmocka_unit_test(test_a_gap_ends_its_side_only),
		cmocka_unit_test(test_time_is_of_the_last_piece),
		cmocka_unit_test(test_malformed_certificate),
		cmocka_unit_test(test_damaged_certificates),
		cmocka_unit_test(test_empty_certificate_list),
		cmocka_unit_test(test_huge_hello_up_to_the_limit),
		cmocka_unit_test(test_no_room_for_texts),
		cmocka_unit_test(test_endless_handshake),
		cmocka_unit_test(test_hello_whose_lengths_lie),
		cmocka_unit_test(test_v2_hello),
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_a_dialogue_finds_tls),
	};

	tls_warm_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
