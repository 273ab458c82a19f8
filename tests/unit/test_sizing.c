/* What a configuration takes: every table is counted, sums are sums, and the ceilings of processes rest on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "decode/fragments.h"
#include "engine/rooms.h"
#include "engine/sizing.h"
#include "indicators/indicators.h"
#include "reassembly/reassembly.h"
#include "sinks/posts.h"
#include "witness/witness.h"

enum { MIB = 1 << 20 };

static struct config config;

static int
set_up(void **state)
{
	(void)state;
	return config_defaults(&config);
}

static int
tear_down(void **state)
{
	(void)state;
	config_clear(&config);
	return 0;
}

/* What `most` things of `bytes` each add where an option becomes one more. */
static uint64_t
added(enum sizing_process p, uint32_t *option, uint64_t tables)
{
	uint64_t more;

	++*option;
	more = sizing_tables(p, &config) - tables;
	--*option;
	return more;
}

static void
test_each_option_adds_what_its_stage_says(void **state)
{
	const uint64_t worker = sizing_tables(SIZING_WORKER, &config), analyst = sizing_tables(SIZING_ANALYST, &config);

	(void)state;
	assert_int_equal(added(SIZING_WORKER, &config.flow.max_flows, worker),
	    flows_flow_bytes() + witness_flow_bytes() + dialogue_over_bytes());
	assert_int_equal(added(SIZING_WORKER, &config.reassembly.max_streams, worker), reassembly_stream_bytes());
	assert_int_equal(added(SIZING_WORKER, &config.decode.fragment_datagrams, worker), fragments_datagram_bytes());
	assert_int_equal(added(SIZING_ANALYST, &config.alert.max_open, analyst), alerts_incident_bytes());
	assert_int_equal(added(SIZING_ANALYST, &config.alert.max_names, analyst), alerts_name_bytes());
	assert_int_equal(added(SIZING_ANALYST, &config.alert.max_hosts, analyst), alerts_host_bytes());
	assert_int_equal(added(SIZING_ANALYST, &config.behaviour.hosts, analyst), behaviour_host_bytes());
	assert_int_equal(added(SIZING_ANALYST, &config.cases.hosts, analyst), cases_host_bytes());
	assert_int_equal(added(SIZING_COMPILER, &config.max_indicators, sizing_tables(SIZING_COMPILER, &config)),
	    builder_indicator_bytes());
	/* 500,001 keys: neither a track nor a host more than with 500,000. */
	assert_int_equal(added(SIZING_ANALYST, &config.beacon.max_keys, analyst), beacon_key_bytes());
}

static void
test_a_worker_is_the_sum_of_its_stages(void **state)
{
	const struct config *c = &config;

	(void)state;
	assert_int_equal(sizing_tables(SIZING_WORKER, c),
	    c->flow.max_flows * (uint64_t)(flows_flow_bytes() + witness_flow_bytes() + dialogue_over_bytes()) +
	    c->reassembly.max_streams * (uint64_t)reassembly_stream_bytes() + c->reassembly.total_bytes +
	    reassembly_segments(&c->reassembly) * reassembly_segment_bytes() +
	    c->decode.fragment_datagrams * (uint64_t)fragments_datagram_bytes() +
	    fragments_pages(&c->decode) * (uint64_t)fragments_page_bytes() + c->proto.total_bytes +
	    c->proto.file_total_bytes);
}

static void
test_an_analyst_is_the_sum_of_its_stages(void **state)
{
	const struct config *c = &config;
	uint32_t keys = c->beacon.max_keys;

	(void)state;
	assert_int_equal(sizing_tables(SIZING_ANALYST, c),
	    keys * (uint64_t)beacon_key_bytes() + beacon_tracks(keys) * (uint64_t)beacon_track_bytes() +
	    beacon_plots(keys) * (uint64_t)beacon_plot_bytes() + beacon_hosts(keys) * (uint64_t)beacon_host_bytes() +
	    beacon_fixed_bytes() +
	    c->alert.max_open * (uint64_t)alerts_incident_bytes() + c->alert.max_names * (uint64_t)alerts_name_bytes() +
	    c->alert.max_hosts * (uint64_t)alerts_host_bytes() + c->behaviour.hosts * (uint64_t)behaviour_host_bytes() +
	    behaviour_house_bytes() + c->cases.hosts * (uint64_t)cases_host_bytes());
}

