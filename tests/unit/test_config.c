#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/options.h"
#include "record.h"

#define FILE_NAME "c.yaml"

static char root[64];

static int
make_folder(void **state)
{
	(void)state;
	snprintf(root, sizeof root, "/tmp/hansho-config-XXXXXX");
	if (mkdtemp(root) == NULL || chdir(root) < 0)
		return -1;
	return mkdir("sub", 0755);
}

static void
remove_files(const char *folder)
{
	char path[512];
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
			unlink(path);
		}
	if (d != NULL)
		closedir(d);
}

static int
remove_folder(void **state)
{
	(void)state;
	remove_files("sub");
	rmdir("sub");
	remove_files(".");
	return chdir("/") < 0 ? -1 : rmdir(root);
}

static void
write_bytes(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static int
read_bytes(const void *bytes, size_t len, struct config *c, struct fault *fault)
{
	write_bytes(FILE_NAME, bytes, len);
	fault->text[0] = '\0';
	assert_int_equal(config_defaults(c), 0);
	return config_read(FILE_NAME, c, fault);
}

static void
expect_read(const char *yaml, struct config *c)
{
	struct fault fault;

	if (read_bytes(yaml, strlen(yaml), c, &fault) < 0)
		fail_msg("%s\nwas refused: %s", yaml, fault.text);
}

/* One line that begins with file and line and has `words`. */
static void
expect_refused(const char *yaml, unsigned line, const char *words)
{
	char begin[64];
	struct config c;
	struct fault fault;
	int r = read_bytes(yaml, strlen(yaml), &c, &fault);

	config_clear(&c);
	snprintf(begin, sizeof begin, FILE_NAME ":%u: ", line);
	if (r != SE_USAGE || strncmp(fault.text, begin, strlen(begin)) != 0 ||
	    strstr(fault.text, words) == NULL || strchr(fault.text, '\n') != NULL)
		fail_msg("%s\ngave %d \"%s\", expected line %u and \"%s\"", yaml, r, fault.text, line, words);
}

static bool
is_scalar(const struct option_row *row)
{
	return row->type >= OPTION_INTEGER;
}

/* ---- the table ---- */

static void
test_table_holds_together(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < option_rows_count; i++) {
		const struct option_row *row = &option_rows[i];

		for (k = 0; k < i; k++)
			assert_string_not_equal(row->path, option_rows[k].path);
		assert_true(strlen(row->help) > 3);
		assert_non_null(strchr(".?", row->help[strlen(row->help) - 1]));
		if (is_scalar(row) && row->fallback[0] != '\0' && !option_accepts(row, row->fallback))
			fail_msg("%s does not take its own default %s", row->path, row->fallback);
	}
}

static void
test_rows_share_no_place(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < option_rows_count; i++)
		for (k = 0; k < i; k++) {
			const struct option_row *a = &option_rows[i], *b = &option_rows[k];
			bool elements = strstr(a->path, "[]") != NULL;

			if (!is_scalar(a) || !is_scalar(b) || elements)
				continue;
			if (strstr(b->path, "[]") == NULL && a->offset < b->offset + b->size &&
			    b->offset < a->offset + a->size)
				fail_msg("%s lies over %s", a->path, b->path);
		}
}

static void
test_defaults(void **state)
{
	struct config c;

	(void)state;
	assert_int_equal(config_defaults(&c), 0);
	assert_int_equal(c.flow.max_flows, 1000000);
	assert_int_equal(c.decode.fragment_bytes, 16 << 20);
	assert_int_equal(c.reassembly.total_bytes, 256 << 20);
	assert_int_equal(c.journal.max_bytes, 1 << 30);
	assert_int_equal(c.journal.urgent_kinds, 1 << RECORD_ALERT);
	assert_true(c.beacon.alert_score == 0.8);
	assert_int_equal(c.decode.checksum, CHECKSUM_AUTO);
	assert_int_equal(c.records, 1 << RECORD_ALERT | 1 << RECORD_BEACON | 1 << RECORD_HELD | 1 << RECORD_CENSUS);
	assert_int_equal(c.workers, 1);
	assert_true(c.capture.promiscuous);
	assert_false(c.capture.immediate);
	assert_int_equal(c.home_count, 7);
	assert_string_not_equal(c.sensor_name, "");
	assert_string_equal(c.state_directory, "/var/lib/hansho");
	assert_int_equal(c.feeds_count + c.sinks_count, 0);
	config_clear(&c);
}

/* ---- every option ---- */

/* What belongs to one kind of sink stands with it; all others with a console. */
static const char *
sink_with(const char *name)
{
	static const struct {
		const char *names, *lines;
	} kinds[] = {
		{ " format rotate_mib rotate_keep ", "file\n    path: out" },
		{ " facility rfc ", "syslog\n    target: udp://127.0.0.1:9" },
		{ " interval_sec mail_alerts starttls ", "mail\n    from: a@b\n    to: c@d\n    url: smtp://127.0.0.1:9" },
		{ " max_alerts max_days ", "store\n    path: a.db" },
		{ " batch parallel give_up_sec ", "webhook\n    url: http://127.0.0.1:9/" },
	};
	char blanks[64];
	size_t i;

	snprintf(blanks, sizeof blanks, " %s ", name);
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strstr(kinds[i].names, blanks) != NULL)
			return kinds[i].lines;
	return "console";
}

