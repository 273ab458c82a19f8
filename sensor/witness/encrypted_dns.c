/*
 * encrypted_dns.c - DNS that nobody can read, told by what TLS shows of it:
 * port and ALPN name of DoT (RFC 7858, 3.1) and DoQ (RFC
 * 9250, 4.1.1), for DoH (RFC 8484), which looks like any web traffic, the
 * names of public resolvers.
 */
#include "witness/private.h"

enum { PORT_DOT = 853 };

/* Of these and of what is below them. */
static const char *const resolvers[] = {
	"dns.google", "dns.google.com", "cloudflare-dns.com", "one.one.one.one", "1dot1dot1dot1.cloudflare-dns.com",
	"quad9.net", "doh.opendns.com", "doh.umbrella.com", "doh.familyshield.opendns.com",
	"dns.adguard.com", "dns.adguard-dns.com", "dns.nextdns.io", "doh.cleanbrowsing.org", "freedns.controld.com",
	"dns.controld.com", "dns.mullvad.net", "doh.mullvad.net", "dns0.eu", "doh.dns.sb", "dns.alidns.com", "doh.pub",
	"doh.360.cn", "public.dns.iij.jp", "dns.twnic.tw", "dns.switch.ch", "odvr.nic.cz", "doh.libredns.gr",
	"doh.applied-privacy.net", "doh.ffmuc.net", "wikimedia-dns.org", "dns.digitale-gesellschaft.ch",
	"doh.xfinity.com", "doh.li", "dns.njal.la", "doh.tiar.app", "jp.tiar.app",
};

static bool
is_below(struct span name, struct span zone)
{
	struct span end = name;

	if (name.left == zone.left)
		return span_equal_nocase(name, zone);
	return name.left > zone.left && span_skip(&end, name.left - zone.left) && end.at[-1] == '.' &&
	    span_equal_nocase(end, zone);
}

static bool
is_resolver(struct span name)
{
	size_t i;

	for (i = 0; i < sizeof resolvers / sizeof resolvers[0]; i++)
		if (is_below(name, span_text(resolvers[i])))
			return true;
	return false;
}

/* Does one of the names joined by "," begin like this? Drafts of DoQ carry their number behind it. */
static bool
offers(struct span alpn, const char *protocol)
{
	struct span begin = span_text(protocol), name, head;
	bool more = alpn.at != NULL;

	while (more) {
		if (!(more = span_until(&alpn, ',', &name)))
			name = alpn;
		if (span_take(&name, begin.left, &head) && span_equal(head, begin))
			return true;
	}
	return false;
}

enum app
witness_tls_app(const struct flow *f, const struct tls_client *c)
{
	if (offers(c->alpn, "doq") || (c->quic && f->port[RESPONDER] == PORT_DOT))
		return APP_DOQ;
	if (offers(c->alpn, "dot") || (f->protocol == PROTO_TCP && f->port[RESPONDER] == PORT_DOT))
		return APP_DOT;
	if (c->sni.at != NULL && is_resolver(c->sni))
		return APP_DOH;
	return c->quic ? APP_QUIC : APP_TLS;
}
