/* messages.c - what each kind of message tells: a name, indicators, a record. */
#include <stdio.h>
#include <stdlib.h>

#include "witness/private.h"

enum { URL_MAX = 2048, LONG_MAX_BYTES = 1024, SHORT_MAX_BYTES = 256 };

/*
 * "host/path" in one text; cut where it grows too long. Crude programs send
 * targets without the first slash ("GET ?id=7"): it is put there, so that
 * the text always shows where the host ends.
 */
static void
add_url(struct observation_buffer *b, struct span host, struct span path)
{
	char url[URL_MAX];
	size_t used = host.left < SHORT_MAX_BYTES ? host.left : SHORT_MAX_BYTES, path_len;

	if (used > 0)
		memcpy(url, host.at, used);
	if (path.left > 0 && path.at[0] != '/')
		url[used++] = '/';
	path_len = path.left < sizeof url - used ? path.left : sizeof url - used;
	if (path_len > 0)
		memcpy(url + used, path.at, path_len);
	observation_add(b, TEXT_URL, span_of(url, used + path_len), sizeof url);
}

static void
add_service(struct observation_buffer *b, struct span host)
{
	char name[SERVICE_MAX + 1];

	if (witness_host_name(host, name, sizeof name))
		observation_add(b, TEXT_SERVICE, span_text(name), SERVICE_MAX);
}

/* ---- HTTP ---- */

static void
describe_request(struct observation_buffer *b, const void *what)
{
	const struct http_request *r = what;

	add_service(b, r->host);
	add_url(b, r->host, r->path);
	observation_add(b, TEXT_METHOD, r->method, 32);
	observation_add(b, TEXT_USER_AGENT, r->user_agent, LONG_MAX_BYTES);
	observation_add(b, TEXT_CONTENT_TYPE, r->content_type, SHORT_MAX_BYTES);
	observation_add(b, TEXT_REFERRER, r->referrer, LONG_MAX_BYTES);
	b->o.number = r->number;
	b->o.body_bytes = r->content_length;
	if (r->proxied)
		b->o.flags |= OBSERVED_PROXIED;
}

static bool
port_of(struct span host, uint16_t *port)
{
	const uint8_t *colon = memrchr(host.at, ':', host.left);
	unsigned n = 0;
	size_t i, len;

	if (colon == NULL || host.at[host.left - 1] == ']')
		return false;
	len = (size_t)(host.at + host.left - colon) - 1;
	if (len == 0 || len > 5)
		return false;
	for (i = 1; i <= len; i++) {
		if (colon[i] < '0' || colon[i] > '9')
			return false;
		n = n * 10 + (unsigned)(colon[i] - '0');
	}
	*port = (uint16_t)n;
	return n <= UINT16_MAX;
}

/* Through a proxy the peer's address is the proxy's; the asked one may stand in the request. */
static void
match_proxied_address(struct witness *w, struct flow *f, const struct sighting *s,
    const struct http_request *r, const char *name)
{
	uint16_t port = r->connect ? 443 : 80;
	struct addr a;

	if (!addr_parse(name, strlen(name), &a))
		return;
	port_of(r->host, &port);
	match_peer(w, f, s, &a, port);
}

static void
see_http_request(struct witness *w, struct flow *f, const struct message *m)
{
	const struct http_request *r = m->http_request;
	const struct sighting s = { m->ts_ns, describe_request, r };
	char name[SERVICE_MAX + 1];

	f->app = APP_HTTP;
	if (witness_host_name(r->host, name, sizeof name)) {
		witness_named(w, f, name, m, r->proxied);
		match_domain(w, f, &s, span_text(name));
		match_url(w, f, &s, r->host, r->path);
		if (r->proxied)
			match_proxied_address(w, f, &s, r, name);
	} else {
		witness_flow_unnamed(w, f);
	}
	if (w->options.records & WITNESS_HTTP) {
		describe_request(witness_begin(w, OBSERVE_HTTP, f, m->ts_ns), r);
		witness_end(w);
	}
}

