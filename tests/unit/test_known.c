#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "beacon/known.h"

#define NOW_NS (1790000000LL * NS_PER_SEC)

static struct addr
addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static int
read_text(struct known *k, const char *text, struct fault *fault)
{
	char path[] = "/tmp/test_known.XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	r = known_add_file(k, path, fault);
	unlink(path);
	return r;
}

static const char *
domain(const struct known *k, const char *name)
{
	struct addr host = addr("10.0.0.5");

	return known_domain(k, span_text(name), &host, NOW_NS);
}

static void
test_the_shipped_list(void **state)
{
	struct known *k = known_new();
	struct addr host = addr("10.0.0.5");
	struct fault fault;

	(void)state;
	assert_null(domain(k, "pool.ntp.org"));
	assert_int_equal(known_add_shipped(k, &fault), 0);
	assert_non_null(known_asn(k, 6185, &host, NOW_NS));
	assert_non_null(strstr(domain(k, "2.debian.pool.ntp.org"), "time"));
	assert_non_null(domain(k, "fe2.update.microsoft.com"));
	assert_null(domain(k, "ntp.org"));
	assert_null(domain(k, "notpool.ntp.org"));
	assert_null(domain(k, "c2.example"));
	assert_null(domain(k, ""));
	known_free(k);
}

static void
test_own_rules(void **state)
{
	struct known *k = known_new();
	struct addr host = addr("10.0.0.5"), other = addr("10.9.0.5"), peer = addr("192.0.2.7");
	struct fault fault;

	(void)state;
	assert_int_equal(read_text(k, "# ours\n\n"
	    "domain Backup.Example host=10.0.0.0/16 the nightly backup\n"
	    "domain old.example until=2026-01-31 was moved\n"
	    "domain old.example host=10.9.0.0/16 still there for some\n"
	    "address 192.0.2.0/24 the other office\r\n"
	    "asn 64500 our provider\n"
	    "upload files.example the customers' drop box\n"
	    "cert AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA the appliance", &fault), 0);
	assert_string_equal(domain(k, "a.backup.example"), "the nightly backup");
	assert_null(known_domain(k, span_text("backup.example"), &other, NOW_NS));
	assert_null(domain(k, "old.example"));
	assert_string_equal(known_domain(k, span_text("old.example"), &other, NOW_NS), "still there for some");
	assert_string_equal(known_domain(k, span_text("old.example"), &host, 1769000000LL * NS_PER_SEC), "was moved");
	assert_string_equal(known_address(k, &peer, &host, NOW_NS), "the other office");
	assert_null(known_address(k, &host, &host, NOW_NS));
	assert_string_equal(known_asn(k, 64500, &host, NOW_NS), "our provider");
	assert_null(known_asn(k, 0, &host, NOW_NS));
	assert_string_equal(known_upload(k, span_text("eu.files.example"), &host, NOW_NS), "the customers' drop box");
	assert_null(domain(k, "files.example"));	/* a beacon to it rings all the same */
	assert_null(known_upload(k, span_text("backup.example"), &host, NOW_NS));
	assert_non_null(known_cert(k, span_text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &host, NOW_NS));
	known_free(k);
}

/* Tools by what they speak and by name; neither makes a service harmless in any other way. */
static void
test_tools_of_remote_support(void **state)
{
	struct fault fault;
	struct known *k = known_new();
	struct addr host = addr("10.0.0.5");

	(void)state;
	assert_int_equal(read_text(k, "support rustdesk RustDesk\nsupport tool.example Tool\n", &fault), 0);
	assert_string_equal(known_protocol(k, APP_RUSTDESK, &host, NOW_NS), "RustDesk");
	assert_null(known_protocol(k, APP_TEAMVIEWER, &host, NOW_NS));
	assert_null(known_protocol(k, APP_TLS, &host, NOW_NS));
	assert_string_equal(known_support(k, span_text("relay.tool.example"), &host, NOW_NS), "Tool");
	assert_null(known_support(k, span_text("other.example"), &host, NOW_NS));
	assert_null(known_domain(k, span_text("relay.tool.example"), &host, NOW_NS));
	assert_null(known_upload(k, span_text("relay.tool.example"), &host, NOW_NS));
	assert_true(known_supports(APP_ANYDESK));
	assert_false(known_supports(APP_SSH));
	known_free(k);
}

static void
test_what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *line, *words;
	} wrong[] = {
		{ "host a.example why", ":2: domain, asn, cert, address, upload or support expected" },
		{ "domain nodot why", ":2: that is no such value" },
		{ "domain a.example", ":2: a reason expected" },
		{ "support telephone why", ":2: that is no such value" },
		{ "asn 12x why", ":2: that is no such value" },
		{ "cert abc why", ":2: that is no such value" },
		{ "address 300.1.1.1 why", ":2: that is no such value" },
		{ "domain a.example until=soon why", ":2: until=: a day" },
		{ "domain a.example until=2026-13-01 why", ":2: until=: a day" },
		{ "domain a.example host=x why", ":2: host=: an address" },
	};
	struct fault fault;
	struct known *k;
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		k = known_new();
		snprintf(text, sizeof text, "asn 1 why\n%s\n", wrong[i].line);
		assert_int_equal(read_text(k, text, &fault), SE_USAGE);
		if (strstr(fault.text, wrong[i].words) == NULL)
			fail_msg("%s: %s", wrong[i].line, fault.text);
		known_free(k);
	}
	k = known_new();
	assert_int_equal(known_add_file(k, "/nonexistent", &fault), SE_USAGE);
	known_free(k);
	known_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_shipped_list), cmocka_unit_test(test_own_rules),
		cmocka_unit_test(test_tools_of_remote_support), cmocka_unit_test(test_what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
