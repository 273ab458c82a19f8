#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyst/keeper.h"
#include "base/when.h"
#include "history/history.h"
#include "history_rig.h"

#define HOUR_NS (3600 * NS_PER_SEC)

static const struct history_limits vast = { .days = 90, .max_bytes = 1u << 30 };

/* Host 10.x.x.x, peer 203.0.x.x. */
static void
note(struct history *h, enum kept_kind kind, uint32_t host, uint32_t peer, const char *name, int64_t ts_ns)
{
	struct kept_buffer b;
	int i;

	memset(&b, 0, sizeof b);
	b.k.kind = (uint8_t)kind;
	b.k.protocol = 6;
	b.k.port[1] = 443;
	b.k.ts_ns = ts_ns;
	for (i = 0; i < 2; i++)
		memset(b.k.addr[i].b + 10, 0xff, 2);
	memcpy(b.k.addr[0].b + 12, (uint8_t[]){ 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host }, 4);
	memcpy(b.k.addr[1].b + 12, (uint8_t[]){ 203, 0, (uint8_t)(peer >> 8), (uint8_t)peer }, 4);
	if (kind == KEPT_FLOW) {
		b.k.bytes_out = 100 + host;
		b.k.bytes_in = 1000 + peer;
	}
	kept_seal(&b, span_text(name));
	assert_true(kept_valid(&b.k, b.k.bytes));
	history_note(h, &b.k);
}

struct story {
	FILE *out;
	unsigned rows;
};

static bool
tell(void *to, const struct history_row *row)
{
	struct story *s = to;
	unsigned i;

	s->rows++;
	if (s->out == NULL)
		return true;
	fprintf(s->out, "%02x%02x%02x %s %u %u: %lld-%lld %llu %llu/%llu %u;", row->host.b[13], row->host.b[14], row->host.b[15],
	    row->name, row->port, row->resolved, (long long)(row->first_ns - START_NS), (long long)(row->last_ns - START_NS),
	    (unsigned long long)row->count, (unsigned long long)row->bytes_out, (unsigned long long)row->bytes_in, row->days);
	for (i = 0; i < row->peers; i++)
		fprintf(s->out, " %02x%02x %llu", row->peer[i].addr.b[14], row->peer[i].addr.b[15],
		    (unsigned long long)row->peer[i].count);
	fprintf(s->out, "\n");
	return true;
}

/* All rows in their order; the caller frees. */
static char *
story(struct history *h)
{
	struct story s = { NULL, 0 };
	char *text = NULL;
	size_t size;
	bool over;

	assert_non_null(s.out = open_memstream(&text, &size));
	history_scan_begin(h);
	do
		assert_true(history_scan_step(h, 1000, tell, &s, &over) >= 0);
	while (!over);
	fclose(s.out);
	return text;
}

static unsigned
rows_of(struct history *h)
{
	struct story s = { NULL, 0 };
	bool over;

	history_scan_begin(h);
	do
		assert_true(history_scan_step(h, 1000, tell, &s, &over) >= 0);
	while (!over);
	return s.rows;
}

