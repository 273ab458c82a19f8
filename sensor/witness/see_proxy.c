/*
 * see_proxy.c - one side speaks for another: what is asked of a proxy is the
 * service of the contact, as with CONNECT. Where the asked one opened the
 * connection itself, it lends itself to others, and what they ask for says
 * nothing of whom it calls.
 */
#include "witness/private.h"

bool
witness_port(struct span host, uint16_t *port)
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

static void
describe_request(struct observation_buffer *b, const void *what)
{
	const struct proxy *x = what;

	b->o.flags |= OBSERVED_PROXIED;
	witness_add_service(b, x->host);
	witness_add_url(b, x->host, span_of(NULL, 0));
}

static void
match_asked(struct witness *w, struct flow *f, const struct message *m, const char *name)
{
	const struct sighting s = { m->ts_ns, describe_request, m->proxy };
	uint16_t port = 0;
	struct addr a;

	match_domain(w, f, &s, span_text(name));
	witness_port(m->proxy->host, &port);
	if (addr_parse(name, strlen(name), &a))
		match_peer(w, f, &s, &a, port);
}

/* 0.0.0.0:0 of an ASSOCIATE is nobody, and whom BIND waits for has not been called. */
static bool
names_service(const struct message *m, char name[SERVICE_MAX + 1])
{
	return m->from == ORIGINATOR && m->proxy->action == PROXY_CONNECT &&
	    witness_host_name(m->proxy->host, name, SERVICE_MAX + 1);
}

static void
see_request(struct witness *w, struct flow *f, const struct message *m)
{
	char name[SERVICE_MAX + 1];

	if (!names_service(m, name)) {
		witness_flow_unnamed(w, f);
		return;
	}
	witness_named(w, f, name, m, true);
	match_asked(w, f, m, name);
}

static void
see_answer(struct flow *f, const struct message *m)
{
	if (m->from == ORIGINATOR && m->proxy->outcome == OUTCOME_FAILURE)
		witness_refused(f);
}

/* Whom it asked for goes as an address with its port: as a service it would name the other end. */
static void
observe_proxy(struct witness *w, struct flow *f, const struct message *m)
{
	const struct proxy *x = m->proxy;
	struct observation_buffer *b = witness_begin(w, OBSERVE_PROXY, f, m->ts_ns);

	b->o.detail = (uint8_t)x->action;
	b->o.outcome = (uint8_t)x->outcome;
	b->o.code = x->code;
	b->o.version = x->version;
	if (m->from == RESPONDER)
		b->o.flags |= OBSERVED_RESPONSE;
	observation_add(b, TEXT_URL, x->host, TEXT_SHORT_MAX);
	witness_end(w);
}

void
see_proxy(struct witness *w, struct flow *f, const struct message *m)
{
	if (m->proxy->action == PROXY_CLAIM) {
		witness_claimed(f, m->proxy->host);
		return;
	}
	if (f->app == APP_UNKNOWN)
		f->app = APP_SOCKS;
	if (m->proxy->answered)
		see_answer(f, m);
	else
		see_request(w, f, m);
	observe_proxy(w, f, m);
}
