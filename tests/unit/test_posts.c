/* Requests that wait, that fail, and whose fault that is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/when.h"
#include "sinks/posts.h"

enum { GIVE_UP_SEC = 60 };

static void
add(struct posts *q, const char *id, unsigned revision, unsigned most)
{
	struct head h = { .revision = revision };

	snprintf(h.id, sizeof h.id, "%s", id);
	assert_true(posts_add(q, "{}", NULL, &h, most));
}

static struct post *
ready(struct posts *q, bool trial)
{
	int64_t wake_ns;

	return posts_ready(q, 0, trial, &wake_ns);
}

static void
take_new(struct posts *q, const char *id)
{
	add(q, id, 1, 1);
	posts_remove(q, q->last, true);
}

/* A receiver that is down: nothing is any record's fault, however long it lasts. */
static void
test_all_fail(void **state)
{
	struct posts q = { .first = NULL };
	struct post *p;
	unsigned i;

	(void)state;
	add(&q, "a", 1, 1);
	add(&q, "b", 1, 1);
	for (i = 0; i < 1000; i++) {
		assert_non_null(p = ready(&q, true));
		assert_false(posts_note_failure(&q, p, i * 100 * NS_PER_SEC, true));
		assert_false(post_is_hopeless(p, i * 100 * NS_PER_SEC, GIVE_UP_SEC));
	}
	assert_int_equal(q.suspects, 0);
	posts_clear(&q);
}

/* One that fails while others are taken: after a dozen failures and a minute, not before either. */
static void
test_one_fails(void **state)
{
	struct posts q = { .first = NULL };
	struct post *p;
	unsigned i;

	(void)state;
	add(&q, "bad", 1, 1);
	p = q.first;
	for (i = 1; i <= POST_FAILS_MOST; i++) {
		assert_false(post_is_hopeless(p, INT64_MAX, GIVE_UP_SEC));
		assert_int_equal(posts_note_failure(&q, p, i * NS_PER_SEC, true), i > 1);
		take_new(&q, "good");
	}
	assert_int_equal(q.suspects, 1);
	assert_false(post_is_hopeless(p, GIVE_UP_SEC * NS_PER_SEC, GIVE_UP_SEC));
	assert_true(post_is_hopeless(p, (GIVE_UP_SEC + 1) * NS_PER_SEC, GIVE_UP_SEC));
	assert_false(post_is_hopeless(p, INT64_MAX, 0));
	posts_remove(&q, p, false);
	assert_int_equal(q.suspects, 0);
	assert_int_equal(q.letters, 0);
	posts_clear(&q);
}

/* "Too many requests" is never a record's fault; nor is anything while most new ones fail as well. */
static void
test_overloaded_receiver(void **state)
{
	struct posts q = { .first = NULL };
	struct post *p;
	unsigned i, k;

	(void)state;
	add(&q, "a", 1, 1);
	p = q.first;
	for (i = 0; i < 50; i++) {
		assert_false(posts_note_failure(&q, p, i, false));
		take_new(&q, "good");
	}
	for (i = 0; i < 50; i++) {
		posts_note_failure(&q, p, i, true);
		for (k = 0; k < 2; k++) {
			add(&q, "new", 1, 1);
			posts_note_failure(&q, q.last, i, true);
			posts_remove(&q, q.last, k == 0);
		}
	}
	assert_int_equal(p->own, 1);	/* the first: only good ones had been taken until then */
	posts_clear(&q);
}

/* To try the receiver, one that has hardly failed goes first; within an incident order stays. */
static void
test_trial(void **state)
{
	struct posts q = { .first = NULL };
	struct post *bad;
	unsigned i;

	(void)state;
	add(&q, "bad", 1, 1);
	add(&q, "bad", 2, 1);
	bad = q.first;
	for (i = 0; i < POST_FAILS_ALONE; i++) {
		assert_false(posts_want_other(&q));
		assert_ptr_equal(ready(&q, true), bad);
		posts_note_failure(&q, bad, i, true);
	}
	assert_true(posts_want_other(&q));
	assert_ptr_equal(ready(&q, true), bad);
	add(&q, "other", 1, 1);
	assert_false(posts_want_other(&q));
	assert_ptr_equal(ready(&q, true), q.last);
	assert_ptr_equal(ready(&q, false), bad);
	posts_remove(&q, q.last, true);
	/* Nobody more before the bad one has had its chance again. */
	assert_false(posts_want_other(&q));
	assert_true(posts_note_failure(&q, bad, i, true));
	assert_true(posts_want_other(&q));
	posts_clear(&q);
}

/* A receiver that is down is not asked for ever more. */
static void
test_few_others(void **state)
{
	struct posts q = { .first = NULL };
	unsigned n = 0, i;
	char id[8];

	(void)state;
	do {
		snprintf(id, sizeof id, "%u", n++);
		add(&q, id, 1, 1);
		for (i = 0; i < POST_FAILS_ALONE; i++)
			posts_note_failure(&q, q.last, i, true);
	} while (posts_want_other(&q));
	/* Two that share a lane, which the drawn hash decides, are one. */
	assert_in_range(n, 8, 12);
	posts_clear(&q);
}

/* Taken apart, each letter begins anew. */
static void
test_split(void **state)
{
	struct posts q = { .first = NULL };
	struct post *p;
	unsigned i, n = 0;

	(void)state;
	add(&q, "a", 1, 3);
	add(&q, "b", 1, 3);
	add(&q, "c", 1, 3);
	assert_ptr_equal(q.first, q.last);
	for (i = 0; i <= POST_FAILS_OWN; i++) {
		posts_note_failure(&q, q.first, 0, true);
		q.taken++;
	}
	assert_int_equal(q.suspects, 3);
	assert_true(posts_split(&q, q.first));
	assert_int_equal(q.suspects, 0);
	assert_int_equal(q.letters, 3);
	for (p = q.first; p != NULL; p = p->next, n++)
		assert_true(p->attempts == 0 && p->own == 0 && p->count == 1);
	assert_int_equal(n, 3);
	posts_clear(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_fail),
		cmocka_unit_test(test_one_fails),
		cmocka_unit_test(test_overloaded_receiver),
		cmocka_unit_test(test_trial),
		cmocka_unit_test(test_few_others),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
