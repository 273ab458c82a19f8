/* What `hansho status` makes of an answer: rates, shares, what to look at, nothing that moves a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "cli/status_page.h"

#define HEAD "{\"version\":\"1\",\"sensor\":\"edge\",\"interface\":\"eth1\",\"start_time_seconds\":1000,"

static char *
page(const char *now, const char *before)
{
	cJSON *n = cJSON_Parse(now), *b = before == NULL ? NULL : cJSON_Parse(before);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(n);
	assert_true(before == NULL || b != NULL);
	status_print(f, n, b, false);
	assert_int_equal(fclose(f), 0);
	cJSON_Delete(n);
	cJSON_Delete(b);
	return text;
}

static void
expect(const char *now, const char *before, const char *words, bool there)
{
	char *text = page(now, before);

	if ((strstr(text, words) != NULL) != there)
		fail_msg("%s: %s in\n%s", there ? "expected" : "not expected", words, text);
	free(text);
}

static void
test_rates(void **state)
{
	const char *before = HEAD "\"time_seconds\":2000,\"total\":{\"frames\":1000000,\"frame_bytes\":0}}";
	const char *now = HEAD "\"time_seconds\":2002,\"total\":{\"frames\":1002468,\"frame_bytes\":250000,"
	    "\"last_frame_timestamp_seconds\":1999}}";

	(void)state;
	expect(now, before, "1,234 frames/s, 1.0 Mbit/s; 1,002,468 frames, 244.1 KiB, the latest 3 s ago\n", true);
	expect(now, NULL, "frames/s", false);
	expect(now, NULL, "edge on eth1, up 17 min  ready\n", true);
	/* A worker that began anew has no negative rate. */
	expect(before, now, "frames/s", false);
}

static void
test_census(void **state)
{
	(void)state;
	expect(HEAD "\"time_seconds\":2,\"census\":[{\"day\":\"2021-01-25\",\"family\":\"emotet\",\"servers\":1204,\"hosts\":1,"
	    "\"estimated\":true},{\"day\":\"2021-01-25\",\"family\":\"a\\u001b[2J\",\"servers\":2,\"hosts\":3,\"estimated\":false}]}", NULL,
	    "census    2021-01-25  emotet: about 1,204 C2 servers answered 1 host\n"
	    "          2021-01-25  a?[2J: 2 C2 servers answered 3 hosts\n", true);
	expect(HEAD "\"time_seconds\":2,\"census\":[]}", NULL, "census", false);
}

static void
test_shares(void **state)
{
#define TWO(a, b) HEAD "\"time_seconds\":2,\"per_worker\":[{\"frames\":" #a "},{\"frames\":" #b "}]}"
	(void)state;
	expect(TWO(6000, 4000), NULL, " 60 %", true);
	expect(TWO(6000, 4000), NULL, "most of the traffic", false);
	expect(TWO(8000, 2000), NULL, "worker 0 has most of the traffic", true);
	expect(TWO(80, 20), NULL, "most of the traffic", false);
	expect(HEAD "\"time_seconds\":2,\"per_worker\":[{\"frames\":8000}]}", NULL, "most of the traffic", false);
#undef TWO
}

static void
test_what_to_look_at(void **state)
{
	(void)state;
	expect(HEAD "\"time_seconds\":2,\"total\":{\"kernel_frames\":200,\"drops\":{\"kernel\":0,\"flows\":0}}}", NULL, "lost      nothing\n", true);
	expect(HEAD "\"time_seconds\":2,\"total\":{\"kernel_frames\":200,\"drops\":{\"kernel\":3,\"flows\":7}}}", NULL,
	    "3 frames in the kernel (1.50 %), 7 flows\n", true);
	expect(HEAD "\"time_seconds\":2,\"trouble\":{\"no_packets\":0,\"sink\":1,\"clock\":1}}", NULL, "trouble   sink, clock\n", true);
	expect(HEAD "\"time_seconds\":2,\"not_ready\":\"worker 1 does not work\"}", NULL, "NOT READY: worker 1 does not work\n", true);
	expect(HEAD "\"time_seconds\":2,\"sinks\":[{\"sink\":\"hook\",\"sink_delivered\":5,\"sink_failing\":1,\"sink_lag_records\":9,"
	    "\"sink_lag_seconds\":60,\"last_fault\":\"no\\u001b[2Jway\"}]}", NULL, "hook: 5 delivered, 9 wait for 60 s, FAILS: no?[2Jway\n", true);
	expect(HEAD "\"time_seconds\":2,\"feeds\":[{\"feed\":\"x\",\"feed_entries\":1200,\"feed_age_seconds\":10000,\"feed_well\":0}]}",
	    NULL, "x: 1,200 entries, 3 h old, what came last could not be read\n", true);
	expect(HEAD "\"time_seconds\":2,\"analyst\":{\"alerts_open\":2,\"alerts\":{\"beacon\":{\"high\":3,\"low\":1}}}}", NULL,
	    "2 open; since the start 0 critical, 3 high, 0 medium, 1 low\n", true);
	expect(HEAD "\"time_seconds\":2,\"processes\":[{\"process\":\"analyst\",\"process_up\":0,\"process_starts\":2}]}", NULL,
	    "analyst DOWN (begun 2 times)", true);
}

/* Another version's answer, or none of a sensor: no crash. */
static void
test_strange(void **state)
{
	(void)state;
	expect("{}", "{}", "nothing", true);
	expect("[]", NULL, "nothing", true);
	expect("{\"total\":3,\"per_worker\":\"x\",\"sinks\":[1,null],\"feeds\":[[]],\"processes\":[{}],\"analyst\":[],\"version\":7}", "[]",
	    "nothing", true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates), cmocka_unit_test(test_census), cmocka_unit_test(test_shares), cmocka_unit_test(test_what_to_look_at),
		cmocka_unit_test(test_strange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