static unsigned
newlines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* "limits.flows" and "7" → YAML; list entries get what they cannot be without. */
static void
compose(const struct option_row *row, const char *value, char *yaml, size_t size)
{
	const char *name = option_name(row);
	int holder = (int)(name - row->path) - 1;

	if (option_is_beneath(row, ""))
		snprintf(yaml, size, "%s: %s\n", name, value);
	else if (option_is_beneath(row, "feeds[]"))
		snprintf(yaml, size, "feeds:\n  - path: sub/f.txt\n    %s: %s\n", name, value);
	else if (option_is_beneath(row, "sinks[]"))
		snprintf(yaml, size, "sinks:\n  - {type: syslog, target: \"udp://127.0.0.1:9\"}\n"
		    "  - type: %s\n    %s: %s\n", sink_with(name), name, value);
	else
		snprintf(yaml, size, "%.*s:\n  %s: %s\n", holder, row->path, name, value);
}

/* What differs from the default and is taken. */
static void
another_value(const struct option_row *row, char *value, size_t size)
{
	const struct option_choice *c;

	switch (row->type) {
	case OPTION_INTEGER:
	case OPTION_NUMBER:
		snprintf(value, size, "%g", row->least + 1 <= row->most ? row->least + 1 : row->most);
		break;
	case OPTION_BOOLEAN:
		snprintf(value, size, "%s", strcmp(row->fallback, "yes") == 0 ? "no" : "yes");
		break;
	case OPTION_CHOICE:
		for (c = row->choices; c[1].text != NULL; c++)
			continue;
		snprintf(value, size, "%s", c->text);
		break;
	default:
		snprintf(value, size, "%s", strcmp(row->path, "capture.filter") == 0 ? "udp" : "/other");
		break;
	}
}

static const void *
place(const struct config *c, const struct option_row *row)
{
	if (option_is_beneath(row, "feeds[]"))
		return &c->feeds[c->feeds_count - 1];
	if (option_is_beneath(row, "sinks[]"))
		return &c->sinks[c->sinks_count - 1];
	return c;
}

static void
read_back(const struct option_row *row, const char *value)
{
	char yaml[512], got[256];
	struct config c;

	compose(row, value, yaml, sizeof yaml);
	expect_read(yaml, &c);
	option_text(row, place(&c, row), got, sizeof got);
	if (strcmp(got, value) != 0)
		fail_msg("%swas read as %s", yaml, got);
	config_clear(&c);
}

/* These name what must be there, or go with others: they have tests of their own. */
static bool
has_own_test(const struct option_row *row)
{
	if (option_is_beneath(row, "sinks[]") && (row->type == OPTION_TEXT || row->type == OPTION_PATH))
		return true;
	return option_is_beneath(row, "geoip") || option_is_beneath(row, "suppress[]") || strcmp(row->path, "beacon.allow") == 0 ||
	    strcmp(row->path, "allow.path") == 0 || strcmp(row->path, "advice") == 0 ||
	    strcmp(row->path, "feeds[].path") == 0 ||
	    strcmp(row->path, "feeds[].url") == 0 || strcmp(row->path, "feeds[].from") == 0 ||
	    strcmp(row->path, "feeds[].auth_header_file") == 0 || strcmp(row->path, "feeds[].ca_file") == 0 ||
	    strcmp(row->path, "feeds[].enabled") == 0 || strcmp(row->path, "feeds[].format") == 0 ||
	    strcmp(row->path, "alerts.update_most_sec") == 0 || strcmp(row->path, "sinks[].retry_max_ms") == 0 || strcmp(row->path, "sinks[].type") == 0;
}

static void
test_each_option_is_read(void **state)
{
	char value[64];
	size_t i, tried = 0;

	(void)state;
	write_bytes("sub/f.txt", "192.0.2.1\n", 10);
	for (i = 0; i < option_rows_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!is_scalar(row) || has_own_test(row))
			continue;
		another_value(row, value, sizeof value);
		read_back(row, value);
		tried++;
	}
	assert_true(tried > 45);
}

static void
refuse_number(const struct option_row *row, double n, unsigned line)
{
	char value[64], yaml[512];

	snprintf(value, sizeof value, "%.17g", n);
	compose(row, value, yaml, sizeof yaml);
	expect_refused(yaml, line, "expected a");
	expect_refused(yaml, line, value);
	expect_refused(yaml, line, row->path);
}

static void
test_each_range_is_kept(void **state)
{
	char value[64];
	size_t i;

	(void)state;
	for (i = 0; i < option_rows_count; i++) {
		const struct option_row *row = &option_rows[i];
		unsigned line = option_is_beneath(row, "") ? 1 : option_is_beneath(row, "sinks[]") ?
		    4 + newlines(sink_with(option_name(row))) :
		    option_is_beneath(row, "feeds[]") ? 3 : 2;
		double step = row->type == OPTION_NUMBER ? 0.001 : 1;

		if (row->type != OPTION_INTEGER && row->type != OPTION_NUMBER)
			continue;
		snprintf(value, sizeof value, "%.0f", row->most);
		/* alone, the longest pause is shorter than the first one */
		if (strcmp(row->path, "sinks[].retry_min_ms") != 0 && strcmp(row->path, "alerts.update_sec") != 0)
			read_back(row, value);
		refuse_number(row, row->least - step, line);
		refuse_number(row, row->most + step, line);
	}
}

static void
test_units_are_scaled(void **state)
{
	struct config c;

	(void)state;
	expect_read("limits:\n  total_queue_mib: 65536\n  fragment_mib: 4095\n"
	    "journal: {segment_mib: 3, max_mib: 1048576}\n", &c);
	assert_true(c.reassembly.total_bytes == (uint64_t)65536 << 20);
	assert_int_equal(c.decode.fragment_bytes, 4095u << 20);
	assert_int_equal(c.journal.segment_bytes, 3 << 20);
	assert_true(c.journal.max_bytes == (uint64_t)1 << 40);
	config_clear(&c);
}