static void
see_http_response(struct witness *w, struct flow *f, const struct message *m)
{
	const struct http_response *r = m->http_response;
	struct observation_buffer *b;

	f->app = APP_HTTP;
	if ((w->options.records & WITNESS_HTTP) == 0)
		return;
	b = witness_begin(w, OBSERVE_HTTP, f, m->ts_ns);
	b->o.flags |= OBSERVED_RESPONSE;
	b->o.status = r->status;
	b->o.number = r->number;
	b->o.body_bytes = r->content_length;
	add_service(b, r->request_host);
	if (r->request_path.at != NULL)
		add_url(b, r->request_host, r->request_path);
	observation_add(b, TEXT_METHOD, r->request_method, 32);
	observation_add(b, TEXT_USER_AGENT, r->request_user_agent, LONG_MAX_BYTES);
	observation_add(b, TEXT_CONTENT_TYPE, r->content_type, SHORT_MAX_BYTES);
	witness_end(w);
}

/* ---- TLS ---- */

static void
describe_client(struct observation_buffer *b, const void *what)
{
	const struct tls_client *c = what;

	add_service(b, c->sni);
	b->o.version = c->best_version;
	observation_add(b, TEXT_ALPN, c->alpn, SHORT_MAX_BYTES);
	observation_add(b, TEXT_JA3, span_text(c->ja3), 32);
	observation_add(b, TEXT_JA3_TEXT, c->ja3_text, LONG_MAX_BYTES);
	observation_add(b, TEXT_JA4, span_text(c->ja4), 40);
}

static void
see_tls_client(struct witness *w, struct flow *f, const struct message *m)
{
	const struct tls_client *c = m->tls_client;
	const struct sighting s = { m->ts_ns, describe_client, c };
	char name[SERVICE_MAX + 1];

	f->app = APP_TLS;
	if (witness_host_name(c->sni, name, sizeof name)) {
		witness_named(w, f, name, m, false);
		match_domain(w, f, &s, span_text(name));
	} else {
		witness_flow_unnamed(w, f);
	}
	match_text(w, f, &s, INDICATOR_JA3, span_text(c->ja3));
	match_text(w, f, &s, INDICATOR_JA4, span_text(c->ja4));
	if (w->options.records & WITNESS_TLS) {
		describe_client(witness_begin(w, OBSERVE_TLS, f, m->ts_ns), c);
		witness_end(w);
	}
}

static void
see_tls_server(struct witness *w, struct flow *f, const struct message *m)
{
	const struct tls_server *t = m->tls_server;
	struct observation_buffer *b;

	f->app = APP_TLS;
	if ((w->options.records & WITNESS_TLS) == 0)
		return;
	b = witness_begin(w, OBSERVE_TLS, f, m->ts_ns);
	b->o.flags |= OBSERVED_RESPONSE;
	b->o.version = t->version;
	observation_add(b, TEXT_SERVER_ALPN, t->alpn, SHORT_MAX_BYTES);
	observation_add(b, TEXT_JA3S, span_text(t->ja3s), 32);
	observation_add(b, TEXT_JA3S_TEXT, t->ja3s_text, LONG_MAX_BYTES);
	witness_end(w);
}

static void
describe_certificate(struct observation_buffer *b, const void *what)
{
	const struct tls_certificate *c = what;

	add_service(b, c->sni);
	b->o.flags |= OBSERVED_RESPONSE;
	if (c->self_signed)
		b->o.flags |= OBSERVED_SELF_SIGNED;
	b->o.number = c->chain;
	b->o.not_before_ns = c->not_before_ns;
	b->o.not_after_ns = c->not_after_ns;
	observation_add(b, TEXT_CERT_SHA1, span_text(c->sha1), 40);
	observation_add(b, TEXT_CERT_SHA256, span_text(c->sha256), 64);
	observation_add(b, TEXT_CERT_SUBJECT, c->subject, LONG_MAX_BYTES);
	observation_add(b, TEXT_CERT_ISSUER, c->issuer, LONG_MAX_BYTES);
	observation_add(b, TEXT_CERT_SERIAL, c->serial, SHORT_MAX_BYTES);
	observation_add(b, TEXT_CERT_NAMES, c->names, LONG_MAX_BYTES);
}

