/* The pieces below the reader; the reader itself is tried by tests/talks/http. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/http/head.h"
#include "proto/http/http.h"
#include "proto/http/outstanding.h"

static enum guess
guess(const char *text)
{
	return http_guess(span_text(text), ORIGINATOR);
}

static void
test_guess(void **state)
{
	static const char long_line[] = "GET /";
	char line[HTTP_GUESS_BYTES + 1];

	(void)state;
	assert_int_equal(guess(""), GUESS_MORE);
	assert_int_equal(guess("G"), GUESS_MORE);
	assert_int_equal(guess("GET "), GUESS_MORE);
	assert_int_equal(guess("GET / HTTP/1.1"), GUESS_MORE);
	assert_int_equal(guess("GET / HTTP/1.1\n"), GUESS_YES);
	assert_int_equal(guess("\r\n\r\nGET / HTTP/1.0\r\n"), GUESS_YES);
	assert_int_equal(guess("x!y /a HTTP/1.1\r\n"), GUESS_YES);
	assert_int_equal(guess("HTTP/1.1 200 OK"), GUESS_YES);
	assert_int_equal(guess("HTTP/1.1 200"), GUESS_MORE);
	assert_int_equal(guess("HTTP/1.1 2000"), GUESS_NO);
	assert_int_equal(guess("HTTP/2.0 200 OK"), GUESS_NO);
	assert_int_equal(guess("PRI * HTTP/2.0\r\n"), GUESS_NO);
	assert_int_equal(guess("GET /\r\n"), GUESS_NO);
	assert_int_equal(guess("GET HTTP/1.1\r\n"), GUESS_NO);
	assert_int_equal(guess("G\x01T / HTTP/1.1\r\n"), GUESS_NO);
	assert_int_equal(guess("GET /\x01"), GUESS_NO);
	assert_int_equal(guess("EHLO mail.test\r\n"), GUESS_NO);
	assert_int_equal(guess("\x16\x03\x01"), GUESS_NO);
	assert_int_equal(guess(" GET / HTTP/1.1\r\n"), GUESS_NO);
	memset(line, 'a', sizeof line);
	line[sizeof line - 1] = '\0';
	assert_int_equal(guess(line), GUESS_NO);
	memcpy(line, long_line, sizeof long_line - 1);
	assert_int_equal(guess(line), GUESS_YES);
	line[sizeof line - 2] = '\0';
	assert_int_equal(guess(line), GUESS_MORE);
	line[4] = 'x';
	line[sizeof line - 2] = 'a';
	assert_int_equal(guess(line), GUESS_NO);
}

static void
test_scan_any_slicing(void **state)
{
	static const char block[] = "GET / HTTP/1.1\r\nA: b\r\n c\n\r\nrest";
	size_t at, used, total;
	struct http_scan scan;
	bool whole;

	(void)state;
	for (at = 0; at < sizeof block; at++) {
		memset(&scan, 0, sizeof scan);
		whole = http_scan(&scan, span_of(block, at), &used);
		total = used;
		if (!whole) {
			assert_int_equal(used, at);
			whole = http_scan(&scan, span_of(block + at, sizeof block - 1 - at), &used);
			total += used;
		}
		assert_true(whole);
		assert_true(scan.folded);
		assert_string_equal(block + total, "rest");
	}
}

static void
test_head(void **state)
{
	struct http_head h;
	uint64_t n;

	(void)state;
	assert_true(http_head_read(span_text("GET /a HTTP/1.1 \r\nhOST :x\r\nHost: y\r\nno colon\r\n"
	    "Content-Length: 18446744073709551615\r\n\r\n"), &h));
	assert_false(h.answer);
	assert_true(span_equal(h.field[HTTP_HOST], span_text("x")));
	assert_null(h.field[HTTP_SERVER].at);
	assert_int_equal(http_length(&h, &n), HTTP_LENGTH_BAD);
	assert_true(http_head_read(span_text("HTTP/1.0 404 not there \nServer:\n\n"), &h));
	assert_int_equal(h.status, 404);
	assert_true(span_equal(h.reason, span_text("not there")));
	assert_non_null(h.field[HTTP_SERVER].at);
	assert_int_equal(h.field[HTTP_SERVER].left, 0);
	assert_int_equal(http_length(&h, &n), HTTP_LENGTH_NONE);
	assert_false(http_head_read(span_text("GET /a RTSP/1.0\r\n\r\n"), &h));
	assert_false(http_head_read(span_text("GET /a HTTP/1.1"), &h));
	assert_false(http_head_read(span_text(""), &h));
}

static enum http_length
length_of(const char *fields, uint64_t *n)
{
	struct http_head h;
	char block[200];

	snprintf(block, sizeof block, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", fields);
	assert_true(http_head_read(span_text(block), &h));
	return http_length(&h, n);
}

/* What is taken at once is what http_guess() says yes to. */
static void
test_head_taken_at_once(void **state)
{
	static const char *const others[] = { "GET /a\x01 HTTP/1.1\r\n\r\n", "GET /\x7f HTTP/1.1\r\n\r\n", "HTTP/1.1 200\t\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n" };
	struct http_head h;
	struct span in = span_text("GET /a HTTP/1.1\r\nHost: x\r\n\r\nbody");
	size_t i;

	(void)state;
	assert_true(http_head_take(&in, 1024, &h));
	assert_true(span_equal(in, span_text("body")));
	in = span_text("HTTP/1.1 200\r\n\r\n");
	assert_true(http_head_take(&in, 1024, &h) && h.status == 200);
	for (i = 0; i < sizeof others / sizeof others[0]; i++) {
		in = span_text(others[i]);
		assert_false(http_head_take(&in, 1024, &h));
		assert_true(span_equal(in, span_text(others[i])));
	}
}

