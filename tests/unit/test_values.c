/* What is read a million times: addresses, and whether a name is a public suffix. Each as its library has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <libpsl.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/suffix.h"
#include "indicators/name.h"
#include "indicators/value.h"

static void
check_suffix(const char *name)
{
	if (suffix_is_public(name) != (psl_is_public_suffix(psl_builtin(), name) != 0))
		fail_msg("%s", name);
}

static void
test_suffixes(void **state)
{
	static const char *const names[] = { "com", "example", "co.uk", "github.io", "x.github.io", "ck", "a.ck", "www.ck",
		"b.a.ck", "city.kawasaki.jp", "a.kawasaki.jp", "kawasaki.jp", "xn--55qx5d.cn", "a.xn--55qx5d.cn",
		"s3.amazonaws.com", "amazonaws.com", "evil.example", "a.b.c.d.e.f.example" };
	char line[256], below[300];
	unsigned i, count = 0;
	FILE *list;

	(void)state;
	for (i = 0; i < sizeof names / sizeof *names; i++)
		check_suffix(names[i]);
	suffix_prepare();
	for (i = 0; i < sizeof names / sizeof *names; i++)
		check_suffix(names[i]);
	if ((list = fopen("/usr/share/publicsuffix/public_suffix_list.dat", "re")) == NULL)
		return;
	while (fgets(line, sizeof line, list) != NULL) {
		line[strcspn(line, " \r\n")] = '\0';
		if (line[0] == '\0' || line[0] == '/' || line[0] == '!')
			continue;
		check_suffix(line[0] == '*' ? line + 2 : line);
		snprintf(below, sizeof below, "evil.%s", line[0] == '*' ? line + 2 : line);
		check_suffix(below);
		count++;
	}
	fclose(list);
	assert_true(count > 5000);
}

static void
test_addresses(void **state)
{
	static const char *const texts[] = { "0.0.0.0", "255.255.255.255", "1.2.3.4", "01.2.3.4", "1.2.3.04", "00.0.0.0",
		"1.2.3", "1.2.3.4.", ".1.2.3.4", "1..2.3", "1.2.3.256", "1.2.3.999", "1.2.3.4444", "1.2.3.4 ", " 1.2.3.4", "a.2.3.4",
		"1.2.3.4:80", "100.10.9.200", "::", "::1", "::ffff:1.2.3.4", "1.2.3.4::", "1:2:3:4:5:6:7:8", "2001:db8::7", "1:.2",
		":", "fe80::1%eth0", "" };
	char ours[ADDR_TEXT_MAX], theirs[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;
	struct addr a;
	unsigned i;
	bool is;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		is = inet_pton(AF_INET, texts[i], &four) == 1 || inet_pton(AF_INET6, texts[i], &six) == 1;
		if (addr_parse(texts[i], strlen(texts[i]), &a) != is)
			fail_msg("%s", texts[i]);
		if (!is || !addr_is_v4(&a) || strchr(texts[i], ':') != NULL)
			continue;
		inet_ntop(AF_INET, &four, theirs, sizeof theirs);
		assert_string_equal(addr_text(&a, ours), theirs);
	}
	assert_false(addr_parse("1.2.3.4\0", 8, &a));
	assert_false(addr_parse("::1\0", 4, &a));
}

static void
test_names(void **state)
{
	char label[80], text[400], name[NAME_BYTES];
	struct span s;
	size_t n;

	(void)state;
	memset(label, 'a', sizeof label);
	for (n = 1; n < 70; n++) {
		snprintf(text, sizeof text, "%.*s.x%.*s.example", (int)n, label, (int)(n - 1), label);
		s = span_text(text);
		assert_int_equal(name_copy(s, name), n <= 63);
	}
	for (n = 1; n < 130; n++) {	/* "a.a.a." ... "b": 2n + 1 bytes */
		for (text[0] = '\0'; strlen(text) < 2 * n;)
			strcat(text, "a.");
		strcat(text, "b");
		assert_int_equal(name_copy(span_text(text), name), 2 * n + 1 <= NAME_BYTES);
	}
	assert_true(name_copy(span_text("C2_-.Example"), name));
	assert_memory_equal(name, "c2_-.example", 12);
	for (n = 0; n < 256; n++) {
		snprintf(text, sizeof text, "a%cb.example", (char)n);
		s = span_of(text, 11);
		assert_int_equal(name_copy(s, name), n != 0 && strchr("abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", (int)n) != NULL);
	}
	assert_false(name_copy(span_text(""), name));
	assert_false(name_copy(span_text("."), name));
	assert_false(name_copy(span_text("a..b"), name));
	assert_false(name_copy(span_text(".a.b"), name));
	assert_false(name_copy(span_text("a.b."), name));
	assert_false(name_copy(span_text("a.1"), name));
	assert_true(name_copy(span_text("1.a"), name));
}

