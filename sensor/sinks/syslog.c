/*
 * Syslog: local:/dev/log, /path, udp://host:port, tcp://host:port (octet counting,
 * RFC 6587), tls://host:port (the same, RFC 5425).
 *
 * Syslog has no answers. So what was sent is kept for a while, and when the
 * connection turns out to be lost it is sent again over the next one: rather
 * twice (id and rev say so) than never.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sinks/kinds.h"
#include "sinks/resolve.h"
#include "sinks/syslog_format.h"
#include "sinks/syslog_link.h"
#include "sinks/wait.h"

enum {
	KEPT_MOST = 256,
	KEPT_MS = 2000,			/* a receiver that goes away takes this much with it */
	UDP_ANSWER_MS = 50,		/* for the ICMP "port unreachable" of a repeated datagram */
	COUNT_TEXT_MAX = 8		/* "8192 " */
};

struct kept {
	char *bytes;
	size_t len;
	int64_t sent_ns;
};

struct syslog {
	struct syslog_link link;
	struct syslog_sender from;
	char buf[COUNT_TEXT_MAX + SYSLOG_SIZE_MOST + 1];
	struct kept kept[KEPT_MOST];	/* a ring, oldest at `first` */
	unsigned first, count;
	bool resend;			/* the connection was lost: what is kept goes out first */
};

static struct kept *
kept_at(struct syslog *l, unsigned i)
{
	return &l->kept[(l->first + i) % KEPT_MOST];
}

static void
drop_oldest(struct syslog *l)
{
	free(l->kept[l->first].bytes);
	l->kept[l->first].bytes = NULL;
	l->first = (l->first + 1) % KEPT_MOST;
	l->count--;
}

/* Without memory the message is as safe as with any other syslog. */
static void
keep(struct syslog *l, const char *bytes, size_t len)
{
	struct kept *k;
	char *copy;

	if ((copy = malloc(len)) == NULL)
		return;
	if (l->count == KEPT_MOST)
		drop_oldest(l);
	k = kept_at(l, l->count++);
	memcpy(copy, bytes, len);
	k->bytes = copy;
	k->len = len;
	k->sent_ns = wait_now();
}

static void
drop_safe(struct syslog *l)
{
	int64_t before_ns = wait_now() - (int64_t)KEPT_MS * 1000000;

	if (l->resend || link_unsent(&l->link) > 0)
		return;
	while (l->count > 0 && kept_at(l, 0)->sent_ns < before_ns)
		drop_oldest(l);
}

static void
lose_link(struct syslog *l)
{
	link_close(&l->link);
	l->resend = l->count > 0;
}

/* Look whether the receiver has left since the last message. False: it has, `fault` says so. */
static bool
link_alive(struct syslog *l, struct fault *fault)
{
	if (!link_is_open(&l->link))
		return false;
	if (link_check(&l->link, fault) == 0)
		return true;
	lose_link(l);
	return false;
}

static enum sink_result
send_kept(struct sink *s, int64_t until_ns, struct fault *fault)
{
	struct syslog *l = s->state;
	unsigned i;

	for (i = 0; i < l->count; i++) {
		if (link_send(&l->link, kept_at(l, i)->bytes, kept_at(l, i)->len, until_ns,
		    &s->cancelled, fault) < 0) {
			lose_link(l);
			return SINK_LATER;
		}
	}
	/* Whoever was away once is asked whether he takes it now. */
	if (l->link.kind == LINK_UDP && l->count > 0) {
		wait_for(l->link.fd, POLLERR, wait_deadline(UDP_ANSWER_MS), &s->cancelled);
		if (!link_alive(l, fault))
			return SINK_LATER;
	}
	for (i = 0; i < l->count; i++)
		kept_at(l, i)->sent_ns = wait_now();
	l->resend = false;
	return SINK_DONE;
}

static enum sink_result
be_ready(struct sink *s, int64_t until_ns, struct fault *fault)
{
	struct syslog *l = s->state;

	drop_safe(l);
	if (!link_alive(l, fault) &&
	    link_open(&l->link, until_ns, &s->cancelled, fault) < 0)
		return SINK_LATER;
	return l->resend ? send_kept(s, until_ns, fault) : SINK_DONE;
}

