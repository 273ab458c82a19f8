/* Hellos that were described before: what is told of one is the same whatever was heard before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/tls/tls_describe.h"
#include "proto/tls/tls_repeat.h"
#include "tls_wire.h"

enum { ROOM = 262144, MESSAGE_HEADER = 4, VARIANTS = 13 };

static const unsigned ciphers[] = { 0x1a1a, 0x1301, 0xc02b, 0x00ff, WIRE_END }, fewer[] = { 0x2a2a, 0x1301, 0xc02b, WIRE_END };
static const unsigned types[] = { 0x3a3a, 0, 10, 11, 13, 16, 43, 51, WIRE_END }, others[] = { 0, 10, 13, 11, 16, 43, 51, WIRE_END };
static const unsigned nameless[] = { 10, 11, 13, 16, 43, 51, WIRE_END }, no_names[] = { 0, 10, 11, 13, 43, 51, WIRE_END };
static const unsigned groups[] = { 29, 23, WIRE_END }, group[] = { 29, WIRE_END };
static const unsigned signatures[] = { 0x0403, 0x0804, WIRE_END }, signature[] = { 0x0403, WIRE_END };
static const unsigned versions[] = { 0x4a4a, 0x0304, 0x0303, WIRE_END }, version[] = { 0x0303, WIRE_END };

/* The same hello, but for one thing in each. */
static struct wire_hello
variant(unsigned n)
{
	struct wire_hello h = { .version = 0x0303, .ciphers = ciphers, .extensions = types, .groups = groups, .signatures = signatures,
	    .versions = versions, .sni = "one.example", .alpn = (const uint8_t *)"\x02h2\x08http/1.1", .alpn_len = 12,
	    .formats = (const uint8_t *)"\0\1", .formats_len = 2, .padding = 32 };

	switch (n) {
	case 1: h.version = 0x0302; break;
	case 2: h.ciphers = fewer; break;
	case 3: h.extensions = others; break;
	case 4: h.extensions = nameless; break;
	case 5: h.extensions = no_names; break;
	case 6: h.groups = group; break;
	case 7: h.signatures = signature; break;
	case 8: h.versions = version; break;
	case 9: h.alpn_len = 3; break;
	case 10: h.alpn_len = 0; break;
	case 11: h.formats_len = 1; break;
	case 12: h.padding = 4000; break;	/* says nothing, but takes room */
	}
	return h;
}

static bool
is_same_span(struct span a, struct span b)
{
	return (a.at == NULL) == (b.at == NULL) && span_equal(a, b);
}

static void
check_same(const struct tls_client *a, const struct tls_client *b)
{
	assert_string_equal(a->ja3, b->ja3);
	assert_string_equal(a->ja4, b->ja4);
	assert_true(is_same_span(a->ja3_text, b->ja3_text));
	assert_true(is_same_span(a->alpn, b->alpn));
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->best_version, b->best_version);
}

static void
describe(struct tls_tools *tools, unsigned n, char transport, struct tls_client *out, struct arena *texts)
{
	struct wire_hello h = variant(n);
	struct tls_scratch s = { .tools = tools };
	static struct wire w;

	w.len = 0;
	wire_client_hello(&w, &h);
	memset(out, 0, sizeof *out);
	arena_init(&s.arena, ROOM);
	assert_int_equal(tls_describe_client(&s, span_of(w.bytes + MESSAGE_HEADER, w.len - MESSAGE_HEADER), transport, out),
	    TLS_DESCRIBED);
	out->sni = span_of(NULL, 0);
	*texts = s.arena;
}

