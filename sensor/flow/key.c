#include "flow/entry.h"

#include <string.h>

#include "base/eight.h"
#include "base/hash.h"

/* Port numbers that ICMP types stand for (Community ID v1). False: a message that has no answer. */
static bool
icmp_answer_type(uint8_t protocol, uint16_t type, uint16_t *answer)
{
	static const uint8_t pairs[][3] = {	/* protocol, question, answer */
		{ PROTO_ICMP, 8, 0 },		/* echo */
		{ PROTO_ICMP, 13, 14 },		/* timestamp */
		{ PROTO_ICMP, 15, 16 },		/* information */
		{ PROTO_ICMP, 10, 9 },		/* router solicitation */
		{ PROTO_ICMP, 17, 18 },		/* address mask */
		{ PROTO_ICMPV6, 128, 129 },	/* echo */
		{ PROTO_ICMPV6, 133, 134 },	/* router solicitation */
		{ PROTO_ICMPV6, 135, 136 },	/* neighbour solicitation */
		{ PROTO_ICMPV6, 130, 131 },	/* multicast listener query */
		{ PROTO_ICMPV6, 139, 140 },	/* node information */
		{ PROTO_ICMPV6, 144, 145 },	/* home agent discovery */
	};
	size_t i;

	for (i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (pairs[i][0] != protocol || (pairs[i][1] != type && pairs[i][2] != type))
			continue;
		*answer = pairs[i][1] == type ? pairs[i][2] : pairs[i][1];
		return true;
	}
	return false;
}

static void
icmp_ports_of(const struct packet *p, uint16_t port[2])
{
	port[0] = p->icmp_type;
	if (!icmp_answer_type(p->protocol, p->icmp_type, &port[1]))
		port[1] = p->icmp_code;
}

static inline void
ports_of(const struct packet *p, uint16_t port[2])
{
	port[0] = p->src_port;
	port[1] = p->dst_port;
	if ((p->protocol == PROTO_ICMP || p->protocol == PROTO_ICMPV6) && (p->flags & PACKET_FRAGMENT) == 0)
		icmp_ports_of(p, port);
}

void
key_from_packet(struct flow_key *k, const struct packet *p)
{
	k->realm = p->realm;
	k->addr[0] = p->src;
	k->addr[1] = p->dst;
	k->protocol = p->protocol;
	memset(k->zero, 0, sizeof k->zero);
	ports_of(p, k->port);
}

void
key_secret_init(struct key_secret *s)
{
	uint64_t i;

	for (i = 0; i < 10; i++)
		s->word[i] = hash_bytes(hash_seed(), &i, sizeof i);
	for (i = 0; i < 5; i++)
		s->plain[i] = hash_bytes(hash_seed(), &(uint64_t){ 50 + i }, sizeof i);
	for (i = 0; i < 5; i++)
		s->last[i] = hash_bytes(hash_seed(), &(uint64_t){ 100 + i }, sizeof i);
}

static unsigned __int128
pair(const uint64_t *word, const uint64_t *secret)
{
	return (unsigned __int128)(word[0] + secret[0]) * (word[1] + secret[1]);
}

static uint32_t
spread(const struct key_secret *s, unsigned __int128 nh)
{
	uint64_t sum = s->last[0] * (uint32_t)nh + s->last[1] * (uint32_t)(nh >> 32) +
	    s->last[2] * (uint32_t)(nh >> 64) + s->last[3] * (uint32_t)(nh >> 96) + s->last[4];

	return (uint32_t)(sum >> 32);
}

/*
 * NH of UMAC (Black and others, 1999; RFC 4418, 5.2.1) with 64-bit words over
 * the key with its ends in order, then Dietzfelbinger's multiply-shift for
 * vectors. NH: whichever two keys of this fixed length somebody chooses
 * without knowing the secret, they agree in all 128 bits with a chance of
 * 2^-64; the second step spreads what differs evenly over 32 bits. Nobody
 * outside sees a hash, so nobody learns the secret: floods of one bucket
 * cannot be made. Nine multiplications, where SipHash needs forty rounds.
 */