static void
test_lists(void **state)
{
	char text[64];
	struct config c;

	(void)state;
	expect_read("home:\n- 192.0.2.0/24\n- 2001:db8::/32\n- 198.51.100.7\nrecords: [tls, flow]\n", &c);
	assert_int_equal(c.home_count, 3);
	assert_string_equal(cidr_text(&c.home[0], text), "192.0.2.0/24");
	assert_string_equal(cidr_text(&c.home[1], text), "2001:db8::/32");
	assert_string_equal(cidr_text(&c.home[2], text), "198.51.100.7/32");
	assert_int_equal(c.records, 1 << RECORD_TLS | 1 << RECORD_FLOW);
	assert_int_equal(c.relays_count, 0);
	config_clear(&c);
}

static void
test_lists_of_networks_are_two(void **state)
{
	char text[64];
	struct config c;

	(void)state;
	expect_read("relays: [\"2001:db8:a::1\", \"2001:db8:b::/48\"]\n", &c);
	assert_int_equal(c.home_count, 7);
	assert_int_equal(c.relays_count, 2);
	assert_string_equal(cidr_text(&c.relays[0], text), "2001:db8:a::1/128");
	assert_string_equal(cidr_text(&c.relays[1], text), "2001:db8:b::/48");
	config_clear(&c);
	expect_read("relays: []\n", &c);
	assert_int_equal(c.relays_count, 0);
	config_clear(&c);
}

static void
test_rules_of_harmless_services(void **state)
{
	struct config c;

	(void)state;
	write_bytes("sub/rules.txt", "domain a.example why\n", 21);
	expect_read("beacon:\n  allow: sub/rules.txt\n", &c);
	assert_non_null(strstr(c.beacon_allow, "sub/rules.txt"));
	config_clear(&c);
	write_bytes("sub/rules.txt", "domain a.example why\nfoo\n", 25);
	expect_refused("beacon:\n  allow: sub/rules.txt\n", 2, "rules.txt:2: domain, asn, cert, address, upload or support expected");
	expect_refused("beacon:\n  allow: sub/none.txt\n", 2, "No such file");
}

static void
test_advice_of_the_house(void **state)
{
	static const char rules[] = "advice:\n- {family: x, en: [call 1234]}\n";
	struct config c;

	(void)state;
	write_bytes("sub/advice.yaml", rules, sizeof rules - 1);
	expect_read("advice: sub/advice.yaml\n", &c);
	assert_non_null(strstr(c.advice, "sub/advice.yaml"));
	config_clear(&c);
	write_bytes("sub/advice.yaml", rules, sizeof rules - 6);
	expect_refused("advice: sub/advice.yaml\n", 1, "advice.yaml:3: expected YAML");
	expect_refused("advice: sub/none.yaml\n", 1, "No such file");
}

static void
test_feeds(void **state)
{
	struct config c;

	(void)state;
	write_bytes("sub/f.txt", "192.0.2.1\n", 10);
	write_bytes("sub/g.csv.txt", "192.0.2.1\n", 10);
	expect_read("feeds:\n  - path: sub/f.txt\n    name: one\n    format: plain\n  - {path: sub/g.csv.txt}\n", &c);
	assert_int_equal(c.feeds_count, 2);
	assert_string_equal(c.feeds[0].path, "sub/f.txt");
	assert_string_equal(c.feeds[0].name, "one");
	assert_string_equal(c.feeds[0].format, "plain");
	assert_string_equal(c.feeds[1].path, "sub/g.csv.txt");
	assert_string_equal(c.feeds[1].name, "g");
	assert_string_equal(c.feeds[1].format, "");
	config_clear(&c);
}

static const char sinks_yaml[] =
"sinks:\n"
"  - type: console\n"
"  - type: eve\n"
"    path: sub/eve.json\n"
"  - {type: eve, path: \"-\", records: [http], name: web}\n"
"  - type: syslog\n"
"    target: local:/dev/log\n"
"    facility: daemon\n"
"  - type: webhook\n"
"    url: https://u:p@127.0.0.1/x\n"
"    timeout_ms: 250\n"
"    retry_min_ms: 20\n"
"    retry_max_ms: 40\n"
"sensor_name: late\n";

static void
test_sinks(void **state)
{
	struct config c;
	unsigned i;

	(void)state;
	expect_read(sinks_yaml, &c);
	assert_int_equal(c.sinks_count, 5);
	assert_int_equal(c.sinks[0].kind, SINK_CONSOLE);
	assert_string_equal(c.sinks[1].target, "sub/eve.json");
	assert_true((c.sinks[1].records & 1u << RECORD_FLOW) != 0);
	assert_string_equal(c.sinks[2].target, "-");
	assert_string_equal(c.sinks[2].name, "web");
	assert_int_equal(c.sinks[2].records, 1 << RECORD_HTTP);
	assert_int_equal(c.sinks[3].kind, SINK_SYSLOG);
	assert_string_equal(c.sinks[3].target, "local:/dev/log");
	assert_int_equal(c.sinks[3].facility, 3);
	assert_int_equal(c.sinks[3].records, 1 << RECORD_ALERT);
	assert_string_equal(c.sinks[4].target, "https://u:p@127.0.0.1/x");
	assert_int_equal(c.sinks[4].timeout_ms, 250);
	assert_int_equal(c.sinks[4].retry_min_ms, 20);
	assert_int_equal(c.sinks[4].retry_max_ms, 40);
	assert_int_equal(c.sinks[4].facility, 16);
	for (i = 0; i < 5; i++) {
		assert_string_equal(c.sinks[i].sensor_name, "late");
		assert_int_equal(c.sinks[i].descriptor, -1);
	}
	/* reading makes no file */
	assert_int_equal(access("sub/eve.json", F_OK), -1);
	config_clear(&c);
}

