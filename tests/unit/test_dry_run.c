/* The made-up traffic is what it says, and the sums of a dry run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/dry_run.h"
#include "engine/pipeline.h"
#include "engine/traffic.h"

static unsigned seen[OBSERVATION_KINDS];

static void
note(void *to, const struct observation *o)
{
	(void)to;
	assert_true(observation_valid(o, o->bytes));
	seen[o->kind]++;
}

static void
every_protocol_is_understood(void **state)
{
	struct traffic *t = traffic_new(1780000000LL * 1000000000);
	struct pipeline_options options = { .shard = 0, .shards = 1 };
	struct pipeline_counts counts;
	struct pipeline *p;
	struct config c;
	struct frame f;
	uint64_t total = 0;
	unsigned round, n, frames;

	(void)state;
	assert_int_equal(config_defaults(&c), 0);
	c.records = UINT32_MAX;
	c.decode.checksum = CHECKSUM_STRICT;
	options.config = &c;
	p = pipeline_new(&options, note, NULL);
	assert_non_null(p);
	for (round = 0; round < 3; round++) {
		frames = traffic_make(t);
		assert_in_range(frames, 512 * 2, 512 * 24);
		for (n = 0; n < frames; n++) {
			traffic_frame(t, n, &f);
			assert_int_equal(f.ordinal, ++total);
			pipeline_frame(p, &f);
		}
	}
	pipeline_finish(p);
	pipeline_count(p, &counts);
	assert_int_equal(counts.frames, total);
	assert_int_equal(counts.decode.packets, total);
	/* 3 in 8 of 1536 conversations are TLS, 1 in 8 HTTP, 3 in 8 DNS. */
	assert_in_range(seen[OBSERVE_TLS], 400, 1400);
	assert_in_range(seen[OBSERVE_HTTP], 120, 450);
	assert_in_range(seen[OBSERVE_NAME], 400, 800);
	assert_in_range(seen[OBSERVE_FLOW], 1400, 1536);
	assert_int_equal(seen[OBSERVE_EVASION], 0);
	pipeline_free(p);
	traffic_free(t);
	config_clear(&c);
}

/* A worker: 1 µs a packet, an observation for every second; the analyst takes 1 µs for one. */
static struct dry_run
run_of(double processors, unsigned workers)
{
	struct dry_run d = {
		.packets = 1000000, .bytes = 125000000, .observations = 500000, .worker_sec = 1, .analyst_sec = 0.5,
		.processors = processors,
	};

	dry_run_sum(&d, workers);
	return d;
}

static void
sums(void **state)
{
	struct dry_run d = run_of(0, 1);

	(void)state;
	assert_float_equal(d.packets_per_second, 1e6, 1);
	assert_float_equal(d.mbit_per_second, 1000, 0.01);
	assert_float_equal(d.observations_per_second, 5e5, 1);
	assert_float_equal(d.analyst_per_second, 1e6, 1);
	assert_float_equal(d.analyst_limits_at, 2, 0.001);
	assert_int_equal(d.limit, LIMIT_WORKERS);
	assert_float_equal(d.configured_packets, 1e6, 1);
}

static void
what_ends_it_first(void **state)
{
	struct dry_run d = run_of(0, 5);

	(void)state;
	assert_int_equal(d.limit, LIMIT_ANALYST);
	assert_float_equal(d.configured_packets, 2e6, 1);
	assert_float_equal(d.configured_mbit, 2000, 0.01);
	d = run_of(1, 5);
	assert_int_equal(d.limit, LIMIT_PROCESSORS);
	assert_in_range((unsigned)d.configured_packets, 666660, 666670);
	d = run_of(16, 1);
	assert_int_equal(d.limit, LIMIT_WORKERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_protocol_is_understood),
		cmocka_unit_test(sums),
		cmocka_unit_test(what_ends_it_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
