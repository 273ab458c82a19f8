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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suffixes),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
