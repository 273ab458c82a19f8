#include "system/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "system/landlock.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

#define ALL_BITS UINT64_MAX

int
sandbox_available(void)
{
	return !UNDER_SANITIZER;
}

/* Memory, time, waiting, what is open already, and the way out (abort() among them). */
static const int basic[] = {
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(lseek), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(poll), SCMP_SYS(munmap), SCMP_SYS(mremap),
	SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/*
 * A live source's counters and state; new indicators, as a descriptor whose
 * seals are looked at; the end of a recording on a full disk.
 */
static const int worker[] = {
	SCMP_SYS(getsockopt), SCMP_SYS(getsockname), SCMP_SYS(recvmsg), SCMP_SYS(ftruncate),
};

static const int compiler[] = {
	SCMP_SYS(memfd_create), SCMP_SYS(sendmsg), SCMP_SYS(fcntl), SCMP_SYS(ftruncate),
	SCMP_SYS(pwrite64),
};

static const int analyst[] = {
	SCMP_SYS(openat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(ftruncate), SCMP_SYS(pwrite64),
	SCMP_SYS(fcntl), SCMP_SYS(getdents64), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(stat),
	SCMP_SYS(lstat), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(fallocate), SCMP_SYS(flock),
	SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
};

/* Locks, the file that is mapped for the write-ahead log, waiting for a reader; owners when root made the file. */
static const int keeper[] = {
	SCMP_SYS(readlink), SCMP_SYS(getcwd), SCMP_SYS(geteuid), SCMP_SYS(fchmod), SCMP_SYS(fchown),
	SCMP_SYS(umask), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(utimensat),
};

/* libevent's loop, and connections to doors that were opened before. */
static const int porter[] = {
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(accept4), SCMP_SYS(readv),
	SCMP_SYS(setsockopt), SCMP_SYS(getsockopt), SCMP_SYS(shutdown), SCMP_SYS(getppid), SCMP_SYS(recvfrom),
	SCMP_SYS(sendto), SCMP_SYS(recvmsg), SCMP_SYS(sendmsg),
};

static int
allow(scmp_filter_ctx ctx, const int *calls, size_t count)
{
	size_t i;
	int r;

	for (i = 0; i < count; i++)
		if ((r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0)) < 0)
			return r;
	return 0;
}

/* Only when the bits of `mask` in one of its arguments are `value`. */
static int
allow_if(scmp_filter_ctx ctx, int call, unsigned argument, scmp_datum_t mask, scmp_datum_t value)
{
	const struct scmp_arg_cmp rule = { argument, SCMP_CMP_MASKED_EQ, mask, value };

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &rule);
}