static void
test_length(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(length_of("Content-Length: 12", &n), HTTP_LENGTH_COUNTED);
	assert_int_equal(n, 12);
	assert_int_equal(length_of("Content-Length: 12, 12", &n), HTTP_LENGTH_COUNTED);
	assert_int_equal(length_of("Content-Length: 1x", &n), HTTP_LENGTH_BAD);
	assert_int_equal(length_of("Content-Length:", &n), HTTP_LENGTH_BAD);
	assert_int_equal(length_of("Transfer-Encoding: CHUNKED\r\nContent-Length: 1", &n), HTTP_LENGTH_CHUNKED);
	assert_int_equal(n, 0);
	assert_int_equal(length_of("Transfer-Encoding: gzip, chunked", &n), HTTP_LENGTH_CHUNKED);
	assert_int_equal(length_of("Transfer-Encoding: chunked, gzip", &n), HTTP_LENGTH_OPEN);
	assert_int_equal(length_of("Transfer-Encoding: identity\r\nContent-Length: 1", &n), HTTP_LENGTH_COUNTED);
}

static void
check_absolute(const char *target, const char *authority, const char *path)
{
	struct span a, p;

	assert_true(http_absolute(span_text(target), &a, &p));
	assert_true(span_equal(a, span_text(authority)));
	assert_true(span_equal(p, span_text(path)));
}

static void
test_absolute(void **state)
{
	struct span a, p;

	(void)state;
	check_absolute("http://h.test:8/x", "h.test:8", "/x");
	check_absolute("HTTP://h.test", "h.test", "/");
	check_absolute("http://u:p@h.test?q", "h.test", "?q");
	check_absolute("ftp+x://[2001:db8::1]:2/@", "[2001:db8::1]:2", "/@");
	check_absolute("http://", "", "/");
	assert_false(http_absolute(span_text("/http://x/"), &a, &p));
	assert_false(http_absolute(span_text("h.test:443"), &a, &p));
	assert_false(http_absolute(span_text("://x"), &a, &p));
	assert_false(http_absolute(span_text(""), &a, &p));
}

static struct asked
request(uint32_t number, const char *path)
{
	struct asked r;

	memset(&r, 0, sizeof r);
	r.request.number = number;
	r.request.method = span_text("GET");
	r.request.path = span_text(path);
	r.request.connect = number % 2 == 0;
	r.login = number % 3 == 0;
	r.user = number % 3 == 0 ? span_text("ann") : span_of(NULL, 0);
	return r;
}