static void
test_paths_begin_at_the_file(void **state)
{
	char path[256];
	struct config c;
	struct fault fault;

	(void)state;
	write_bytes("sub/f.txt", "192.0.2.1\n", 10);
	write_bytes("sub/c.yaml", "feeds: [{path: f.txt}]\nstate_directory: state\n"
	    "sinks: [{type: eve, path: e.json}]\n", 81);
	config_defaults(&c);
	assert_int_equal(config_read("sub/c.yaml", &c, &fault), 0);
	assert_string_equal(c.feeds[0].path, "sub/f.txt");
	assert_string_equal(c.state_directory, "sub/state");
	assert_string_equal(c.sinks[0].target, "sub/e.json");
	config_clear(&c);
	config_defaults(&c);
	snprintf(path, sizeof path, "%s/sub/c.yaml", root);
	assert_int_equal(config_read(path, &c, &fault), 0);
	snprintf(path, sizeof path, "%s/sub/f.txt", root);
	assert_string_equal(c.feeds[0].path, path);
	config_clear(&c);
}

static void
test_what_the_file_has_goes_over_what_holds(void **state)
{
	struct config c;
	struct fault fault;

	(void)state;
	write_bytes(FILE_NAME, "workers: 3\n", 11);
	config_defaults(&c);
	c.workers = 9;
	c.drain_sec = 77;
	assert_int_equal(config_read(FILE_NAME, &c, &fault), 0);
	assert_int_equal(c.workers, 3);
	assert_int_equal(c.drain_sec, 77);
	config_clear(&c);
}

/* ---- nothing in it ---- */

static void
expect_defaults(const char *yaml)
{
	char here[1024], without[1024];
	struct config c, d;
	size_t i;

	expect_read(yaml, &c);
	assert_int_equal(config_defaults(&d), 0);
	for (i = 0; i < option_rows_count; i++)
		if (strstr(option_rows[i].path, "[]") == NULL)
			assert_string_equal(option_text(&option_rows[i], &c, here, sizeof here),
			    option_text(&option_rows[i], &d, without, sizeof without));
	assert_int_equal(c.feeds_count + c.sinks_count, 0);
	config_clear(&c);
	config_clear(&d);
}

static void
test_empty_files_are_defaults(void **state)
{
	static const char *const empty[] = {
		"", "\n\n", "# nothing\n", "---\n", "---\n...\n", "~\n", "{}\n", "\xef\xbb\xbf# a mark\n",
		"capture:\nfeeds:\nsinks:\nhome:\n", "capture: ~\nfeeds: null\nsinks: []\n",
		"%YAML 1.1\n---\n",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof empty / sizeof *empty; i++)
		expect_defaults(empty[i]);
}

static char *
sample(void)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	options_print_sample(to);
	fclose(to);
	return text;
}

static void
test_sample_is_defaults(void **state)
{
	char *text = sample();

	(void)state;
	expect_defaults(text);
	free(text);
}

/* "  #name: value" takes effect without its "#". */
static void
test_sample_without_marks_is_defaults(void **state)
{
	char *text = sample(), *line, *mark;
	unsigned taken = 0, all = 0;
	size_t i;

	(void)state;
	for (line = text; (line = strchr(line, '\n')) != NULL;) {
		line++;
		mark = line + strspn(line, " ");
		if (*mark != '#' || mark[1] < 'a' || mark[1] > 'z')
			continue;
		memmove(mark, mark + 1, strlen(mark));
		taken++;
	}
	for (i = 0; i < option_rows_count; i++)
		all += option_rows[i].type > OPTION_LIST && strstr(option_rows[i].path, "[]") == NULL;
	assert_int_equal(taken, all);
	expect_defaults(text);
	free(text);
}

static void
test_suppress(void **state)
{
	struct config c;

	(void)state;
	expect_read("suppress:\n  - host: 10.0.9.0/24\n    reason: laboratory\n    until: never\n"
	    "  - {service: backup.example, indicator: x.example, rule: beacon, reason: ticket 4711, until: 2026-12-31}\n", &c);
	assert_int_equal(c.suppress_count, 2);
	assert_string_equal(c.suppress[0].host, "10.0.9.0/24");
	assert_string_equal(c.suppress[0].service, "");
	assert_string_equal(c.suppress[1].service, "backup.example");
	assert_string_equal(c.suppress[1].indicator, "x.example");
	assert_string_equal(c.suppress[1].rule, "beacon");
	assert_string_equal(c.suppress[1].reason, "ticket 4711");
	assert_string_equal(c.suppress[1].until, "2026-12-31");
	config_clear(&c);
}

/* ---- refused ---- */

struct wrong {
	const char *yaml;
	unsigned line;
	const char *words;
};

static void
expect_all_refused(const struct wrong *w, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		expect_refused(w[i].yaml, w[i].line, w[i].words);
}

#define EXPECT_ALL(table) expect_all_refused(table, sizeof table / sizeof *table)

