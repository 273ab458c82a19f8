/*
 * syslog_link.h - one connection to a syslog receiver: a Unix datagram
 * socket, UDP, or TCP. Never blocks beyond the deadline it is given.
 */
#ifndef SENSOR_SINKS_SYSLOG_LINK_H
#define SENSOR_SINKS_SYSLOG_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum link_kind { LINK_UNIX, LINK_UDP, LINK_TCP };

struct resolver;

struct syslog_link {
	enum link_kind kind;
	const char *target;		/* as configured; borrowed */
	const char *path;		/* LINK_UNIX: within target */
	struct resolver *resolver;
	int fd;				/* -1: not open */
};

/* "/path", "local:/path", "udp://host:port", "tcp://host:port", IPv6 in brackets; the port may be missing (514). SE_USAGE. */
int link_set_target(struct syslog_link *l, const char *target, struct fault *fault);

static inline bool
link_is_open(const struct syslog_link *l)
{
	return l->fd >= 0;
}

int link_open(struct syslog_link *l, int64_t until_ns, const atomic_bool *cancelled,
    struct fault *fault);
void link_close(struct syslog_link *l);
void link_clear(struct syslog_link *l);	/* and forget the target */

/* 0, or SE_PEER: the receiver has closed, or refused an earlier message. */
int link_check(struct syslog_link *l, struct fault *fault);

/* All of it, or SE_PEER; then the connection is of no more use. */
int link_send(struct syslog_link *l, const char *bytes, size_t len, int64_t until_ns,
    const atomic_bool *cancelled, struct fault *fault);

/* TCP: bytes that the receiver's system has not acknowledged; else 0. */
size_t link_unsent(const struct syslog_link *l);

#endif