static void
see_tls_certificate(struct witness *w, struct flow *f, const struct message *m)
{
	const struct tls_certificate *c = m->tls_certificate;
	const struct sighting s = { m->ts_ns, describe_certificate, c };

	f->app = APP_TLS;
	match_text(w, f, &s, INDICATOR_CERT_SHA1, span_text(c->sha1));
	if (w->options.records & WITNESS_TLS) {
		describe_certificate(witness_begin(w, OBSERVE_TLS, f, m->ts_ns), c);
		witness_end(w);
	}
}

/* ---- DNS (RFC 1035, 3.2.2; RFC 3596) ---- */

enum { DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28 };

static bool
is_address(const struct dns_answer *a)
{
	return a->type == DNS_TYPE_A || a->type == DNS_TYPE_AAAA;
}

/* "1 192.0.2.10,5 www.example": type and value, as many as fit. */
static void
add_answers(struct observation_buffer *b, const struct dns_message *d)
{
	char text[LONG_MAX_BYTES], addr[ADDR_TEXT_MAX];
	size_t used = 0;
	unsigned i;
	int n;

	for (i = 0; i < d->answers_count; i++) {
		const struct dns_answer *a = &d->answers[i];

		n = snprintf(text + used, sizeof text - used, "%s%u %s", i == 0 ? "" : ",",
		    (unsigned)a->type, is_address(a) ? addr_text(&a->addr, addr) : a->target);
		if (n < 0 || (size_t)n >= sizeof text - used)
			break;
		used += (size_t)n;
	}
	if (used > 0)
		observation_add(b, TEXT_ANSWERS, span_of(text, used), sizeof text);
}

static void
describe_dns(struct observation_buffer *b, const void *what)
{
	const struct dns_message *d = what;

	observation_add(b, TEXT_SERVICE, span_text(d->question), SERVICE_MAX);
	b->o.number = d->id;
	b->o.version = d->question_type;
	b->o.status = d->rcode;
	if (d->flavour != DNS_UNICAST)
		b->o.flags |= OBSERVED_MULTICAST;
	if (d->response) {
		b->o.flags |= OBSERVED_RESPONSE;
		add_answers(b, d);
	}
}

/* Each address of the answer is called as the question asked, whatever aliases lie between. */
static void
observe_names(struct witness *w, struct flow *f, const struct message *m)
{
	const struct dns_message *d = m->dns;
	struct observation_buffer *b;
	unsigned i;

	for (i = 0; i < d->answers_count; i++) {
		if (!is_address(&d->answers[i]))
			continue;
		b = witness_begin(w, OBSERVE_NAME, f, m->ts_ns);
		b->o.named = d->answers[i].addr;
		observation_add(b, TEXT_SERVICE, span_text(d->question), SERVICE_MAX);
		witness_end(w);
	}
}

static void
see_dns(struct witness *w, struct flow *f, const struct message *m)
{
	const struct dns_message *d = m->dns;
	const struct sighting s = { m->ts_ns, describe_dns, d };

	f->app = APP_DNS;
	/* The answer repeats the question: it counts only where the question was not seen. */
	if (d->question[0] != '\0' && (!d->response || f->side[ORIGINATOR].packets == 0))
		match_domain(w, f, &s, span_text(d->question));
	if (d->response && d->question[0] != '\0')
		observe_names(w, f, m);
	if (w->options.records & WITNESS_DNS) {
		describe_dns(witness_begin(w, OBSERVE_DNS, f, m->ts_ns), d);
		witness_end(w);
	}
}

void
witness_message(struct witness *w, struct flow *f, const struct message *m)
{
	static void (*const see[MESSAGE_KINDS])(struct witness *, struct flow *, const struct message *) = {
		[MESSAGE_HTTP_REQUEST] = see_http_request,
		[MESSAGE_HTTP_RESPONSE] = see_http_response,
		[MESSAGE_TLS_CLIENT] = see_tls_client,
		[MESSAGE_TLS_SERVER] = see_tls_server,
		[MESSAGE_TLS_CERTIFICATE] = see_tls_certificate,
		[MESSAGE_DNS] = see_dns,
	};

	if (see[m->kind] != NULL)
		see[m->kind](w, f, m);
}
