#include "engine/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/hash.h"

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

int
sandbox_available(void)
{
	return !UNDER_SANITIZER;
}

/* Memory, time, waiting, what is open already. */
static const int basic[] = {
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(lseek), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(getsockopt), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
	SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(sched_yield), SCMP_SYS(getrandom), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(tgkill), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(fdatasync),
	SCMP_SYS(fsync),
};

static const int compiler[] = {
	SCMP_SYS(memfd_create), SCMP_SYS(sendmsg), SCMP_SYS(fcntl), SCMP_SYS(ftruncate),
	SCMP_SYS(pwrite64),
};

static const int analyst[] = {
	SCMP_SYS(openat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(ftruncate), SCMP_SYS(pwrite64),
	SCMP_SYS(fcntl), SCMP_SYS(getdents64), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(statx), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statfs),
	SCMP_SYS(fstatfs), SCMP_SYS(fallocate), SCMP_SYS(flock), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
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

/* Memory that can be executed is never asked for again. */
static int
allow_memory(scmp_filter_ctx ctx)
{
	int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (r < 0)
		return r;
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int
fill(scmp_filter_ctx ctx, enum sandbox which)
{
	int r = allow(ctx, basic, sizeof basic / sizeof *basic);

	if (r == 0)
		r = allow_memory(ctx);
	/* New indicators come as a descriptor whose seals are looked at. */
	if (r == 0 && which == SANDBOX_WORKER)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
		    SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS, 0));
	if (r == 0 && which == SANDBOX_COMPILER)
		r = allow(ctx, compiler, sizeof compiler / sizeof *compiler);
	if (r == 0 && which == SANDBOX_ANALYST)
		r = allow(ctx, analyst, sizeof analyst / sizeof *analyst);
	return r;
}

int
sandbox_enter(enum sandbox which, struct fault *fault)
{
	scmp_filter_ctx ctx;
	int r;

	if (UNDER_SANITIZER)
		return 0;
	hash_seed();
	tzset();	/* the C library opens the time zone's file at the first conversion, of UTC too */
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: cannot give up capabilities: %s",
		    strerror(errno));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fault_set(fault, SE_SYSTEM, "sandbox: no_new_privs: %s", strerror(errno));
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
