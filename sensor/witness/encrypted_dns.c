/*
 * encrypted_dns.c - DNS that nobody can read, told by what TLS shows of it:
 * port and ALPN name of DoT (RFC 7858, 3.1) and DoQ (RFC
 * 9250, 4.1.1), for DoH (RFC 8484), which looks like any web traffic, the
 * names of public resolvers.
 */
#include "witness/private.h"

enum { PORT_DOT = 853 };

/* Of these and of what is below them. */
static const struct span resolvers[] = {
	SPAN_LITERAL("dns.google"), SPAN_LITERAL("dns.google.com"), SPAN_LITERAL("cloudflare-dns.com"), SPAN_LITERAL("one.one.one.one"),
	SPAN_LITERAL("1dot1dot1dot1.cloudflare-dns.com"), SPAN_LITERAL("quad9.net"), SPAN_LITERAL("doh.opendns.com"),
	SPAN_LITERAL("doh.umbrella.com"), SPAN_LITERAL("doh.familyshield.opendns.com"), SPAN_LITERAL("dns.adguard.com"),
	SPAN_LITERAL("dns.adguard-dns.com"), SPAN_LITERAL("dns.nextdns.io"), SPAN_LITERAL("doh.cleanbrowsing.org"),
	SPAN_LITERAL("freedns.controld.com"), SPAN_LITERAL("dns.controld.com"), SPAN_LITERAL("dns.mullvad.net"), SPAN_LITERAL("doh.mullvad.net"),
	SPAN_LITERAL("dns0.eu"), SPAN_LITERAL("doh.dns.sb"), SPAN_LITERAL("dns.alidns.com"), SPAN_LITERAL("doh.pub"), SPAN_LITERAL("doh.360.cn"),
	SPAN_LITERAL("public.dns.iij.jp"), SPAN_LITERAL("dns.twnic.tw"), SPAN_LITERAL("dns.switch.ch"), SPAN_LITERAL("odvr.nic.cz"),
	SPAN_LITERAL("doh.libredns.gr"), SPAN_LITERAL("doh.applied-privacy.net"), SPAN_LITERAL("doh.ffmuc.net"), SPAN_LITERAL("wikimedia-dns.org"),
	SPAN_LITERAL("dns.digitale-gesellschaft.ch"), SPAN_LITERAL("doh.xfinity.com"), SPAN_LITERAL("doh.li"), SPAN_LITERAL("dns.njal.la"),
	SPAN_LITERAL("doh.tiar.app"), SPAN_LITERAL("jp.tiar.app"),
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

/* Bit n: the name, or what stands behind one of its dots, has n bytes. */
static uint64_t
lengths_below(struct span name)
{
	uint64_t lengths = name.left < 64 ? (uint64_t)1 << name.left : 0;
	struct span label;

	while (span_until(&name, '.', &label))
		lengths |= name.left < 64 ? (uint64_t)1 << name.left : 0;
	return lengths;
}

/* Asked of every name: few zones are as long as one that it lies in. */
static bool
is_resolver(struct span name)
{
	uint64_t lengths = lengths_below(name);
	size_t i;

	for (i = 0; i < sizeof resolvers / sizeof resolvers[0]; i++)
		if ((lengths >> resolvers[i].left & 1) != 0 && is_below(name, resolvers[i]))
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
