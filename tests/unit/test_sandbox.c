/* What the sandbox forbids ends the process, what the work needs goes on. */
#include <fcntl.h>
#include <net/if.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"
#include "engine/sandbox.h"

enum { NOT_ENTERED = 99 };

/* The wait status of a child that entered the sandbox and then did this. */
static int
end_of(enum sandbox which, void (*act)(void))
{
	struct fault fault;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0);	/* leaves no core file behind */
		if (sandbox_enter(which, &fault) < 0)
			_exit(NOT_ENTERED);
		act();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
expect_killed(enum sandbox which, void (*act)(void))
{
	int status = end_of(which, act);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void
expect_alive(enum sandbox which, void (*act)(void))
{
	int status = end_of(which, act);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
need_sandbox(void)
{
	/* The sanitizers' runtimes need calls that the filter forbids: it is not set there. */
	if (!sandbox_available())
		skip();
}

/* ---- what they try ---- */

static void
open_file(void)
{
	open("/etc/passwd", O_RDONLY);
}

static void
create_file(void)
{
	syscall(SYS_creat, "/tmp/hansho-sandbox", 0600);
}

static void
open_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void
send_bytes(void)
{
	struct msghdr m = { .msg_name = NULL };

	sendmsg(0, &m, 0);
}

static void
split(void)
{
	if (fork() == 0)
		_exit(0);
}

static void
execute(void)
{
	char name[] = "true", *argv[] = { name, NULL };

	execv("/bin/true", argv);
}

static void
signal_parent(void)
{
	kill(getppid(), 0);
}

static void
signal_other_thread(void)
{
	syscall(SYS_tgkill, 1, 1, 0);
}

static void
make_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
trace(void)
{
	syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void
set_address(void)
{
	struct ifreq r;

	memset(&r, 0, sizeof r);
	ioctl(0, SIOCSIFFLAGS, &r);
}

static void
duplicate(void)
{
	fcntl(2, F_DUPFD, 10);
}

static void
make_memfd(void)
{
	memfd_create("x", MFD_ALLOW_SEALING);
}

static void
work(void)
{
	char text[WHEN_TEXT_MAX];
	struct timespec t;
	char *p = malloc(4 << 20);
	void *m;

	if (p == NULL || clock_gettime(CLOCK_REALTIME, &t) < 0)
		_exit(1);
	memset(p, 1, 4 << 20);
	free(p);
	m = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED || munmap(m, 1 << 20) < 0 || write(STDERR_FILENO, "", 0) < 0)
		_exit(2);
	if (when_rfc3339((int64_t)t.tv_sec * NS_PER_SEC, text)[0] == '\0')
		_exit(3);
}

static void
read_file(void)
{
	int fd = open("/etc/passwd", O_RDONLY);
	char c;

	if (fd < 0 || read(fd, &c, 1) != 1)
		_exit(1);
}

static void
give_up(void)
{
	abort();
}

/* ---- tests ---- */

static void
test_worker_is_ended(void **state)
{
	static void (*const forbidden[])(void) = {
		open_file, create_file, open_socket, send_bytes, split, execute, signal_parent,
		signal_other_thread, make_code, trace, set_address, duplicate, make_memfd,
	};
	size_t i;

	(void)state;
	need_sandbox();
	for (i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		expect_killed(SANDBOX_WORKER, forbidden[i]);
}

static void
test_compiler_is_ended(void **state)
{
	static void (*const forbidden[])(void) = {
		open_file, create_file, open_socket, split, execute, signal_parent, make_code, trace,
	};
	size_t i;

	(void)state;
	need_sandbox();
	for (i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		expect_killed(SANDBOX_COMPILER, forbidden[i]);
}

static void
test_analyst_is_ended(void **state)
{
	static void (*const forbidden[])(void) = {
		open_socket, send_bytes, split, execute, signal_parent, make_code, trace,
	};
	size_t i;

	(void)state;
	need_sandbox();
	for (i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		expect_killed(SANDBOX_ANALYST, forbidden[i]);
}

static void
test_work_goes_on(void **state)
{
	(void)state;
	need_sandbox();
	expect_alive(SANDBOX_WORKER, work);
	expect_alive(SANDBOX_COMPILER, work);
	expect_alive(SANDBOX_COMPILER, make_memfd);
	expect_alive(SANDBOX_ANALYST, work);
	expect_alive(SANDBOX_ANALYST, read_file);
}

static void
test_abort_is_told_as_such(void **state)
{
	int status;

	(void)state;
	need_sandbox();
	status = end_of(SANDBOX_WORKER, give_up);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worker_is_ended),
		cmocka_unit_test(test_compiler_is_ended),
		cmocka_unit_test(test_analyst_is_ended),
		cmocka_unit_test(test_work_goes_on),
		cmocka_unit_test(test_abort_is_told_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
