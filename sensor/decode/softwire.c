#include "decode/layers.h"

/* One side of IPv4 in IPv6. */
struct end {
	struct addr outer;
	struct span inner;	/* four bytes */
};

static bool
is_relay(const struct decode *d, const struct end *e)
{
	unsigned i;

	for (i = 0; i < d->relay_count; i++)
		if (cidr_contains(&d->relays[i], &e->outer))
			return true;
	return false;
}

/*
 * The inner address inside the interface identifier: two zero bytes, IPv4
 * address, port set (RFC 7597, 6); or, as the third draft of it had it and
 * networks in use still have, one zero byte, IPv4 address, port set, zero byte.
 */
static bool
is_mapped(const struct end *e)
{
	const uint8_t *id = e->outer.b + 8;

	return (id[0] == 0 && id[1] == 0 && span_equal(e->inner, span_of(id + 2, 4))) ||
	    (id[0] == 0 && id[7] == 0 && span_equal(e->inner, span_of(id + 1, 4)));
}

/* How much of a home's it is: routers for homes give out 192.168/16, networks of operators 10/8 and 100.64/10. */
static unsigned
homeliness(const struct end *e)
{
	static const struct {
		const char *network;
		uint8_t bits, rank;
	} rows[] = {
		{ "\xc0\xa8\0\0", 16, 3 }, { "\xac\x10\0\0", 12, 3 }, { "\xc0\0\0\0", 29, 3 },
		{ "\x0a\0\0\0", 8, 2 }, { "\x64\x40\0\0", 10, 1 },
	};
	struct addr a = addr_v4(e->inner.at);
	struct cidr c;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		c.base = addr_v4((const uint8_t *)rows[i].network);
		c.bits = (uint8_t)(96 + rows[i].bits);
		if (cidr_contains(&c, &a))
			return rows[i].rank;
	}
	return 0;
}

/* The rules of realm.h. None of them asks who sent the packet. */
static const struct addr *
customer(const struct decode *d, const struct end *a, const struct end *b)
{
	bool a_is = is_relay(d, a), b_is = is_relay(d, b);

	if (a_is != b_is)
		return a_is ? &b->outer : &a->outer;
	a_is = is_mapped(a);
	b_is = is_mapped(b);
	if (a_is != b_is)
		return a_is ? &a->outer : &b->outer;
	if (homeliness(a) != homeliness(b))
		return homeliness(a) > homeliness(b) ? &a->outer : &b->outer;
	return addr_compare(&a->outer, &b->outer) <= 0 ? &a->outer : &b->outer;
}

/* IPv4 in IPv6: DS-Lite (RFC 6333), MAP-E (RFC 7597), lw4o6 (RFC 7596). */
void
softwire_open(struct walk *w)
{
	struct packet *p = w->packet;
	struct end from = { .outer = p->src }, to = { .outer = p->dst };
	struct span s = w->in;

	if (!span_skip(&s, 12) || !span_take(&s, 4, &from.inner) || !span_take(&s, 4, &to.inner))
		return;
	if (!tunnel_enter(w, 0, ipv4_read))
		return;
	tunnel_note(p, TUNNEL_DSLITE, 0, 0);
	p->realm.outer = *customer(w->decode, &from, &to);
}
