#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/ring.h"

enum { SIZE = 65536 };

static struct ring *ring;

static int
setup(void **state)
{
	(void)state;
	ring = ring_new(1);
	assert_non_null(ring);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ring_free(ring);
	ring = NULL;
	return 0;
}

/* A record that tells by itself whether it is whole: its number in every place. */
static bool
give(uint32_t number, uint32_t len)
{
	uint8_t *room = ring_reserve(ring, len);
	uint32_t i;

	if (room == NULL)
		return false;
	assert_int_equal((uintptr_t)room % 8, 0);
	for (i = 0; i < len; i++)
		room[i] = (uint8_t)(number * 31 + i);
	ring_commit(ring);
	return true;
}

static void
assert_whole(const uint8_t *record, uint32_t number, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		if (record[i] != (uint8_t)(number * 31 + i))
			fail_msg("record %u of %u bytes: byte %u is not its own", number, len, i);
}

static void
take(uint32_t number, uint32_t len)
{
	const void *record;
	uint32_t there;

	assert_int_equal(ring_peek(ring, &record, &there), RING_RECORD);
	assert_int_equal(there, len);
	assert_whole(record, number, len);
	ring_done(ring);
}

static enum ring_state
state_now(void)
{
	const void *record;
	uint32_t len;

	return ring_peek(ring, &record, &len);
}

static void
records_come_as_they_went(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 7, 8, 9, 4096, SIZE / 2 - 8 };
	uint32_t i, count = sizeof lengths / sizeof lengths[0];

	(void)state;
	for (i = 0; i + 1 < count; i++)
		assert_true(give(i, lengths[i]));
	for (i = 0; i + 1 < count; i++)
		take(i, lengths[i]);
	assert_int_equal(state_now(), RING_EMPTY);
	assert_true(give(9, lengths[count - 1]));
	take(9, lengths[count - 1]);
	assert_int_equal(ring_used(ring), 0);
}

/* Every length at many places, so that each kind of end is met: exact, with a rest, with a rest of eight bytes. */
static void
it_goes_round(void **state)
{
	uint32_t number = 0, taken = 0, step;

	(void)state;
	for (step = 0; step < 40000; step++) {
		while (give(number, number % 1500))
			number++;
		take(taken, taken % 1500);
		taken++;
		if (step % 7 == 0)
			while (taken < number) {
				take(taken, taken % 1500);
				taken++;
			}
	}
	assert_true(number > 40000);
}

static void
full_is_full(void **state)
{
	uint32_t given = 0, taken = 0;

	(void)state;
	while (give(given, 1000))
		given++;
	assert_int_equal(given, SIZE / 1008);
	assert_false(give(given, 1000));
	assert_true(ring_used(ring) <= SIZE);
	take(taken++, 1000);
	/* Its place is free, but the ring's end is too short for it: it needs the start, which is that place. */
	assert_true(give(given, 900));
	assert_false(give(given, 900));
	while (taken < given)
		take(taken++, 1000);
	take(given, 900);
	assert_int_equal(state_now(), RING_EMPTY);
}

/* Whatever length comes next, it lies where the first one lay, and none waits any more. */
static void
an_empty_ring_begins_at_its_start(void **state)
{
	const uint8_t *first = ring_reserve(ring, 8);
	uint32_t number, len;

	for (number = 0; number < 300; number++) {
		len = number * 997 % (SIZE / 2 - 8);
		assert_ptr_equal(ring_reserve(ring, len), first);
		assert_int_equal(ring_used(ring), 0);
		assert_null(ring_newest(ring, &len));
		assert_true(give(number, number * 997 % (SIZE / 2 - 8)));
		take(number, number * 997 % (SIZE / 2 - 8));
	}
	assert_true(give(number, 100));
	assert_true(give(number + 1, 100));
	take(number, 100);
	assert_ptr_not_equal(ring_reserve(ring, 100), first);
	take(number + 1, 100);
	full_is_full(state);
}

static void
what_never_fits_is_refused(void **state)
{
	(void)state;
	assert_null(ring_reserve(ring, SIZE / 2));
	assert_null(ring_reserve(ring, UINT32_MAX));
	assert_null(ring_reserve(ring, UINT32_MAX - 8));
	assert_true(give(1, 10));
	take(1, 10);
}

/* A producer that died in the middle leaves nothing, and its successor goes on. */
static void
what_was_not_committed_is_not_there(void **state)
{
	(void)state;
	assert_true(give(1, 100));
	memset(ring_reserve(ring, 500), 0xff, 500);
	take(1, 100);
	assert_int_equal(state_now(), RING_EMPTY);
	assert_true(give(2, 300));
	take(2, 300);
}

static void
the_end_comes_behind_the_last_record(void **state)
{
	(void)state;
	assert_true(give(1, 5));
	ring_end(ring);
	assert_true(ring_has_ended(ring));
	take(1, 5);
	assert_int_equal(state_now(), RING_ENDED);
	assert_int_equal(state_now(), RING_ENDED);
	ring_reset(ring);
	assert_false(ring_has_ended(ring));
	assert_int_equal(state_now(), RING_EMPTY);
	assert_int_equal(ring_watermark(ring), INT64_MIN);
}

