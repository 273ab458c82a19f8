#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyst/merge.h"
#include "base/span.h"

enum { RINGS_MAX = 4, COUNT = 4000, TAKEN_MAX = 2 * COUNT };

static struct ring *rings[RINGS_MAX];
static struct merge *merge;
static struct observation made[COUNT];
static struct observation taken[TAKEN_MAX];
static unsigned taken_count;

static int
setup(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < RINGS_MAX; i++)
		assert_non_null(rings[i] = ring_new(1 << 20));
	taken_count = 0;
	srand(7);
	return 0;
}

static int
teardown(void **state)
{
	unsigned i;

	(void)state;
	merge_free(merge);
	merge = NULL;
	for (i = 0; i < RINGS_MAX; i++) {
		ring_free(rings[i]);
		rings[i] = NULL;
	}
	return 0;
}

static void
begin(unsigned count, bool live)
{
	merge_free(merge);
	merge = merge_new(rings, count, live);
	assert_non_null(merge);
	taken_count = 0;
}

static void
put(unsigned ring, const struct observation *o)
{
	struct observation *room = ring_reserve(rings[ring], sizeof *o);

	assert_non_null(room);
	*room = *o;
	room->bytes = sizeof *o;
	ring_commit(rings[ring]);
}

static void
take(void *to, const struct observation *o)
{
	(void)to;
	assert_true(taken_count < TAKEN_MAX);
	taken[taken_count++] = *o;
}

static enum merge_state
run(unsigned most)
{
	return merge_run(merge, most, take, NULL);
}

/* `flow_id` names the observation; its shard is its flow's. */
static unsigned
shard_of(const struct observation *o, unsigned shards)
{
	return (unsigned)(o->flow_ordinal % shards);
}

/*
 * A worker's day: a few observations of each packet, timers before some of
 * them that several shards have at one deadline, and in the end all flows.
 */
static void
make_day(void)
{
	uint64_t ordinal = 0;
	unsigned i = 0, k, of;

	while (i < COUNT) {
		ordinal += 1 + (uint64_t)rand() % 3;
		of = (unsigned)rand() % 5;
		for (k = 0; k < of && i < COUNT; k++, i++)
			made[i] = (struct observation){ .ordinal = ordinal, .deadline_ns = (int64_t)(ordinal * 10 + k / 3),
				.phase = PHASE_FLOW_END, .flow_ordinal = ordinal / 2 + k % 3 + k / 3 * 7, .index = k };
		of = (unsigned)rand() % 4;
		for (k = 0; k < of && i < COUNT; k++, i++)
			made[i] = (struct observation){ .ordinal = ordinal, .deadline_ns = INT64_MAX,
				.phase = PHASE_PACKET, .flow_ordinal = ordinal / 3, .index = k };
	}
	for (i = 0; i < COUNT; i++)
		made[i].flow_id = i + 1;
}

static int
by_order(const void *a, const void *b)
{
	return observation_order(a, b);
}

static void
assert_taken_in_order(unsigned count)
{
	unsigned i;

	assert_int_equal(taken_count, count);
	for (i = 0; i < count; i++)
		if (taken[i].flow_id != made[i].flow_id)
			fail_msg("place %u: observation %llu, expected %llu", i,
			    (unsigned long long)taken[i].flow_id, (unsigned long long)made[i].flow_id);
}

static void
any_split_gives_the_same_order(void **state)
{
	unsigned shards, i;

	(void)state;
	make_day();
	qsort(made, COUNT, sizeof made[0], by_order);
	for (shards = 1; shards <= RINGS_MAX; shards++) {
		for (i = 0; i < shards; i++)
			ring_reset(rings[i]);
		begin(shards, false);
		for (i = 0; i < COUNT; i++) {
			put(shard_of(&made[i], shards), &made[i]);
			if (i % 500 == 499)	/* the rings hold less than all */
				while (run(97) == MERGE_MORE)
					continue;
		}
		for (i = 0; i < shards; i++)
			ring_end(rings[i]);
		while (run(97) == MERGE_MORE)
			continue;
		assert_int_equal(run(1), MERGE_END);
		assert_taken_in_order(COUNT);
	}
}

static struct observation
at(uint64_t ordinal, uint64_t name)
{
	return (struct observation){ .ordinal = ordinal, .deadline_ns = INT64_MAX, .phase = PHASE_PACKET,
		.flow_ordinal = name, .flow_id = name };
}

static void
assert_took(const char *expected)
{
	char names[256] = "";
	size_t used = 0;
	unsigned i;

	for (i = 0; i < taken_count; i++)
		used += (size_t)snprintf(names + used, sizeof names - used, "%llu ",
		    (unsigned long long)taken[i].flow_id);
	assert_string_equal(names, expected);
}

static void
nothing_is_taken_before_the_others_have_said_so(void **state)
{
	struct observation o = at(10, 1);

	(void)state;
	begin(3, false);
	put(0, &o);
	assert_int_equal(run(9), MERGE_WAIT);
	ring_set_watermark(rings[1], 10);
	ring_set_watermark(rings[2], 9);
	assert_int_equal(run(9), MERGE_WAIT);
	assert_took("");
	o = at(9, 2);
	put(2, &o);
	assert_int_equal(run(9), MERGE_WAIT);
	assert_took("2 ");
	ring_end(rings[2]);
	assert_int_equal(run(9), MERGE_WAIT);
	assert_took("2 1 ");
	ring_end(rings[0]);
	ring_end(rings[1]);
	assert_int_equal(run(9), MERGE_END);
}

