#include "sinks/syslog_link.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sinks/resolve.h"
#include "sinks/sink.h"
#include "sinks/tls.h"
#include "sinks/wait.h"

enum { HOST_MOST = 255, ANSWERS_MOST = 16 };

/* "host", "host:port", "[v6]:port" */
static bool
split_host(const char *text, const char *usual, char host[HOST_MOST + 1], const char **port)
{
	const char *end;
	size_t len;

	if (text[0] == '[') {
		if ((end = strchr(++text, ']')) == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*port = end[1] == ':' ? end + 2 : usual;
	} else {
		end = text + strcspn(text, ":");
		*port = *end == ':' ? end + 1 : usual;
	}
	len = (size_t)(end - text);
	if (len == 0 || len > HOST_MOST || memchr(text, '/', len) != NULL)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	return true;
}

static bool
is_port(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= 5 && strspn(text, "0123456789") == len && atoi(text) > 0 &&
	    atoi(text) <= 65535;
}

/* "tcp://" and the like; NULL for none. */
static const struct scheme {
	const char *text, *port;
	enum link_kind kind;
} schemes[] = {
	{ "udp://", "514", LINK_UDP }, { "tcp://", "514", LINK_TCP }, { "tls://", "6514", LINK_TLS },
};

static const struct scheme *
scheme_of(const char *target)
{
	size_t i;

	for (i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncmp(target, schemes[i].text, strlen(schemes[i].text)) == 0)
			return &schemes[i];
	return NULL;
}

static int
set_path(struct syslog_link *l, const char *path, struct fault *fault)
{
	l->kind = LINK_UNIX;
	l->path = path;
	if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return fault_set(fault, SE_USAGE, "syslog %s: the path is too long", l->target);
	return 0;
}

int
link_set_target(struct syslog_link *l, const struct sink_options *o, struct fault *fault)
{
	const struct scheme *scheme = scheme_of(o->target);
	const char *target = o->target, *port;
	char host[HOST_MOST + 1];

	l->fd = -1;
	l->target = target;
	l->resolver = NULL;
	l->tls = NULL;
	if (target[0] == '/' || strncmp(target, "local:/", 7) == 0)
		return set_path(l, strchr(target, '/'), fault);
	if (scheme == NULL || !split_host(target + strlen(scheme->text), scheme->port, host, &port) || !is_port(port))
		return fault_set(fault, SE_USAGE, "syslog \"%s\": local:/dev/log, /path, udp://host:port or tcp://host:port "
		    "or tls://host:port is expected", target);
	l->kind = scheme->kind;
	if (resolver_new(host, port, l->kind == LINK_UDP ? SOCK_DGRAM : SOCK_STREAM, &l->resolver) < 0)
		return fault_set(fault, SE_NOMEM, "syslog %s: out of memory", target);
	if (l->kind != LINK_TLS)
		return 0;
	return tls_new(host, o->ca_file, o->cert_file, o->key_file, &l->tls, fault);
}

static int
open_unix(struct syslog_link *l, struct fault *fault)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fault_set(fault, SE_SYSTEM, "syslog %s: no socket: %s", l->target,
		    strerror(errno));
	memcpy(to.sun_path, l->path, strlen(l->path) + 1);
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0) {
		fault_set(fault, SE_PEER, "syslog %s: nobody receives there: %s", l->target,
		    strerror(errno));
		close(fd);
		return SE_PEER;
	}
	l->fd = fd;
	return 0;
}

/* A connection that is under way needs to be waited for; its outcome is in SO_ERROR. */
static int
connect_one(const struct addrinfo *a, int64_t until_ns, const atomic_bool *cancelled)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	int error = 0, on = 1;
	socklen_t len = sizeof error;

	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		if (errno != EINPROGRESS || !wait_for(fd, POLLOUT, until_ns, cancelled))
			goto failed;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
			goto failed;
		if (error != 0) {
			errno = error;
			goto failed;
		}
	}
	if (a->ai_socktype == SOCK_STREAM) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
	return fd;