static uint32_t
key_hash(const struct key_secret *s, const struct flow_key *k)
{
	uint64_t word[10], end[2][2];
	unsigned __int128 nh;
	uint32_t rest;
	int low;

	memcpy(word, &k->realm, 24);
	memcpy(end, k->addr, sizeof end);
	low = end[0][0] != end[1][0] ? end[0][0] > end[1][0] :
	    end[0][1] != end[1][1] ? end[0][1] > end[1][1] : k->port[0] > k->port[1];
	word[3] = end[low][0];
	word[4] = end[low][1];
	word[5] = end[!low][0];
	word[6] = end[!low][1];
	memcpy(&rest, k->realm.outer.b + 12, sizeof rest);
	word[7] = (uint64_t)rest << 32 | (uint32_t)k->port[low] << 16 | k->port[!low];
	word[8] = k->protocol;
	word[9] = 0;
	nh = pair(word, s->word) + pair(word + 2, s->word + 2) + pair(word + 4, s->word + 4) +
	    pair(word + 6, s->word + 6) + pair(word + 8, s->word + 8);
	return spread(s, nh);
}

/* IPv4 in no realm: what a flow keeps without a place. */
static bool
is_plain(const struct packet *p)
{
	uint64_t realm[3];
	uint32_t rest;

	memcpy(realm, &p->realm, sizeof realm);
	memcpy(&rest, p->realm.outer.b + 12, sizeof rest);
	return (realm[0] | realm[1] | realm[2] | rest) == 0 && addr_is_v4(&p->src) && addr_is_v4(&p->dst);
}

/* Read as addr_v4() wrote it just now, by eight: a processor that is asked for half of that waits no longer. */
static uint32_t
four_of(const struct addr *a)
{
	uint32_t part[2];
	uint64_t low = eight_load(a->b + 8);

	memcpy(part, &low, sizeof part);
	return part[1];
}

/*
 * Dietzfelbinger's multiply-shift alone: these are few enough words. The ends
 * are put in order without a question, whose answer nobody could foresee.
 */
static uint32_t
plain_hash(const struct key_secret *s, const struct flow_look *look)
{
	uint64_t a = (uint64_t)look->low[0] << 16 | look->port[0], b = (uint64_t)look->low[1] << 16 | look->port[1];
	uint64_t swap = (a ^ b) & (0 - (uint64_t)(a > b));
	uint64_t sum = s->plain[4];

	a ^= swap;
	b ^= swap;
	sum += s->plain[0] * (uint32_t)(a >> 16) + s->plain[1] * (uint32_t)(b >> 16);
	sum += s->plain[2] * (uint32_t)((a & 0xffff) << 16 | (b & 0xffff)) + s->plain[3] * look->protocol;
	return (uint32_t)(sum >> 32);
}

void
key_look(const struct key_secret *s, const struct packet *p, struct flow_look *out)
{
	out->plain = p->plain || is_plain(p);
	if (!out->plain) {
		key_from_packet(&out->key, p);
		out->hash = key_hash(s, &out->key);
		return;
	}
	out->low[0] = four_of(&p->src);
	out->low[1] = four_of(&p->dst);
	out->protocol = p->protocol;
	ports_of(p, out->port);
	out->hash = plain_hash(s, out);
}

/* `first`: which of the key's ends is the flow's originator. */
static bool
is_place_of(const struct flow *f, const struct flow_key *k, int first)
{
	const struct flow_place *p = f->place;

	return memcmp(p->high[0], k->addr[first].b, sizeof p->high[0]) == 0 &&
	    memcmp(p->high[1], k->addr[!first].b, sizeof p->high[1]) == 0 && realm_compare(&p->realm, &k->realm) == 0;
}

static bool
is_end_of(const struct flow *f, int side, const struct flow_key *k, int end)
{
	return f->port[side] == k->port[end] && memcmp(f->low[side], k->addr[end].b + 12, sizeof f->low[side]) == 0;
}

int
key_side_other(const struct flow *f, const struct flow_key *k)
{
	if (f->place == NULL || f->protocol != k->protocol)
		return -1;
	if (is_end_of(f, ORIGINATOR, k, 0) && is_end_of(f, RESPONDER, k, 1) && is_place_of(f, k, 0))
		return ORIGINATOR;
	if (is_end_of(f, ORIGINATOR, k, 1) && is_end_of(f, RESPONDER, k, 0) && is_place_of(f, k, 1))
		return RESPONDER;
	return -1;
}