static void
the_watermark_only_rises(void **state)
{
	(void)state;
	assert_int_equal(ring_watermark(ring), INT64_MIN);
	ring_set_watermark(ring, 70);
	ring_set_watermark(ring, 3);	/* the successor of a dead producer begins again */
	assert_int_equal(ring_watermark(ring), 70);
	ring_lower_watermark(ring, 50);	/* it was wrong */
	assert_int_equal(ring_watermark(ring), 50);
	ring_set_watermark(ring, INT64_MAX);
	assert_int_equal(ring_watermark(ring), INT64_MAX);
}

/* The producer may have been taken over: any length in front of a record is possible. */
static void
lengths_that_lie_are_damage(void **state)
{
	static const uint32_t lies[] = { 101, 112, 104 + 8, SIZE, SIZE - 8, UINT32_MAX - 1, 0x80000000, UINT32_MAX };
	uint32_t i;
	uint8_t *room;

	(void)state;
	for (i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		ring_reset(ring);
		assert_true(give(1, 104));
		take(1, 104);
		room = ring_reserve(ring, 96);
		memcpy(room - 8, &lies[i], sizeof lies[i]);
		ring_commit(ring);
		assert_int_equal(state_now(), RING_DAMAGED);
		assert_int_equal(state_now(), RING_DAMAGED);
	}
}

/* The same at the end of the ring, where a record would leave the mapping. */
static void
lengths_that_lie_at_the_end_are_damage(void **state)
{
	static const uint32_t lies[] = { 1009, 4096, SIZE };
	uint32_t i, given, taken;
	uint8_t *room;

	(void)state;
	for (i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		ring_reset(ring);
		for (given = 0; give(given, 1000); given++)
			continue;
		for (taken = 0; taken + 1 < given; taken++)
			take(taken, 1000);
		room = ring_reserve(ring, 8);	/* the last 16 bytes */
		memcpy(room - 8, &lies[i], sizeof lies[i]);
		ring_commit(ring);
		take(taken, 1000);
		assert_int_equal(state_now(), RING_DAMAGED);
	}
}

static void
produce(struct bell *bell, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		while (!give(i, i % 3000))
			ring_wait_room(ring, 20);
		ring_set_watermark(ring, i);
		if (i % 64 == 0)
			bell_ring(bell);
	}
	ring_end(ring);
}

/* Two processes, a ring that is too small for them, and nobody sleeps through it. */
static void
between_processes_in_order_and_in_time(void **state)
{
	enum { COUNT = 30000 };
	struct bell *bell = bell_new();
	uint32_t seen, next = 0, len;
	enum ring_state now;
	const void *record;
	int64_t mark;
	pid_t pid;
	int status;

	(void)state;
	assert_non_null(bell);
	ring_attach_bell(ring, bell);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		produce(bell, COUNT);
		_exit(0);
	}
	for (;;) {
		seen = bell_count(bell);
		mark = ring_watermark(ring);
		now = ring_peek(ring, &record, &len);
		if (now == RING_ENDED)
			break;
		if (now == RING_EMPTY) {
			assert_true(mark < (int64_t)next);	/* read before the look: nothing up to it is missing */
			bell_wait(bell, seen, 1000);
			continue;
		}
		assert_int_equal(now, RING_RECORD);
		assert_int_equal(len, next % 3000);
		assert_whole(record, next++, len);
		ring_done(ring);
	}
	assert_int_equal(next, COUNT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	ring_attach_bell(ring, NULL);
	bell_free(bell);
}

/* What a new producer sees of its predecessor's, over the ring's end and while the consumer goes on. */
static void
the_newest_is_the_last_that_waits(void **state)
{
	uint32_t number, len;

	(void)state;
	assert_null(ring_newest(ring, &len));
	for (number = 0; number < 300; number++) {
		assert_true(give(number, 1000 + number));
		if (number >= 20)
			take(number - 20, 1000 + number - 20);
		assert_whole(ring_newest(ring, &len), number, 1000 + number);
		assert_int_equal(len, 1000 + number);
	}
	for (number = 280; number < 300; number++) {
		assert_whole(ring_newest(ring, &len), 299, 1299);
		take(number, 1000 + number);
	}
	assert_null(ring_newest(ring, &len));
	/* Begun and not committed: not there. */
	assert_non_null(ring_reserve(ring, 8));
	assert_null(ring_newest(ring, &len));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_come_as_they_went, setup, teardown),
		cmocka_unit_test_setup_teardown(it_goes_round, setup, teardown),
		cmocka_unit_test_setup_teardown(full_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(an_empty_ring_begins_at_its_start, setup, teardown),
		cmocka_unit_test_setup_teardown(what_never_fits_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_not_committed_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(the_end_comes_behind_the_last_record, setup, teardown),
		cmocka_unit_test_setup_teardown(the_watermark_only_rises, setup, teardown),
		cmocka_unit_test_setup_teardown(the_newest_is_the_last_that_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(lengths_that_lie_are_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(lengths_that_lie_at_the_end_are_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(between_processes_in_order_and_in_time, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
