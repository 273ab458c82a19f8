/* What the sandbox forbids ends the process, what the work needs goes on. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/when.h"
#include "proto/text/charset.h"
#include "system/landlock.h"
#include "system/sandbox.h"

enum { NOT_ENTERED = 99 };

#define ROOM_BYTES (64ULL << 20)

static struct sandbox_room room;

/* The wait status of a child that entered the sandbox and then did this. */
static int
end_of(enum sandbox which, void (*act)(void))
{
	struct fault fault;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_DUMPABLE, 0);	/* leaves no core file behind */
		if (sandbox_enter(which, &room, &fault) < 0)
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

/* What else there is to break out with. All end as a foreign call, whatever its arguments. */
static const struct {
	const char *name;
	long number;
} foreign[] = {
	{ "open", SYS_open }, { "openat", SYS_openat }, { "openat2", SYS_openat2 }, { "socket", SYS_socket },
	{ "socketpair", SYS_socketpair }, { "connect", SYS_connect }, { "bind", SYS_bind },
	{ "sendto", SYS_sendto }, { "sendmmsg", SYS_sendmmsg }, { "execve", SYS_execve },
	{ "execveat", SYS_execveat }, { "fork", SYS_fork }, { "vfork", SYS_vfork }, { "clone", SYS_clone },
	{ "clone3", SYS_clone3 }, { "kill", SYS_kill }, { "tkill", SYS_tkill }, { "ptrace", SYS_ptrace },
	{ "process_vm_readv", SYS_process_vm_readv }, { "process_vm_writev", SYS_process_vm_writev },
	{ "pidfd_open", SYS_pidfd_open }, { "pidfd_getfd", SYS_pidfd_getfd },
	{ "pidfd_send_signal", SYS_pidfd_send_signal }, { "io_uring_setup", SYS_io_uring_setup },
	{ "io_uring_enter", SYS_io_uring_enter }, { "bpf", SYS_bpf }, { "userfaultfd", SYS_userfaultfd },
	{ "keyctl", SYS_keyctl }, { "add_key", SYS_add_key }, { "request_key", SYS_request_key },
	{ "perf_event_open", SYS_perf_event_open }, { "unshare", SYS_unshare }, { "setns", SYS_setns },
	{ "mount", SYS_mount }, { "chroot", SYS_chroot }, { "pivot_root", SYS_pivot_root },
	{ "init_module", SYS_init_module }, { "kexec_load", SYS_kexec_load }, { "setuid", SYS_setuid },
	{ "capset", SYS_capset }, { "prctl", SYS_prctl }, { "seccomp", SYS_seccomp },
	{ "prlimit64", SYS_prlimit64 }, { "personality", SYS_personality }, { "shmget", SYS_shmget },
	{ "pkey_mprotect", SYS_pkey_mprotect }, { "rename", SYS_rename }, { "unlink", SYS_unlink },
	{ "chmod", SYS_chmod }, { "symlink", SYS_symlink }, { "link", SYS_link }, { "mknod", SYS_mknod },
	{ "readlink", SYS_readlink }, { "memfd_create", SYS_memfd_create }, { "dup", SYS_dup },
	{ "mq_open", SYS_mq_open }, { "name_to_handle_at", SYS_name_to_handle_at },
	{ "open_by_handle_at", SYS_open_by_handle_at }, { "splice", SYS_splice },
};

static long foreign_number;

static void
call_foreign(void)
{
	syscall(foreign_number, 0L, 0L, 0L, 0L, 0L, 0L);
}

static void
make_executable(void)
{
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(m, 4096, PROT_READ | PROT_EXEC);
}