static void
test_the_others_are_counted(void **state)
{
	struct config *c = &config;
	uint64_t keeper;

	(void)state;
	c->history_enabled = true;
	c->history.max_bytes = 8ULL * MIB;
	c->contact_log_enabled = false;
	keeper = history_gathered() * (uint64_t)history_gathered_bytes() + history_cache_bytes() + 2 * MIB;
	assert_int_equal(sizing_tables(SIZING_KEEPER, c), keeper);
	c->contact_log_enabled = true;
	assert_int_equal(sizing_tables(SIZING_KEEPER, c), keeper + contact_log_texts() * (uint64_t)contact_log_text_bytes());
	assert_int_equal(sizing_count(SIZING_KEEPER, c), 1);
	c->history_enabled = c->contact_log_enabled = false;
	assert_int_equal(sizing_count(SIZING_KEEPER, c), 0);
	assert_int_equal(sizing_tables(SIZING_COURIER, c), 0);
	assert_non_null(config_add_sink(c, SINK_WEBHOOK, "http://127.0.0.1/"));
	c->sinks[0].parallel = 3;
	assert_int_equal(sizing_tables(SIZING_COURIER, c), 6 * posts_post_bytes());
	/* No memory of anybody's own, but there. */
	assert_int_equal(sizing_tables(SIZING_SHARED, c), 0);
	assert_true(sizing_bytes(SIZING_SHARED, c) > 2 * c->max_indicators * (uint64_t)image_indicator_bytes());
}

static uint64_t
data_bytes(void)
{
	unsigned long long kib = 0;
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL && sscanf(line, "VmData: %llu kB", &kib) != 1)
		;
	fclose(f);
	assert_true(kib > 0);
	return kib << 10;
}

/* With few keys, what is there whatever their number shows: a table that nobody counted would be too much. */
static void
test_no_table_of_beacons_is_forgotten(void **state)
{
	struct beacon_limits few = config.beacon;
	uint64_t before = data_bytes(), said, taken;
	struct beacon *b;

	(void)state;
#if defined(__SANITIZE_ADDRESS__)
	skip();		/* takes memory of its own for each block */
#endif
	few.max_keys = 1000;
	said = few.max_keys * (uint64_t)beacon_key_bytes() + beacon_hosts(few.max_keys) * (uint64_t)beacon_host_bytes() +
	    beacon_fixed_bytes();
	assert_non_null(b = beacon_new(&few, NULL, NULL));
	taken = data_bytes() - before;
	beacon_free(b);
	if (taken > said + MIB / 4)
		fail_msg("a new detector takes %llu bytes, %llu were expected", (unsigned long long)taken, (unsigned long long)said);
}

/* What the program takes is read anew each time, and moves by a page now and then. */
static void
assert_about(uint64_t a, uint64_t b, uint64_t apart)
{
	assert_true(a < b + apart && b < a + apart);
}

static void
test_sums_are_sums(void **state)
{
	struct sizing_line lines[SIZING_LINES_MOST];
	uint64_t all = 0, sum, before;
	unsigned p, i, n;

	(void)state;
	config.workers = 3;
	for (p = 0; p < SIZING_PROCESSES; p++) {
		n = sizing_lines((enum sizing_process)p, &config, lines);
		assert_in_range(n, 1, SIZING_LINES_MOST - 1);
		for (i = 0, sum = 0; i < n; i++) {
			assert_true(lines[i].bytes > 0);
			sum += lines[i].most * lines[i].bytes;
		}
		assert_about(sizing_bytes((enum sizing_process)p, &config), sum, MIB);
		all += sizing_count((enum sizing_process)p, &config) * sum;
	}
	assert_about(sizing_all(&config), all, 8 * MIB);
	before = sizing_bytes(SIZING_WORKER, &config);
	config.ring_mib++;
	assert_about(sizing_bytes(SIZING_WORKER, &config), before + 2 * MIB, MIB);
}

static void
test_ceilings_of_processes_rest_on_it(void **state)
{
	const struct config *c = &config;

	(void)state;
	assert_true(room_bytes(SANDBOX_WORKER, c) > 2 * sizing_tables(SIZING_WORKER, c));
	assert_true(room_bytes(SANDBOX_ANALYST, c) > 2 * sizing_tables(SIZING_ANALYST, c));
	assert_true(room_bytes(SANDBOX_KEEPER, c) > sizing_tables(SIZING_KEEPER, c));
	assert_true(room_bytes(SANDBOX_COMPILER, c) > 2 * sizing_tables(SIZING_COMPILER, c));
	assert_int_equal(room_ceilings(c), c->workers * (sizing_tables(SIZING_WORKER, c) + (uint64_t)c->ring_mib * MIB) +
	    sizing_tables(SIZING_ANALYST, c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_option_adds_what_its_stage_says, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_worker_is_the_sum_of_its_stages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_analyst_is_the_sum_of_its_stages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_table_of_beacons_is_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_others_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sums_are_sums, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ceilings_of_processes_rest_on_it, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
