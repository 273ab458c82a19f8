/* The table of metrics keeps Prometheus's rules; what is printed cannot be broken by a name; sums are sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "base/when.h"
#include "engine/metrics.h"

#define NOW (1800000000 * NS_PER_SEC)
#define CLOCK (500 * NS_PER_SEC)

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void
test_table(void **state)
{
	size_t i, k;

	(void)state;
	for (i = 0; i < metric_rows_count; i++) {
		const struct metric *m = &metric_rows[i];

		assert_int_equal(strncmp(m->name, "hansho_", 7), 0);
		assert_int_equal(ends_with(m->name, "_total"), m->type == METRIC_COUNTER);
		assert_true(ends_with(m->help, "."));
		assert_int_equal(m->label == NULL, m->value == NULL);
		if (m->type == METRIC_MOMENT)
			assert_true(ends_with(m->name, "_seconds"));
		/* Rows of a name follow each other, of one type, and no two are the same. */
		for (k = 0; k < i; k++) {
			if (strcmp(metric_rows[k].name, m->name) != 0)
				continue;
			assert_string_equal(metric_rows[i - 1].name, m->name);
			assert_int_equal(metric_rows[k].type, m->type);
			assert_non_null(m->label);
			assert_string_not_equal(metric_rows[k].value, m->value);
		}
	}
}

static struct board *
some_board(void)
{
	struct board *b = board_new();

	assert_non_null(b);
	atomic_store(&b->workers, 2);
	atomic_store(&b->watching, 1);
	atomic_store(&b->beat_ns, CLOCK - NS_PER_SEC);
	atomic_store(&b->started_ns, NOW - 60 * NS_PER_SEC);
	atomic_store(&b->analyst_up, 1);
	atomic_store(&b->courier_up, 1);
	atomic_store(&b->process[BOARD_OF_ANALYST].up, 1);
	atomic_store(&b->process[BOARD_OF_COURIER].up, 1);
	atomic_store(&b->process[BOARD_OF_WORKER].up, 1);
	atomic_store(&b->process[BOARD_OF_WORKER + 1].up, 1);
	atomic_store(&b->worker[0].turns, 1);
	atomic_store(&b->worker[1].turns, 1);
	b->worker[0].counts.frames = 3;
	b->worker[1].counts.frames = 4;
	b->worker[0].counts.last_ns = 5 * NS_PER_SEC;
	b->worker[1].counts.last_ns = WHEN_UNKNOWN;
	b->worker[0].counts.proto.malformed[APP_TLS] = 2;
	b->worker[1].counts.proto.malformed[APP_TLS] = 1;
	b->analyst.opened[FINDING_BEACON][SEVERITY_HIGH] = 6;
	return b;
}

