/*
 * What must never be an indicator: the shipped list, files, MISP warning lists.
 */
#include "indicators/allow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"
#include "indicators/indicators.h"

static char root[64];

static int
make_folder(void **state)
{
	(void)state;
	snprintf(root, sizeof root, "/tmp/allow-XXXXXX");
	return mkdtemp(root) == NULL || chdir(root) < 0;
}

static int
remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", root);
	return chdir("/") < 0 || system(command) != 0;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* "LIST:LINE REASON" of what allows it at this day, or "". */
static const char *
asked(const struct allow *a, const char *text, const char *day)
{
	static char said[256];
	struct allow_rule rule;
	struct value v;
	const char *why;
	int64_t now_ns;

	assert_true(when_parse(day, strlen(day), 0, &now_ns));
	assert_true(value_parse(span_text(text), VALUE_ANY, &v, &why));
	said[0] = '\0';
	if (allow_value(a, &v, now_ns, &rule))
		snprintf(said, sizeof said, "%s:%u %s", rule.list, rule.line, rule.reason);
	return said;
}

static struct allow *
read_text(const char *text)
{
	struct allow *a = allow_new();
	struct fault fault = { "" };

	write_file("list.txt", text);
	if (allow_add_path(a, "list.txt", &fault) < 0)
		fail_msg("%s", fault.text);
	return a;
}

#define NOW "2026-06-01"

static void
shipped_list(void **state)
{
	struct allow *a = allow_new();
	struct fault fault;

	(void)state;
	assert_int_equal(allow_add_shipped(a, false, &fault), 0);
	assert_non_null(strstr(asked(a, "8.8.8.8", NOW), "public resolver (Google)"));
	assert_non_null(strstr(asked(a, "8.8.8.8:53", NOW), "public resolver (Google)"));
	assert_non_null(strstr(asked(a, "192.168.7.9", NOW), "private"));
	assert_non_null(strstr(asked(a, "10.9.0.0/16", NOW), "private"));
	assert_non_null(strstr(asked(a, "http://10.9.0.1/x", NOW), "private"));
	assert_non_null(strstr(asked(a, "github.com", NOW), "code"));
	assert_string_equal(asked(a, "http://github.com/x", NOW), "");
	assert_string_equal(asked(a, "evil.github.com", NOW), "");
	assert_non_null(strstr(asked(a, "x.dns.google", NOW), "resolver"));
	assert_string_equal(asked(a, "8.8.8.0/24", NOW), "");
	assert_string_equal(asked(a, "8.8.8.9", NOW), "");
	assert_string_equal(asked(a, "192.0.2.7", NOW), "");
	assert_string_equal(asked(a, "c2.example", NOW), "");
	allow_free(a);
	a = allow_new();
	assert_int_equal(allow_add_shipped(a, true, &fault), 0);
	assert_non_null(strstr(asked(a, "192.0.2.7", NOW), "documentation"));
	assert_non_null(strstr(asked(a, "[2001:db8::7]:443", NOW), "documentation"));
	assert_non_null(strstr(asked(a, "c2.example", NOW), "documentation"));
	allow_free(a);
}

