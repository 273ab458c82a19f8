/* What the head of a record says, and which sinks it then goes to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "sinks/sink.h"

static const char alert_line[] = "{\"timestamp\":\"2026-05-20T08:02:15.226060+0000\",\"event_type\":\"alert\",\"host\":\"vm\","
    "\"src_ip\":\"198.51.100.9\",\"dest_ip\":\"10.20.0.15\",\"http\":{\"url\":\"/\\\"hansho\\\":{\\\"id\\\":1\"},"
    "\"alert\":{\"signature\":\"a \\\\\",\"severity\":2,\"metadata\":{\"severity\":4,\"feed\":[\"x\",{\"severity\":1}]}},"
    "\"hansho\":{\"id\":\"5c14449c067f1be2\",\"revision\":12,\"state\":\"open\",\"kind\":\"indicator\","
    "\"peer\":{\"id\":\"no\",\"host\":\"192.0.2.1\"},\"host\":\"10.20.0.15\"}}";

static void
test_head(void **state)
{
	struct head h;
	char text[ADDR_TEXT_MAX];

	(void)state;
	head_read(&h, alert_line);
	assert_int_equal(h.severity, 2);
	assert_int_equal(h.kind, HEAD_INDICATOR);
	assert_string_equal(h.id, "5c14449c067f1be2");
	assert_int_equal(h.revision, 12);
	assert_int_equal(h.state, HEAD_OPEN);
	assert_false(h.worse);
	assert_true(h.has_host);
	assert_string_equal(addr_text(&h.host, text), "10.20.0.15");
	head_read(&h, "{\"event_type\":\"flow\",\"src_ip\":\"2001:0db8:0000:0000:0000:0000:0000:0001\",\"dest_ip\":\"192.0.2.1\"}");
	assert_int_equal(h.severity, 0);
	assert_string_equal(h.id, "");
	assert_string_equal(addr_text(&h.host, text), "2001:db8::1");
	assert_int_equal(h.state, HEAD_NO_STATE);
}

static void
test_head_of_a_case(void **state)
{
	struct head h;

	(void)state;
	head_read(&h, "{\"hansho\":{\"state\":\"update\",\"kind\":\"case\",\"case\":{\"stages\":[{\"worse\":false}],\"worse\":true}}}");
	assert_int_equal(h.kind, HEAD_CASE);
	assert_int_equal(h.state, HEAD_UPDATE);
	assert_true(h.worse);
	/* elsewhere the word means nothing */
	head_read(&h, "{\"worse\":true,\"case\":{\"worse\":true},\"hansho\":{\"worse\":true,\"state\":\"close\",\"case\":{\"a\":{\"worse\":true}},"
	    "\"behaviour\":{\"worse\":true}},\"alert\":{\"case\":{\"worse\":true}}}");
	assert_int_equal(h.state, HEAD_CLOSE);
	assert_false(h.worse);
	/* quotes in a text, behind none, one, two and three backslashes */
	head_read(&h, "{\"a\":\"\\\\\",\"b\":\"\\\\\\\"\",\"c\":\"x\\\"\\\"\",\"hansho\":{\"id\":\"1\"}}");
	assert_string_equal(h.id, "1");
}

/* A head of what is no JSON any more: whatever it says, it says it without reading on. */
static void
test_head_cut_everywhere(void **state)
{
	size_t len = strlen(alert_line), n;
	struct head h;
	char *cut;

	(void)state;
	for (n = 0; n < len; n++) {
		assert_non_null(cut = strndup(alert_line, n));
		head_read(&h, cut);
		assert_true(h.severity == 0 || h.severity == 2);
		free(cut);
	}
	head_read(&h, "}]},:\"\\");
	head_read(&h, "");
	assert_false(h.has_host);
	head_read(&h, "{\"hansho\":{\"id\":\"a name that is longer than what an incident is ever called\",\"revision\":99999999999999}}");
	assert_string_equal(h.id, "");
	assert_true(h.revision > 1000000);
}

