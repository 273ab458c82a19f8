#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lateral_wire.h"
#include "proto/der.h"
#include "proto/ntlm/ntlm.h"
#include "proto/ntlm/spnego.h"
#include "proto/utf16.h"

static void
test_challenge(void **state)
{
	struct wire w = { 0 };
	struct ntlm n;

	(void)state;
	wire_challenge(&w, "FIRE", "BELL", "bell.fire.example");
	assert_true(ntlm_read(span_of(w.bytes, w.len), &n));
	assert_int_equal(n.kind, NTLM_CHALLENGE);
	assert_string_equal(n.target, "FIRE");
	assert_string_equal(n.computer, "BELL");
	assert_string_equal(n.dns_computer, "bell.fire.example");
	assert_string_equal(n.dns_domain, "");
}

static void
test_authenticate(void **state)
{
	struct wire w = { 0 };
	struct ntlm n;

	(void)state;
	wire_authenticate(&w, "ringer", "FIRE", "TOWER-3", 24);
	assert_true(ntlm_read(span_of(w.bytes, w.len), &n));
	assert_int_equal(n.kind, NTLM_AUTHENTICATE);
	assert_string_equal(n.user, "ringer");
	assert_string_equal(n.domain, "FIRE");
	assert_string_equal(n.workstation, "TOWER-3");
	assert_false(n.anonymous);
}

static void
test_anonymous(void **state)
{
	struct wire w = { 0 };
	struct ntlm n;

	(void)state;
	wire_authenticate(&w, "", "", "TOWER-3", 0);
	assert_true(ntlm_read(span_of(w.bytes, w.len), &n));
	assert_true(n.anonymous);
}

/* Every text begins where its field says: beyond the end there is none, whatever the length. */
static void
test_cut_and_bent(void **state)
{
	struct wire w = { 0 };
	struct ntlm n;
	uint8_t *copy;
	size_t cut, at;

	(void)state;
	wire_authenticate(&w, "ringer", "FIRE", "TOWER-3", 24);
	for (cut = 0; cut < w.len; cut++) {
		copy = malloc(cut + 1);
		memcpy(copy, w.bytes, cut);
		assert_int_equal(ntlm_read(span_of(copy, cut), &n), cut >= 12);
		free(copy);
	}
	for (at = 12; at < 64; at++) {
		w.bytes[at] ^= 0xff;
		ntlm_read(span_of(w.bytes, w.len), &n);
		w.bytes[at] ^= 0xff;
	}
	w.bytes[8] = 4;
	assert_false(ntlm_read(span_of(w.bytes, w.len), &n));
	w.bytes[8] = 3;
	w.bytes[0] = 'n';
	assert_false(ntlm_read(span_of(w.bytes, w.len), &n));
}

static void
test_long_texts_are_cut_whole(void **state)
{
	char long_name[400], to[8];
	struct wire w = { 0 };
	struct ntlm n;

	(void)state;
	memset(long_name, 'x', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	wire_authenticate(&w, long_name, "FIRE", "TOWER-3", 24);
	assert_true(ntlm_read(span_of(w.bytes, w.len), &n));
	assert_int_equal(strlen(n.user), NTLM_TEXT_BYTES - 1);
	/* A bell of three bytes, a face of four, half a pair, an end. */
	assert_int_equal(utf16_read(span_of("\x5a\x53\x3d\xd8\x00\xde", 6), to, sizeof to), 7);
	assert_memory_equal(to, "\xe5\x8d\x9a\xf0\x9f\x98\x80", 8);
	assert_int_equal(utf16_read(span_of("\x5a\x53\x3d\xd8\x00\xde", 6), to, 7), 3);
	assert_int_equal(utf16_read(span_of("\x3d\xd8", 2), to, sizeof to), 3);
	assert_memory_equal(to, "\xef\xbf\xbd", 4);
	assert_int_equal(utf16_read(span_of("a\0\0\0b\0", 6), to, sizeof to), 1);
}

static void
test_token_in_its_wrappings(void **state)
{
	struct wire w = { 0 }, inner = { 0 };
	struct span token;
	size_t cut;

	(void)state;
	wire_negotiate_token(&inner);
	assert_int_equal(spnego_find(span_of(inner.bytes, inner.len), &token), TOKEN_NTLM);
	wire_spnego_init(&w, &inner);
	assert_int_equal(spnego_find(span_of(w.bytes, w.len), &token), TOKEN_NTLM);
	assert_int_equal(token.left, inner.len);
	w.len = 0;
	wire_spnego_answer(&w, &inner);
	assert_int_equal(spnego_find(span_of(w.bytes, w.len), &token), TOKEN_NTLM);
	for (cut = 0; cut < w.len; cut++) {
		uint8_t *copy = malloc(cut + 1);

		memcpy(copy, w.bytes, cut);
		spnego_find(span_of(copy, cut), &token);
		free(copy);
	}
	assert_int_equal(spnego_find(span_of("\x60\x84\xff\xff\xff\xff\x06\x7f", 8), &token), TOKEN_NONE);
}

static void
test_der(void **state)
{
	struct span in, body;
	uint32_t n;
	uint8_t tag;

	(void)state;
	in = span_of("\x02\x01\x05\x02\x05\x00\xff\xff\xff\xff", 10);
	assert_true(der_number(&in, DER_INTEGER, &n));
	assert_int_equal(n, 5);
	assert_true(der_number(&in, DER_INTEGER, &n));
	assert_int_equal(n, 0xffffffffU);
	assert_int_equal(in.left, 0);
	in = span_of("\x02\x01\x80", 3);	/* negative */
	assert_false(der_number(&in, DER_INTEGER, &n));
	assert_int_equal(in.left, 3);
	in = span_of("\x30\x80\x02\x01\x05\x00\x00", 7);	/* no length told */
	assert_false(der_next(&in, &tag, &body));
	in = span_of("\x1f\x81\x01\x00", 4);	/* a tag of several bytes */
	assert_false(der_next(&in, &tag, &body));
	in = span_of("\x30\x84\x00\x00\x00\x03\x01", 7);	/* cut off */
	assert_false(der_take(&in, DER_SEQUENCE, &body));
	assert_true(der_enter(&in, DER_SEQUENCE, &body));
	assert_int_equal(body.left, 1);
	in = span_of("\x80\x00\x81\x00\x82\x01\x09", 7);
	assert_false(der_find(&in, 0x82, 2, &body));
	in = span_of("\x80\x00\x81\x00\x82\x01\x09", 7);
	assert_true(der_find(&in, 0x82, 3, &body));
	assert_int_equal(body.at[0], 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_authenticate),
		cmocka_unit_test(test_anonymous),
		cmocka_unit_test(test_cut_and_bent),
		cmocka_unit_test(test_long_texts_are_cut_whole),
		cmocka_unit_test(test_token_in_its_wrappings),
		cmocka_unit_test(test_der),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
