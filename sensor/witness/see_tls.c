/* see_tls.c - what hellos and certificates tell. */
#include "witness/private.h"

static void
describe_client(struct observation_buffer *b, const void *what)
{
	const struct tls_client *c = what;

	witness_add_service(b, c->sni);
	b->o.version = c->best_version;
	b->o.code = c->quic_version;
	if (c->ech)
		b->o.flags |= OBSERVED_ECH;
	if (c->resumes)
		b->o.flags |= OBSERVED_RESUMES;
	observation_add(b, TEXT_ALPN, c->alpn, TEXT_SHORT_MAX);
	observation_add(b, TEXT_JA3, span_text(c->ja3), 32);
	observation_add(b, TEXT_JA3_TEXT, c->ja3_text, TEXT_LONG_MAX);
	observation_add(b, TEXT_JA4, span_text(c->ja4), 40);
}

/* Mail and the like, which TLS was started in: the flow is still theirs. A proxy's is not. */
static bool
is_outer(uint8_t app)
{
	switch (app) {
	case APP_UNKNOWN:
	case APP_HTTP:
	case APP_TLS:
	case APP_QUIC:
	case APP_DOT:
	case APP_DOH:
	case APP_DOQ:
		return false;
	default:
		return true;
	}
}

void
see_tls_client(struct witness *w, struct flow *f, const struct message *m)
{
	const struct tls_client *c = m->tls_client;
	const struct sighting s = { m->ts_ns, describe_client, c };
	struct observation_buffer *b;
	char name[SERVICE_MAX + 1];

	if (!is_outer(f->app))
		f->app = (uint8_t)witness_tls_app(f, c);
	f->talk->voice[ORIGINATOR] = witness_voice(w, span_text(c->ja4));
	if (witness_host_name(c->sni, name, sizeof name)) {
		witness_named(w, f, name, m, false);
		match_domain(w, f, &s, span_text(name));
	} else if (c->again) {
		witness_named(w, f, "", m, false);
	} else {
		witness_flow_unnamed(w, f);
	}
	match_text(w, f, &s, INDICATOR_JA3, span_text(c->ja3));
	match_text(w, f, &s, INDICATOR_JA4, span_text(c->ja4));
	if (w->options.records & WITNESS_TLS) {
		b = witness_begin(w, OBSERVE_TLS, f, m->ts_ns);
		describe_client(b, c);
		witness_add_claimed(b, f);
		witness_end(w);
	}
}

static void
describe_server(struct observation_buffer *b, const void *what)
{
	const struct tls_server *t = what;

	b->o.flags |= OBSERVED_RESPONSE;
	b->o.version = t->version;
	observation_add(b, TEXT_SERVER_ALPN, t->alpn, TEXT_SHORT_MAX);
	observation_add(b, TEXT_JA3S, span_text(t->ja3s), 32);
	observation_add(b, TEXT_JA3S_TEXT, t->ja3s_text, TEXT_LONG_MAX);
}

/* The client's hello has told more than the server's can, and what began in the clear keeps its name. */
static void
set_tls(struct flow *f)
{
	if (f->app == APP_UNKNOWN || f->app == APP_HTTP)
		f->app = APP_TLS;
}

void
see_tls_server(struct witness *w, struct flow *f, const struct message *m)
{
	const struct tls_server *t = m->tls_server;
	const struct sighting s = { m->ts_ns, describe_server, t };

	set_tls(f);
	match_text(w, f, &s, INDICATOR_JA3S, span_text(t->ja3s));
	if (w->options.records & WITNESS_TLS) {
		describe_server(witness_begin(w, OBSERVE_TLS, f, m->ts_ns), t);
		witness_end(w);
	}
}

static void
describe_certificate(struct observation_buffer *b, const void *what)
{
	const struct tls_certificate *c = what;

	witness_add_service(b, c->sni);
	b->o.flags |= OBSERVED_RESPONSE;
	if (c->self_signed)
		b->o.flags |= OBSERVED_SELF_SIGNED;
	b->o.number = c->chain;
	b->o.not_before_ns = c->not_before_ns;
	b->o.not_after_ns = c->not_after_ns;
	observation_add(b, TEXT_CERT_SHA1, span_text(c->sha1), 40);
	observation_add(b, TEXT_CERT_SHA256, span_text(c->sha256), 64);
	observation_add(b, TEXT_CERT_SUBJECT, c->subject, TEXT_LONG_MAX);
	observation_add(b, TEXT_CERT_ISSUER, c->issuer, TEXT_LONG_MAX);
	observation_add(b, TEXT_CERT_SERIAL, c->serial, TEXT_SHORT_MAX);
	observation_add(b, TEXT_CERT_NAMES, c->names, TEXT_LONG_MAX);
}

/* Is `part` one of the parts of a name as RFC 2253 writes it? */
static bool
has_part(struct span name, const char *part)
{
	size_t len = strlen(part), i;

	for (i = 0; i + len <= name.left; i++)
		if (name.at[i] == (uint8_t)part[0] && memcmp(name.at + i, part, len) == 0 &&
		    (i == 0 || (name.at[i - 1] == ',' && (i == 1 || name.at[i - 2] != '\\'))) &&
		    (i + len == name.left || name.at[i + len] == ','))
			return true;
	return false;
}

/*
 * AnyDesk's servers have certificates of its maker's own authority. Between two
 * of its users each has made one himself, as anybody can: then its port is
 * asked for, too.
 */
static bool
is_anydesk(const struct flow *f, const struct tls_certificate *c)
{
	enum { PORT_DIRECT = 7070, PORT_RELAY = 6568 };
	uint16_t port = f->port[RESPONDER];

	if (has_part(c->issuer, "CN=AnyNet Root CA") || has_part(c->issuer, "CN=AnyNet Root CA 2"))
		return has_part(c->subject, "CN=AnyNet Relay");
	return has_part(c->subject, "CN=AnyDesk Client") && (port == PORT_DIRECT || port == PORT_RELAY);
}

void
see_tls_certificate(struct witness *w, struct flow *f, const struct message *m)
{
	const struct tls_certificate *c = m->tls_certificate;
	const struct sighting s = { m->ts_ns, describe_certificate, c };
	struct observation_buffer *b;

	set_tls(f);
	if (f->app == APP_TLS && is_anydesk(f, c))
		f->app = APP_ANYDESK;
	f->self_signed |= c->self_signed;
	witness_certificate(f, c->sha1);
	match_text(w, f, &s, INDICATOR_CERT_SHA1, span_text(c->sha1));
	match_text(w, f, &s, INDICATOR_CERT_SHA256, span_text(c->sha256));
	if (w->options.records & (WITNESS_TLS | WITNESS_CERTIFICATES)) {
		b = witness_begin(w, OBSERVE_TLS, f, m->ts_ns);
		describe_certificate(b, c);
		b->o.count = f->talk->voice[ORIGINATOR];
		witness_end(w);
	}
}
