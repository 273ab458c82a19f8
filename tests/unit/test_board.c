/* The board: a child writes its own pages and nobody else's, not even when it tries to make them writable again. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/board.h"

static int
status_of(void (*act)(struct board *b), struct board *b)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		/* cmocka's handler would go on with the next test, here. */
		signal(SIGSEGV, SIG_DFL);
		board_keep(b, BOARD_WORKERS, 1);
		act(b);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
write_own(struct board *b)
{
	atomic_store(&b->worker[1].ordinal, 7);
	b->worker[1].counts.set_back = 9;
}

static void
read_others(struct board *b)
{
	_exit(atomic_load(&b->stop) == 3 && atomic_load(&b->worker[0].ordinal) == 4 ? 0 : 1);
}

static void
write_word(void *word)
{
	*(volatile uint32_t *)word = 1;
}

static void
write_supervisor(struct board *b)
{
	write_word(&b->stop);
}

static void
write_neighbour_before(struct board *b)
{
	write_word(&b->worker[0].counts.set_back);
}

static void
write_neighbour_behind(struct board *b)
{
	write_word(&b->worker[2].ordinal);
}

static void
write_courier(struct board *b)
{
	write_word(&b->sink[0]);
}

static void
open_again(struct board *b)
{
	_exit(mprotect(b, BOARD_PAGE, PROT_READ | PROT_WRITE) < 0 ? 0 : 1);
}

/* Ended, be it by the signal or by a sanitizer that caught it. */
static void
expect_refused(void (*act)(struct board *b), struct board *b)
{
	assert_int_not_equal(status_of(act, b), 0);
}

static void
test_pages(void **state)
{
	struct board *b = board_new();

	(void)state;
	assert_non_null(b);
	atomic_store(&b->stop, 3);
	atomic_store(&b->worker[0].ordinal, 4);
	assert_int_equal(status_of(write_own, b), 0);
	assert_int_equal(atomic_load(&b->worker[1].ordinal), 7);
	assert_int_equal(b->worker[1].counts.set_back, 9);
	assert_int_equal(status_of(read_others, b), 0);
	expect_refused(write_supervisor, b);
	expect_refused(write_neighbour_before, b);
	expect_refused(write_neighbour_behind, b);
	expect_refused(write_courier, b);
	assert_int_equal(status_of(open_again, b), 0);
	assert_int_equal(atomic_load(&b->stop), 3);
	/* The parent goes on, and the child's own copy is the same memory. */
	atomic_store(&b->stop, 5);
	assert_int_equal(atomic_load(&b->worker[2].ordinal), 0);
	board_free(b);
}

static void
test_text(void **state)
{
	char to[4], from[8];

	(void)state;
	memset(from, 'x', sizeof from);
	board_text(to, sizeof to, from);
	assert_string_equal(to, "xxx");
	board_text(to, sizeof to, "ab");
	assert_string_equal(to, "ab");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_pages), cmocka_unit_test(test_text) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
