/* Header fields, transfer encodings and lines, as mails have them and as nobody should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/text/coding.h"
#include "proto/text/line.h"
#include "proto/text/sasl.h"
#include "proto/text/words.h"

static struct charsets *charsets;

static int
make_charsets(void **state)
{
	(void)state;
	charsets_warm_up();
	return (charsets = charsets_new()) == NULL;
}

static int
free_charsets(void **state)
{
	(void)state;
	charsets_free(charsets);
	return 0;
}

static void
assert_text(const struct words_text *t, const char *expected)
{
	char text[WORDS_TEXT_BYTES + 1];

	if (expected == NULL) {
		assert_false(t->there);
		return;
	}
	assert_true(t->there);
	memcpy(text, t->at, t->used);
	text[t->used] = '\0';
	assert_string_equal(text, expected);
}

/* At its exact size, so that a sanitizer sees the first byte too far. */
static struct span
exact(const char *text, uint8_t **copy)
{
	size_t len = strlen(text);

	*copy = malloc(len == 0 ? 1 : len);
	assert_non_null(*copy);
	memcpy(*copy, text, len);
	return span_of(*copy, len);
}

static void
test_encoded_words(void **state)
{
	static const struct { const char *text, *expected; } cases[] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "=?utf-8?Q?a_b=3Fc?=", "a b?c" },
		{ "=?UTF-8?B?44GC?= =?UTF-8?B?44GE?=", "あい" },
		{ "=?UTF-8?B?44GC?=\r\n\t=?UTF-8?B?44GE?=", "あい" },
		{ "=?UTF-8?B?44GC?= x =?UTF-8?B?44GE?=", "あ x い" },
		{ "x =?UTF-8?B?44GC?= y", "x あ y" },
		/* Cut in the middle of a character. */
		{ "=?UTF-8?B?44E=?= =?UTF-8?B?gg==?=", "あ" },
		{ "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本" },
		{ "=?Shift_JIS?B?k/qWew==?=", "日本" },
		{ "=?iso-8859-1?q?gr=FC=DFe?=", "grüße" },
		{ "=?us-ascii*en?Q?hello?=", "hello" },
		/* Another charset behind it: what was held is written first. */
		{ "=?iso-8859-1?q?=FC?= =?utf-8?q?=C3=9F?=", "üß" },
		/* Broken: as it stands, or with U+FFFD for what is no character. */
		{ "=?utf-8?X?abc?=", "=?utf-8?X?abc?=" },
		{ "=?utf-8?Q?abc", "=?utf-8?Q?abc" },
		{ "=?utf-8?Q?abc?", "=?utf-8?Q?abc?" },
		{ "=?", "=?" },
		{ "=?utf-8?Q?=FFx?=", "\xef\xbf\xbdx" },
		{ "=?utf-8?Q?=ED=A0=80?=", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "=?x-nobody?Q?raw=21?=", "raw!" },
		{ "folded\r\n line", "folded line" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct words_text t = { .used = 0 };
		uint8_t *copy;

		words_decode(charsets, exact(cases[i].text, &copy), &t);
		assert_text(&t, cases[i].expected);
		free(copy);
	}
}

/* Much longer than there is room, in words whose characters would be cut. */
static void
test_long_words(void **state)
{
	enum { BYTES = 65536 };
	static const char word[] = "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?= ";
	char *text = malloc(BYTES + sizeof word);
	struct words_text t = { .used = 0 };
	size_t used = 0;

	(void)state;
	assert_non_null(text);
	while (used < BYTES) {
		memcpy(text + used, word, sizeof word - 1);
		used += sizeof word - 1;
	}
	words_decode(charsets, span_of(text, used - 1), &t);
	assert_in_range(t.used, 6, WORDS_TEXT_BYTES);
	assert_int_equal(t.used % 3, 0);
	free(text);
}

static void
test_addresses(void **state)
{
	static const struct { const char *field, *name, *address; } cases[] = {
		{ "a@b.test", NULL, "a@b.test" },
		{ " <a@b.test>", NULL, "a@b.test" },
		{ "Name <a@b.test>", "Name", "a@b.test" },
		{ "\"Name, with comma\" <a@b>", "Name, with comma", "a@b" },
		{ "\"a \\\"quoted\\\" name\" <a@b>", "a \"quoted\" name", "a@b" },
		{ "Last, First <a@b>", "Last, First", "a@b" },
		{ "a@b (The Name)", "The Name", "a@b" },
		{ "(c (nested)) Name (x) <a@b> (y)", "Name", "a@b" },
		{ "Group: One <one@b>, two@b;", "One", "one@b" },
		{ "Group:;", NULL, NULL },
		{ "a@b, c@d", NULL, "a@b" },
		{ "=?UTF-8?B?44GC?= <a@b>", "あ", "a@b" },
		{ "\"=?UTF-8?B?44GC?=\" <a@b>", "あ", "a@b" },
		{ "ceo@good.test <evil@bad.test>", "ceo@good.test", "evil@bad.test" },
		{ "Name <a@b", "Name", "a@b" },
		{ "<>", NULL, "" },
		{ "", NULL, NULL },
		{ "((((((", "(((((", NULL },
		{ "\"unclosed", NULL, "unclosed" },
		{ "\"end\\", NULL, "end\\" },
	};
	struct words_text name, address;
	uint8_t *copy;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		words_address(charsets, exact(cases[i].field, &copy), &name, &address);
		assert_text(&name, cases[i].name);
		assert_text(&address, cases[i].address);
		free(copy);
	}
}