static void
own_rules(void **state)
{
	struct allow *a = read_text("# ours\n\naddress 198.51.100.0/25 until=2026-06-30  our scanner\r\n"
	    "address 198.51.100.5  another\ndomain Office.Example  partner # trailing\nname a.example  ours\n"
	    "asn AS64496  ourselves\nsubject \"CN=proxy, O=We\"  our proxy\naddress 2001:db8::/32  ours\n");
	struct allow_rule rule;
	int64_t now_ns = 0;

	(void)state;
	assert_string_equal(asked(a, "198.51.100.7", NOW), "list.txt:3 our scanner");
	assert_string_equal(asked(a, "198.51.100.7", "2026-07-02"), "");
	assert_string_equal(asked(a, "198.51.100.5", NOW), "list.txt:4 another");
	assert_string_equal(asked(a, "198.51.100.0/26", NOW), "list.txt:3 our scanner");
	assert_string_equal(asked(a, "198.51.100.0/24", NOW), "");
	assert_string_equal(asked(a, "198.51.100.128", NOW), "");
	assert_string_equal(asked(a, "x.office.example", NOW), "list.txt:5 partner ");
	assert_string_equal(asked(a, "xoffice.example", NOW), "");
	assert_string_equal(asked(a, "a.example", NOW), "list.txt:6 ours");
	assert_string_equal(asked(a, "b.a.example", NOW), "");
	assert_string_equal(asked(a, "[2001:db8:1::1]:80", NOW), "list.txt:9 ours");
	assert_true(allow_asn(a, 64496, now_ns, &rule));
	assert_int_equal(rule.line, 7);
	assert_false(allow_asn(a, 64497, now_ns, &rule));
	assert_false(allow_asn(a, 0, now_ns, &rule));
	assert_true(allow_subject(a, span_text("CN=proxy, O=We"), now_ns, &rule));
	assert_false(allow_subject(a, span_text("CN=proxy, O=We2"), now_ns, &rule));
	assert_false(allow_subject(a, span_text(""), now_ns, &rule));
	allow_free(a);
}

/* Rules of every length: each says what it holds, whichever address or network is asked for. */
static void
every_length(void **state)
{
	static const struct {
		const char *rule, *in, *beside;
	} one[] = {
		{ "0.0.0.0/0", "203.0.113.9", "2001:db8::1" }, { "::/0", "203.0.113.9", "" }, { "::/0", "2001:db8::1", "" },
		{ "192.0.0.0/3", "223.1.2.3", "160.1.2.3" }, { "16.0.0.0/4", "31.255.0.1", "32.0.0.1" },
		{ "96.0.0.0/8", "96.1.2.3", "97.1.2.3" }, { "198.51.100.0/23", "198.51.101.9", "198.51.102.9" },
		{ "198.51.100.7/32", "198.51.100.7", "198.51.100.6" }, { "198.51.100.0/31", "198.51.100.1", "198.51.100.2" },
		{ "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1" }, { "2001:db8::7", "2001:db8::7", "2001:db8::6" },
		{ "::ffff:0:0/95", "198.51.100.7", "2001:db8::1" },
	};
	char text[128];
	struct allow *a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof one / sizeof *one; i++) {
		snprintf(text, sizeof text, "address %s  why\n", one[i].rule);
		a = read_text(text);
		assert_string_equal(asked(a, one[i].in, NOW), "list.txt:1 why");
		if (one[i].beside[0] != '\0')
			assert_string_equal(asked(a, one[i].beside, NOW), "");
		allow_free(a);
	}
}

static void
every_name(void **state)
{
	struct allow *a = read_text("domain example  last\ndomain b.test  two\ndomain x.y.z.test  more\nname n.m.test  only\n");

	(void)state;
	assert_string_equal(asked(a, "a.example", NOW), "list.txt:1 last");
	assert_string_equal(asked(a, "a.b.test", NOW), "list.txt:2 two");
	assert_string_equal(asked(a, "w.x.y.z.test", NOW), "list.txt:3 more");
	assert_string_equal(asked(a, "y.z.test", NOW), "");
	assert_string_equal(asked(a, "n.m.test", NOW), "list.txt:4 only");
	assert_string_equal(asked(a, "o.n.m.test", NOW), "");
	assert_string_equal(asked(a, "m.test", NOW), "");
	allow_free(a);
}

