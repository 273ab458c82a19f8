#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "history/history.h"
#include "history/known.h"
#include "history/value.h"
#include "history_rig.h"

static struct addr
address(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, strlen(text), &a));
	return a;
}

static void
note(struct history *h, enum kept_kind kind, const char *host, const char *peer, const char *name,
    int64_t ts_ns)
{
	struct kept_buffer b;

	memset(&b, 0, sizeof b);
	b.k.kind = (uint8_t)kind;
	b.k.protocol = 6;
	b.k.addr[0] = address(host);
	b.k.addr[1] = address(peer);
	b.k.port[0] = 51234;
	b.k.port[1] = 443;
	b.k.ts_ns = ts_ns;
	if (kind == KEPT_FLOW) {
		b.k.bytes_out = 100;
		b.k.bytes_in = 1000;
	}
	kept_seal(&b, span_text(name));
	assert_true(kept_valid(&b.k, b.k.bytes));
	history_note(h, &b.k);
}

struct rows {
	unsigned count;
	struct history_row row;		/* the latest */
	char name[256];
};

static bool
collect(void *to, const struct history_row *row)
{
	struct rows *r = to;

	r->count++;
	r->row = *row;
	snprintf(r->name, sizeof r->name, "%s", row->name);
	return true;
}

static struct rows
who(const char *value, bool host_only)
{
	struct rows r = { .count = 0 };
	struct fault fault = { "" };
	int64_t found = history_who(folder, value, host_only, collect, &r, &fault);

	assert_int_equal(found, r.count);
	return r;
}

static void
test_contacts_add_up(void **state)
{
	struct history *h = opened(&roomy, false, NULL);
	struct rows r;

	(void)state;
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "panel.example", START_NS);
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.2", "panel.example", START_NS + 5);
	note(h, KEPT_FLOW, "10.0.0.5", "192.0.2.2", "panel.example", START_NS + 9);
	commit(h, START_NS + 10);
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "panel.example", START_NS + 2 * DAY_NS);
	note(h, KEPT_FLOW, "10.0.0.5", "192.0.2.1", "panel.example", START_NS + 2 * DAY_NS + 9);
	note(h, KEPT_CONTACT, "10.0.0.6", "192.0.2.1", "", START_NS);
	commit(h, START_NS + 2 * DAY_NS);
	r = who("example", false);
	assert_int_equal(r.count, 1);
	assert_string_equal(r.name, "panel.example");
	assert_int_equal(r.row.count, 3);
	assert_int_equal(r.row.days, 2);
	assert_int_equal(r.row.first_ns, START_NS);
	assert_int_equal(r.row.last_ns, START_NS + 2 * DAY_NS);
	assert_int_equal(r.row.bytes_out, 200);
	assert_int_equal(r.row.bytes_in, 2000);
	assert_int_equal(r.row.peers, 2);
	assert_int_equal(r.row.peer[0].count, 2);
	assert_int_equal(who("192.0.2.1", false).count, 2);
	assert_int_equal(who("192.0.2.2:443", false).count, 1);
	assert_int_equal(who("192.0.2.2:80", false).count, 0);
	assert_int_equal(who("192.0.2.0/24", false).count, 2);
	assert_int_equal(who("10.0.0.6", true).count, 1);
	assert_int_equal(who("192.0.2.1", true).count, 0);
	assert_int_equal(who("xample", false).count, 0);
	assert_int_equal(history_counts(h)->contacts, 4);
	history_close(h, true);
}

static void
test_what_no_host_asked_is_passed_over(void **state)
{
	struct history *h = opened(&roomy, false, NULL);
	struct kept_buffer b;

	(void)state;
	note(h, KEPT_CONTACT, "10.0.0.5", "224.0.0.251", "", START_NS);
	note(h, KEPT_CONTACT, "10.0.0.5", "ff02::fb", "", START_NS);
	memset(&b, 0, sizeof b);
	b.k.addr[0] = address("198.51.100.9");
	b.k.addr[1] = address("10.0.0.5");
	b.k.host_side = 1;
	kept_seal(&b, span_of(NULL, 0));
	history_note(h, &b.k);
	assert_int_equal(history_waiting(h), 0);
	assert_int_equal(history_counts(h)->passed_over, 3);
	history_close(h, true);
}