static void
test_whatever_came_before(void **state)
{
	struct tls_tools *old = tls_tools_new(), *fresh;
	struct arena new_texts, old_texts;
	struct tls_client a, b;
	unsigned i;

	(void)state;
	for (i = 0; i < 6 * VARIANTS * 2; i++) {
		fresh = tls_tools_new();
		describe(fresh, i * 5 % VARIANTS, i % 2 == 0 ? 't' : 'q', &a, &new_texts);
		describe(old, i * 5 % VARIANTS, i % 2 == 0 ? 't' : 'q', &b, &old_texts);
		check_same(&a, &b);
		assert_int_equal(b.ja4[0], i % 2 == 0 ? 't' : 'q');
		arena_clear(&new_texts);
		arena_clear(&old_texts);
		tls_tools_free(fresh);
	}
	/* Again and again the same: in the end nothing is formed any more. */
	for (i = 0; i < 8; i++) {
		describe(old, 0, 't', &b, &old_texts);
		assert_true(i < 7 || old_texts.blocks == NULL);
		arena_clear(&old_texts);
	}
	tls_tools_free(old);
}

/* What is refused for want of room is refused, too, when its texts are known. */
static void
test_no_room(void **state)
{
	struct tls_tools *tools = tls_tools_new();
	struct wire_hello h = variant(0);
	struct tls_scratch s = { .tools = tools };
	struct arena texts;
	struct tls_client out;
	static struct wire w;

	(void)state;
	describe(tools, 0, 't', &out, &texts);
	arena_clear(&texts);
	wire_client_hello(&w, &h);
	arena_init(&s.arena, 64);
	assert_int_equal(tls_describe_client(&s, span_of(w.bytes + MESSAGE_HEADER, w.len - MESSAGE_HEADER), 't', &out), TLS_NO_ROOM);
	arena_clear(&s.arena);
	tls_tools_free(tools);
}

static struct tls_said
said(unsigned n)
{
	struct tls_server_hello h = { .legacy_version = 0x0303, .cipher = (uint16_t)n };
	struct tls_said s;

	tls_said_server(&s, &h);
	return s;
}

/* Who never says anything twice drives nobody out who does. */
static void
test_who_comes_again_stays(void **state)
{
	struct tls_repeats *r = tls_repeats_new();
	struct tls_server one = { .ja3s = "one", .ja3s_text = span_text("771,1,") }, other = { .ja3s = "other" }, out;
	struct tls_said s = said(1), next;
	unsigned n, known = 0;

	(void)state;
	tls_repeats_keep_server(r, &s, &one);
	for (n = 2; n < 60000; n++) {
		if (n % 3 == 0) {
			memset(&out, 0, sizeof out);
			assert_true(tls_repeats_server(r, &s, &out));
			assert_string_equal(out.ja3s, "one");
			assert_true(span_equal(out.ja3s_text, span_text("771,1,")));
			assert_null(out.alpn.at);
		}
		next = said(n);
		tls_repeats_keep_server(r, &next, &other);
	}
	for (n = 2; n < 60000; n++) {
		next = said(n);
		known += tls_repeats_server(r, &next, &out);
	}
	assert_in_range(known, 1, TLS_REPEATS - 1);
	tls_repeats_free(r);
}

static void
test_too_much_is_not_kept(void **state)
{
	static uint8_t many[TLS_SAID_BYTES], text[TLS_REPEAT_TEXT_BYTES + 1];
	struct tls_client_hello h = { .ciphers = span_of(many, sizeof many) };
	struct tls_repeats *r = tls_repeats_new();
	struct tls_server server = { .ja3s_text = span_of(text, sizeof text) };
	struct tls_client client = { .version = 1 };
	struct tls_said s;

	(void)state;
	tls_said_client(&s, 't', &h);
	assert_true(s.full);
	tls_repeats_keep_client(r, &s, &client);
	assert_false(tls_repeats_client(r, &s, &client));
	h.ciphers.left = 0;
	h.alpn = span_of(many, sizeof many);
	tls_said_client(&s, 't', &h);
	assert_true(s.full);
	h.alpn.left = sizeof many - 64;
	tls_said_client(&s, 't', &h);
	assert_false(s.full);
	s = said(7);
	tls_repeats_keep_server(r, &s, &server);
	assert_false(tls_repeats_server(r, &s, &server));
	server.ja3s_text.left--;
	tls_repeats_keep_server(r, &s, &server);
	assert_true(tls_repeats_server(r, &s, &server));
	tls_repeats_free(r);
	tls_repeats_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whatever_came_before),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_who_comes_again_stays),
		cmocka_unit_test(test_too_much_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