static void
test_parameters(void **state)
{
	static const struct { const char *field, *expected; } cases[] = {
		{ "text/plain", NULL },
		{ "text/plain; name=a.txt", "a.txt" },
		{ "text/plain; NAME = \"a;b.txt\" ; x=y", "a;b.txt" },
		{ "text/plain;\r\n\tname=\"a \\\"b\\\".txt\"", "a \"b\".txt" },
		{ "text/plain; (c; name=no) name=yes", "yes" },
		{ "text/plain; filename=no", NULL },
		{ "a/b; name*=utf-8'de'%C3%A4.txt; name=plain", "ä.txt" },
		{ "a/b; name*=iso-8859-1''%E4.txt", "ä.txt" },
		{ "a/b; name*0=long; name*1=\"er.\"; name*2=txt", "longer.txt" },
		{ "a/b; name*1*=%20b; name*0*=utf-8''a; name*2=%20", "a b%20" },
		{ "a/b; name=\"=?UTF-8?B?44GC?=.exe\"", "あ.exe" },
		{ "a/b; name*=nothing%zz%4", "nothing%zz%4" },
		{ "a/b; name=", "" },
		{ "a/b; name", NULL },
		{ "a/b; name=\"open", "open" },
		{ ";;;;name=x", "x" },
	};
	struct words_text t;
	uint8_t *copy;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		words_parameter(charsets, exact(cases[i].field, &copy), "name", &t);
		assert_text(&t, cases[i].expected);
		free(copy);
	}
}

/* Decode `in` in pieces of `step` bytes. */
static size_t
decode(enum coding_kind kind, const char *in, size_t step, uint8_t *to, size_t room)
{
	struct coding c = { .kind = kind };
	size_t used = 0, at, len = strlen(in);
	struct span part;

	for (at = 0; at < len; at += step) {
		part = span_of(in + at, step < len - at ? step : len - at);
		used += coding_decode(&c, &part, to + used, room - used);
		assert_int_equal(part.left, 0);
	}
	return used;
}

static void
test_codings(void **state)
{
	static const struct { enum coding_kind kind; const char *in, *out; } cases[] = {
		{ CODING_BASE64, "aGVsbG8=", "hello" },
		{ CODING_BASE64, "aGVs\r\nbG8", "hello" },
		{ CODING_BASE64, "aGVsbA==bG8=", "helllo" },
		{ CODING_BASE64, "*a G!V\tsbG8=", "hello" },
		{ CODING_QUOTED, "a=3Db", "a=b" },
		{ CODING_QUOTED, "a=\r\nb=\nc", "abc" },
		{ CODING_QUOTED, "a=XYb", "a=XYb" },
		{ CODING_QUOTED, "a=4=34", "a=44" },
		{ CODING_QUOTED, "==3d", "==" },
		{ CODING_QUOTED, "=a\xff=\r=0a", "=a\xff=\r\n" },
		{ CODING_NONE, "=3d", "=3d" },
	};
	uint8_t out[64];
	size_t i, step, used;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (step = 1; step < 16; step++) {
			used = decode(cases[i].kind, cases[i].in, step, out, sizeof out);
			assert_int_equal(used, strlen(cases[i].out));
			assert_memory_equal(out, cases[i].out, used);
		}
	}
}

static void
test_long_lines(void **state)
{
	enum { BYTES = 65536 };
	struct bytes_ceiling c = { .most = 4096 };
	struct line_reader l = { .cut = false };
	char *text = malloc(BYTES);
	struct span in, line;
	size_t step;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', BYTES);
	memcpy(text + BYTES - 5, "\r\nb\r\n", 5);
	for (step = 1; step <= BYTES; step *= 16) {
		unsigned lines = 0;
		size_t at;

		for (at = 0; at < BYTES; at += step) {
			in = span_of(text + at, step < BYTES - at ? step : BYTES - at);
			while (line_next(&l, &c, &in, &line)) {
				assert_int_equal(line.left, lines == 0 ? LINE_MOST_BYTES : 1);
				assert_int_equal(l.cut, lines == 0);
				lines++;
			}
		}
		assert_int_equal(lines, 2);
	}
	line_clear(&l, &c);
	assert_int_equal(c.held, 0);
	free(text);
}

static void
test_users(void **state)
{
	static const struct { const char *mechanism, *first, *second, *user; } cases[] = {
		{ "PLAIN", "AHVzZXIAc2VjcmV0", NULL, "user" },
		{ "plain", "dXNlcgAAc2VjcmV0", NULL, "user" },
		{ "LOGIN", "dXNlcg==", "c2VjcmV0", "user" },
		{ "CRAM-MD5", "YSBiIDAxMjM=", NULL, "a b" },
		{ "XOAUTH2", "dXNlcj1hQGIBYXV0aD1CZWFyZXIgeAEB", NULL, "a@b" },
		{ "SCRAM-SHA-256", "biwsbj11c2VyLHI9bm9uY2U=", NULL, "user" },
		{ "NTLM", "TlRMTVNTUAAB", NULL, NULL },
		{ "X-NOBODY", "dXNlcg==", NULL, NULL },
		{ "PLAIN", "*", NULL, NULL },
		{ "PLAIN", "dXNlcg==", NULL, NULL },
	};
	struct sasl s;
	struct span user;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		sasl_begin(&s, span_text(cases[i].mechanism));
		assert_false(sasl_complete(&s));
		sasl_response(&s, span_text(cases[i].first));
		if (cases[i].second != NULL)
			sasl_response(&s, span_text(cases[i].second));
		user = sasl_user(&s);
		if (cases[i].user == NULL)
			assert_null(user.at);
		else
			assert_true(span_equal(user, span_text(cases[i].user)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encoded_words),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_codings),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, make_charsets, free_charsets);
}
