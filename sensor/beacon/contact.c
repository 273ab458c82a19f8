/*
 * contact.c - an observation read as a contact: does it count, whose is it,
 * and which keys has it?
 */
#include <string.h>

#include "beacon/private.h"

bool
is_proxy(const struct beacon *b, uint64_t address)
{
	return b->proxies[address % PROXIES] == address;
}

/*
 * What every network does by itself, regularly and with its neighbours:
 * time, address assignment, discovery; name resolution is looked at by what
 * is asked. Multicast and broadcast have no peer that could command. Echo
 * requests are a monitoring system's, neighbour discovery the link's.
 */
static bool
is_local_routine(const struct observation *o)
{
	static const uint16_t quiet[] = { 53, 67, 68, 123, 137, 138, 546, 547, 1900, 3702, 5353, 5355 };
	const struct addr *peer = &o->key.addr[RESPONDER];
	const uint8_t *b = peer->b;
	uint16_t port = o->key.port[RESPONDER];
	size_t i;

	if (o->key.protocol != 6 && o->key.protocol != 17)
		return true;
	for (i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
		if (port == quiet[i] && (o->key.protocol == 17 || port == 53))
			return true;
	if (!addr_is_v4(peer))
		return b[0] == 0xff;
	/* Its netmask is not known: .255 is a broadcast in nearly every network that has one. */
	return b[12] == 0 || b[12] >= 224 || (o->key.protocol == 17 && b[15] == 255);
}

/* X-Forwarded-For: the first of the list is who asked first, if nobody lied. */
static bool
forwarded_host(const struct observation *o, struct addr *host)
{
	struct span list = observation_text(o, TEXT_FORWARDED_FOR);
	size_t len = 0;

	while (len < list.left && list.at[len] != ',' && list.at[len] != ' ')
		len++;
	return len > 0 && addr_parse((const char *)list.at, len, host);
}

/*
 * Who calls home is the one who asks: a host that is asked from outside
 * regularly is being watched, or scanned.
 */
bool
contact_read(const struct beacon *b, const struct observation *o, struct contact *c)
{
	struct addr literal;

	if (o->host_side != ORIGINATOR || is_local_routine(o))
		return false;
	memset(c, 0, sizeof *c);
	c->o = o;
	c->at_ns = o->kind == OBSERVE_FLOW ? o->flow_last_ns : o->ts_ns;
	c->host = o->key.addr[ORIGINATOR];
	c->claimed = forwarded_host(o, &c->host);
	c->peer = o->key.addr[RESPONDER];
	c->port = o->key.port[RESPONDER];
	c->burst = o->burst;
	c->voice = o->number;
	c->proxied = (o->flags & OBSERVED_PROXIED) != 0;
	if ((c->service = observation_text(o, TEXT_SERVICE)).left == 0)
		c->service = sleeper_name(b, o);
	if (c->service.left > SERVICE_TEXT_MAX)
		c->service.left = SERVICE_TEXT_MAX;
	c->host_id = host_hash(&o->key.realm, &c->host);
	c->service_id = address_hash(&c->peer, c->port, o->key.protocol);
	/* In a tunnel through a proxy no request says so any more. */
	c->proxied |= is_proxy(b, c->service_id);
	/* "Host: 192.0.2.7" names nobody, unless a proxy is the peer. */
	if (c->service.left == 0 || (!c->proxied &&
	    addr_parse((const char *)c->service.at, c->service.left, &literal)))
		c->service = span_of(NULL, 0);
	c->kind = c->service.at != NULL ? KEY_SERVICE : KEY_ADDRESS;
	return true;
}

/* ---- its keys ---- */

uint64_t
behaviour_id(uint8_t protocol, uint8_t app, uint16_t port, uint32_t voice)
{
	return hash_pair((uint64_t)protocol << 24 | (uint64_t)app << 16 | port, voice);
}

void
contact_key(const struct beacon *b, struct contact *c)
{
	c->key_id = hash_pair(hash_pair(c->host_id, c->service_id), b->secret + c->kind);
	pool_fetch(&b->keys, c->key_id);
}

/* The same call, of the program that makes it, whatever the address. */
static void
to_behaviour(const struct beacon *b, const struct contact *c, struct contact *program)
{
	*program = *c;
	program->kind = KEY_BEHAVIOUR;
	program->service = span_of(NULL, 0);
	program->service_id = behaviour_id(c->o->key.protocol, c->o->app, c->port, c->voice);
	contact_key(b, program);
}

unsigned
contact_keys(const struct beacon *b, struct contact c[2])
{
	if (c[0].kind == KEY_SERVICE)
		c[0].service_id = hash_quick(&HASH_FIXED, c[0].service.at, c[0].service.left);
	contact_key(b, &c[0]);
	if (c[0].kind != KEY_ADDRESS)
		return 1;
	to_behaviour(b, &c[0], &c[1]);
	return 2;
}
