#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <cmocka.h>

#include "pipeline_rig.h"

static _Atomic uint64_t at_work;
static bool always_right;

/* The last frame is cut in two fragments. */
static void
cut_in_two(struct rig_talk *t, int64_t ms)
{
	static struct made m, half;
	struct rig_frame *whole;
	size_t cut = 20 + 104, i;

	whole = &rig_input.frame[rig_input.count - 1];
	memcpy(m.b, whole->bytes, m.len = whole->f.captured_bytes);
	free(whole->bytes);
	rig_input.count--;
	for (i = 0; i < 2; i++) {
		half = m;
		if (i == 1)
			memcpy(half.b + 20, m.b + cut, m.len - cut);
		half.len = i == 0 ? cut : 20 + m.len - cut;
		set16(&half, 2, (unsigned)half.len);
		set16(&half, 4, t->number);
		set16(&half, 6, i == 0 ? 0x2000 : (unsigned)(cut - 20) / 8);
		set16(&half, 10, 0);
		set16(&half, 10, ~slow_sum(half.b, 20, 0) & 0xffff);
		rig_frame(&half, ms);
	}
}

static void
one_round(struct rig_talk *t, unsigned number, int64_t ms)
{
	char text[200];

	memset(text, 'a' + (int)number % 26, sizeof text);
	if (number % 3 == 0) {
		rig_datagram(t, ms, number % 2, text, sizeof text);
		if (number % 2 == 0)
			cut_in_two(t, ms);
	} else if (number % 3 == 1) {
		rig_say(t, ms, 0, "GET / HTTP/1.1\r\nHost: c2.example\r\n\r\n");
		t->seq[1] += number % 4 == 0 ? 5 : 0;	/* a hole */
		rig_say(t, ms + 1, 1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	} else {
		rig_say(t, ms, 0, "neither one nor the other");
	}
}

/* Conversations at the same time, fragments among them; in the middle a clock that ran a day ahead for 100 frames. */
static void
make_traffic(void)
{
	enum { TALKS = 60, ROUNDS = 12 };
	static struct rig_talk t[TALKS];
	unsigned i, round;
	int64_t ms;

	for (i = 0; i < TALKS; i++) {
		t[i] = rig_talk(i, i % 3 == 1 ? 80 : 4444);
		if (i % 3 > 0)
			rig_handshake(&t[i], i);
	}
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < TALKS; i++) {
			ms = 1000 + round * 7000 + i * 3;
			one_round(&t[i], i, round == 6 && i < 40 ? ms + 86400000 : ms);
		}
	for (i = 1; i < TALKS; i += 2)
		if (i % 3 > 0)
			rig_close(&t[i], 90000 + i);
}

static void
keep(void *to, const struct observation *o)
{
	always_right = always_right && atomic_load(&at_work) == o->ordinal;
	rig_keep(to, o);
}

static struct pipeline_counts
run(unsigned together)
{
	const struct pipeline_options options = { .config = &rig_config, .shards = 1, .at_work = &at_work };
	static struct frame f[RIG_FRAMES_MAX];
	struct pipeline *p = pipeline_new(&options, keep, &rig_kept);
	struct pipeline_counts counts;
	unsigned i, n;

	assert_non_null(p);
	always_right = true;
	for (i = 0; i < rig_input.count; i++)
		f[i] = rig_input.frame[i].f;
	for (i = 0; i < rig_input.count; i += n) {
		n = rig_input.count - i < together ? rig_input.count - i : together;
		pipeline_frames(p, f + i, n);
	}
	assert_true(always_right);
	pipeline_finish(p);
	pipeline_count(p, &counts);
	pipeline_free(p);
	return counts;
}

static void
however_many_come_at_once(void **state)
{
	static const unsigned together[] = { 2, 7, PIPELINE_FRAMES, PIPELINE_FRAMES + 1, RIG_FRAMES_MAX };
	struct pipeline_counts one_by_one, counts;
	static struct rig_kept first;
	unsigned i, k;

	(void)state;
	make_traffic();
	one_by_one = run(1);
	assert_true(one_by_one.decode.defragmented > 50);
	assert_true(one_by_one.reassembly.gaps > 0);
	assert_int_equal(one_by_one.set_back, 1);
	first = rig_kept;
	rig_kept.count = 0;
	assert_true(first.count > 100);
	for (i = 0; i < sizeof together / sizeof *together; i++) {
		counts = run(together[i]);
		assert_memory_equal(&counts, &one_by_one, sizeof counts);
		assert_int_equal(rig_kept.count, first.count);
		for (k = 0; k < first.count; k++)
			assert_memory_equal(rig_kept.o[k], first.o[k], first.o[k]->bytes);
		rig_forget(&rig_kept);
	}
	rig_forget(&first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(however_many_come_at_once, rig_setup, rig_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
