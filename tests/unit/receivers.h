/*
 * receivers.h - small servers on loopback for the tests of the sinks: each in
 * a thread of its own, with a plan of how to misbehave.
 */
#ifndef TESTS_RECEIVERS_H
#define TESTS_RECEIVERS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { GOT_MOST = 4096, REQUEST_MOST = 65536 };

struct receiver {
	int listener;
	uint16_t port;
	pthread_t thread;
	atomic_bool stop;
	pthread_mutex_t lock;
	char *got[GOT_MOST];		/* accepted bodies or messages, in order */
	char *keys[GOT_MOST];		/* HTTP: Idempotency-Key */
	unsigned count, requests, connections;
	/* HTTP: status for request n (from 0); 0: hang until the client gives up */
	int (*status)(unsigned request);
	const char *extra;		/* HTTP: header lines for answers that are not 200 */
	/* TCP: after so many messages of a connection close it, with what is unread (0: never) */
	unsigned close_after;
	unsigned closings;		/* do so as often */
};

static inline void
nap_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static inline int
listen_loopback(int type, uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		abort();
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 16) < 0) ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		abort();
	*port = ntohs(at.sin_port);
	return fd;
}

static inline bool
receiver_wait(struct receiver *r, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (!atomic_load(&r->stop))
		if (poll(&p, 1, 20) > 0)
			return true;
	return false;
}

static inline void
receiver_note(struct receiver *r, const char *bytes, size_t len, const char *key)
{
	pthread_mutex_lock(&r->lock);
	if (r->count < GOT_MOST) {
		r->keys[r->count] = strdup(key);
		r->got[r->count++] = strndup(bytes, len);
	}
	pthread_mutex_unlock(&r->lock);
}

static inline unsigned
receiver_count(struct receiver *r)
{
	unsigned n;

	pthread_mutex_lock(&r->lock);
	n = r->count;
	pthread_mutex_unlock(&r->lock);
	return n;
}

/* One request from `fd` into `buf`, NUL-terminated; *body points into it. False: connection over. */
static inline bool
read_request(struct receiver *r, int fd, char *buf, char **body)
{
	size_t len = 0, want = 0;
	const char *field;
	ssize_t n;

	*body = NULL;
	while (*body == NULL || len < want) {
		if (!receiver_wait(r, fd) || (n = read(fd, buf + len, REQUEST_MOST - 1 - len)) <= 0)
			return false;
		len += (size_t)n;
		buf[len] = '\0';
		if (*body == NULL && (*body = strstr(buf, "\r\n\r\n")) != NULL) {
			*body += 4;
			field = strcasestr(buf, "\r\nContent-Length:");
			want = (size_t)(*body - buf) +
			    (field == NULL ? 0 : strtoul(field + 17, NULL, 10));
		}
	}
	return true;
}

static inline void
header_value(const char *request, const char *name, char *value, size_t size)
{
	const char *at = strcasestr(request, name);
	size_t len;

	value[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(name) + strspn(at + strlen(name), " ");
	len = strcspn(at, "\r\n");
	len = len < size - 1 ? len : size - 1;
	memcpy(value, at, len);
	value[len] = '\0';
}

static inline void
answer_request(struct receiver *r, int fd, const char *request, const char *body)
{
	char answer[512], key[128];
	int status;

	pthread_mutex_lock(&r->lock);
	status = r->status == NULL ? 200 : r->status(r->requests);
	r->requests++;
	pthread_mutex_unlock(&r->lock);
	if (status == 0) {
		while (receiver_wait(r, fd) && read(fd, answer, sizeof answer) > 0)
			;
		return;
	}
	header_value(request, "\r\nIdempotency-Key:", key, sizeof key);
	if (status / 100 == 2)
		receiver_note(r, body, strlen(body), key);
	snprintf(answer, sizeof answer, "HTTP/1.1 %d x\r\n%sContent-Length: 5\r\n\r\nwords", status,
	    status == 200 || r->extra == NULL ? "" : r->extra);
	if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
		return;
}

static inline void
serve_http(struct receiver *r, int fd)
{
	char *buf = malloc(REQUEST_MOST), *body;

	while (buf != NULL && read_request(r, fd, buf, &body))
		answer_request(r, fd, buf, body);
	free(buf);
}

static inline bool
read_exactly(struct receiver *r, int fd, char *to, size_t len)
{
	ssize_t n;

	while (len > 0) {
		if (!receiver_wait(r, fd) || (n = read(fd, to, len)) <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

/* Octet counting, RFC 6587, section 3.4.1. */
static inline void
serve_syslog(struct receiver *r, int fd)
{
	char message[8193], c;
	unsigned taken = 0;
	size_t len;

	for (;;) {
		for (len = 0; read_exactly(r, fd, &c, 1) && c >= '0' && c <= '9'; )
			len = len * 10 + (size_t)(c - '0');
		if (c != ' ' || len == 0 || len >= sizeof message ||
		    !read_exactly(r, fd, message, len))
			return;
		receiver_note(r, message, len, "");
		if (r->close_after > 0 && ++taken == r->close_after && r->closings > 0) {
			r->closings--;
			return;
		}
		c = 'x';
	}
}

static inline void *
receiver_run_http(void *arg)
{
	struct receiver *r = arg;
	int fd;

	while (receiver_wait(r, r->listener)) {
		if ((fd = accept(r->listener, NULL, NULL)) < 0)
			continue;
		r->connections++;
		serve_http(r, fd);
		close(fd);
	}
	return NULL;
}

static inline void *
receiver_run_syslog(void *arg)
{
	struct receiver *r = arg;
	int fd;

	while (receiver_wait(r, r->listener)) {
		if ((fd = accept(r->listener, NULL, NULL)) < 0)
			continue;
		r->connections++;
		serve_syslog(r, fd);
		close(fd);
	}
	return NULL;
}

static inline void *
receiver_run_udp(void *arg)
{
	struct receiver *r = arg;
	char message[65536];
	ssize_t n;

	while (receiver_wait(r, r->listener))
		if ((n = recv(r->listener, message, sizeof message, 0)) > 0)
			receiver_note(r, message, (size_t)n, "");
	return NULL;
}

/* r->port: 0, or the one to have. */
static inline void
receiver_start(struct receiver *r, int type, void *(*run)(void *))
{
	pthread_mutex_init(&r->lock, NULL);
	atomic_store(&r->stop, false);
	r->listener = listen_loopback(type, &r->port);
	if (pthread_create(&r->thread, NULL, run, r) != 0)
		abort();
}

static inline void
receiver_stop(struct receiver *r)
{
	unsigned i;

	atomic_store(&r->stop, true);
	pthread_join(r->thread, NULL);
	close(r->listener);
	for (i = 0; i < r->count; i++) {
		free(r->got[i]);
		free(r->keys[i]);
	}
	pthread_mutex_destroy(&r->lock);
}

#endif
