/* see_http.c - what a request and its answer tell. */
#include "witness/private.h"

static void
describe_request(struct observation_buffer *b, const void *what)
{
	const struct http_request *r = what;

	witness_add_service(b, r->host);
	witness_add_url(b, r->host, r->path);
	observation_add(b, TEXT_METHOD, r->method, 32);
	observation_add(b, TEXT_USER_AGENT, r->user_agent, TEXT_LONG_MAX);
	observation_add(b, TEXT_CONTENT_TYPE, r->content_type, TEXT_SHORT_MAX);
	observation_add(b, TEXT_REFERRER, r->referrer, TEXT_LONG_MAX);
	observation_add(b, TEXT_FORWARDED_FOR, r->forwarded_for, TEXT_SHORT_MAX);
	b->o.number = r->number;
	b->o.body_bytes = r->content_length;
	if (r->proxied)
		b->o.flags |= OBSERVED_PROXIED;
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
	witness_port(r->host, &port);
	match_peer(w, f, s, &a, port);
}

/* What it carries may have been told already: DNS, remote management. */
static void
note_app(struct flow *f)
{
	if (f->app != APP_DOH && f->app != APP_WINRM)
		f->app = APP_HTTP;
}

/* A weak sign of which machine this is, once a connection; behind a proxy it is another machine's. */
static void
tell_program(struct witness *w, struct flow *f, const struct message *m)
{
	const struct http_request *r = m->http_request;
	const struct identity i = { .source = IDENTITY_HTTP, .addr = flow_addr(f, m->from), .software = r->user_agent };

	if (r->number == 1 && r->user_agent.left > 0 && !r->via && r->forwarded_for.at == NULL &&
	    witness_is_home(w, &i.addr))
		witness_identity(w, f, m, &i);
}

/* To an address, or to nobody it names. */
static bool
is_bare(const char *name)
{
	struct addr a;
	size_t len = strlen(name);

	return len == 0 || addr_parse(name, len, &a);
}

void
see_http_request(struct witness *w, struct flow *f, const struct message *m)
{
	const struct http_request *r = m->http_request;
	const struct sighting s = { m->ts_ns, describe_request, r };
	struct observation_buffer *b;
	char name[SERVICE_MAX + 1];

	note_app(f);
	f->talk->voice[ORIGINATOR] = witness_voice(w, r->user_agent);
	tell_program(w, f, m);
	if (witness_host_name(r->host, name, sizeof name)) {
		witness_named(w, f, name, m, r->proxied);
		match_domain(w, f, &s, span_text(name));
		match_url(w, f, &s, r->host, r->path);
		if (r->proxied)
			match_proxied_address(w, f, &s, r, name);
	} else {
		name[0] = '\0';
		witness_flow_unnamed(w, f);
	}
	if (r->user_agent.left > 0)
		match_text(w, f, &s, INDICATOR_USER_AGENT, r->user_agent);
	if (w->options.records & WITNESS_HTTP || (w->options.records & WITNESS_BARE && is_bare(name))) {
		b = witness_begin(w, OBSERVE_HTTP, f, m->ts_ns);
		describe_request(b, r);
		witness_add_claimed(b, f);
		witness_end(w);
	}
}

void
see_http_response(struct witness *w, struct flow *f, const struct message *m)
{
	const struct http_response *r = m->http_response;
	struct observation_buffer *b;

	note_app(f);
	witness_software(f, r->server);
	if ((w->options.records & WITNESS_HTTP) == 0)
		return;
	b = witness_begin(w, OBSERVE_HTTP, f, m->ts_ns);
	b->o.flags |= OBSERVED_RESPONSE;
	b->o.status = r->status;
	b->o.number = r->number;
	b->o.body_bytes = r->content_length;
	witness_add_service(b, r->request_host);
	if (r->request_path.at != NULL)
		witness_add_url(b, r->request_host, r->request_path);
	observation_add(b, TEXT_METHOD, r->request_method, 32);
	observation_add(b, TEXT_USER_AGENT, r->request_user_agent, TEXT_LONG_MAX);
	observation_add(b, TEXT_CONTENT_TYPE, r->content_type, TEXT_SHORT_MAX);
	witness_end(w);
}