failed:
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* What TLS says, of whom. */
static int
told(const struct syslog_link *l, int r, const struct fault *why, struct fault *fault)
{
	return r < 0 ? fault_set(fault, r, "syslog %s: %s", l->target, why->text) : 0;
}

static int
open_tls(struct syslog_link *l, int64_t until_ns, const atomic_bool *cancelled, struct fault *fault)
{
	struct fault why;
	int r = told(l, tls_connect(l->tls, l->fd, until_ns, cancelled, &why), &why, fault);

	if (r < 0)
		link_close(l);
	return r;
}

int
link_open(struct syslog_link *l, int64_t until_ns, const atomic_bool *cancelled,
    struct fault *fault)
{
	struct addrinfo *answers = NULL, *a;
	int64_t left_ns, turn_ns;
	unsigned tried = 0, count = 0;
	int r, error = 0;

	if (l->kind == LINK_UNIX)
		return open_unix(l, fault);
	if ((r = resolver_ask(l->resolver, until_ns, cancelled, &answers, fault)) < 0)
		return r;
	for (a = answers; a != NULL && count < ANSWERS_MOST; a = a->ai_next)
		count++;
	for (a = answers; a != NULL && tried < count && l->fd < 0; a = a->ai_next, tried++) {
		/* Each address gets its share of the time that is left. */
		left_ns = until_ns - wait_now();
		turn_ns = wait_now() + (left_ns > 0 ? left_ns / (count - tried) : 0);
		l->fd = connect_one(a, turn_ns, cancelled);
		error = errno;
	}
	freeaddrinfo(answers);
	if (l->fd < 0)
		return fault_set(fault, SE_PEER, "syslog %s: cannot connect: %s", l->target,
		    strerror(error));
	return l->tls == NULL ? 0 : open_tls(l, until_ns, cancelled, fault);
}

void
link_close(struct syslog_link *l)
{
	tls_end(l->tls);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void
link_clear(struct syslog_link *l)
{
	link_close(l);
	resolver_free(l->resolver);
	tls_free(l->tls);
	l->resolver = NULL;
	l->tls = NULL;
}

int
link_check(struct syslog_link *l, struct fault *fault)
{
	struct fault why;
	char unasked[512];
	ssize_t n;
	int i;

	if (l->tls != NULL)
		return told(l, tls_check(l->tls, &why), &why, fault);
	/* Receivers say nothing; what one says all the same must not hide that it has closed. */
	for (i = 0; i < 64; i++) {
		n = recv(l->fd, unasked, sizeof unasked, MSG_DONTWAIT);
		if (n == 0 && l->kind == LINK_TCP)
			return fault_set(fault, SE_PEER,
			    "syslog %s: the receiver has closed the connection", l->target);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0 && errno != EINTR)
			return fault_set(fault, SE_PEER, "syslog %s: %s", l->target, strerror(errno));
	}
	return 0;
}

int
link_send(struct syslog_link *l, const char *bytes, size_t len, int64_t until_ns,
    const atomic_bool *cancelled, struct fault *fault)
{
	struct fault why;
	ssize_t n;

	if (l->tls != NULL)
		return told(l, tls_send(l->tls, bytes, len, until_ns, cancelled, &why), &why, fault);
	while (len > 0) {
		n = send(l->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0 && l->kind != LINK_TCP)
			return 0;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)) {
			if (!wait_for(l->fd, POLLOUT, until_ns, cancelled))
				return fault_set(fault, SE_PEER,
				    "syslog %s: the receiver takes no more bytes: %s", l->target,
				    strerror(errno));
		} else if (n < 0 && errno != EINTR) {
			return fault_set(fault, SE_PEER, "syslog %s: cannot send: %s", l->target,
			    strerror(errno));
		}
	}
	return 0;
}

size_t
link_unsent(const struct syslog_link *l)
{
	int waiting = 0;

	if (!link_is_stream(l) || l->fd < 0 || ioctl(l->fd, SIOCOUTQ, &waiting) < 0 || waiting < 0)
		return 0;
	return (size_t)waiting;
}
