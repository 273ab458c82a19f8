#include "system/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The address may be a path or, behind an @, an abstract name. */
static socklen_t
address_of(const char *name, struct sockaddr_un *a)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof a->sun_path)
		return 0;
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, name, n);
	if (name[0] == '@')
		a->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

bool
notify_send(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a;
	socklen_t len;
	ssize_t sent;
	int fd;

	if (name == NULL || (len = address_of(name, &a)) == 0)
		return false;
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return false;
	sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&a, len);
	close(fd);
	return sent == (ssize_t)strlen(text);
}

static unsigned long long
number_of(const char *variable)
{
	const char *text = getenv(variable);
	unsigned long long n;
	char *end;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return 0;
	n = strtoull(text, &end, 10);
	return *end == '\0' ? n : 0;
}

int64_t
notify_watchdog_ns(void)
{
	unsigned long long usec = number_of("WATCHDOG_USEC"), pid = number_of("WATCHDOG_PID");

	/* What was meant for another process, and is only inherited, is none of ours. */
	if (usec == 0 || usec > INT64_MAX / 1000 || (getenv("WATCHDOG_PID") != NULL && pid != (unsigned long long)getpid()))
		return 0;
	return (int64_t)usec * 1000 / 2;
}