static int
allow_basic(scmp_filter_ctx ctx)
{
	int r = allow(ctx, basic, sizeof basic / sizeof *basic);

	/* Memory that can be executed is never asked for again. */
	if (r == 0)
		r = allow_if(ctx, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
	if (r == 0)
		r = allow_if(ctx, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	/* abort() of this process, no signal to another one. */
	if (r == 0)
		r = allow_if(ctx, SCMP_SYS(tgkill), 0, ALL_BITS, (scmp_datum_t)getpid());
	return r;
}

/* fstat() of newer C libraries; libpcap asks for an interface's flags when it has gone down. */
static int
allow_worker(scmp_filter_ctx ctx)
{
	int r = allow(ctx, worker, sizeof worker / sizeof *worker);

	if (r == 0)
		r = allow_if(ctx, SCMP_SYS(newfstatat), 3, ALL_BITS, AT_EMPTY_PATH);
	if (r == 0)
		r = allow_if(ctx, SCMP_SYS(fcntl), 1, ALL_BITS, F_GET_SEALS);
	if (r == 0)
		r = allow_if(ctx, SCMP_SYS(ioctl), 1, ALL_BITS, SIOCGIFFLAGS);
	return r;
}

static int
allow_compiler(scmp_filter_ctx ctx)
{
	int r = allow(ctx, compiler, sizeof compiler / sizeof *compiler);

	return r < 0 ? r : allow_if(ctx, SCMP_SYS(newfstatat), 3, ALL_BITS, AT_EMPTY_PATH);
}

static int
allow_porter(scmp_filter_ctx ctx)
{
	int r = allow(ctx, porter, sizeof porter / sizeof *porter);

	if (r == 0)
		r = allow_if(ctx, SCMP_SYS(ioctl), 1, ALL_BITS, FIONREAD);
	return r;
}

static int
fill(scmp_filter_ctx ctx, enum sandbox which)
{
	int r = allow_basic(ctx);

	if (r < 0)
		return r;
	if (which == SANDBOX_WORKER || which == SANDBOX_READER)
		return allow_worker(ctx);
	if (which == SANDBOX_COMPILER)
		return allow_compiler(ctx);
	if (which == SANDBOX_PORTER)
		return allow_porter(ctx);
	if ((r = allow(ctx, analyst, sizeof analyst / sizeof *analyst)) == 0 && which == SANDBOX_KEEPER)
		r = allow(ctx, keeper, sizeof keeper / sizeof *keeper);
	return r;
}

/* New ones take the lowest free numbers: so many more than are in use now. */
enum { DESCRIPTORS_MORE = 16, DESCRIPTORS_PORTER = 64, DESCRIPTORS_COURIER = 1024 };

static int
lower(int which, rlim_t to, struct fault *fault)
{
	struct rlimit l;

	if (getrlimit((__rlimit_resource_t)which, &l) < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: getrlimit: %s", strerror(errno));
	if (to > l.rlim_max)
		to = l.rlim_max;
	l.rlim_cur = l.rlim_max = to;
	if (setrlimit((__rlimit_resource_t)which, &l) < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: setrlimit: %s", strerror(errno));
	return 0;
}

static int
limit(enum sandbox which, const struct sandbox_room *room, struct fault *fault)
{
	int free = dup(STDERR_FILENO), r = 0;

	if (free >= 0)
		close(free);
	if ((r = lower(RLIMIT_CORE, 0, fault)) < 0)
		return r;
	if (room->data_bytes > 0 && (r = lower(RLIMIT_DATA, (rlim_t)room->data_bytes, fault)) < 0)
		return r;
	if (which == SANDBOX_COURIER)
		return lower(RLIMIT_NOFILE, DESCRIPTORS_COURIER, fault);
	if ((r = lower(RLIMIT_NPROC, 0, fault)) < 0)
		return r;
	return free < 0 ? 0 : lower(RLIMIT_NOFILE, (rlim_t)free + (which == SANDBOX_PORTER ? DESCRIPTORS_PORTER : DESCRIPTORS_MORE),
	    fault);
}

static int
load_filter(enum sandbox which, struct fault *fault)
{
	scmp_filter_ctx ctx;
	int r;

	if ((ctx = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL)
		return fault_set(fault, SE_NOMEM, "sandbox: no memory for the filter");
	if ((r = fill(ctx, which)) == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: the kernel refused the filter: %s",
		    strerror(-r));
	return 0;
}

/* The courier of a replay that root started writes where root may. */
static int
give_up_capabilities(enum sandbox which, struct fault *fault)
{
	if (which == SANDBOX_COURIER)
		return 0;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: cannot give up capabilities: %s",
		    strerror(errno));
	return 0;
}

static int
by_byte(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

/*
 * What the C library asks the system at the first use and remembers: the time
 * zone's file at a conversion, of UTC too; how much memory there is when
 * qsort() is given more than a KiB.
 */
static void
ask_once(void)
{
	uint8_t some[2048] = { 0 };

	hash_seed();
	tzset();
	qsort(some, sizeof some, 1, by_byte);
}

int
sandbox_enter(enum sandbox which, const struct sandbox_room *room, struct fault *fault)
{
	const struct landlock_paths paths = { room->write, room->read, room->tidy, which == SANDBOX_COURIER };
	int r;

	if (UNDER_SANITIZER)
		return 0;
	/* Zip has local times: without TZ the C library looks for /etc/localtime each time. */
	if (which == SANDBOX_COMPILER)
		setenv("TZ", "UTC0", 1);
	ask_once();
	if ((r = limit(which, room, fault)) < 0 || (r = give_up_capabilities(which, fault)) < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: no_new_privs: %s", strerror(errno));
	if ((r = landlock_enter(&paths, fault)) < 0)
		return r;
	return which == SANDBOX_COURIER ? 0 : load_filter(which, fault);
}

int
sandbox_probe(enum sandbox which, const struct sandbox_room *room, struct fault *fault)
{
	int status, ends[2];
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: pipe: %s", strerror(errno));
	if ((pid = fork()) == 0) {
		if (sandbox_enter(which, room, fault) < 0 &&
		    write(ends[1], fault->text, strlen(fault->text)) < 0)
			_exit(2);
		_exit(0);
	}
	close(ends[1]);
	got = pid < 0 ? -1 : read(ends[0], fault->text, sizeof fault->text - 1);
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || got < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: cannot be tried: %s", strerror(errno));
	fault->text[got] = '\0';
	if (got == 0 && status != 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: it ended its process (status %#x)", status);
	return got > 0 ? SE_SYSTEM : 0;
}
