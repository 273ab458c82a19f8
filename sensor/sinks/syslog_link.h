/*
 * syslog_link.h - one connection to a syslog receiver: a Unix datagram
 * socket, UDP, TCP, or TLS over TCP. Never blocks beyond the deadline it is given.
 */
#ifndef SENSOR_SINKS_SYSLOG_LINK_H
#define SENSOR_SINKS_SYSLOG_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum link_kind { LINK_UNIX, LINK_UDP, LINK_TCP, LINK_TLS };

struct resolver;
struct sink_options;
struct tls;

struct syslog_link {
	enum link_kind kind;
	const char *target;		/* as configured; borrowed */
	const char *path;		/* LINK_UNIX: within target */
	struct resolver *resolver;
	struct tls *tls;		/* LINK_TLS */
	int fd;				/* -1: not open */
};

/*
 * Of `o`, which outlives the link: its target and the files of TLS. "/path", "local:/path", "udp://host:port",
 * "tcp://host:port", "tls://host:port", IPv6 in brackets; the port may be missing (514, TLS 6514). SE_USAGE.
 */
int link_set_target(struct syslog_link *l, const struct sink_options *o, struct fault *fault);

/* A stream needs its messages framed. */
static inline bool
link_is_stream(const struct syslog_link *l)
{
	return l->kind == LINK_TCP || l->kind == LINK_TLS;
}

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

/* TCP and TLS: bytes that the receiver's system has not acknowledged; else 0. */
size_t link_unsent(const struct syslog_link *l);

#endif
