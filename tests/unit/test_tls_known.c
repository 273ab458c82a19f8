/* Certificates and texts that were read before: the same comes out, in memory of its own, within the ceiling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/tls/tls_known.h"
#include "proto/tls/tls_tools.h"

static struct tls_certificate
make(unsigned n, char *subject, size_t size)
{
	struct tls_certificate c;

	memset(&c, 0, sizeof c);
	snprintf(c.sha1, sizeof c.sha1, "%040x", n);
	snprintf(c.sha256, sizeof c.sha256, "%064x", n);
	snprintf(subject, size, "CN=host%u", n);
	c.subject = span_text(subject);
	c.serial = span_text("");
	c.not_before_ns = n;
	c.chain = 3;
	c.sni = span_text("asked.example");
	return c;
}

static bool
find(const struct tls_known *k, unsigned n, struct tls_certificate *out)
{
	memset(out, 0, sizeof *out);
	out->chain = 7;
	snprintf(out->sha256, sizeof out->sha256, "%064x", n);
	return tls_known_find(k, out);
}

static void
test_the_same_comes_back(void **state)
{
	struct tls_known *k = tls_known_new();
	struct tls_certificate c, out;
	char subject[32];

	(void)state;
	c = make(5, subject, sizeof subject);
	tls_known_add(k, &c);
	memset(subject, 'x', sizeof subject);
	assert_true(find(k, 5, &out));
	assert_true(span_equal(out.subject, span_text("CN=host5")));
	assert_string_equal(out.sha1, c.sha1);
	assert_int_equal(out.not_before_ns, 5);
	assert_non_null(out.serial.at);
	assert_int_equal(out.serial.left, 0);
	assert_null(out.issuer.at);
	/* What the handshake says and not the certificate. */
	assert_int_equal(out.chain, 7);
	assert_null(out.sni.at);
	assert_false(find(k, 6, &out));
	assert_int_equal(out.chain, 7);
	tls_known_free(k);
}

static void
test_what_is_not_kept(void **state)
{
	struct tls_known *k = tls_known_new();
	static char names[TLS_KNOWN_TEXT_BYTES + 1];
	struct tls_certificate c, out;
	char subject[32];

	(void)state;
	c = make(1, subject, sizeof subject);
	c.names = span_of(names, sizeof names);
	tls_known_add(k, &c);
	assert_false(find(k, 1, &out));
	c = make(2, subject, sizeof subject);
	c.sha256[0] = '\0';
	tls_known_add(k, &c);
	memset(&out, 0, sizeof out);
	assert_false(tls_known_find(k, &out));
	tls_known_free(k);
}

static void
test_the_ceiling(void **state)
{
	struct tls_known *k = tls_known_new();
	struct tls_certificate c, out;
	char subject[32];
	unsigned n, found = 0;

	(void)state;
	for (n = 0; n < 8 * TLS_KNOWN_MOST; n++) {
		c = make(n, subject, sizeof subject);
		tls_known_add(k, &c);
		assert_true(find(k, n, &out));
	}
	for (n = 0; n < 8 * TLS_KNOWN_MOST; n++) {
		if (!find(k, n, &out))
			continue;
		snprintf(subject, sizeof subject, "CN=host%u", n);
		assert_true(span_equal(out.subject, span_text(subject)));
		found++;
	}
	assert_in_range(found, 1, TLS_KNOWN_MOST);
	tls_known_free(k);
}

/* Many more texts than places, and longer ones than have room: always the text's own hash. */
static void
test_texts(void **state)
{
	struct tls_tools *t = tls_tools_new();
	char text[1024], once[65], again[65];
	unsigned n, round;
	size_t digits;

	(void)state;
	assert_non_null(t);
	memset(text, '1', sizeof text);
	for (round = 0; round < 2; round++) {
		for (n = 0; n < 600; n++) {
			text[n / 2] = (char)('0' + n % 10);
			digits = n % 3 == 0 ? 12 : 32;
			assert_true(tls_hash(t, n % TLS_DIGESTS, span_of(text, n), once, digits));
			assert_int_equal(strlen(once), digits);
			assert_true(tls_hash_text(t, n % TLS_DIGESTS, span_of(text, n), again, digits));
			assert_string_equal(once, again);
			assert_true(tls_hash_text(t, n % TLS_DIGESTS, span_of(text, n), again, digits));
			assert_string_equal(once, again);
		}
	}
	assert_true(tls_hash_text(t, TLS_MD5, span_text("abc"), once, 32));
	assert_string_equal(once, "900150983cd24fb0d6963f7d28e17f72");
	assert_true(tls_hash_text(t, TLS_SHA1, span_text("abc"), once, 40));
	assert_string_equal(once, "a9993e364706816aba3e25717850c26c9cd0d89d");
	tls_tools_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_comes_back),
		cmocka_unit_test(test_what_is_not_kept),
		cmocka_unit_test(test_the_ceiling),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
