/* The frames of `hansho selftest` are whole and right, and what comes back of them is noted once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "analyst/selftest.h"
#include "base/when.h"
#include "config/config.h"
#include "engine/pipeline.h"

static unsigned contacts, http, findings, over;
static struct selftest_state state;

static void
on_finding(void *to, const struct finding *f)
{
	(void)to;
	assert_int_equal(f->kind, FINDING_SENSOR);
	assert_string_equal(f->subject, SELFTEST_SUBJECT);
	findings++;
	over += f->over;
}

static void
see(void *to, const struct observation *o)
{
	(void)to;
	assert_true(selftest_is(o));
	contacts += o->kind == OBSERVE_CONTACT;
	http += o->kind == OBSERVE_HTTP && (o->flags & OBSERVED_RESPONSE) == 0;
	selftest_take(&state, o, on_finding, NULL);
}

/* As a worker reads them, with checksums and order verified. */
static struct pipeline_counts
run(uint64_t number)
{
	struct pipeline_options options = { .shard = 0, .shards = 1 };
	uint8_t bytes[SELFTEST_FRAME_MAX];
	struct pipeline_counts counts;
	struct pipeline *p;
	struct config c;
	struct frame f;
	unsigned n;

	assert_int_equal(config_defaults(&c), 0);
	c.records = ~0u;
	c.decode.checksum = CHECKSUM_STRICT;
	options.config = &c;
	contacts = http = 0;
	assert_non_null(p = pipeline_new(&options, see, NULL));
	memset(&f, 0, sizeof f);
	for (n = 0; (f.captured_bytes = f.wire_bytes = selftest_frame(n, number, 50000, bytes)) > 0; n++) {
		f.bytes = bytes;
		f.link_type = 1;
		f.ordinal = n + 1;
		f.ts_ns = (1800000000 + (int64_t)n) * NS_PER_SEC;
		pipeline_frame(p, &f);
	}
	assert_int_equal(n, 8);
	pipeline_finish(p);
	pipeline_count(p, &counts);
	pipeline_free(p);
	config_clear(&c);
	return counts;
}

static void
test_frames(void **unused)
{
	static const uint64_t numbers[] = { 1, 0x0123456789abcdef, UINT64_MAX };
	struct pipeline_counts counts;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		counts = run(numbers[i]);
		assert_int_equal(counts.decode.bad_checksum, 0);
		assert_int_equal(counts.flow.started, 1);
		assert_int_equal(counts.reassembly.gaps, 0);
		assert_int_equal(contacts, 1);
		assert_int_equal(http, 1);
	}
}

static void
test_match(void **unused)
{
	static struct observation_buffer b;

	(void)unused;
	memset(&state, 0, sizeof state);
	run(0x0123456789abcdef);
	assert_int_equal(state.contact, 1);
	assert_int_equal(state.matched, 0);
	assert_int_equal(findings, 0);
	memset(&b, 0, sizeof b);
	b.o.kind = OBSERVE_MATCH;
	b.o.flow_id = state.flow_id;
	observation_add(&b, TEXT_URL, span_text(SELFTEST_NAME "/0123456789abcdef"), 255);
	observation_seal(&b);
	selftest_take(&state, &b.o, on_finding, NULL);
	selftest_take(&state, &b.o, on_finding, NULL);
	assert_true(state.run == 0x0123456789abcdef);
	assert_int_equal(state.contact, 1);
	assert_int_equal(findings, 2);
	assert_int_equal(over, 1);
	/* Another run begins anew. */
	b.o.flow_id++;
	selftest_take(&state, &b.o, on_finding, NULL);
	assert_int_equal(state.contact, 0);
	assert_int_equal(findings, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_frames), cmocka_unit_test(test_match) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