static void
what_a_new_worker_repeats_is_dropped(void **state)
{
	struct observation day[6] = { at(1, 1), at(2, 2), at(2, 3), at(2, 4), at(5, 5), at(6, 6) };
	unsigned i;

	(void)state;
	day[2].index = 1;
	day[3].index = 2;
	begin(2, false);
	ring_end(rings[1]);
	for (i = 0; i < 3; i++)
		put(0, &day[i]);
	while (run(1) == MERGE_MORE)
		continue;
	assert_took("1 2 3 ");
	put(0, &day[3]);		/* not taken before the worker died */
	for (i = 0; i < 6; i++)
		put(0, &day[i]);
	ring_end(rings[0]);
	assert_int_equal(run(99), MERGE_END);
	assert_took("1 2 3 4 5 6 ");
}

static void
what_is_no_observation_is_damage(void **state)
{
	struct observation o = at(1, 1);

	(void)state;
	begin(2, false);
	o.kind = OBSERVATION_KINDS;
	put(0, &o);
	assert_int_equal(run(9), MERGE_DAMAGED);
	ring_reset(rings[0]);
	begin(2, false);
	ring_reserve(rings[1], 12);
	ring_commit(rings[1]);
	assert_int_equal(run(9), MERGE_DAMAGED);
	assert_took("");
}

/* A record longer than any observation can be, though its own length says otherwise. */
static void
what_is_too_long_is_damage(void **state)
{
	struct observation *room = ring_reserve(rings[0], OBSERVATION_BYTES_MAX + 64);

	(void)state;
	*room = at(1, 1);
	room->bytes = sizeof *room;
	ring_commit(rings[0]);
	begin(1, false);
	assert_int_equal(run(9), MERGE_DAMAGED);
}

/* Who filled the ring may change it at any time: what was found valid must stay it. */
static void
what_changes_behind_the_look_does_no_harm(void **state)
{
	struct observation o = at(9, 1), *room;

	(void)state;
	begin(2, false);
	room = ring_reserve(rings[0], sizeof o);
	*room = o;
	room->bytes = sizeof o;
	ring_commit(rings[0]);
	assert_int_equal(run(9), MERGE_WAIT);	/* looked at, waiting for the other ring */
	room->kind = OBSERVATION_KINDS;
	room->bytes = room->text_bytes = 65535;
	ring_end(rings[1]);
	assert_int_equal(run(9), MERGE_WAIT);
	assert_took("1 ");
	assert_int_equal(taken[0].kind, OBSERVE_CONTACT);
	assert_int_equal(taken[0].text_bytes, 0);
}

static struct observation
live_at(int64_t ns, uint64_t name)
{
	struct observation o = at(1000 - name, name);

	o.flow_last_ns = ns;
	return o;
}

static void
live_it_goes_by_time(void **state)
{
	struct observation o;

	(void)state;
	begin(2, true);
	o = live_at(300, 1);
	put(0, &o);
	o = live_at(100, 2);
	put(1, &o);
	o = live_at(200, 3);
	put(1, &o);
	ring_set_watermark(rings[1], 250);
	ring_set_watermark(rings[0], 300);
	assert_int_equal(run(9), MERGE_WAIT);
	assert_took("2 3 ");
	assert_int_equal(merge_watermark(merge), 250);
	ring_set_watermark(rings[1], 300);
	assert_int_equal(run(9), MERGE_WAIT);
	assert_took("2 3 1 ");
	assert_int_equal(merge_watermark(merge), 300);
}

/* At one time the observations themselves decide, not the rings that they came through. */
static void
live_ties_do_not_depend_on_the_ring(void **state)
{
	struct observation a = live_at(100, 1), b = live_at(100, 2);
	uint64_t first;

	(void)state;
	begin(2, true);
	put(0, &a);
	put(1, &b);
	ring_end(rings[0]);
	ring_end(rings[1]);
	assert_int_equal(run(9), MERGE_END);
	first = taken[0].flow_id;
	ring_reset(rings[0]);
	ring_reset(rings[1]);
	begin(2, true);
	put(0, &b);
	put(1, &a);
	ring_end(rings[0]);
	ring_end(rings[1]);
	assert_int_equal(run(9), MERGE_END);
	assert_int_equal(taken_count, 2);
	assert_int_equal(taken[0].flow_id, first);
}

/* Live, a worker that begins again does not repeat itself: all it says is new. */
static void
live_nothing_is_a_repetition(void **state)
{
	struct observation o = live_at(100, 1);

	(void)state;
	begin(1, true);
	put(0, &o);
	put(0, &o);
	ring_end(rings[0]);
	assert_int_equal(run(9), MERGE_END);
	assert_took("1 1 ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_split_gives_the_same_order, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_taken_before_the_others_have_said_so, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_new_worker_repeats_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_observation_is_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_too_long_is_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(what_changes_behind_the_look_does_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(live_it_goes_by_time, setup, teardown),
		cmocka_unit_test_setup_teardown(live_ties_do_not_depend_on_the_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(live_nothing_is_a_repetition, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
