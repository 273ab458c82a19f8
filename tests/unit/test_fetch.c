/*
 * Fetching without a network: when a feed is asked again, what lies beside it,
 * what comes into force, and what is read of keys and manifests.
 */
#include "fetch/private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/refresh.h"
#include "fetch/schedule.h"

static char folder[] = "/tmp/hansho-fetch-XXXXXX";

/* ---- when ---- */

static void
test_interval_has_jitter(void **state)
{
	struct schedule_event e = { .now = 1000000, .interval_sec = 3600 };
	int64_t least = INT64_MAX, most = 0;
	struct store_state s;
	uint64_t random;

	(void)state;
	for (random = 0; random < 1000; random++) {
		memset(&s, 0, sizeof s);
		e.random = random;
		schedule_next(&s, &e);
		least = s.due < least ? s.due : least;
		most = s.due > most ? s.due : most;
	}
	assert_int_equal(least, e.now + 3240);
	assert_int_equal(most, e.now + 3960);
}

static int64_t
pause_after(unsigned failures, uint32_t interval_sec)
{
	struct schedule_event e = { .now = 1000000, .interval_sec = interval_sec, .failed = true };
	struct store_state s = { .failures = failures - 1 };

	schedule_next(&s, &e);
	assert_int_equal(s.failures, failures);
	return s.due - e.now;
}

static void
test_failures_back_off(void **state)
{
	unsigned n;

	(void)state;
	assert_int_equal(pause_after(1, 3600), 60 - 6);
	assert_int_equal(pause_after(2, 3600), 120 - 12);
	assert_int_equal(pause_after(5, 3600), 960 - 96);
	assert_int_equal(pause_after(20, 3600), 21600 - 2160);
	/* Never sooner than the interval would be, however long that is. */
	assert_int_equal(pause_after(40, 86400), 86400 - 8640);
	assert_int_equal(pause_after(1, 5), 5);
	for (n = 2; n < 70; n++)
		assert_true(pause_after(n, 600) >= pause_after(n - 1, 600));
}

static void
test_servers_wish_is_kept(void **state)
{
	struct schedule_event e = { .now = 1000000, .interval_sec = 60, .failed = true, .retry_after_sec = 7200 };
	struct store_state s = { .failures = 0 };

	(void)state;
	schedule_next(&s, &e);
	assert_int_equal(s.due, e.now + 7200);
	assert_int_equal(schedule_at_once(&s, 60), e.now + 7200);
	e.failed = false;
	e.retry_after_sec = 0;
	schedule_next(&s, &e);
	assert_int_equal(s.failures, 0);
	assert_int_equal(schedule_at_once(&s, 3600), e.now + 60);
	assert_int_equal(schedule_at_once(&s, 2), e.now + 2);
}

/* ---- files ---- */

static void
land(const char *text, const char *landing, const char *etag)
{
	struct store_meta meta = { .origin = 7 };
	struct fault fault;
	FILE *part = store_begin(folder, "one", &fault);

	assert_non_null(part);
	snprintf(meta.etag, sizeof meta.etag, "%s", etag);
	fputs(text, part);
	assert_int_equal(store_land(folder, "one", part, landing, &meta, &fault), 0);
}

static const char *
content(const char *ending)
{
	static char text[64];
	char path[STORE_PATH_MAX];
	FILE *in;

	store_path(path, folder, "one", ending);
	if ((in = fopen(path, "r")) == NULL)
		return NULL;
	text[fread(text, 1, sizeof text - 1, in)] = '\0';
	fclose(in);
	return text;
}