static enum sink_result
syslog_deliver(struct sink *s, const struct sink_record *rec, struct fault *fault)
{
	struct syslog *l = s->state;
	int64_t until_ns = wait_deadline(s->options.timeout_ms);
	char *message = l->buf + COUNT_TEXT_MAX, count[COUNT_TEXT_MAX];
	size_t len, most = l->link.kind != LINK_UDP ? SYSLOG_SIZE_MOST :
	    l->from.bsd ? SYSLOG_SIZE_BSD : SYSLOG_SIZE_UDP;
	enum sink_result r;
	int n;

	if ((len = syslog_format(&l->from, rec->kind, rec->line, message, most + 1)) == 0)
		return sink_refuse(fault, SE_FORMAT, "syslog %s: a record that is no JSON object",
		    s->options.target);
	if (link_is_stream(&l->link)) {
		n = snprintf(count, sizeof count, "%zu ", len);
		message -= n;
		memcpy(message, count, (size_t)n);
		len += (size_t)n;
	}
	if ((r = be_ready(s, until_ns, fault)) != SINK_DONE)
		return r;
	if (link_send(&l->link, message, len, until_ns, &s->cancelled, fault) < 0) {
		lose_link(l);
		return SINK_LATER;
	}
	keep(l, message, len);
	return SINK_DONE;
}

/* Over a stream: not done before the receiver's system has it all. */
static enum sink_result
syslog_flush(struct sink *s, struct fault *fault)
{
	struct syslog *l = s->state;
	int64_t until_ns = wait_deadline(s->options.timeout_ms);
	uint32_t pause_ms = 1;
	enum sink_result r;

	if (l->count == 0)
		return SINK_DONE;
	/* Told now, so that the courier waits before it tries again. */
	if (!l->resend && !link_alive(l, fault))
		return SINK_LATER;
	if (l->resend && (r = be_ready(s, until_ns, fault)) != SINK_DONE)
		return r;
	while (link_unsent(&l->link) > 0) {
		if (!link_alive(l, fault))
			return SINK_LATER;
		if (wait_now() >= until_ns || !wait_pause(pause_ms, &s->cancelled)) {
			lose_link(l);
			return sink_later(fault, SE_PEER,
			    "syslog %s: the receiver takes no more bytes", s->options.target);
		}
		pause_ms = pause_ms < 16 ? pause_ms * 2 : 16;
	}
	/* A connection that was reset has nothing unsent either. */
	if (!link_alive(l, fault))
		return SINK_LATER;
	drop_safe(l);
	return SINK_DONE;
}

static int
syslog_open(struct sink *s, struct fault *fault)
{
	char host[256] = "";
	struct syslog *l;

	if ((l = calloc(1, sizeof *l)) == NULL)
		return fault_set(fault, SE_NOMEM, "sink %s: out of memory", s->options.name);
	s->state = l;
	l->link.fd = -1;
	if (s->options.facility > 23)
		return fault_set(fault, SE_USAGE, "sink %s: facility %u is not within 0 to 23",
		    s->options.name, s->options.facility);
	l->from.facility = s->options.facility;
	l->from.process = (long)getpid();
	l->from.bsd = s->options.rfc == SINK_RFC_3164;
	l->from.local = strncmp(s->options.target, "local:", 6) == 0;
	if (s->options.sensor_name[0] == '\0' && gethostname(host, sizeof host - 1) < 0)
		host[0] = '\0';
	syslog_host(s->options.sensor_name[0] != '\0' ? s->options.sensor_name : host, l->from.host);
	return link_set_target(&l->link, &s->options, fault);
}

static int
syslog_probe(struct sink *s, struct fault *fault)
{
	struct syslog *l = s->state;
	int64_t until_ns = wait_deadline(s->options.timeout_ms);

	if (link_alive(l, fault))
		return 0;
	return link_open(&l->link, until_ns, &s->cancelled, fault);
}

static void
syslog_close(struct sink *s)
{
	struct syslog *l = s->state;

	if (l == NULL)
		return;
	while (l->count > 0)
		drop_oldest(l);
	link_clear(&l->link);
	free(l);
}

const struct sink_row sink_syslog = {
	.name = "syslog",
	.open = syslog_open,
	.deliver = syslog_deliver,
	.flush = syslog_flush,
	.probe = syslog_probe,
	.close = syslog_close,
};
