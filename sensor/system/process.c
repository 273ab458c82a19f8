#include "system/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static volatile sig_atomic_t got_stop, got_reload, got_child;

static void
on_signal(int number)
{
	if (number == SIGHUP)
		got_reload = 1;
	else if (number == SIGCHLD)
		got_child = 1;
	else
		got_stop = 1;
}

static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };

int
process_catch_signals(bool interrupt)
{
	struct sigaction sa;
	sigset_t set;
	size_t i;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sa.sa_flags = interrupt ? 0 : SA_RESTART;
	sigemptyset(&sa.sa_mask);
	sigemptyset(&set);
	for (i = 0; i < sizeof caught / sizeof *caught; i++) {
		sigaddset(&set, caught[i]);
		if (sigaction(caught[i], &sa, NULL) < 0)
			return -1;
	}
	signal(SIGPIPE, SIG_IGN);
	return interrupt ? 0 : sigprocmask(SIG_BLOCK, &set, NULL);
}

struct process_signals
process_wait(int ms)
{
	const struct timespec t = { ms / 1000, (ms % 1000) * 1000000L };
	struct process_signals got;
	sigset_t none;

	sigemptyset(&none);
	ppoll(NULL, 0, &t, &none);
	got.stop = got_stop != 0;
	got.reload = got_reload != 0;
	got.child = got_child != 0;
	got_stop = got_reload = got_child = 0;
	return got;
}

/*
 * A child is stopped through the board, or by its parent's death. What a
 * terminal or a service manager sends to the whole group is the supervisor's.
 */
static void
become(const char *role, pid_t parent)
{
	char name[16];
	sigset_t none;

	snprintf(name, sizeof name, "hansho: %s", role);
	prctl(PR_SET_NAME, name);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The courier outlives its parent long enough to deliver the journal: it watches getppid(). */
	if (strcmp(role, "courier") != 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

pid_t
process_fork(const char *role)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		log_error("supervisor", "cannot start the %s: %s", role, strerror(errno));
	if (pid == 0)
		become(role, parent);
	return pid;
}

void
process_open_streams(void)
{
	int fd;

	/* One way only: a write there is an error that is told, not silence. */
	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void
process_give_way(void)
{
	enum { STEPS = 5 };

	if (setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + STEPS) < 0)
		log_warn("supervisor", "a process could not lower its priority: %s", strerror(errno));
}

void
process_mute(int stream)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		close(stream);
		return;
	}
	dup2(fd, stream);
	close(fd);
}

void
process_describe_end(int status, const char *role, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "the %s was ended by signal %d (%s)", role, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "the %s ended with status %d", role, WEXITSTATUS(status));
}