static void
test_the_oldest_goes_by_age(void **state)
{
	struct history *h = opened(&roomy, false, NULL);

	(void)state;
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "old.example", START_NS);
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "kept.example", START_NS);
	commit(h, START_NS);
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "kept.example", START_NS + 60 * DAY_NS);
	commit(h, START_NS + 91 * DAY_NS);
	assert_int_equal(who("old.example", false).count, 0);
	assert_int_equal(who("kept.example", false).count, 1);
	assert_int_equal(history_counts(h)->evicted_age, 1);
	history_close(h, true);
}

static void
test_a_host_whose_rows_went_comes_back(void **state)
{
	struct history *h = opened(&roomy, false, NULL);

	(void)state;
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "one.example", START_NS);
	commit(h, START_NS);
	note(h, KEPT_CONTACT, "10.0.0.6", "192.0.2.2", "two.example", START_NS + 91 * DAY_NS);
	commit(h, START_NS + 91 * DAY_NS);
	assert_int_equal(who("one.example", false).count, 0);
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "one.example", START_NS + 92 * DAY_NS);
	commit(h, START_NS + 92 * DAY_NS);
	assert_int_equal(who("one.example", false).count, 1);
	assert_int_equal(who("10.0.0.5", true).count, 1);
	assert_int_equal(who("two.example", false).count, 1);
	history_close(h, true);
}

static void
test_the_oldest_goes_by_size(void **state)
{
	static const struct history_limits narrow = { .days = 90, .max_bytes = 1u << 20 };
	struct history *h = opened(&narrow, false, NULL);
	char name[64], path[128];
	struct stat st;
	int i;

	(void)state;
	for (i = 0; i < 12000; i++) {
		snprintf(name, sizeof name, "name-%05d.some-longer-service-name.example", i);
		note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", name, START_NS + i * NS_PER_SEC);
		if (i % 2000 == 1999)
			commit(h, START_NS + i * NS_PER_SEC);
	}
	assert_int_equal(who("name-00000.some-longer-service-name.example", false).count, 0);
	assert_int_equal(who("name-11999.some-longer-service-name.example", false).count, 1);
	assert_true(history_counts(h)->evicted_size > 1000);
	snprintf(path, sizeof path, "%s/history.db", folder);
	history_close(h, true);
	assert_int_equal(stat(path, &st), 0);
	assert_true((uint64_t)st.st_size <= narrow.max_bytes / 4 * 5 + 65 * 4096);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
test_a_damaged_file_is_set_aside(void **state)
{
	struct history *h = opened(&roomy, false, NULL);
	static char junk[65536];
	char path[128], said[256];
	int fd;

	(void)state;
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "x.example", START_NS);
	commit(h, START_NS);
	history_close(h, true);
	memset(junk, 0x5a, sizeof junk);
	snprintf(path, sizeof path, "%s/history.db", folder);
	assert_true((fd = open(path, O_WRONLY)) >= 0);
	assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
	close(fd);
	h = opened(&roomy, false, said);
	assert_non_null(strstr(said, "history.db.damaged-1"));
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "y.example", START_NS);
	commit(h, START_NS);
	history_close(h, true);
	assert_int_equal(who("y.example", false).count, 1);
	assert_int_equal(who("x.example", false).count, 0);
	snprintf(path, sizeof path, "%s/history.db.damaged-1", folder);
	assert_int_equal(access(path, F_OK), 0);
}

static void
test_one_writer_at_a_time(void **state)
{
	struct history *h = opened(&roomy, false, NULL), *second;
	struct fault fault = { "" };
	char said[64];

	(void)state;
	assert_int_equal(history_open(folder, &roomy, false, &second, said, sizeof said, &fault), SE_PEER);
	assert_null(second);
	history_close(h, true);
}

