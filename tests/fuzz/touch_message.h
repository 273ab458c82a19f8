/*
 * touch_message.h - read every byte of every text of a message, so that a
 * sanitizer sees where they point, and look at what a message promises.
 */
#ifndef TESTS_TOUCH_MESSAGE_H
#define TESTS_TOUCH_MESSAGE_H

#include <stdlib.h>
#include <string.h>

#include "message.h"

static volatile uint8_t touched;

static void
touch(struct span s)
{
	uint8_t sum = 0;

	if (s.at == NULL && s.left > 0)
		abort();
	for (size_t i = 0; i < s.left; i++)
		sum = (uint8_t)(sum + s.at[i]);
	touched = sum;
}

static void
touch_all(const struct span *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		touch(s[i]);
}

#define TOUCH(...) \
	touch_all((const struct span[]){ __VA_ARGS__ }, \
	    sizeof((const struct span[]){ __VA_ARGS__ }) / sizeof(struct span))

static void
must_end(const char *text, size_t size)
{
	if (memchr(text, '\0', size) == NULL)
		abort();
}

static void
touch_http(const struct message *m)
{
	const struct http_request *q = m->http_request;
	const struct http_response *a = m->http_response;

	if (m->kind == MESSAGE_HTTP_REQUEST)
		TOUCH(q->method, q->target, q->host, q->forwarded_for, q->path, q->user_agent,
		    q->content_type, q->referrer);
	else
		TOUCH(a->content_type, a->server, a->request_method, a->request_host,
		    a->request_path, a->request_user_agent);
}

static void
touch_tls(const struct message *m)
{
	const struct tls_client *c = m->tls_client;
	const struct tls_server *s = m->tls_server;
	const struct tls_certificate *x = m->tls_certificate;

	if (m->kind == MESSAGE_TLS_CLIENT) {
		TOUCH(c->sni, c->alpn, c->ja3_text);
		must_end(c->ja3, sizeof c->ja3);
		must_end(c->ja4, sizeof c->ja4);
	} else if (m->kind == MESSAGE_TLS_SERVER) {
		TOUCH(s->alpn, s->ja3s_text);
		must_end(s->ja3s, sizeof s->ja3s);
	} else {
		TOUCH(x->subject, x->issuer, x->names, x->serial, x->sni);
		must_end(x->sha1, sizeof x->sha1);
		must_end(x->sha256, sizeof x->sha256);
	}
}

static void
touch_dns(const struct dns_message *d)
{
	if (d->answers_count > DNS_ANSWERS_MAX)
		abort();
	must_end(d->question, sizeof d->question);
	for (unsigned i = 0; i < d->answers_count; i++) {
		must_end(d->answers[i].name, DNS_NAME_MAX);
		must_end(d->answers[i].target, DNS_NAME_MAX);
	}
}

static void
touch_protocol(const struct protocol *p)
{
	TOUCH(p->software, p->first[0], p->first[1]);
	if (p->first[0].left > PROTOCOL_FIRST_BYTES || p->first[1].left > PROTOCOL_FIRST_BYTES)
		abort();
	if (!(p->entropy[0] >= 0 && p->entropy[0] <= 8 && p->entropy[1] >= 0 && p->entropy[1] <= 8))
		abort();
}

static void
touch_mail(const struct mail *m)
{
	TOUCH(m->helo, m->from, m->recipients, m->user, m->header_from_name, m->header_from,
	    m->subject, m->message_id, m->attachment_names);
}

static void
touch_file(const struct file *f)
{
	TOUCH(f->name, f->declared, f->host, f->path, f->user_agent);
	must_end(f->sha256, sizeof f->sha256);
	if (f->kind >= FILE_KINDS || f->inner >= FILE_KINDS)
		abort();
}

static void
touch_login(const struct login *l)
{
	TOUCH(l->user, l->domain, l->workstation, l->software);
	if (l->app >= APP_KINDS || l->method >= LOGIN_METHODS || l->outcome >= OUTCOMES)
		abort();
}

static void
touch_identity(const struct identity *i)
{
	TOUCH(i->mac, i->host_name, i->user, i->domain, i->software);
}

static void
touch_proxy(const struct proxy *x)
{
	touch(x->host);
	if (x->action >= PROXY_ACTIONS || x->outcome >= OUTCOMES)
		abort();
}

static inline void
touch_message(const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_HTTP_REQUEST:
	case MESSAGE_HTTP_RESPONSE: touch_http(m); break;
	case MESSAGE_TLS_CLIENT:
	case MESSAGE_TLS_SERVER:
	case MESSAGE_TLS_CERTIFICATE: touch_tls(m); break;
	case MESSAGE_DNS: touch_dns(m->dns); break;
	case MESSAGE_PROTOCOL: touch_protocol(m->protocol); break;
	case MESSAGE_MAIL: touch_mail(m->mail); break;
	case MESSAGE_FILE: touch_file(m->file); break;
	case MESSAGE_LOGIN: touch_login(m->login); break;
	case MESSAGE_REMOTE: touch(m->remote->name); break;
	case MESSAGE_IDENTITY: touch_identity(m->identity); break;
	case MESSAGE_PROXY: touch_proxy(m->proxy); break;
	case MESSAGE_KINDS: abort();
	}
}

#endif
