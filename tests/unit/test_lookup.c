/*
 * Names of every length and in every case, held against a plain search; and questions asked together, answered as
 * they are one by one.
 */
#include "indicators/indicators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"

enum { NAMES = 300, ASKED = 3000, NAME_MOST = 253, TOGETHER = 8 };

static char names[NAMES][NAME_MOST + 1];
static struct indicators *set;
static uint32_t state_word = 7;

static unsigned
draw(unsigned below)
{
	state_word = state_word * 1664525 + 1013904223;
	return (state_word >> 8) % below;
}

/* `len` bytes, labels of 1 to `label` bytes, the last one a letter. */
static void
draw_name(char *to, unsigned len, unsigned label)
{
	unsigned i, left = 1 + draw(label);

	for (i = 0; i < len; i++) {
		if (left == 0 && i + 1 < len) {
			to[i] = '.';
			left = 1 + draw(label);
			continue;
		}
		to[i] = (char)('a' + draw(3));
		left -= left > 0;
	}
	to[len] = '\0';
}

static bool
take_name(struct builder *b, unsigned n, unsigned *count)
{
	struct indicator i = { .type = INDICATOR_DOMAIN, .role = ROLE_C2, .value = names[*count], .feed = "f", .malware = "",
	    .reference = "", .line = n, .confidence = 50, .first_seen_ns = WHEN_UNKNOWN, .last_seen_ns = WHEN_UNKNOWN,
	    .valid_until_ns = WHEN_UNKNOWN };
	unsigned k;

	for (k = 0; k < *count; k++)
		if (strcmp(names[k], names[*count]) == 0)
			return false;
	if (builder_add(b, &i) < 0)
		return false;
	(*count)++;
	return true;
}

static int
make_set(void **state)
{
	struct builder *b = builder_new(NAMES);
	struct fault fault;
	unsigned n, count = 0;
	int fd, r;

	(void)state;
	for (n = 0; count < NAMES; n++) {
		draw_name(names[count], 3 + n % (NAME_MOST - 2), n % 3 == 0 ? 3 : n % 3 == 1 ? 17 : 63);
		take_name(b, n, &count);
	}
	r = builder_compile(b, &fd, &fault);
	builder_free(b);
	if (r == 0)
		r = indicators_map(fd, &set, &fault);
	close(fd);
	return r;
}

static int
free_set(void **state)
{
	(void)state;
	indicators_unmap(set);
	return 0;
}

/* The listed names that it is, or is below, the longest first. */
static unsigned
search(const char *lower, uint32_t found[MATCHES_MAX])
{
	const char *at = lower, *dot;
	unsigned count = 0, n;

	do {
		for (n = 0; n < NAMES; n++)
			if (strcmp(names[n], at) == 0 && count < MATCHES_MAX)
				found[count++] = n;
		dot = strchr(at, '.');
		at = dot == NULL ? at : dot + 1;
	} while (dot != NULL);
	return count;
}

/* A listed name, often with more in front of it, or changed in one place. */
static void
draw_question(char text[NAME_MOST + 1])
{
	const char *name = names[draw(NAMES)];
	size_t len = strlen(name), more = draw(3) == 0 ? 0 : draw((unsigned)(NAME_MOST + 1 - len));

	if (more > 0)
		draw_name(text, (unsigned)more, 5);
	if (more > 0 && draw(8) != 0)
		text[more - 1] = '.';
	memcpy(text + more, name, len + 1);
	if (draw(4) == 0)
		text[draw((unsigned)(more + len))] = "ab.c"[draw(4)];
}

static void
names_as_a_plain_search_has_them(void **state)
{
	char lower[NAME_MOST + 1], *text;
	uint32_t found[MATCHES_MAX], expected[MATCHES_MAX];
	unsigned n, hits = 0, count;
	size_t i, len;

	(void)state;
	for (n = 0; n < ASKED; n++) {
		draw_question(lower);
		len = strlen(lower);
		text = malloc(len);	/* of just its bytes: a read beyond it is seen */
		for (i = 0; i < len; i++)
			text[i] = (char)(lower[i] != '.' && draw(2) ? lower[i] & ~0x20 : lower[i]);
		if (len > 0 && lower[len - 1] == '.')
			lower[len - 1] = '\0';
		count = search(lower, expected);
		assert_int_equal(indicators_by_domain(set, span_of(text, len), found, MATCHES_MAX), count);
		assert_memory_equal(found, expected, count * sizeof *found);
		hits += count > 0;
		free(text);
	}
	assert_true(hits > ASKED / 4 && hits < ASKED);
}

static void
together_as_one_by_one(void **state)
{
	struct indicators_ask ask[TOGETHER];
	char text[TOGETHER][NAME_MOST + 1];
	uint32_t found[MATCHES_MAX], alone[MATCHES_MAX];
	unsigned n, k, count;

	(void)state;
	for (n = 0; n < 500; n++) {
		for (k = 0; k < TOGETHER; k++) {
			draw_question(text[k]);
			indicators_ask_domain(set, span_text(text[k]), &ask[k]);
		}
		for (k = 0; k < TOGETHER; k++) {
			count = indicators_by_domain(set, span_text(text[k]), alone, MATCHES_MAX);
			assert_int_equal(indicators_answer(set, &ask[k], found, MATCHES_MAX), count);
			assert_memory_equal(found, alone, count * sizeof *found);
		}
	}
	indicators_ask_domain(set, span_of(NULL, 0), &ask[0]);
	assert_int_equal(indicators_answer(set, &ask[0], found, MATCHES_MAX), 0);
	indicators_ask_url(set, span_text("a.b"), span_of(NULL, 0), &ask[0]);
	assert_int_equal(indicators_answer(set, &ask[0], found, MATCHES_MAX), 0);
	indicators_ask_text(set, INDICATOR_DOMAIN, span_text(names[0]), &ask[0]);
	assert_int_equal(indicators_answer(set, &ask[0], found, MATCHES_MAX), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_as_a_plain_search_has_them), cmocka_unit_test(together_as_one_by_one),
	};

	return cmocka_run_group_tests(tests, make_set, free_set);
}