static char *
printed(const struct metrics_view *v)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	metrics_print(v, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void
test_text(void **state)
{
	struct board *b = some_board();
	struct metrics_view v;
	char *text;

	(void)state;
	atomic_store(&b->feeds_count, 1);
	strcpy(b->feed[0].name, "a\"b\\c\nd");
	atomic_store(&b->feed[0].entries, 9);
	atomic_store(&b->feed[0].renewed_sec, NOW / NS_PER_SEC - 30);
	metrics_look(&v, b, NOW, CLOCK);
	text = printed(&v);
	assert_non_null(strstr(text, "\nhansho_frames_total{worker=\"0\"} 3\nhansho_frames_total{worker=\"1\"} 4\n"));
	assert_non_null(strstr(text, "\nhansho_last_frame_timestamp_seconds{worker=\"0\"} 5.000000\n# HELP"));
	assert_non_null(strstr(text, "\nhansho_parser_errors_total{worker=\"1\",kind=\"malformed\",protocol=\"tls\"} 1\n"));
	assert_non_null(strstr(text, "\nhansho_alerts_total{kind=\"beacon\",severity=\"high\"} 6\n"));
	assert_non_null(strstr(text, "\nhansho_feed_entries{feed=\"a\\\"b\\\\c?d\"} 9\n"));
	assert_non_null(strstr(text, "\nhansho_feed_age_seconds{feed=\"a\\\"b\\\\c?d\"} 30\n"));
	/* What there is none of is not told. */
	assert_null(strstr(text, "process=\"keeper\""));
	free(text);
	board_free(b);
}

static void
test_lag(void **state)
{
	struct board *b = some_board();
	struct metrics_view v;

	(void)state;
	atomic_store(&b->sinks_count, 3);
	atomic_store(&b->journal_records, 100);
	atomic_store(&b->sink[0].number, 100);
	atomic_store(&b->sink[0].caught_up_ns, CLOCK - 90 * NS_PER_SEC);
	atomic_store(&b->sink[1].number, 40);
	atomic_store(&b->sink[1].caught_up_ns, CLOCK - 90 * NS_PER_SEC);
	atomic_store(&b->sink[2].number, 101);		/* the analyst has not said yet what it wrote */
	metrics_look(&v, b, NOW, CLOCK);
	assert_int_equal(v.sink[0].lag_records, 0);
	assert_int_equal(v.sink[0].lag_ns, 0);
	assert_int_equal(v.sink[1].lag_records, 60);
	assert_int_equal(v.sink[1].lag_ns, 90 * NS_PER_SEC);
	assert_int_equal(v.sink[2].lag_records, 0);
	board_free(b);
}

static void
test_ready(void **state)
{
	struct board *b = some_board();
	struct metrics_view v;

	(void)state;
	metrics_look(&v, b, NOW, CLOCK);
	assert_int_equal(v.sensor.ready, 1);
	atomic_store(&b->worker[1].turns, 0);
	metrics_look(&v, b, NOW, CLOCK);
	assert_string_equal(v.why_not_ready, "worker 1 does not work");
	atomic_store(&b->worker[1].turns, 1);
	atomic_store(&b->process[BOARD_OF_ANALYST].up, 0);
	metrics_look(&v, b, NOW, CLOCK);
	assert_int_equal(v.sensor.ready, 0);
	atomic_store(&b->process[BOARD_OF_ANALYST].up, 1);
	assert_true(metrics_is_alive(b, CLOCK));
	assert_false(metrics_is_alive(b, CLOCK + 60 * NS_PER_SEC));
	metrics_look(&v, b, NOW, CLOCK + 60 * NS_PER_SEC);
	assert_int_equal(v.sensor.ready, 0);
	board_free(b);
}

static double
number(const cJSON *o, const char *a, const char *b, const char *c)
{
	const cJSON *i = cJSON_GetObjectItemCaseSensitive(o, a);

	if (b != NULL)
		i = cJSON_GetObjectItemCaseSensitive(i, b);
	if (c != NULL)
		i = cJSON_GetObjectItemCaseSensitive(i, c);
	assert_true(cJSON_IsNumber(i));
	return i->valuedouble;
}

static void
test_json(void **state)
{
	struct board *b = some_board();
	const cJSON *total, *one;
	struct metrics_view v;
	cJSON *o;

	(void)state;
	b->analyst.census = (struct census_now){ 1, { { 18652, false, "emotet", 12, 3 } } };
	metrics_look(&v, b, NOW, CLOCK);
	o = metrics_json(&v);
	assert_non_null(o);
	one = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(o, "census"), 0);
	assert_string_equal(cJSON_GetObjectItemCaseSensitive(one, "day")->valuestring, "2021-01-25");
	assert_string_equal(cJSON_GetObjectItemCaseSensitive(one, "family")->valuestring, "emotet");
	assert_int_equal((int)number(one, "servers", NULL, NULL), 12);
	total = cJSON_GetObjectItemCaseSensitive(o, "total");
	assert_int_equal((int)number(total, "frames", NULL, NULL), 7);
	assert_int_equal((int)number(total, "last_frame_timestamp_seconds", NULL, NULL), 5);
	assert_int_equal((int)number(total, "parser_errors", "malformed", "tls"), 3);
	assert_int_equal((int)number(cJSON_GetObjectItemCaseSensitive(o, "analyst"), "alerts", "beacon", "high"), 6);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(o, "per_worker")), 2);
	cJSON_Delete(o);
	board_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_text), cmocka_unit_test(test_lag),
		cmocka_unit_test(test_ready), cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
