/* The store of alerts: revisions, bounds, acknowledgements, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "base/log.h"
#include "sink_rig.h"
#include "sinks/alert_store.h"

struct place {
	char folder[40], path[64], damaged[80];
};

static int
set_up(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	log_set_level(LOG_LEVEL_ERROR);
	strcpy(p->folder, "/tmp/hansho-store-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof p->path, "%s/a.db", p->folder);
	snprintf(p->damaged, sizeof p->damaged, "%s.damaged", p->path);
	*state = p;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *p = *state;
	char path[80];

	unlink(p->path);
	unlink(p->damaged);
	snprintf(path, sizeof path, "%s-wal", p->path);
	unlink(path);
	snprintf(path, sizeof path, "%s-shm", p->path);
	unlink(path);
	assert_int_equal(rmdir(p->folder), 0);
	free(p);
	return 0;
}

static char *
line_of(unsigned id, unsigned revision, const char *state, const char *title)
{
	char *line = NULL;

	assert_true(asprintf(&line, "{\"timestamp\":\"2026-05-20T10:00:%02u.000000+0000\",\"src_ip\":\"10.0.0.%u\",\"dest_ip\":\"192.0.2.1\","
	    "\"alert\":{\"signature\":\"%s\",\"severity\":%u},\"hansho\":{\"id\":\"%016x\",\"revision\":%u,\"state\":\"%s\","
	    "\"kind\":\"beacon\",\"host\":\"10.0.0.%u\",\"count\":%u}}", id % 60, id % 250, title, 1 + id % 4, id, revision, state,
	    id % 250, revision) > 0);
	return line;
}

static struct alert_store *
open_store(const struct place *p)
{
	struct alert_store *s = NULL;
	struct fault fault;

	if (alert_store_open(p->path, true, &s, &fault) < 0)
		fail_msg("%s", fault.text);
	return s;
}

static void
put(struct alert_store *s, unsigned id, unsigned revision, const char *state)
{
	char *line = line_of(id, revision, state, "C2");
	struct fault fault;
	unsigned odd;

	if (alert_store_put(s, &line, 1, &odd, &fault) < 0)
		fail_msg("%s", fault.text);
	assert_int_equal(odd, 0);
	free(line);
}

struct seen {
	unsigned rows, revision;
	char id[40], state[20], title[80], note[80], host[50];
	bool acknowledged;
};

static bool
note(void *to, const struct stored_alert *a)
{
	struct seen *s = to;

	s->rows++;
	s->revision = a->revision;
	snprintf(s->id, sizeof s->id, "%s", a->id);
	snprintf(s->state, sizeof s->state, "%s", a->state);
	snprintf(s->title, sizeof s->title, "%s", a->title);
	snprintf(s->note, sizeof s->note, "%s", a->note);
	snprintf(s->host, sizeof s->host, "%s", a->host);
	s->acknowledged = a->acknowledged_ns != INT64_MIN;
	return true;
}

static struct seen
look(struct alert_store *s, struct alert_filter f)
{
	struct seen seen = { .rows = 0 };
	struct fault fault;

	if (f.since_ns == 0)
		f.since_ns = INT64_MIN;
	if (alert_store_each(s, &f, note, &seen, &fault) < 0)
		fail_msg("%s", fault.text);
	return seen;
}

static void
test_revisions(void **state)
{
	struct alert_store *s = open_store(*state);
	struct fault fault;
	struct seen seen;

	put(s, 1, 2, "update");
	put(s, 1, 1, "open");		/* comes late: changes nothing */
	seen = look(s, (struct alert_filter){ .id = "0000000000000001" });
	assert_int_equal(seen.rows, 1);
	assert_int_equal(seen.revision, 2);
	assert_string_equal(seen.state, "update");
	assert_int_equal(alert_store_acknowledge(s, "0000000000000001", "mine", 5, &fault), 0);
	put(s, 1, 3, "close");		/* stays acknowledged */
	seen = look(s, (struct alert_filter){ .most = 5 });
	assert_true(seen.acknowledged);
	assert_string_equal(seen.note, "mine");
	assert_string_equal(seen.state, "close");
	assert_int_equal(alert_store_acknowledge(s, "2", "", 5, &fault), SE_USAGE);
	alert_store_close(s);
}