/* The same talk, and a commit after every `every` records: first, in the middle, never. */
static char *
told_with_commits(unsigned every)
{
	static const struct {
		enum kept_kind kind;
		uint32_t host, peer;
		const char *name;
		int64_t at_ns;
	} said[] = {
		{ KEPT_FLOW, 9, 9, "early.example", 1 },	/* of a flow whose contact nobody kept */
		{ KEPT_CONTACT, 5, 1, "z.example", 2 },
		{ KEPT_CONTACT, 6, 1, "z.example", 3 },
		{ KEPT_CONTACT, 9, 9, "early.example", 4 },
		{ KEPT_CONTACT, 5, 2, "a.example", 5 },
		{ KEPT_FLOW, 9, 9, "early.example", 6 },
		{ KEPT_CONTACT, 5, 7, "", 7 },
		{ KEPT_CONTACT, 5, 3, "z.example", 8 },
		{ KEPT_FLOW, 5, 7, "", DAY_NS + 9 },	/* ends on another day */
		{ KEPT_CONTACT, 5, 7, "", DAY_NS + 10 },
		{ KEPT_FLOW, 5, 7, "", DAY_NS + 11 },
		{ KEPT_CONTACT, 5, 7, "", 12 },
		{ KEPT_CONTACT, 5, 7, "", 2 * DAY_NS + 13 },
		{ KEPT_FLOW, 7, 7, "", 2 * DAY_NS + 14 },
		{ KEPT_FLOW, 5, 1, "z.example", 2 * DAY_NS + 15 },
	};
	struct history *h = opened(&roomy, false, NULL);
	char *text;
	size_t i;

	for (i = 0; i < sizeof said / sizeof *said; i++) {
		note(h, said[i].kind, said[i].host, said[i].peer, said[i].name, START_NS + said[i].at_ns);
		if ((i + 1) % every == 0)
			commit(h, START_NS + said[i].at_ns);
	}
	commit(h, START_NS + 3 * DAY_NS);
	text = story(h);
	history_close(h, true);
	remove_folder(NULL);
	make_folder(NULL);
	return text;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Rows as a set: which pair is written before which depends on what is written together. */
static void
sort_lines(char *text)
{
	char *line[32], *copy = strdup(text), *at = copy;
	size_t n = 0, i;

	assert_non_null(copy);
	while (n < 32 && (line[n] = strsep(&at, "\n")) != NULL)
		n++;
	qsort(line, n, sizeof *line, by_text);
	for (i = 0, text[0] = '\0'; i < n; i++)
		strcat(strcat(text, line[i]), i + 1 < n ? "\n" : "");
	free(copy);
}

/* What is written together changes nothing of what is kept. */
static void
test_rows_do_not_depend_on_commits(void **state)
{
	char *together = told_with_commits(1000), *again = told_with_commits(1000), *apart;
	unsigned every;

	(void)state;
	assert_string_equal(together, again);
	assert_non_null(strstr(together, "000009 early.example 443 0: 4-4 1 109/1009 1; 0009 1\n"));
	assert_non_null(strstr(together, "000005  443 0: 7-172800000000013 4 210/2014 3; 0007 4\n"));
	sort_lines(together);
	for (every = 1; every < 16; every++) {
		apart = told_with_commits(every);
		sort_lines(apart);
		assert_string_equal(together, apart);
		free(apart);
	}
	free(together);
	free(again);
}

static void
test_an_hour_brings_so_many_new_pairs(void **state)
{
	static const struct history_limits narrow = { .days = 90, .max_bytes = 4u << 20 };
	struct history *h = opened(&narrow, false, NULL);
	uint32_t i;

	(void)state;
	note(h, KEPT_CONTACT, 7, 7, "known.example", START_NS);
	commit(h, START_NS);
	for (i = 0; i < 12000; i++)
		note(h, KEPT_CONTACT, 5, i, "", START_NS + i);
	commit(h, START_NS + NS_PER_SEC);
	assert_int_equal(rows_of(h), 10000);
	assert_int_equal(history_counts(h)->left_out, 2001);
	/* Who was known is written on, who is new is not, nor is a new host. */
	note(h, KEPT_CONTACT, 7, 7, "known.example", START_NS + 2);
	note(h, KEPT_CONTACT, 7, 8, "new.example", START_NS + 2);
	note(h, KEPT_CONTACT, 70000, 8, "known.example", START_NS + 2);
	note(h, KEPT_FLOW, 70000, 8, "known.example", START_NS + 3);
	commit(h, START_NS + 2 * NS_PER_SEC);
	assert_int_equal(rows_of(h), 10000);
	assert_int_equal(history_counts(h)->left_out, 2003);
	/* The next hour has room again. */
	note(h, KEPT_CONTACT, 7, 8, "new.example", START_NS + HOUR_NS);
	commit(h, START_NS + HOUR_NS);
	assert_int_equal(rows_of(h), 10001);
	assert_int_equal(history_counts(h)->left_out, 2003);
	history_close(h, true);
}

/* A scan of all the world pushes nothing out of a day's history. */
static void
test_much_is_gathered_and_more_is_lost(void **state)
{
	struct history *h = opened(&vast, true, NULL);
	uint32_t i, most = history_gathered();

	(void)state;
	for (i = 0; !history_is_full(h); i++)
		note(h, KEPT_CONTACT, i / 60000, i % 60000, "", START_NS + i);
	assert_in_range(i, most / 10 * 9, most - 4096);
	for (; i < most + 100; i++)
		note(h, KEPT_CONTACT, i / 60000, i % 60000, "", START_NS + i);
	assert_int_equal(history_waiting(h), most);
	assert_int_equal(history_counts(h)->lost, 100);
	/* Again and again finds its place. */
	note(h, KEPT_CONTACT, 0, 0, "", START_NS + i);
	assert_int_equal(history_counts(h)->lost, 100);
	history_close(h, false);
}

static void
test_names_have_a_ceiling_of_their_own(void **state)
{
	struct history *h = opened(&vast, true, NULL);
	char name[256];
	uint32_t i;

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[255] = '\0';
	for (i = 0; !history_is_full(h); i++) {
		name[snprintf(name, sizeof name, "%u", i)] = '.';
		note(h, KEPT_CONTACT, 1, 1, name, START_NS);
	}
	assert_in_range(i, 30000, 80000);
	for (; history_counts(h)->lost == 0 && i < 400000; i++) {
		name[snprintf(name, sizeof name, "%u", i)] = '.';
		note(h, KEPT_CONTACT, 1, 1, name, START_NS);
	}
	assert_in_range(i, 60000, 160000);
	history_close(h, false);
}

/* Sampled, since there are many. */
static void
test_the_oldest_of_many_goes_by_size(void **state)
{
	static const struct history_limits narrow = { .days = 90, .max_bytes = 2u << 20 };
	struct history *h = opened(&narrow, false, NULL);
	unsigned n, rows;
	uint32_t i;
	char *text;

	(void)state;
	for (n = 0; n < 8; n++) {
		for (i = 0; i < 9000; i++) {
			note(h, KEPT_CONTACT, i % 100, n * 9000 + i, "", START_NS + n * HOUR_NS + i);
			if (history_is_full(h))
				commit(h, START_NS + n * HOUR_NS + i);
		}
		commit(h, START_NS + n * HOUR_NS);
	}
	rows = rows_of(h);
	assert_int_equal(rows + history_counts(h)->evicted_size, 72000);
	assert_in_range(rows, 15000, 40000);
	text = story(h);
	assert_null(strstr(text, ": 0-0 "));
	assert_non_null(strstr(text, ": 25200000008999-"));
	free(text);
	history_close(h, true);
}

/* As the first versions made it. */
static const char old_schema[] =
    "CREATE TABLE host (id INTEGER PRIMARY KEY, realm BLOB NOT NULL, address BLOB NOT NULL, UNIQUE (realm, address));"
    "CREATE TABLE service (id INTEGER PRIMARY KEY, name TEXT NOT NULL, address BLOB NOT NULL,"
    " port INTEGER NOT NULL, protocol INTEGER NOT NULL, resolved INTEGER NOT NULL,"
    " UNIQUE (name, address, port, protocol, resolved));"
    "CREATE TABLE contact (id INTEGER PRIMARY KEY AUTOINCREMENT, host INTEGER NOT NULL, service INTEGER NOT NULL,"
    " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, count INTEGER NOT NULL,"
    " bytes_out INTEGER NOT NULL, bytes_in INTEGER NOT NULL, days INTEGER NOT NULL, UNIQUE (host, service));"
    "CREATE INDEX contact_service ON contact (service);"
    "CREATE INDEX contact_last ON contact (last_ns);"
    "CREATE TABLE peer (contact INTEGER NOT NULL, address BLOB NOT NULL, first_ns INTEGER NOT NULL,"
    " last_ns INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (contact, address)) WITHOUT ROWID;"
    "CREATE INDEX peer_address ON peer (address);"
    "CREATE TABLE told (realm BLOB NOT NULL, host BLOB NOT NULL, type INTEGER NOT NULL, value TEXT NOT NULL,"
    " at_ns INTEGER NOT NULL, PRIMARY KEY (realm, host, type, value)) WITHOUT ROWID;"
    "CREATE TABLE coverage (realm BLOB NOT NULL, network BLOB NOT NULL, first_day INTEGER NOT NULL,"
    " last_day INTEGER NOT NULL, days INTEGER NOT NULL, PRIMARY KEY (realm, network)) WITHOUT ROWID;"
    "INSERT INTO host VALUES (3, zeroblob(28), x'00000000000000000000ffff0a000005');"
    "INSERT INTO service VALUES (8, 'panel.example', x'', 443, 6, 0);"
    "INSERT INTO service VALUES (9, '', x'00000000000000000000ffffcb000009', 443, 6, 0);"
    "INSERT INTO contact VALUES (4, 3, 8, 1728000000000000000, 1728000000000000000, 7, 1, 2, 1);"
    "INSERT INTO contact VALUES (6, 3, 9, 1728000000000000000, 1728000000000000000, 1, 0, 0, 1);"
    "INSERT INTO peer VALUES (4, x'00000000000000000000ffffcb000001', 1728000000000000000, 1728000000000000000, 7);"
    "PRAGMA application_id = 1751215731; PRAGMA user_version = 1;";

static void
make_old_file(void)
{
	sqlite3 *db = NULL;
	char path[128];

	snprintf(path, sizeof path, "%s/history.db", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, old_schema, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
test_a_file_of_the_first_version_goes_on(void **state)
{
	struct story s = { NULL, 0 };
	struct fault fault = { "" };
	struct history *h;
	char *text;
	int n;

	(void)state;
	make_old_file();
	for (n = 0; n < 2; n++) {
		h = opened(&roomy, false, NULL);
		note(h, KEPT_CONTACT, 5, 1, "panel.example", START_NS + (n + 1) * DAY_NS);
		note(h, KEPT_FLOW, 5, 9, "", START_NS + (n + 1) * DAY_NS);
		note(h, KEPT_CONTACT, 6, 9, "", START_NS + (n + 1) * DAY_NS);
		commit(h, START_NS + (n + 1) * DAY_NS);
		history_close(h, true);
	}
	h = opened(&roomy, false, NULL);
	text = story(h);
	assert_string_equal(text, "000005 panel.example 443 0: 0-172800000000000 9 1/2 3; 0001 9\n"
	    "000005  443 0: 0-0 1 210/2018 1; 0009 1\n"
	    "000006  443 0: 86400000000000-172800000000000 2 0/0 2; 0009 2\n");
	free(text);
	assert_int_equal(history_who(folder, "203.0.0.9", false, tell, &s, &fault), 2);
	assert_int_equal(history_who(folder, "10.0.0.5", true, tell, &s, &fault), 2);
	assert_int_equal(history_who(folder, "panel.example", false, tell, &s, &fault), 1);
	commit(h, START_NS + 91 * DAY_NS);
	assert_int_equal(rows_of(h), 2);
	history_close(h, true);
}

static bool
wants(enum observation_kind kind, uint8_t host_side, uint8_t first_byte, uint32_t count, bool log)
{
	struct observation o = { .kind = (uint16_t)kind, .host_side = host_side, .count = count };

	memset(o.key.addr[1].b + 10, 0xff, 2);
	o.key.addr[1].b[12] = first_byte;
	return keep_wants(&o, log);
}

/* A flood from outside costs the keeper nothing, unless every contact is to be kept. */
static void
test_what_nobody_keeps_is_not_sent(void **state)
{
	(void)state;
	assert_true(wants(OBSERVE_CONTACT, 0, 203, 0, false));
	assert_false(wants(OBSERVE_CONTACT, 1, 203, 0, false));
	assert_false(wants(OBSERVE_CONTACT, 0, 224, 0, false));
	assert_true(wants(OBSERVE_CONTACT, 1, 203, 0, true));
	assert_true(wants(OBSERVE_CONTACT, 0, 224, 0, true));
	assert_true(wants(OBSERVE_FLOW, 0, 203, 1, false));
	assert_false(wants(OBSERVE_FLOW, 0, 203, 0, false));
	assert_false(wants(OBSERVE_FLOW, 1, 203, 1, true));
	assert_true(wants(OBSERVE_MATCH, 1, 203, 0, false));
	assert_false(wants(OBSERVE_NAME, 0, 203, 1, true));
}

static bool
no_match(void *to, const struct observation *o)
{
	(void)to;
	(void)o;
	return true;
}

static void
take(struct keeper *k, uint32_t first, uint32_t count)
{
	struct kept_buffer b;
	uint32_t i;

	memset(&b, 0, sizeof b);
	b.k.ts_ns = START_NS;
	for (i = first; i < first + count; i++) {
		memcpy(b.k.addr[1].b + 10, (uint8_t[]){ 0xff, 0xff, 203, 0, (uint8_t)(i >> 8), (uint8_t)i }, 6);
		kept_seal(&b, span_of(NULL, 0));
		keeper_take(k, &b.k, b.k.bytes);
	}
}

static int64_t
rows_beside(void)
{
	struct fault fault;
	struct story s = { NULL, 0 };

	return history_who(folder, "203.0.0.0/16", false, tell, &s, &fault);
}

/* A second's talk is written within a second; a storm's within ten, and all of it at the end. */
static void
test_a_storm_is_written_less_often(void **state)
{
	struct config *config = calloc(1, sizeof *config);
	int64_t now_ns = START_NS;
	struct fault fault = { "" };
	struct keeper *k;
	int i;

	(void)state;
	assert_non_null(config);
	assert_int_equal(config_defaults(config), 0);
	snprintf(config->state_directory, sizeof config->state_directory, "%s", folder);
	strcat(folder, "/history");
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(keeper_open(config, false, 1, NULL, &k, &fault), 0);
	take(k, 0, 100);
	keeper_tick(k, now_ns, no_match, NULL);
	assert_int_equal(rows_beside(), 100);
	take(k, 100, 20000);
	for (i = 0; i < 9; i++)
		keeper_tick(k, now_ns += NS_PER_SEC, no_match, NULL);
	assert_int_equal(rows_beside(), 100);
	keeper_tick(k, now_ns += NS_PER_SEC, no_match, NULL);
	assert_int_equal(rows_beside(), 20100);
	take(k, 20100, 20000);
	keeper_tick(k, now_ns += NS_PER_SEC, no_match, NULL);
	assert_int_equal(rows_beside(), 20100);
	keeper_close(k, true);
	assert_int_equal(rows_beside(), 40100);
	config_clear(config);
	free(config);
	remove_folder(NULL);
	*strrchr(folder, '/') = '\0';
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows_do_not_depend_on_commits, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_an_hour_brings_so_many_new_pairs, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_much_is_gathered_and_more_is_lost, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_names_have_a_ceiling_of_their_own, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_the_oldest_of_many_goes_by_size, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_file_of_the_first_version_goes_on, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_a_storm_is_written_less_often, make_folder, remove_folder),
		cmocka_unit_test(test_what_nobody_keeps_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