/* What a value is, told from its bytes: each form at its edges. */
static void
test_forms(void **state)
{
	static const struct {
		const char *text, *is;
	} values[] = {
		{ "192.0.2.7", "ip 192.0.2.7" }, { "192.0.2.7:443", "ip:port 192.0.2.7:443" },
		{ "192.0.2.0/24", "cidr 192.0.2.0/24" }, { "192.0.2.9/32", "ip 192.0.2.9" },
		{ "192.0.2.0/33", "" }, { "192.0.2.256", "" }, { "192.0.2.7:0", "" }, { "192.0.2.7:65536", "" },
		{ "2001:DB8::7", "ip 2001:db8::7" }, { "[2001:db8::7]:80", "ip:port [2001:db8::7]:80" },
		{ "2001:db8::/32", "cidr 2001:db8::/32" }, { "::ffff:192.0.2.7", "ip 192.0.2.7" },
		{ "192[.]0[.]2[.]7", "ip 192.0.2.7" }, { "192.0.2.7[:]443", "ip:port 192.0.2.7:443" },
		{ "C2.Example.net", "domain c2.example.net" }, { "*.c2.example", "domain c2.example" },
		{ "h.example", "domain h.example" }, { "hxxp.example", "domain http.example" },
		{ "c2(.)example", "domain c2.example" }, { "c2.example.", "domain c2.example" },
		{ "1.2.3.4.5", "" }, { "de.ad.be.ef", "domain de.ad.be.ef" }, { "dead.beef:80", "" },
		{ "\xe6\x82\xaa.example", "domain xn--ndu.example" }, { "a b.example", "" },
		{ "hxxps://c2[.]example/x", "url c2.example/x" }, { "c2.example/x?y#z", "url c2.example/x?y" },
		{ "c2.example?x", "url c2.example/?x" }, { "ftp://c2.example/x", "" }, { "http://c2.example", "url c2.example/" },
		{ "http://u@192.0.2.7:8080/x", "url 192.0.2.7:8080/x" }, { "c2.example/(x)[y]", "url c2.example/(x)[y]" },
		{ "0123456789ABCDEF0123456789abcdef", "ja3 0123456789abcdef0123456789abcdef" },
		{ "0123456789abcdef0123456789abcde", "" },
		{ "t13d1516h2_8daaf6152771_b186095e22b6", "ja4 t13d1516h2_8daaf6152771_b186095e22b6" },
		{ "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "cert-sha1 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" },
		{ "0A:1B:2C:3D:4E:5F:60:71:82:93:A4:B5:C6:D7:E8:F9:01:23:45:67",
		  "cert-sha1 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" },
		{ "", "" }, { ":", "" }, { "/", "" }, { "[", "" }, { "?", "" },
	};
	struct value v;
	char is[2100];
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof values / sizeof *values; i++) {
		is[0] = '\0';
		if (value_read(span_text(values[i].text), VALUE_ANY, &v, &why)) {
			snprintf(is, sizeof is, "%s %s", indicator_type_text(v.type), v.text);
			assert_int_equal(v.len, strlen(v.text));
		}
		assert_string_equal(is, values[i].is);
	}
	assert_false(value_read(span_of("c2\0.example", 11), VALUE_ANY, &v, &why));
}

/* Where one bit is another, an address lies in all networks that end before that bit. */
static void
test_networks(void **state)
{
	static const struct addr base = { { 0x20, 0x01, 0x0d, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } };
	struct addr other;
	struct cidr c;
	unsigned bits, bit;

	(void)state;
	for (bits = 0; bits <= 128; bits++) {
		c.base = base;
		c.bits = (uint8_t)bits;
		for (bit = bits; bit < 128; bit++)	/* bits behind the prefix are zero */
			c.base.b[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
		assert_true(cidr_contains(&c, &base));
		for (bit = 0; bit < 128; bit++) {
			other = base;
			other.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
			assert_int_equal(cidr_contains(&c, &other), bit >= bits);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suffixes),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