static void
test_outstanding_order(void **state)
{
	struct bytes_ceiling ceiling = { 0, 65536, NULL };
	struct outstanding o;
	struct asked r;
	char path[20];
	uint32_t i, next = 1;

	(void)state;
	memset(&o, 0, sizeof o);
	for (i = 1; i <= 500; i++) {
		snprintf(path, sizeof path, "/%u", i);
		r = request(i, path);
		assert_int_equal(outstanding_push(&o, &ceiling, &r), 0);
		if (i % 3 == 0)
			continue;	/* sometimes two wait, sometimes more */
		assert_true(outstanding_first(&o, &r));
		assert_int_equal(r.request.number, next);
		snprintf(path, sizeof path, "/%u", next);
		assert_true(span_equal(r.request.path, span_text(path)));
		assert_int_equal(r.request.connect, next % 2 == 0);
		assert_null(r.request.host.at);
		assert_int_equal(r.login, next % 3 == 0);
		assert_int_equal(r.user.left, next % 3 == 0 ? 3 : 0);
		outstanding_drop(&o, &ceiling, 1);
		next++;
		if (o.count > HTTP_OUTSTANDING_MAX - 2) {
			next += o.count;
			outstanding_clear(&o, &ceiling);
		}
	}
	bytes_clear(&o.texts, &ceiling);
	assert_int_equal(ceiling.held, 0);
}

static void
test_outstanding_bounds(void **state)
{
	struct bytes_ceiling ceiling = { 0, 65536, NULL }, tiny = { 0, 300, NULL };
	struct outstanding o;
	struct asked r;
	char path[400];
	unsigned i, forgotten = 0;

	(void)state;
	memset(&o, 0, sizeof o);
	r = request(1, "/");
	for (i = 0; i < HTTP_OUTSTANDING_MAX + 10; i++, r.request.number++)
		forgotten += outstanding_push(&o, &ceiling, &r);
	assert_int_equal(forgotten, 10);
	assert_int_equal(o.count, HTTP_OUTSTANDING_MAX);
	assert_int_equal(outstanding_count(&o), HTTP_OUTSTANDING_MAX + 10);
	assert_true(outstanding_first(&o, &r));
	assert_int_equal(r.request.number, 0);	/* forgotten, but it will be answered */
	outstanding_drop(&o, &ceiling, 10);
	assert_true(outstanding_first(&o, &r));
	assert_int_equal(r.request.number, 11);
	bytes_clear(&o.texts, &ceiling);

	memset(&o, 0, sizeof o);
	r = request(1, "/");
	assert_int_equal(outstanding_push(&o, &tiny, &r), 0);
	memset(path, 'p', sizeof path);
	path[sizeof path - 1] = '\0';
	r = request(2, path);
	assert_int_equal(outstanding_push(&o, &tiny, &r), 1);
	outstanding_drop(&o, &tiny, 1);
	assert_true(outstanding_first(&o, &r));
	assert_int_equal(r.request.number, 2);
	assert_null(r.request.path.at);		/* without its texts */
	assert_true(tiny.held <= tiny.most);
	bytes_clear(&o.texts, &tiny);
}

static void
test_bytes_ceiling(void **state)
{
	struct bytes_ceiling ceiling = { 0, 1000, NULL };
	struct bytes a, b;
	static const uint8_t zeros[900];

	(void)state;
	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	assert_true(bytes_append(&a, &ceiling, span_of(zeros, 900)));
	assert_false(bytes_append(&b, &ceiling, span_of(zeros, 101)));
	assert_true(bytes_append(&b, &ceiling, span_of(zeros, 100)));
	assert_true(ceiling.held <= ceiling.most);
	assert_false(bytes_append(&b, &ceiling, span_of(zeros, 1)));
	assert_int_equal(b.used, 100);
	bytes_clear(&a, &ceiling);
	assert_true(bytes_append(&b, &ceiling, span_of(zeros, 1)));
	bytes_clear(&b, &ceiling);
	assert_int_equal(ceiling.held, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_scan_any_slicing),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_head_taken_at_once),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_outstanding_order),
		cmocka_unit_test(test_outstanding_bounds),
		cmocka_unit_test(test_bytes_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