static void
wrong_rules(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "host x.example  why\n", "list.txt:1: expected address, name, domain, asn or subject" },
		{ "# x\naddress 300.0.0.1  why\n", "list.txt:2: expected an address or a CIDR" },
		{ "address 192.0.2.1\n", "list.txt:1: expected a reason" },
		{ "address\n", "list.txt:1: expected a value" },
		{ "domain x..y  why\n", "list.txt:1: expected a domain name" },
		{ "asn 64x  why\n", "list.txt:1: expected an AS number" },
		{ "name a.example until=soon why\n", "list.txt:1: expected until=" },
		{ "subject \"CN=x  why\n", "list.txt:1: expected a value" },
		{ "{\"type\":\"regex\",\"list\":[]}", "list.txt: expected a MISP warning list" },
		{ "{\"type\":\"cidr\",\"list\":[", "list.txt: expected a MISP warning list" },
	};
	struct fault fault;
	struct allow *a;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof bad / sizeof bad[0]; n++) {
		a = allow_new();
		write_file("list.txt", bad[n].text);
		assert_true(allow_add_path(a, "list.txt", &fault) < 0);
		if (strstr(fault.text, bad[n].says) != fault.text)
			fail_msg("%s\nsays: %s", bad[n].text, fault.text);
		allow_free(a);
	}
	a = allow_new();
	assert_int_equal(allow_add_path(a, "nothing.txt", &fault), SE_USAGE);
	allow_free(a);
}

static void
warning_lists_and_folders(void **state)
{
	struct allow *a = allow_new();
	struct fault fault;

	(void)state;
	mkdir("lists", 0700);
	write_file("lists/1.json", "{\"name\":\"Resolvers\",\"type\":\"cidr\",\"list\":[\"198.51.100.53\",\"203.0.113.0/24\"]}");
	write_file("lists/2.json", "{\"name\":\"Top\",\"type\":\"hostname\",\"list\":[\"big.example\",\".cdn.example\",7]}");
	write_file("lists/3.json", "{\"name\":\"Exact\",\"type\":\"string\",\"list\":[\"one.example\",\"d41d8cd98f00b204\"]}");
	write_file("lists/4.txt", "name four.example  mine\n");
	write_file("lists/.hidden", "nonsense\n");
	if (allow_add_path(a, "lists", &fault) < 0)
		fail_msg("%s", fault.text);
	assert_string_equal(asked(a, "198.51.100.53", NOW), "lists/1.json:1 Resolvers");
	assert_string_equal(asked(a, "203.0.113.9:80", NOW), "lists/1.json:2 Resolvers");
	assert_string_equal(asked(a, "x.big.example", NOW), "lists/2.json:1 Top");
	assert_string_equal(asked(a, "cdn.example", NOW), "lists/2.json:2 Top");
	assert_string_equal(asked(a, "one.example", NOW), "lists/3.json:1 Exact");
	assert_string_equal(asked(a, "x.one.example", NOW), "");
	assert_string_equal(asked(a, "four.example", NOW), "lists/4.txt:1 mine");
	allow_free(a);
}

/* Reported with its line, not loaded; the rest of the feed is. */
static void
feeds_are_held_against_it(void **state)
{
	static const char feed[] = "192.0.2.7\n8.8.8.8\n8.8.8.8:53\ngithub.com\nhttp://github.com/x\nc2.example\n";
	struct builder *b = builder_new(100);
	struct allow *a = allow_new();
	struct feed_summary s;
	struct fault fault;
	FILE *in = fmemopen((void *)(uintptr_t)feed, sizeof feed - 1, "r");

	(void)state;
	assert_int_equal(allow_add_shipped(a, false, &fault), 0);
	builder_set_allow(b, a, 0);
	assert_int_equal(feed_read(in, "f", NULL, b, &s, &fault), 0);
	fclose(in);
	assert_int_equal(s.loaded, 3);
	assert_int_equal(s.allowed, 3);
	assert_int_equal(s.refusals_count, 3);
	assert_int_equal(s.refusals[0].line, 2);
	assert_non_null(strstr(s.refusals[0].text, "8.8.8.8: shipped, line "));
	assert_non_null(strstr(s.refusals[0].text, "public resolver (Google)"));
	assert_int_equal(s.not_understood, 0);
	allow_free(a);
	builder_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_list), cmocka_unit_test(own_rules), cmocka_unit_test(every_length),
		cmocka_unit_test(every_name), cmocka_unit_test(wrong_rules),
		cmocka_unit_test(warning_lists_and_folders), cmocka_unit_test(feeds_are_held_against_it),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