static void
test_unknown_options(void **state)
{
	static const struct wrong table[] = {
		{ "workers: 1\nworkrs: 2\n", 2, "workrs: no such option: did you mean workers?" },
		{ "zzzzzzzz: 2\n", 1, "expected one of sensor_name, state_directory, user" },
		{ "\n\ncapture:\n\n  snaplen: 100\n  # so\n  snaplenn: 100\n", 7, "did you mean snaplen?" },
		{ "capture: {zzzzzzzz: 2}\n", 1, "expected one of interface, filter" },
		{ "feeds:\n  - path: x\n    pth: y\n", 3, "feeds[].pth: no such option: did you mean path?" },
		{ "sinks:\n  - type: console\n    zzzzzzz: y\n", 3, "expected one of type, path, target, url" },
		{ "capture.snaplen: 100\n", 1, "expected a name without" },
		{ "feeds[]: {path: x}\n", 1, "expected a name without" },
		{ "<<: {workers: 2}\n", 1, "no such option" },
		{ "workers: 2\nworkers: 3\n", 2, "workers stands on line 1 already" },
		{ "limits:\n  flows: 2\nlimits:\n  flows: 3\n", 3, "limits stands on line 1 already" },
		{ "feeds:\n- path: a\n  path: b\n", 3, "feeds[].path stands on line 2 already" },
		{ "'': 1\n", 1, "expected the name of an option" },
		{ "\"a\\nb\": 1\n", 1, "expected the name of an option" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: 1\n", 1, "expected the name" },
	};

	(void)state;
	EXPECT_ALL(table);
}

static void
test_wrong_types(void **state)
{
	static const struct wrong table[] = {
		{ "workers: two\n", 1, "workers: \"two\": expected a whole number from 1 to 64" },
		{ "workers: 2.5\n", 1, "expected a whole number" },
		{ "workers: 0x2\n", 1, "expected a whole number" },
		{ "workers: 02\n", 1, "expected a whole number" },
		{ "workers: 1_0\n", 1, "expected a whole number" },
		{ "workers: 1e1\n", 1, "expected a whole number" },
		{ "workers: +1\n", 1, "expected a whole number" },
		{ "workers: ' 1'\n", 1, "expected a whole number" },
		{ "workers: 18446744073709551617\n", 1, "expected a whole number" },
		{ "workers:\n", 1, "workers: no value: expected a whole number" },
		{ "workers: [1]\n", 1, "workers: the list: expected a whole number" },
		{ "workers: {a: 1}\n", 1, "workers: options stand beneath it: expected a whole number" },
		{ "beacon:\n  alert_score: 0.8x\n", 2, "expected a number from 0.01 to 1" },
		{ "beacon:\n  alert_score: .8\n", 2, "expected a number from 0.01 to 1" },
		{ "beacon:\n  alert_score: nan\n", 2, "expected a number from 0.01 to 1" },
		{ "beacon:\n  alert_score: 1e-1\n", 2, "expected a number from 0.01 to 1" },
		{ "journal:\n  sync: maybe\n", 2, "journal.sync: \"maybe\": expected one of never, interval, always" },
		{ "journal:\n  sync: 1\n", 2, "expected one of never, interval, always" },
		{ "checksum: none\n", 1, "checksum: \"none\": expected one of auto, strict, off" },
		{ "checksum: Auto\n", 1, "expected one of auto, strict, off" },
		{ "user:\n", 1, "user: no value: expected text" },
		{ "user: [a]\n", 1, "user: the list: expected text" },
		{ "user: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 1, "user: too long: expected text of at most 31" },
		{ "user: \"a\\nb\"\n", 1, "expected a value of one line" },
		{ "user: |\n  a\n  b\n", 1, "expected a value of one line" },
		{ "capture: eth0\n", 1, "capture: \"eth0\": expected options beneath it: interface" },
		{ "capture: [eth0]\n", 1, "capture: the list: expected options beneath it" },
		{ "- workers: 2\n", 1, "expected options" },
		{ "workers\n", 1, "expected options" },
	};

	(void)state;
	EXPECT_ALL(table);
}

static void
test_wrong_lists(void **state)
{
	static const struct wrong table[] = {
		{ "home: 10.0.0.0/8\n", 1, "home: \"10.0.0.0/8\": expected a list" },
		{ "home: []\n", 1, "home: the list: expected a list of addresses" },
		{ "home:\n  - 10.0.0.0/8\n  - 10.0.0.0/33\n", 3, "\"10.0.0.0/33\": expected an address or a CIDR" },
		{ "home:\n  - example.com\n", 2, "expected an address or a CIDR" },
		{ "home:\n  -\n", 2, "no value: expected an address or a CIDR" },
		{ "home:\n  - 10.0.0.0/8\n  - [10.0.0.0/8]\n", 3, "expected an address or a CIDR" },
		{ "home: {a: 1}\n", 1, "home: options stand beneath it: expected a list" },
		{ "records: alert\n", 1, "expected a list of some of alert, beacon" },
		{ "records: []\n", 1, "expected a list of some of alert, beacon" },
		{ "records:\n", 1, "expected a list of some of alert, beacon" },
		{ "records: [alert,\n  alarm]\n", 2, "records[]: \"alarm\": expected one of alert, beacon" },
		{ "feeds: a.csv\n", 1, "expected a list of at most 256, each with some of path, name, format" },
		{ "feeds:\n  - a.csv\n", 2, "feeds[]: \"a.csv\": expected options: path, name, format" },
		{ "feeds: {path: x}\n", 1, "expected a list" },
		{ "sinks: [console]\n", 1, "sinks[]: \"console\": expected options: type" },
	};

	(void)state;
	EXPECT_ALL(table);
}

static const char catalogue[] =
    "feeds:\n"
    "  - {name: one, url: \"https://feeds.example/one.csv\", format: plain, interval_sec: 300, licence: CC0,\n"
    "     roles: c2, role: scanner, trust: 80, auth: none, note: words, verified: no}\n"
    "  - {name: two, url: \"https://feeds.example/two\"}\n"
    "  - {name: three, url: \"https://feeds.example/three\", colour: red}\n";

static void
test_fetched_feeds(void **state)
{
	struct config c;

	(void)state;
	write_bytes("catalogue.yaml", catalogue, sizeof catalogue - 1);
	expect_read("feeds:\n  - {from: one, timeout_sec: 7}\n  - {from: two, name: other, enabled: no}\n"
	    "  - {from: two, name: mine, url: \"https://mirror.example/two\"}\n"
	    "  - {name: own, url: \"http://192.0.2.1/x\"}\n"
	    "catalogue: catalogue.yaml\nstate_directory: /state\n", &c);
	assert_int_equal(c.feeds_count, 3);
	assert_string_equal(c.feeds[0].name, "one");
	assert_string_equal(c.feeds[0].path, "/state/feeds/one");
	assert_string_equal(c.feeds[0].format, "plain");
	assert_string_equal(c.feeds[0].licence, "CC0");
	assert_int_equal(c.feeds[0].fetch.interval_sec, 300);
	assert_int_equal(c.feeds[0].fetch.timeout_sec, 7);
	assert_int_equal(c.feeds[0].role, ROLE_SCANNER + 1);
	assert_string_equal(c.feeds[1].name, "mine");
	assert_string_equal(c.feeds[1].fetch.url, "https://mirror.example/two");
	assert_int_equal(c.feeds[1].fetch.interval_sec, 3600);
	assert_string_equal(c.feeds[2].path, "/state/feeds/own");
	config_clear(&c);
}

static void
test_wrong_fetched_feeds(void **state)
{
	static const struct {
		const char *yaml;
		unsigned line;
		const char *words;
	} cases[] = {
		{ "feeds:\n  - name: x\n    url: ftp://192.0.2.1/\n", 3, "expected http://HOST" },
		{ "feeds:\n  - name: x\n    url: \"https://\"\n", 3, "expected http://HOST" },
		{ "feeds:\n  - url: \"https://feeds.example/\"\n", 2, "expected a name" },
		{ "feeds:\n  - name: ../x\n    url: \"https://feeds.example/\"\n", 2, "letters, digits" },
		{ "feeds:\n  - name: a.new\n    url: \"https://feeds.example/\"\n", 2, "letters, digits" },
		{ "feeds:\n  - path: sub/f.txt\n    url: \"https://feeds.example/\"\n", 2, "expected one of them" },
		{ "feeds:\n  - {name: a, url: \"http://a.example/\"}\n  - {name: a, url: \"http://b.example/\"}\n", 3,
		    "another feed has its name" },
		{ "catalogue: catalogue.yaml\nfeeds:\n  - from: four\n", 3, "not in the catalogue" },
		{ "catalogue: catalogue.yaml\nfeeds:\n  - from: three\n", 3, "colour: no such option" },
		{ "catalogue: none.yaml\nfeeds:\n  - from: one\n", 3, "expected the catalogue" },
		{ "feeds:\n  - {name: a, url: \"http://a.example/\", ca_file: none.pem}\n", 2, "No such file" },
	};
	size_t i;

	(void)state;
	write_bytes("sub/f.txt", "192.0.2.1\n", 10);
	write_bytes("catalogue.yaml", catalogue, sizeof catalogue - 1);
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		expect_refused(cases[i].yaml, cases[i].line, cases[i].words);
}

static void
test_wrong_feeds(void **state)
{
	static const struct wrong table[] = {
		{ "feeds:\n  - name: x\n", 2, "feeds[].path: missing" },
		{ "feeds:\n  - path: ''\n", 2, "feeds[].path: missing" },
		{ "\nfeeds:\n  - name: x\n    path: sub/none.csv\n", 4, "sub/none.csv: No such file or directory" },
		{ "feeds:\n  - path: sub\n", 2, "sub: Is a directory: expected a file that can be read" },
		{ "feeds:\n  - path: sub/f.txt\n    format: xml\n", 3, "\"xml\": expected one of" },
		{ "geoip:\n  asn: none.mmdb\n", 2, "geoip.asn: none.mmdb: No such file or directory" },
		{ "geoip:\n  country: sub/f.txt\n", 2, "geoip.country: GeoIP database sub/f.txt" },
		{ "capture:\n  filter: prt 22\n", 2, "capture.filter: " },
	};

	(void)state;
	write_bytes("sub/f.txt", "192.0.2.1\n", 10);
	EXPECT_ALL(table);
}

static void
test_wrong_sinks(void **state)
{
	static const struct wrong table[] = {
		{ "sinks:\n  - type: fax\n", 2, "\"fax\": expected one of console, eve, file, syslog, webhook" },
		{ "sinks:\n  - {type: mail, url: 'smtp://h', from: a@b, to: c}\n", 2, "sinks[].url: sink mail-0: to: expected" },
		{ "sinks:\n  - {type: mail, url: 'smtp://h', from: \"a@b>\", to: c@d}\n", 2, "from: expected an address" },
		{ "sinks:\n  - {type: mail, url: 'smtp://u:p@h', from: a@b, to: c@d}\n", 2, "expected it in login" },
		{ "sinks:\n  - type: console\n  - path: x\n", 3, "sinks[].type: missing" },
		{ "sinks:\n  - type: eve\n", 2, "sinks[].path: missing" },
		{ "sinks:\n  - type: eve\n    path: ''\n", 3, "sinks[].path: missing" },
		{ "sinks:\n  - type: eve\n    path: x\n    url: http://x/\n", 4, "belongs to type webhook" },
		{ "sinks:\n  - type: console\n    facility: user\n", 3, "belongs to type syslog" },
		{ "sinks:\n  - type: eve\n    path: none/e.json\n", 3, "none: no such directory" },
		{ "sinks:\n  - type: eve\n    path: sub\n", 3, "a directory: expected the path of a file" },
		{ "sinks:\n  - type: syslog\n    target: http://127.0.0.1\n", 3, "udp://host:port or tcp://host:port" },
		{ "sinks:\n  - type: syslog\n    target: udp://127.0.0.1:99999\n", 3, "udp://host:port" },
		{ "sinks:\n  - type: webhook\n    url: ftp://127.0.0.1\n", 3, "http:// or https:// URL" },
		{ "sinks:\n  - type: webhook\n    url: 'http://a b/'\n", 3, "http:// or https:// URL" },
		{ "sinks:\n  - type: webhook\n    url: hook\n", 3, "http:// or https:// URL" },
		{ "sinks:\n  - type: console\n    name: A B\n", 3, "\"A B\": expected a-z" },
		{ "sinks:\n  - {type: console, name: a}\n  - type: console\n    name: a\n", 4, "another sink is called so" },
		{ "sinks:\n  - type: console\n    retry_min_ms: 500\n    retry_max_ms: 400\n", 4, "less than retry_min_ms" },
	};

	(void)state;
	EXPECT_ALL(table);
}

static void
test_wrong_rhythm(void **state)
{
	static const struct wrong w[] = {
		{ "alerts:\n  update_sec: 600\n  update_most_sec: 599\n", 3, "alerts.update_most_sec: less than update_sec" },
		{ "alerts:\n  update_most_sec: 299\n", 2, "alerts.update_most_sec: less than update_sec" },
		{ "alerts:\n  update_sec: 21601\n", 2, "alerts.update_sec: more than update_most_sec" },
	};

	struct config c;

	(void)state;
	EXPECT_ALL(w);
	expect_read("alerts:\n  update_sec: 86400\n  update_most_sec: 86400\n", &c);
	assert_int_equal(c.alert.update_sec, 86400);
	assert_int_equal(c.alert.update_most_sec, 86400);
	config_clear(&c);
}

static void
test_wrong_suppress(void **state)
{
	static const struct wrong w[] = {
		{ "suppress:\n  - reason: x\n    until: never\n", 2, "at least one of host, service" },
		{ "suppress:\n  - rule: beacons\n    reason: x\n    until: never\n", 2, "suppress[].rule: expected a signature number, the name" },
		{ "suppress:\n  - rule: beacon\n    until: never\n", 2, "suppress[].reason: expected why" },
		{ "suppress:\n  - rule: beacon\n    reason: x\n", 2, "suppress[].until: expected its last day" },
		{ "suppress:\n  - rule: beacon\n    reason: x\n    until: tomorrow\n", 4, "suppress[].until: expected its last day" },
		{ "suppress:\n  - host: 10.0.0.300\n    reason: x\n    until: never\n", 2, "an address or a CIDR" },
		{ "suppress:\n  - hosts: 10.0.0.3\n", 2, "did you mean host" },
	};

	(void)state;
	EXPECT_ALL(w);
}

static void
test_no_password_is_shown(void **state)
{
	char yaml[2200], url[1200];
	struct config c;
	struct fault fault;

	(void)state;
	memset(url, 'a', sizeof url);
	url[sizeof url - 1] = '\0';
	snprintf(yaml, sizeof yaml, "sinks:\n - type: webhook\n   url: http://u:secret@h/%s\n", url);
	assert_int_equal(read_bytes(yaml, strlen(yaml), &c, &fault), SE_USAGE);
	assert_null(strstr(fault.text, "secret"));
	config_clear(&c);
	snprintf(yaml, sizeof yaml, "sinks:\n - type: webhook\n   url: ftp://u:secret@h/\n");
	assert_int_equal(read_bytes(yaml, strlen(yaml), &c, &fault), SE_USAGE);
	assert_null(strstr(fault.text, "secret"));
	config_clear(&c);
}

static void
test_no_yaml(void **state)
{
	static const struct wrong table[] = {
		{ "workers: 2\nuser: 'a\n\n", 4, "expected YAML: while scanning a quoted scalar (from line 2), " },
		{ "workers: 2\ncapture:\n\tsnaplen: 3\n", 3, "expected YAML" },
		{ "workers: 2\nhome: [a\nuser: b\n", 3, "expected YAML" },
		{ "workers: 1\n---\nworkers: 2\n", 2, "second document" },
		{ "user: &a x\n", 1, "anchors, aliases and tags" },
		{ "user: *a\n", 1, "anchors, aliases and tags" },
		{ "workers: !!int 2\n", 1, "anchors, aliases and tags" },
		{ "home: &h [a]\n", 1, "anchors, aliases and tags" },
		{ "? [a]\n: b\n", 1, "expected the name of an option" },
		{ "? {a: b}\n: b\n", 1, "expected the name of an option" },
		{ "workers: 1\nuser: \"a\xff\"\n", 2, "expected YAML in UTF-8" },
		{ "user: a\x01\n", 1, "expected YAML in UTF-8" },
		{ "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\n", 1, "anchors" },
		{ "home: [[[[[[[[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]]]]]]]\n", 1, "expected fewer levels" },
		{ "a: {b: {c: {d: {e: {f: {g: {h: {i: {j: k}}}}}}}}}\n", 1, "expected fewer levels" },
	};

	(void)state;
	EXPECT_ALL(table);
}

static void
test_binary(void **state)
{
	struct config c;
	struct fault fault;
	uint8_t bytes[512];
	unsigned i, k;

	(void)state;
	for (k = 0; k < 64; k++) {
		for (i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)((i * 167 + k * 31) ^ (i >> 3));
		bytes[k] = 0;
		assert_int_equal(read_bytes(bytes, sizeof bytes, &c, &fault), SE_USAGE);
		assert_memory_equal(fault.text, FILE_NAME ":", sizeof FILE_NAME);
		assert_null(strchr(fault.text, '\n'));
		config_clear(&c);
	}
}

static void
repeat(char *to, const char *piece, size_t count)
{
	size_t len = strlen(piece), i;

	for (i = 0; i < count; i++)
		memcpy(to + i * len, piece, len);
	to[count * len] = '\0';
}

static void
test_huge(void **state)
{
	const size_t room = 3 << 20;
	char *text = malloc(room);
	struct config c;
	struct fault fault;

	(void)state;
	assert_non_null(text);
	repeat(text, "# a comment\n", 100000);
	assert_int_equal(read_bytes(text, strlen(text), &c, &fault), SE_USAGE);
	assert_non_null(strstr(fault.text, "at most 1 MiB"));
	config_clear(&c);
	repeat(text, "[", 1 << 20);
	expect_refused(text, 1, "expected");
	strcpy(text, "home:\n");
	repeat(text + 6, "- 10.0.0.0/8\n", 4097);
	expect_refused(text, 1, "home: the list: expected a list");
	repeat(text + 6, "- 10.0.0.0/8\n", 9000);
	expect_refused(text, 8193, "expected at most 8192 values");
	strcpy(text, "sinks:\n");
	repeat(text + 7, "- type: console\n", 65);
	expect_refused(text, 1, "sinks: the list: expected a list of at most 64");
	strcpy(text, "user: ");
	repeat(text + 6, "a", 100000);
	expect_refused(text, 1, "expected a shorter value");
	free(text);
}

static void
test_no_file(void **state)
{
	struct config c;
	struct fault fault;

	(void)state;
	config_defaults(&c);
	assert_int_equal(config_read("none.yaml", &c, &fault), SE_USAGE);
	assert_string_equal(fault.text, "none.yaml: No such file or directory: expected a configuration file");
	assert_int_equal(config_read("sub", &c, &fault), SE_USAGE);
	assert_string_equal(fault.text, "sub: Is a directory: expected a configuration file");
	config_clear(&c);
}

/* A file that was cut off is read or refused in one line, and never half remembered as whole. */
static void
test_cut_at_every_byte(void **state)
{
	struct config c;
	struct fault fault;
	size_t len;
	int r;

	(void)state;
	for (len = 0; len < sizeof sinks_yaml - 1; len++) {
		r = read_bytes(sinks_yaml, len, &c, &fault);
		assert_true(r == 0 || (r == SE_USAGE && strncmp(fault.text, FILE_NAME ":", 7) == 0 &&
		    strchr(fault.text, '\n') == NULL));
		config_clear(&c);
	}
}

/* ---- what the command line adds ---- */

static void
test_options_of_the_command_line(void **state)
{
	struct config c;
	struct fault fault;
	unsigned bits = 0;

	(void)state;
	write_bytes("sub/f.txt", "192.0.2.1\n", 10);
	config_defaults(&c);
	assert_int_equal(config_add_feed(&c, "plain:sub/f.txt", &fault), 0);
	assert_string_equal(c.feeds[0].format, "plain");
	assert_string_equal(c.feeds[0].name, "f");
	assert_int_equal(config_add_feed(&c, "sub/none", &fault), SE_USAGE);
	assert_string_equal(fault.text, "feed sub/none: No such file or directory: expected a file that can be read");
	assert_int_equal(config_parse_records("alert,dns", &bits, &fault), 0);
	assert_int_equal(bits, 1 << RECORD_ALERT | 1 << RECORD_DNS);
	assert_int_equal(config_parse_records("alert,,dns", &bits, &fault), SE_USAGE);
	assert_int_equal(config_parse_records("alert,alertalertalertalert", &bits, &fault), SE_USAGE);
	assert_non_null(config_add_sink(&c, SINK_EVE, "a"));
	snprintf(c.sinks[0].name, sizeof c.sinks[0].name, "eve-1");
	assert_non_null(config_add_sink(&c, SINK_EVE, "b"));
	assert_string_not_equal(c.sinks[1].name, "eve-1");
	config_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_holds_together),
		cmocka_unit_test(test_rows_share_no_place),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_each_option_is_read),
		cmocka_unit_test(test_each_range_is_kept),
		cmocka_unit_test(test_units_are_scaled),
		cmocka_unit_test(test_lists),
	cmocka_unit_test(test_lists_of_networks_are_two),
		cmocka_unit_test(test_feeds), cmocka_unit_test(test_rules_of_harmless_services),
		cmocka_unit_test(test_advice_of_the_house),
		cmocka_unit_test(test_sinks),
		cmocka_unit_test(test_paths_begin_at_the_file),
		cmocka_unit_test(test_what_the_file_has_goes_over_what_holds),
		cmocka_unit_test(test_empty_files_are_defaults),
		cmocka_unit_test(test_sample_is_defaults),
		cmocka_unit_test(test_sample_without_marks_is_defaults),
		cmocka_unit_test(test_unknown_options),
		cmocka_unit_test(test_wrong_types),
		cmocka_unit_test(test_wrong_lists),
		cmocka_unit_test(test_wrong_feeds), cmocka_unit_test(test_fetched_feeds),
		cmocka_unit_test(test_wrong_fetched_feeds),
		cmocka_unit_test(test_wrong_sinks),
		cmocka_unit_test(test_suppress), cmocka_unit_test(test_wrong_suppress), cmocka_unit_test(test_wrong_rhythm),
		cmocka_unit_test(test_no_password_is_shown),
		cmocka_unit_test(test_no_yaml),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_options_of_the_command_line),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