static bool
note_line(void *to, const char *line)
{
	char *all = to;

	strcat(strcat(all, line), "\n");
	return true;
}

static void
test_census(void **state)
{
	static char first[] = "{\"event_type\":\"census\",\"host\":\"a\",\"census\":{\"day\":\"2026-05-20\",\"family\":\"emotet\",\"servers\":3}}",
	    again[] = "{\"event_type\":\"census\",\"host\":\"a\",\"census\":{\"day\":\"2026-05-20\",\"family\":\"emotet\",\"servers\":4}}",
	    before[] = "{\"event_type\":\"census\",\"host\":\"a\",\"census\":{\"day\":\"2026-05-19\",\"family\":\"emotet\",\"servers\":9}}",
	    odd_one[] = "{\"event_type\":\"census\",\"census\":{\"day\":7}}";
	char *lines[] = { first, again, before, odd_one }, all[1000] = "";
	struct alert_store *s = open_store(*state);
	int64_t since = 1779235200 * INT64_C(1000000000);	/* 2026-05-20 */
	struct fault fault;
	unsigned odd;

	put(s, 1, 1, "open");
	assert_int_equal(alert_store_put(s, lines, 4, &odd, &fault), 0);
	assert_int_equal(odd, 1);
	assert_int_equal(alert_store_census(s, INT64_MIN, note_line, all, &fault), 0);
	assert_ptr_equal(strstr(all, before), all);		/* the oldest day first */
	assert_non_null(strstr(all, again));
	assert_null(strstr(all, first));
	all[0] = '\0';
	assert_int_equal(alert_store_census(s, since, note_line, all, &fault), 0);
	assert_ptr_equal(strstr(all, again), all);
	assert_int_equal(alert_store_trim(s, 1, 0, &fault), 0);
	all[0] = '\0';
	assert_int_equal(alert_store_census(s, INT64_MIN, note_line, all, &fault), 0);
	assert_int_equal(strlen(all), strlen(before) + 1);	/* written last */
	assert_int_equal(look(s, (struct alert_filter){ .most = 5 }).rows, 1);
	alert_store_close(s);
}

static void
test_filters(void **state)
{
	struct alert_store *s = open_store(*state);
	struct fault fault;
	unsigned i;

	for (i = 0; i < 40; i++)
		put(s, i, 1, i % 10 == 0 ? "close" : "open");
	assert_int_equal(look(s, (struct alert_filter){ .most = 0 }).rows, 40);
	assert_int_equal(look(s, (struct alert_filter){ .most = 7 }).rows, 7);
	assert_int_equal(look(s, (struct alert_filter){ .open = true }).rows, 36);
	assert_int_equal(look(s, (struct alert_filter){ .least_severity = 2 }).rows, 20);
	assert_int_equal(look(s, (struct alert_filter){ .host = "10.0.0.7" }).rows, 1);
	assert_int_equal(look(s, (struct alert_filter){ .id = "000000000000000" }).rows, 16);
	assert_int_equal(look(s, (struct alert_filter){ .id = "%" }).rows, 0);
	/* 10:00:30 and later, 2026-05-20. */
	assert_int_equal(look(s, (struct alert_filter){ .since_ns = 1779271230LL * 1000000000 }).rows, 10);
	assert_int_equal(alert_store_acknowledge(s, "0000000000000001", "", 5, &fault), 0);
	assert_int_equal(look(s, (struct alert_filter){ .open = true }).rows, 35);
	alert_store_close(s);
}

static void
test_bounds(void **state)
{
	struct alert_store *s = open_store(*state);
	struct fault fault;
	struct seen seen;
	unsigned i;

	for (i = 0; i < 50; i++)
		put(s, i, 1, "open");
	put(s, 3, 2, "update");		/* told of last: stays */
	assert_int_equal(alert_store_trim(s, 10, INT64_MIN, &fault), 0);
	seen = look(s, (struct alert_filter){ .most = 0 });
	assert_int_equal(seen.rows, 10);
	assert_int_equal(look(s, (struct alert_filter){ .id = "0000000000000003" }).rows, 1);
	assert_int_equal(look(s, (struct alert_filter){ .id = "0000000000000004" }).rows, 0);
	assert_int_equal(alert_store_trim(s, 10, INT64_MAX, &fault), 0);
	assert_int_equal(look(s, (struct alert_filter){ .most = 0 }).rows, 0);
	alert_store_close(s);
}