static void
test_a_replay_leaves_all_or_nothing(void **state)
{
	struct history *h = opened(&roomy, true, NULL);

	(void)state;
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "x.example", START_NS);
	commit(h, WHEN_UNKNOWN);
	history_close(h, false);
	assert_int_equal(who("x.example", false).count, 0);
	h = opened(&roomy, true, NULL);
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "x.example", START_NS);
	history_close(h, true);
	assert_int_equal(who("x.example", false).count, 1);
}

static bool
refuse(void *to, const struct history_row *row)
{
	(void)to;
	(void)row;
	return false;
}

static void
test_scan_goes_step_by_step_and_tells_once(void **state)
{
	struct history *h = opened(&roomy, false, NULL);
	struct rows r = { 0 };
	struct kept_buffer b;
	char name[32];
	bool over;
	int i;

	(void)state;
	for (i = 0; i < 25; i++) {
		snprintf(name, sizeof name, "n%d.example", i);
		note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", name, START_NS + i);
	}
	commit(h, START_NS);
	history_scan_begin(h);
	note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "later.example", START_NS);
	commit(h, START_NS);
	assert_int_equal(history_scan_step(h, 10, refuse, NULL, &over), 0);
	assert_false(over);
	assert_int_equal(history_scan_step(h, 10, collect, &r, &over), 10);
	assert_int_equal(history_scan_step(h, 10, collect, &r, &over), 10);
	assert_false(over);
	assert_int_equal(history_scan_step(h, 10, collect, &r, &over), 5);
	assert_true(over);
	assert_int_equal(r.count, 25);
	assert_false(history_is_told(h, &r.row.realm, &r.row.host, 3, "n1.example"));
	history_tell(h, &r.row.realm, &r.row.host, 3, "n1.example", START_NS);
	assert_true(history_is_told(h, &r.row.realm, &r.row.host, 3, "n1.example"));
	assert_false(history_is_told(h, &r.row.realm, &r.row.host, 2, "n1.example"));
	/* What a worker matched is told as well. */
	memset(&b, 0, sizeof b);
	b.k.kind = KEPT_MATCH;
	b.k.type = 3;
	b.k.addr[0] = r.row.host;
	kept_seal(&b, span_text("n2.example"));
	history_note(h, &b.k);
	commit(h, START_NS);
	assert_true(history_is_told(h, &r.row.realm, &r.row.host, 3, "n2.example"));
	history_close(h, true);
}

static void
census(struct history *h, int day, const char *family, uint64_t servers, uint64_t hosts, uint8_t flags)
{
	struct kept_buffer b;

	memset(&b, 0, sizeof b);
	b.k.kind = KEPT_CENSUS;
	b.k.flags = flags;
	b.k.ts_ns = START_NS + day * DAY_NS;
	b.k.bytes_out = servers;
	b.k.bytes_in = hosts;
	kept_seal(&b, span_text(family));
	assert_true(kept_valid(&b.k, b.k.bytes));
	history_note(h, &b.k);
}

static char told[512];

static bool
tell_census(void *to, const struct history_census *row)
{
	(void)to;
	snprintf(told + strlen(told), sizeof told - strlen(told), "%d %s %llu %llu%s; ", row->day - 20000, row->family,
	    (unsigned long long)row->servers, (unsigned long long)row->hosts, row->estimated ? " about" : "");
	return true;
}

static const char *
census_of(int from, int to)
{
	struct fault fault;

	told[0] = '\0';
	assert_true(history_census(folder, from, to, tell_census, NULL, &fault) >= 0);
	return told;
}

/* The largest of what was counted stays: after a restart a day begins anew. */
static void
test_census(void **state)
{
	struct history *h;

	(void)state;
	assert_string_equal(census_of(0, INT32_MAX), "");
	h = opened(&roomy, false, NULL);
	census(h, 0, "emotet", 100, 12, 0);
	census(h, 1, "emotet", 40, 30, 0);
	census(h, 1, "trickbot", 3, 2, 0);
	commit(h, START_NS + DAY_NS);
	census(h, 1, "emotet", 60, 5, 0);
	census(h, 2, "emotet", 700, 5, KEPT_ESTIMATED);
	census(h, 2, "emotet", 2, 1, 0);
	commit(h, START_NS + 2 * DAY_NS);
	assert_string_equal(census_of(0, INT32_MAX), "0 emotet 100 12; 1 emotet 60 30; 1 trickbot 3 2; 2 emotet 700 5 about; ");
	assert_string_equal(census_of(20001, 20001), "1 emotet 60 30; 1 trickbot 3 2; ");
	commit(h, START_NS + 3655 * DAY_NS);	/* ten years later */
	assert_string_equal(census_of(0, INT32_MAX), "2 emotet 700 5 about; ");
	history_close(h, true);
}