static void
test_candidate_and_its_etag_stay_together(void **state)
{
	struct store_meta meta;
	struct fault fault;
	char why[STORE_WHY_MAX];

	(void)state;
	assert_false(store_take(folder, "one", STORE_NEW, STORE_TRIAL));
	land("first", STORE_NEW, "\"1\"");
	assert_null(content(NULL));
	assert_true(store_take(folder, "one", STORE_NEW, STORE_TRIAL));
	assert_int_equal(store_promote(folder, "one", STORE_TRIAL, &fault), 0);
	assert_string_equal(content(NULL), "first");
	land("second", STORE_NEW, "\"2\"");
	store_read_meta(folder, "one", &meta);
	assert_string_equal(meta.etag, "\"1\"");
	assert_int_equal(meta.origin, 7);
	assert_true(store_take(folder, "one", STORE_NEW, STORE_TRIAL));
	store_reject(folder, "one", STORE_TRIAL, "is HTML");
	assert_string_equal(content(NULL), "first");
	assert_null(content(STORE_TRIAL));
	assert_string_equal(store_read_held(folder, "one", why), "is HTML");
	store_read_meta(folder, "one", &meta);
	assert_string_equal(meta.etag, "\"1\"");
	land("third", STORE_OWN, "\"3\"");
	assert_int_equal(store_promote(folder, "one", STORE_OWN, &fault), 0);
	store_read_meta(folder, "one", &meta);
	assert_string_equal(meta.etag, "\"3\"");
	assert_string_equal(store_read_held(folder, "one", why), "");
}

static void
test_state_is_kept(void **state)
{
	struct store_state s = { .tried = 1, .due = 1779235200, .asked_until = 3, .failures = 4, .fault = "why" }, got;
	char path[STORE_PATH_MAX];
	FILE *out;

	(void)state;
	store_write_state(folder, "two", &s);
	store_read_state(folder, "two", &got);
	assert_int_equal(got.due, 1779235200);
	assert_int_equal(got.failures, 4);
	assert_string_equal(got.fault, "why");
	/* What is no state is an empty one. */
	store_path(path, folder, "two", "state");
	assert_non_null(out = fopen(path, "w"));
	fputs("{\"due\":-1e300,\"failures\":\"x\",\"fault\":[]", out);
	fclose(out);
	store_read_state(folder, "two", &got);
	assert_int_equal(got.due, 0);
	assert_string_equal(got.fault, "");
}

static void
test_same_bytes_are_no_candidate(void **state)
{
	struct fault fault;
	FILE *part;

	(void)state;
	land("the same", STORE_NEW, "");
	assert_int_equal(store_promote(folder, "one", STORE_NEW, &fault), 0);
	assert_non_null(part = store_begin(folder, "one", &fault));
	fputs("the same", part);
	assert_true(store_part_is_same(folder, "one", part));
	fputs("!", part);
	assert_false(store_part_is_same(folder, "one", part));
	store_drop_part(folder, "one", part);
	assert_null(content("part"));
}

/* ---- what comes into force ---- */

static int
verdict(uint32_t before, uint32_t now, uint32_t min_entries, uint32_t shrink_percent, int code)
{
	const struct config_feed f = { .name = "f", .min_entries = min_entries, .shrink_percent = shrink_percent };
	struct feed_result r = { .code = code, .summary = { .loaded = now } };
	struct fault why;

	return refresh_verdict(&f, before, &r, &why);
}

static void
test_verdict(void **state)
{
	(void)state;
	assert_int_equal(verdict(100, 100, 0, 50, 0), 0);
	assert_int_equal(verdict(100, 51, 0, 50, 0), 0);
	assert_int_equal(verdict(100, 50, 0, 50, 0), SE_FORMAT);
	assert_int_equal(verdict(100, 1, 0, 100, 0), 0);
	assert_int_equal(verdict(REFRESH_UNKNOWN, 1, 0, 50, 0), 0);
	/* Empty is legal where feed_read() took it, unless somebody knows better. */
	assert_int_equal(verdict(100, 0, 0, 50, 0), 0);
	assert_int_equal(verdict(100, 0, 1, 50, 0), SE_FORMAT);
	assert_int_equal(verdict(100, 90, 95, 50, 0), SE_FORMAT);
	assert_int_equal(verdict(100, 100, 0, 50, SE_FORMAT), SE_FORMAT);
	assert_int_equal(verdict(4000000000u, 2000000001u, 0, 50, 0), 0);
}

