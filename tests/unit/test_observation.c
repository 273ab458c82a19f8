#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "indicator.h"
#include "observation.h"

static struct observation_buffer b;

static int
setup(void **state)
{
	(void)state;
	memset(&b, 0, sizeof b);
	return 0;
}

static void
add(enum observation_text tag, const char *text)
{
	observation_add(&b, tag, span_text(text), OBSERVATION_TEXT_BYTES);
}

static void
assert_text(enum observation_text tag, const char *expected)
{
	struct span s = observation_text(&b.o, tag);

	assert_non_null(s.at);
	assert_int_equal(s.left, strlen(expected));
	assert_memory_equal(s.at, expected, s.left);
}

static bool
is_valid(void)
{
	return observation_valid(&b.o, b.o.bytes);
}

static void
texts_are_found_again(void **state)
{
	(void)state;
	add(TEXT_SERVICE, "c2.example");
	add(TEXT_METHOD, "");
	observation_add(&b, TEXT_URL, span_text("c2.example/long"), 12);
	observation_add(&b, TEXT_JA3, span_of(NULL, 0), 32);
	observation_seal(&b);
	assert_true(is_valid());
	assert_int_equal(b.o.bytes % 8, 0);
	assert_text(TEXT_SERVICE, "c2.example");
	assert_text(TEXT_METHOD, "");
	assert_text(TEXT_URL, "c2.example/l");
	assert_null(observation_text(&b.o, TEXT_JA3).at);
	assert_null(observation_text(&b.o, TEXT_NOTE).at);
}

/* Above all together they are left out, never cut into each other. */
static void
too_many_texts_are_left_out(void **state)
{
	static uint8_t bytes[OBSERVATION_TEXT_BYTES];
	unsigned tag;

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	for (tag = 1; tag < TEXT_TAGS; tag++)
		observation_add(&b, tag, span_of(bytes, 1500), sizeof bytes);
	observation_seal(&b);
	assert_true(is_valid());
	assert_true(b.o.bytes <= OBSERVATION_BYTES_MAX);
	assert_int_equal(observation_text(&b.o, 5).left, 1500);
	assert_null(observation_text(&b.o, 6).at);
}

/* What arrives comes from a process that reads hostile bytes. */
static void
lies_are_seen(void **state)
{
	static struct observation_buffer good;
	uint32_t cut;

	(void)state;
	add(TEXT_SERVICE, "c2.example");
	observation_seal(&b);
	good = b;
	for (cut = 0; cut < good.o.bytes; cut++)
		assert_false(observation_valid(&b.o, cut));
#define LIE(what, value) do { b = good; b.what = (value); assert_false(is_valid()); } while (0)
	LIE(o.bytes, 0);
	LIE(o.bytes, good.o.bytes - 8);
	LIE(o.bytes, good.o.bytes + 1);
	LIE(o.kind, OBSERVATION_KINDS);
	LIE(o.app, APP_KINDS);
	LIE(o.host_side, 2);
	LIE(o.home, 4);
	LIE(o.flow_state, FLOW_RESET + 1);
	LIE(o.flow_end, FLOW_END_INPUT + 1);
	LIE(o.phase, PHASE_PACKET + 1);
	LIE(o.indicator_type, INDICATOR_TYPES);
	LIE(o.indicator_role, ROLE_KINDS);
	LIE(o.ts_ns, INT64_MIN);
	LIE(o.ts_ns, INT64_MAX);
	LIE(o.ts_ns, -1);
	LIE(o.deadline_ns, -1);
	LIE(o.deadline_ns, INT64_MAX - 1);
	LIE(o.flow_first_ns, INT64_MIN);
	LIE(o.flow_last_ns, OBSERVATION_TIME_MAX_NS + 1);
	LIE(o.text_bytes, good.o.text_bytes - 1);
	LIE(o.text_bytes, OBSERVATION_TEXT_BYTES + 1);
	LIE(text[0], 0);
	LIE(text[0], TEXT_TAGS);
	LIE(text[0], 255);
	LIE(text[1], 11);
	LIE(text[2], 1);
#undef LIE
	b = good;
	assert_true(is_valid());
}

static void
a_tag_comes_once(void **state)
{
	(void)state;
	add(TEXT_SERVICE, "one");
	add(TEXT_SERVICE, "two");
	observation_seal(&b);
	assert_false(is_valid());
}

static void
damage_is_never_read_beyond_the_end(void **state)
{
	struct observation *o;
	uint8_t *tight;
	unsigned i, tag;
	uint32_t len;

	(void)state;
	srand(3);
	add(TEXT_SERVICE, "c2.example");
	add(TEXT_URL, "c2.example/a");
	observation_seal(&b);
	len = b.o.bytes;
	tight = malloc(len);
	assert_non_null(tight);
	o = (void *)tight;
	for (i = 0; i < 20000; i++) {
		memcpy(tight, &b, len);
		tight[(unsigned)rand() % len] = (uint8_t)rand();
		tight[(unsigned)rand() % len] ^= (uint8_t)(1 << rand() % 8);
		if (!observation_valid(o, len))
			continue;
		for (tag = 1; tag < TEXT_TAGS; tag++)
			if (observation_text(o, tag).at != NULL)
				assert_true(observation_text(o, tag).at + observation_text(o, tag).left <= tight + len);
	}
	free(tight);
}

static void
assert_before(const struct observation *x, const struct observation *y)
{
	assert_true(observation_order(x, y) < 0);
	assert_true(observation_order(y, x) > 0);
	assert_int_equal(observation_order(x, x), 0);
}

static void
the_order_of_a_replay(void **state)
{
	const struct observation
	    before = { .ordinal = 4, .deadline_ns = INT64_MAX, .phase = PHASE_PACKET, .flow_ordinal = 4 },
	    hole = { .ordinal = 5, .deadline_ns = 70, .phase = PHASE_HOLE, .flow_ordinal = 3, .index = 9 },
	    end2 = { .ordinal = 5, .deadline_ns = 70, .phase = PHASE_FLOW_END, .flow_ordinal = 2, .index = 4 },
	    end3 = { .ordinal = 5, .deadline_ns = 70, .phase = PHASE_FLOW_END, .flow_ordinal = 3, .index = 0 },
	    later = { .ordinal = 5, .deadline_ns = 71, .phase = PHASE_HOLE, .flow_ordinal = 1 },
	    packet = { .ordinal = 5, .deadline_ns = INT64_MAX, .phase = PHASE_PACKET, .flow_ordinal = 5, .index = 0 },
	    other = { .ordinal = 5, .deadline_ns = INT64_MAX, .phase = PHASE_PACKET, .flow_ordinal = 1, .index = 1 };

	(void)state;
	assert_before(&before, &hole);
	assert_before(&hole, &end2);
	assert_before(&end2, &end3);
	assert_before(&end3, &later);
	assert_before(&later, &packet);
	/* One packet is one worker's: what it causes comes as it was caused, whichever flows that touches. */
	assert_before(&packet, &other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(texts_are_found_again, setup),
		cmocka_unit_test_setup(too_many_texts_are_left_out, setup),
		cmocka_unit_test_setup(lies_are_seen, setup),
		cmocka_unit_test_setup(a_tag_comes_once, setup),
		cmocka_unit_test_setup(damage_is_never_read_beyond_the_end, setup),
		cmocka_unit_test_setup(the_order_of_a_replay, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