static void
test_snapshot_knows_first_days(void **state)
{
	struct history *h = opened(&roomy, false, NULL);
	struct addr peer = address("192.0.2.1"), other = address("192.0.2.9"), host = address("10.0.0.77");
	struct realm realm = { .vlan = { 0 } };
	struct fault fault = { "" };
	struct history_known *k;
	char path[128];
	int i;

	(void)state;
	for (i = 0; i < 15; i++) {
		note(h, KEPT_CONTACT, "10.0.0.5", "192.0.2.1", "", START_NS + i * DAY_NS);
		note(h, KEPT_CONTACT, "10.0.0.6", "192.0.2.3", "a.example", START_NS + (i + 3) * DAY_NS);
	}
	commit(h, START_NS + 15 * DAY_NS);
	snprintf(path, sizeof path, "%s/known", folder);
	assert_int_equal(history_known_write(h, path, 20015, &fault), 0);
	history_close(h, true);
	assert_int_equal(history_known_open(path, &k, &fault), 0);
	assert_int_equal(history_known_services(k), 2);
	assert_int_equal(history_known_made_day(k), 20015);
	assert_int_equal(history_known_first_day(k, span_text(""), &peer, 443, 6), 20000);
	assert_int_equal(history_known_first_day(k, span_text(""), &peer, 80, 6), KNOWN_NEVER);
	assert_int_equal(history_known_first_day(k, span_text(""), &other, 443, 6), KNOWN_NEVER);
	assert_int_equal(history_known_first_day(k, span_text("a.example"), &peer, 443, 6), 20003);
	assert_int_equal(history_known_first_day(k, span_text("b.example"), &peer, 443, 6), KNOWN_NEVER);
	assert_true(history_known_coverage_days(k, &realm, &host) >= KNOWN_COVERAGE_DAYS);
	assert_int_equal(history_known_days_before(k, &realm, &host, 20000), 0);
	assert_int_equal(history_known_days_before(k, &realm, &host, 20005), 5);
	assert_int_equal(history_known_days_before(k, &realm, &host, 20400),
	    history_known_coverage_days(k, &realm, &host));
	host = address("10.0.1.77");
	assert_int_equal(history_known_coverage_days(k, &realm, &host), 0);
	assert_int_equal(history_known_days_before(k, &realm, &host, 20005), 0);
	history_known_close(k);
	assert_int_equal(truncate(path, 60), 0);
	assert_true(history_known_open(path, &k, &fault) < 0);
	assert_null(k);
}

static void
test_values(void **state)
{
	static const char *const wrong[] = { "", ":", "a b", "1.2.3.4:0", "1.2.3.4:x", "1.2.3.4:70000", "a/b" };
	struct sought s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(sought_parse(wrong[i], &s));
	assert_true(sought_parse("[2001:db8::7]:443", &s));
	assert_int_equal(s.port, 443);
	assert_true(sought_parse("2001:db8::7", &s));
	assert_int_equal(s.port, 0);
	assert_true(sought_parse("Panel.Example.", &s));
	assert_true(sought_name(&s, span_text("x.panel.example")));
	assert_false(sought_name(&s, span_text("xpanel.example")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_contacts_add_up, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_what_no_host_asked_is_passed_over, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_the_oldest_goes_by_age, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_host_whose_rows_went_comes_back, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_the_oldest_goes_by_size, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_damaged_file_is_set_aside, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_one_writer_at_a_time, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_replay_leaves_all_or_nothing, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_scan_goes_step_by_step_and_tells_once, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_census, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_snapshot_knows_first_days, make_folder, remove_folder),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