/* What is no alert is left out; texts of the wire are texts. */
static void
test_odd_lines(void **state)
{
	struct alert_store *s = open_store(*state);
	char *lines[] = { strdup("{}"), strdup("no JSON"), line_of(9, 1, "open", "'); DROP TABLE alert; --"), strdup("") };
	struct fault fault;
	unsigned odd, i;

	assert_int_equal(alert_store_put(s, lines, 4, &odd, &fault), 0);
	assert_int_equal(odd, 3);
	assert_string_equal(look(s, (struct alert_filter){ .most = 0 }).title, "'); DROP TABLE alert; --");
	for (i = 0; i < 4; i++)
		free(lines[i]);
	alert_store_close(s);
}

static void
overwrite(const char *path, long at, const char *bytes, size_t len)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

static void
test_damaged_at_the_start(void **state)
{
	const struct place *p = *state;
	struct alert_store *s = open_store(p);
	struct fault fault;

	put(s, 1, 1, "open");
	alert_store_close(s);
	overwrite(p->path, 0, "this is no database at all, is it?", 34);
	assert_int_equal(alert_store_open(p->path, false, &s, &fault), SE_SYSTEM);
	s = open_store(p);
	assert_int_equal(access(p->damaged, F_OK), 0);
	put(s, 2, 1, "open");
	assert_int_equal(look(s, (struct alert_filter){ .most = 0 }).rows, 1);
	alert_store_close(s);
}

static void
test_another_version(void **state)
{
	const struct place *p = *state;
	struct alert_store *s;
	struct fault fault;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE alert (x); PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(alert_store_open(p->path, false, &s, &fault), SE_USAGE);
	assert_non_null(strstr(fault.text, "of another version"));
	s = open_store(p);
	put(s, 2, 1, "open");
	alert_store_close(s);
	assert_int_equal(access(p->damaged, F_OK), 0);
}

/* Pages damaged under a running sink: it says "later", and goes on with a new file. */
static void
test_damaged_while_open(void **state)
{
	const struct place *p = *state;
	struct sink_options o = { .kind = SINK_STORE, .name = "store", .store_rows = 100000, .store_days = 365, .descriptor = -1 };
	char zeros[4096], *line;
	struct sink *sink;
	struct fault fault;
	struct alert_store *s;
	unsigned i;

	memset(zeros, 0xa5, sizeof zeros);
	s = open_store(p);
	for (i = 0; i < 300; i++)
		put(s, i, 1, "open");
	alert_store_close(s);
	for (i = 1; i < 8; i++)
		overwrite(p->path, 4096 * (long)i, zeros, sizeof zeros);
	snprintf(o.target, sizeof o.target, "%s", p->path);
	assert_int_equal(sink_open(&o, &sink, &fault), 0);
	line = line_of(1000, 1, "open", "C2");
	assert_int_equal(give(sink, RECORD_ALERT, line, &fault), SINK_DONE);
	for (i = 0; i < 3 && sink_flush(sink, &fault) != SINK_DONE; i++)
		continue;
	assert_int_equal(sink_flush(sink, &fault), SINK_DONE);
	sink_close(sink);
	free(line);
	assert_int_equal(access(p->damaged, F_OK), 0);
	assert_int_equal(alert_store_open(p->path, false, &s, &fault), 0);
	assert_int_equal(look(s, (struct alert_filter){ .id = "00000000000003e8" }).rows, 1);
	alert_store_close(s);
}

static void
test_missing(void **state)
{
	const struct place *p = *state;
	struct alert_store *s;
	struct fault fault;

	assert_int_equal(alert_store_open(p->path, false, &s, &fault), SE_USAGE);
	assert_non_null(strstr(fault.text, "expected a store of alerts"));
	assert_int_equal(alert_store_open("/nowhere/a.db", true, &s, &fault), SE_SYSTEM);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_revisions),
		CASE(test_census),
		CASE(test_filters),
		CASE(test_bounds),
		CASE(test_odd_lines),
		CASE(test_damaged_at_the_start),
		CASE(test_another_version),
		CASE(test_damaged_while_open),
		CASE(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
