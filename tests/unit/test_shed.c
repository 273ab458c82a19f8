/* What a worker under pressure leaves undone, step by step, and what it never does: flows, contacts, DNS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "pipeline_rig.h"

#define REQUEST "GET /a HTTP/1.1\r\nHost: ok.example\r\n\r\n"
#define ANSWER "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<html>a</htm"
#define QUESTION "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02ok\x07" "example\x00\x00\x01\x00\x01"

/* A conversation that began before the pressure, one that begins under it, and a question. */
static struct pipeline_counts
run(enum shed level)
{
	const struct pipeline_options options = { .config = &rig_config, .shard = 0, .shards = 1 };
	struct rig_talk before = rig_talk(1, 80), under = rig_talk(2, 80), dns = rig_talk(3, 53);
	struct pipeline_counts counts;
	struct pipeline *p;
	unsigned first, i;

	rig_handshake(&before, 0);
	rig_say(&before, 1, 0, REQUEST);
	first = rig_input.count;
	rig_say(&before, 2, 1, ANSWER);
	rig_handshake(&under, 3);
	rig_say(&under, 4, 0, REQUEST);
	rig_say(&under, 5, 1, ANSWER);
	rig_datagram(&dns, 6, 0, QUESTION, sizeof QUESTION - 1);
	assert_non_null(p = pipeline_new(&options, rig_keep, &rig_kept));
	for (i = 0; i < rig_input.count; i++) {
		if (i == first)
			pipeline_shed(p, level);
		pipeline_frame(p, &rig_input.frame[i].f);
	}
	pipeline_finish(p);
	pipeline_count(p, &counts);
	pipeline_free(p);
	/* Whatever is left undone. */
	assert_int_equal(counts.flow.started, 3);
	assert_int_equal(rig_count(OBSERVE_CONTACT), 3);
	assert_int_equal(rig_count(OBSERVE_FLOW), 3);
	assert_int_equal(rig_count(OBSERVE_DNS), 1);
	assert_int_equal(counts.shed_level, level);
	return counts;
}

static void
nothing(void **state)
{
	struct pipeline_counts c = run(SHED_NOTHING);

	(void)state;
	assert_int_equal(rig_count(OBSERVE_HTTP), 4);
	assert_int_equal(rig_count(OBSERVE_FILE), 2);
	assert_int_equal(c.shed_streams + c.shed_dialogues + c.shed_datagrams + c.proto.files_shed, 0);
}

static void
bodies(void **state)
{
	struct pipeline_counts c = run(SHED_BODIES);

	(void)state;
	assert_int_equal(rig_count(OBSERVE_HTTP), 4);
	assert_int_equal(rig_count(OBSERVE_FILE), 0);
	assert_int_equal(c.proto.files_shed, 2);
	assert_int_equal(c.shed_streams, 0);
}

static void
streams(void **state)
{
	struct pipeline_counts c = run(SHED_STREAMS);

	(void)state;
	/* Of the conversation that was under way both, of the other neither. */
	assert_int_equal(rig_count(OBSERVE_HTTP), 2);
	assert_int_equal(c.shed_streams, 1);
	assert_int_equal(c.shed_dialogues, 0);
	assert_int_equal(c.reassembly.opened, 1);
}

static void
parsing(void **state)
{
	struct pipeline_counts c = run(SHED_PARSING);

	(void)state;
	assert_true(rig_count(OBSERVE_HTTP) <= 1);
	assert_int_equal(c.shed_streams, 1);
	assert_int_equal(c.shed_dialogues, 1);
	assert_int_equal(c.shed_datagrams, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(bodies, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(streams, rig_setup, rig_teardown),
		cmocka_unit_test_setup_teardown(parsing, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