static void
test_shelf(void **state)
{
	static struct head_shelf shelf;
	struct head h;

	(void)state;
	head_shelf_init(&shelf);
	head_shelf_get(&shelf, 5, alert_line, &h);
	assert_int_equal(h.severity, 2);
	/* The same number: not read again. Another one in its place: read. */
	head_shelf_get(&shelf, 5, "{}", &h);
	assert_int_equal(h.severity, 2);
	head_shelf_get(&shelf, 5 + HEADS_KEPT, "{}", &h);
	assert_int_equal(h.severity, 0);
	head_shelf_get(&shelf, 5, alert_line, &h);
	assert_int_equal(h.revision, 12);
	head_shelf_clear(&shelf);
}

static bool
wants(const struct sink_options *o, const char *line)
{
	struct head h;

	head_read(&h, line);
	return sink_wants(o, RECORD_ALERT, &h);
}

static void
test_filters(void **state)
{
	struct sink_options o = { .records = 1u << RECORD_ALERT };
	static const char sensor[] = "{\"alert\":{\"severity\":3},\"hansho\":{\"kind\":\"sensor\"}}";
	static const char newer[] = "{\"alert\":{\"severity\":3},\"hansho\":{\"kind\":\"rune\"}}";
	struct head h;

	(void)state;
	assert_true(wants(&o, alert_line));
	head_read(&h, alert_line);
	assert_false(sink_wants(&o, RECORD_FLOW, &h));
	assert_true(sink_asks_head(&o, RECORD_ALERT) && sink_asks_head(&o, RECORD_MEMBER) && sink_asks_head(&o, RECORD_HELD));
	assert_false(sink_asks_head(&o, RECORD_FLOW));
	o.networks_count = 1;
	assert_true(sink_asks_head(&o, RECORD_FLOW));
	o.networks_count = 0;
	o.least_severity = 2;
	assert_true(wants(&o, alert_line));
	assert_false(wants(&o, sensor));
	o.least_severity = 1;
	assert_false(wants(&o, alert_line));
	o.least_severity = 0;
	o.kinds = 1u << HEAD_SENSOR;
	assert_false(wants(&o, alert_line));
	assert_false(wants(&o, newer));
	assert_true(wants(&o, sensor));
	o.kinds = 0;
	assert_true(wants(&o, newer));
	assert_true(cidr_parse("10.20.0.0/24", 12, &o.networks[0]));
	assert_true(cidr_parse("2001:db8::/32", 13, &o.networks[1]));
	o.networks_count = 2;
	assert_true(wants(&o, alert_line));
	assert_false(wants(&o, sensor));
	assert_false(wants(&o, "{\"hansho\":{\"host\":\"10.20.1.15\"}}"));
	/* Severity and kind are of alerts; a network is of every record. */
	o.records |= 1u << RECORD_FLOW;
	o.least_severity = 1;
	head_read(&h, "{\"src_ip\":\"2001:db8::7\"}");
	assert_true(sink_wants(&o, RECORD_FLOW, &h));
}

static int
read_yaml(const char *yaml, struct config *c, struct fault *fault)
{
	char path[] = "/tmp/hansho-filters-XXXXXX";
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
	close(fd);
	assert_int_equal(config_defaults(c), 0);
	r = config_read(path, c, fault);
	unlink(path);
	return r;
}

static void
test_configuration(void **state)
{
	struct fault fault = { "" };
	struct config c;

	(void)state;
	if (read_yaml("behaviour:\n  admin_hosts: [10.9.0.0/16]\nsinks:\n- type: console\n- type: syslog\n  target: local:/dev/log\n"
	    "  min_severity: high\n  kinds: [indicator, case]\n  networks: [10.1.0.0/16, \"fd00::/8\"]\n- type: console\n"
	    "  networks:\n  - 192.0.2.7\n", &c, &fault) < 0)
		fail_msg("%s", fault.text);
	assert_int_equal(c.sinks_count, 3);
	assert_int_equal(c.sinks[0].least_severity, 4);
	assert_int_equal(c.sinks[0].kinds, 0);
	assert_int_equal(c.sinks[0].networks_count, 0);
	assert_int_equal(c.sinks[1].least_severity, 2);
	assert_int_equal(c.sinks[1].kinds, 1u << HEAD_INDICATOR | 1u << HEAD_CASE);
	assert_int_equal(c.sinks[1].networks_count, 2);
	assert_int_equal(c.sinks[1].networks[1].bits, 8);
	assert_int_equal(c.sinks[2].networks[0].bits, 128);
	assert_int_equal(c.behaviour.admin_hosts_count, 1);
	config_clear(&c);
	assert_int_equal(read_yaml("sinks:\n- type: console\n  networks: [10.1.0.0/16, ten]\n", &c, &fault), SE_USAGE);
	assert_non_null(strstr(fault.text, ":3: sinks[].networks[]: \"ten\": expected an address or a CIDR"));
	config_clear(&c);
	assert_int_equal(read_yaml("sinks:\n- type: console\n  min_severity: grave\n", &c, &fault), SE_USAGE);
	assert_non_null(strstr(fault.text, ":3: sinks[].min_severity: \"grave\": expected one of low, medium"));
	config_clear(&c);
	assert_int_equal(read_yaml("sinks:\n- type: console\n  kinds: [beacons]\n", &c, &fault), SE_USAGE);
	config_clear(&c);
}