/* ---- what is read ---- */

static void
test_names(void **state)
{
	(void)state;
	assert_true(fetch_name_well("threatfox_recent-1"));
	assert_false(fetch_name_well(""));
	assert_false(fetch_name_well(".lock"));
	assert_false(fetch_name_well("a.new"));
	assert_false(fetch_name_well("../../etc/passwd"));
	assert_false(fetch_name_well("-c"));
}

static void
test_urls_show_their_host_only(void **state)
{
	char buf[320];

	(void)state;
	assert_string_equal(fetch_url_text("https://user:pw@feeds.example/secret?token=1", buf, sizeof buf), "https://feeds.example");
	assert_string_equal(fetch_url_text("http://192.0.2.1:8080/x", buf, sizeof buf), "http://192.0.2.1:8080");
	assert_string_equal(fetch_url_text("file:///etc/passwd", buf, sizeof buf), "a URL");
	assert_false(fetch_url_well("file:///etc/passwd"));
	assert_false(fetch_url_well("https://"));
	assert_true(fetch_url_well("https://[2001:db8::1]:8443/"));
}

static bool
is_header(const char *text, const char *expected)
{
	char line[64] = "";
	bool well = fetch_header_line(span_text(text), line, sizeof line);

	assert_string_equal(line, expected);
	return well;
}

static void
test_header_lines(void **state)
{
	(void)state;
	assert_true(is_header("Auth-Key: abc\n", "Auth-Key: abc"));
	assert_true(is_header("  Authorization: Bearer x\r\nX-Other: y\n", "Authorization: Bearer x"));
	assert_false(is_header("", ""));
	assert_false(is_header("abc\n", ""));
	assert_false(is_header("Auth-Key:", ""));
	assert_false(is_header(": abc", ""));
	assert_false(is_header("Auth Key: abc", ""));
	assert_false(is_header("Auth-Key: a\rX: b", ""));
	assert_false(is_header("Auth-Key: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""));
}

static unsigned
manifest(const char *text, struct misp_event **events)
{
	struct fault fault;
	unsigned count;

	if (misp_manifest_read(text, strlen(text), events, &count, &fault) < 0)
		return UINT32_MAX;
	return count;
}

static void
test_manifests(void **state)
{
	struct misp_event *e;

	(void)state;
	assert_int_equal(manifest("{\"5F1C0000-0000-4000-8000-000000000001\":{\"timestamp\":\"1779235200\"},"
	    "\"5f1c0000-0000-4000-8000-000000000002\":{\"timestamp\":1779235300},"
	    "\"../../../../../../tmp/evil-name-000000\":{},\"5f1c0000-0000-4000-8000-000000000003\":7}", &e), 2);
	assert_string_equal(e[0].id, "5f1c0000-0000-4000-8000-000000000002");
	assert_int_equal(e[0].changed, 1779235300);
	assert_string_equal(e[1].id, "5f1c0000-0000-4000-8000-000000000001");
	free(e);
	assert_int_equal(manifest("{}", &e), 0);
	free(e);
	assert_int_equal(manifest("{\"x\":{}}", &e), UINT32_MAX);
	assert_int_equal(manifest("[]", &e), UINT32_MAX);
	assert_int_equal(manifest("{\"5f1c", &e), UINT32_MAX);
	assert_int_equal(manifest("<html>", &e), UINT32_MAX);
	assert_int_equal(manifest("", &e), UINT32_MAX);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interval_has_jitter), cmocka_unit_test(test_failures_back_off),
		cmocka_unit_test(test_servers_wish_is_kept), cmocka_unit_test(test_candidate_and_its_etag_stay_together),
		cmocka_unit_test(test_state_is_kept), cmocka_unit_test(test_same_bytes_are_no_candidate),
		cmocka_unit_test(test_verdict), cmocka_unit_test(test_names), cmocka_unit_test(test_urls_show_their_host_only),
		cmocka_unit_test(test_header_lines), cmocka_unit_test(test_manifests),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