/* A 32-bit call would be another one by its number. */
static void
call_by_the_old_door(void)
{
#ifdef __x86_64__
	long number = 20;	/* getpid there */

	__asm__ volatile("int $0x80" : "+a"(number) : : "memory");
#else
	syscall(SYS_ptrace, 0, 0, 0, 0);
#endif
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

/* Mails say in which character table they are written; the C library's tables are files. */
static void
convert_texts(void)
{
	static const char *const names[] = { "iso-2022-jp", "shift_jis", "euc-jp", "iso-8859-1", "iso-8859-2", "gb2312",
		"big5", "euc-kr", "koi8-r", "windows-1251", "windows-1250", "iso-8859-15" };
	struct charsets *c;
	uint8_t text[16];
	size_t i, used;
	int again;

	for (again = 0; again < 8; again++) {
		c = charsets_new();
		for (i = 0; i < sizeof names / sizeof *names; i++)
			if (c == NULL || !charset_convert(c, span_text(names[i]), span_text("a"), text, sizeof text, &used) ||
			    used != 1)
				_exit(1);
		charsets_free(c);
	}
}

/* ---- tests ---- */

static void
test_worker_is_ended(void **state)
{
	static void (*const forbidden[])(void) = {
		open_file, create_file, open_socket, send_bytes, split, execute, signal_parent,
		signal_other_thread, make_code, trace, set_address, duplicate, make_memfd,
		make_executable, call_by_the_old_door,
	};
	size_t i;

	(void)state;
	need_sandbox();
	for (i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		foreign_number = foreign[i].number;
		if (WTERMSIG(end_of(SANDBOX_WORKER, call_foreign)) != SIGSYS ||
		    WTERMSIG(end_of(SANDBOX_READER, call_foreign)) != SIGSYS)
			fail_msg("%s is allowed", foreign[i].name);
	}
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

static int
by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* More than a KiB: then the C library wants to know how much memory there is. */
static void
sort_much(void)
{
	int number[1000], i;

	for (i = 0; i < 1000; i++)
		number[i] = i * 7919 % 1000;
	qsort(number, 1000, sizeof number[0], by_number);
	if (number[0] != 0 || number[999] != 999)
		_exit(3);
}

static void
test_work_goes_on(void **state)
{
	enum sandbox which;

	(void)state;
	need_sandbox();
	expect_alive(SANDBOX_WORKER, work);
	expect_alive(SANDBOX_COMPILER, work);
	expect_alive(SANDBOX_COMPILER, make_memfd);
	expect_alive(SANDBOX_READER, work);
	expect_alive(SANDBOX_COURIER, work);
	expect_alive(SANDBOX_ANALYST, work);
	for (which = SANDBOX_WORKER; which <= SANDBOX_COURIER; which++)
		expect_alive(which, sort_much);
}

/* ---- folders ---- */

static char own[] = "/tmp/hansho-sandbox-XXXXXX", own_file[64];

static void
write_own_file(void)
{
	int fd = open(own_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char other[80];

	snprintf(other, sizeof other, "%s.new", own_file);
	if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) < 0 || rename(own_file, other) < 0 ||
	    unlink(other) < 0)
		_exit(1);
}

static void
reach_elsewhere(void)
{
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		_exit(1);
	if (open("/tmp/hansho-sandbox-elsewhere", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
		_exit(2);
	if (rename(own, "/tmp/hansho-sandbox-moved") == 0)
		_exit(3);
}

static void
write_system_file(void)
{
	if (open("/etc/hansho-sandbox", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
		_exit(1);
	read_file();
	if (socket(AF_INET, SOCK_STREAM, 0) < 0)
		_exit(2);
}

static void
test_folders(void **state)
{
	const char *const write[] = { own, "/no/such/folder", NULL };
	const char *const read[] = { "/etc", NULL };

	(void)state;
	need_sandbox();
	if (landlock_abi() == 0)
		skip();
	assert_non_null(mkdtemp(own));
	snprintf(own_file, sizeof own_file, "%s/file", own);
	room.write = write;
	expect_alive(SANDBOX_ANALYST, write_own_file);
	expect_alive(SANDBOX_ANALYST, reach_elsewhere);
	expect_alive(SANDBOX_COURIER, write_own_file);
	expect_alive(SANDBOX_COURIER, reach_elsewhere);
	room.read = read;
	expect_alive(SANDBOX_COURIER, write_system_file);
	memset(&room, 0, sizeof room);
	rmdir(own);
}

/* ---- limits ---- */

static void
take_too_much(void)
{
	void *fits = malloc(ROOM_BYTES / 4), *does_not = malloc(2 * ROOM_BYTES);

	if (fits == NULL || does_not != NULL)
		_exit(1);
}

static void
open_without_end(void)
{
	int n, fd = 0;

	for (n = 0; n < 100 && fd >= 0; n++)
		fd = open(own_file, O_RDONLY | O_CREAT, 0600);
	unlink(own_file);
	if (n == 100 || n < 8)
		_exit(n);
}

static void
expect_limits(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_CORE, &l) < 0 || l.rlim_max != 0)
		_exit(1);
	if (getrlimit(RLIMIT_DATA, &l) < 0 || l.rlim_max != ROOM_BYTES)
		_exit(2);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		_exit(3);
}

static void
test_limits(void **state)
{
	const char *const write[] = { "/tmp", NULL };
	enum sandbox which;

	(void)state;
	need_sandbox();
	room.data_bytes = ROOM_BYTES;
	for (which = SANDBOX_WORKER; which <= SANDBOX_COURIER; which++)
		expect_alive(which, take_too_much);
	expect_alive(SANDBOX_COURIER, expect_limits);
	room.write = write;
	snprintf(own_file, sizeof own_file, "/tmp/hansho-sandbox-%d", (int)getpid());
	expect_alive(SANDBOX_ANALYST, open_without_end);
	memset(&room, 0, sizeof room);
}

static void
test_probe(void **state)
{
	struct fault fault;
	enum sandbox which;

	(void)state;
	need_sandbox();
	for (which = SANDBOX_WORKER; which <= SANDBOX_COURIER; which++)
		assert_int_equal(sandbox_probe(which, &room, &fault), 0);
}

static void
test_tables_stay_loaded(void **state)
{
	(void)state;
	need_sandbox();
	expect_killed(SANDBOX_WORKER, convert_texts);
	charsets_warm_up();
	expect_alive(SANDBOX_WORKER, convert_texts);
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
		cmocka_unit_test(test_tables_stay_loaded),
		cmocka_unit_test(test_abort_is_told_as_such),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