static void
refused(const char *yaml, const char *words)
{
	struct fault fault = { "" };
	struct config c;

	assert_int_equal(read_yaml(yaml, &c, &fault), SE_USAGE);
	if (strstr(fault.text, words) == NULL)
		fail_msg("%s: \"%s\", not \"%s\"", yaml, fault.text, words);
	config_clear(&c);
}

/* Files and secrets of a webhook: each fault names its own line, and no secret. */
static void
test_webhook_configuration(void **state)
{
	struct fault fault = { "" };
	struct config c;
	FILE *f;

	(void)state;
	f = fopen("/tmp/hansho-bad-template", "w");
	assert_non_null(f);
	fputs("{\n\"a\": \"{{#if b}}\"}\n", f);
	fclose(f);
	setenv("HANSHO_TEST_SECRET", "hush\x01", 1);
	refused("sinks:\n- type: webhook\n  url: http://h/\n  template: /tmp/hansho-bad-template\n",
	    ":4: sinks[].template: /tmp/hansho-bad-template:2: {{#if}} without {{/if}}");
	refused("sinks:\n- type: webhook\n  url: http://h/\n  template: none.json\n", ":4: sinks[].template: ");
	refused("sinks:\n- type: webhook\n  url: http://h/\n  secret: hush\n", ":4: sinks[].secret: a secret does not stand in the configuration");
	refused("sinks:\n- type: webhook\n  url: http://h/\n  secret: env:HANSHO_TEST_NONE\n", ":4: sinks[].secret: env:HANSHO_TEST_NONE: expected a variable");
	refused("sinks:\n- type: webhook\n  url: http://h/\n  header: env:HANSHO_TEST_SECRET\n", "a control character");
	refused("sinks:\n- type: webhook\n  url: http://h/\n  ca_file: none.pem\n", ":4: sinks[].ca_file: ");
	refused("sinks:\n- type: console\n  secret: env:X\n", "belongs to type webhook");
	setenv("HANSHO_TEST_SECRET", "http://h/", 1);
	f = fopen("/tmp/hansho-secret-line", "w");
	assert_non_null(f);
	fputs("Authorization: Bearer x\nanother line\n", f);
	fclose(f);
	if (read_yaml("sinks:\n- type: webhook\n  url: env:HANSHO_TEST_SECRET\n  header: file:hansho-secret-line\n  batch: 5\n"
	    "  dead_letters: refused.json\n", &c, &fault) < 0)
		fail_msg("%s", fault.text);
	/* Relative paths begin at the folder of the configuration, behind "file:", too. */
	assert_string_equal(c.sinks[0].header, "file:/tmp/hansho-secret-line");
	assert_string_equal(c.sinks[0].dead_letters, "/tmp/refused.json");
	assert_int_equal(c.sinks[0].batch, 5);
	assert_int_equal(c.sinks[0].parallel, 4);
	config_clear(&c);
	unlink("/tmp/hansho-bad-template");
	unlink("/tmp/hansho-secret-line");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_head_of_a_case),
		cmocka_unit_test(test_head_cut_everywhere),
		cmocka_unit_test(test_shelf),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_webhook_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
