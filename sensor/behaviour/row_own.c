/*
 * row_own.c - a TCP service outside, by its bare address and on a port that
 * is nobody's, with which a host speaks again and again in a protocol that is
 * none of those which are read here: remote control tools bring their own.
 * So do games and file sharing; these have many such addresses at a time.
 */
#include "behaviour/private.h"

enum {
	SERVICES = 4, ADDRESSES = 8, HOUR_SEC = 3600, DAY_SEC = 86400, PROTOCOL_TCP = 6,
	POINTS_AGAIN = 20, POINTS_OFTEN = 25, POINTS_BARE = 25, POINTS_PORT = 15, POINTS_EVENLY = 15,
	POINTS_ALONE = 10, POINTS_SHARED = -25, POINTS_NEVER = 10, POINTS_KNOWN = -30, POINTS_MANY = -99
};

struct service {
	int64_t first_ns, last_ns;
	uint32_t tag;			/* 0: unused */
	uint32_t rounds;		/* connections, and turns behind a pause inside one */
	uint8_t evenly;			/* a beacon calls it */
};

struct own {
	struct service service[SERVICES];
	int64_t since_ns, last_ns;	/* of the addresses */
	uint32_t address[ADDRESSES];	/* within an hour */
	unsigned addresses, next_address;
};

const size_t own_part_bytes = sizeof(struct own);

/*
 * Where others speak what is not read here (or, on 80 and 443, what does not
 * want to be read: messengers): databases, streams, calls, push, remote
 * support, VPN, version control.
 */
static bool
is_somebodys(uint16_t port)
{
	static const uint16_t ports[] = { 25, 43, 53, 80, 119, 123, 443, 465, 554, 563, 587, 853, 873, 993, 995, 1194, 1433, 1521, 1723, 1883, 1935,
	    2404, 3306, 3478, 3479, 3480, 3724, 4070, 5060, 5061, 5222, 5223, 5228, 5349, 5432, 5671, 5672, 5900, 5938, 6379, 6568, 7070, 8801,
	    8883, 9418, 11371, 19302, 19305, 25565, 27017 };
	size_t i;

	for (i = 0; i < sizeof ports / sizeof *ports; i++)
		if (port == ports[i])
			return true;
	return false;
}

static uint32_t
tag_here(struct sight *s)
{
	return (sight_peer_tag(s) ^ (uint32_t)s->peer_port << 16) | 1;
}

static struct service *
find(struct own *k, uint32_t tag)
{
	unsigned i;

	for (i = 0; i < SERVICES; i++)
		if (k->service[i].tag == tag)
			return &k->service[i];
	return NULL;
}

/* The one of this tag, else a new one in place of the one idle longest. */
static struct service *
service_of(struct own *k, uint32_t tag, int64_t now_ns)
{
	struct service *t = find(k, tag), *idlest = k->service;
	unsigned i;

	if (t != NULL && now_ns - t->last_ns <= DAY_SEC * NS_PER_SEC)
		return t;
	for (i = 1; i < SERVICES && t == NULL; i++)
		if (k->service[i].last_ns < idlest->last_ns)
			idlest = &k->service[i];
	t = t != NULL ? t : idlest;
	*t = (struct service){ .first_ns = now_ns, .tag = tag };
	return t;
}

static void
note_address(struct own *k, uint32_t tag, int64_t now_ns)
{
	if (k->addresses == 0 || now_ns - k->since_ns > HOUR_SEC * NS_PER_SEC || now_ns < k->since_ns) {
		k->addresses = k->next_address = 0;
		k->since_ns = now_ns;
	}
	tags_add(k->address, ADDRESSES, &k->addresses, &k->next_address, tag);
}

static void
weigh_history(struct sight *s, struct score *c, int64_t first_ns)
{
	struct novelty n;

	if (!sight_novelty(s, first_ns, &n))
		return;
	if (n.never)
		score_number(c, "history_days", n.days, POINTS_NEVER);
	else
		score_number(c, "known_days", n.since_days, POINTS_KNOWN);
}

static void
weigh(struct sight *s, const struct own *k, const struct service *t)
{
	const struct step rounds[] = { { s->limits->own_rounds, POINTS_AGAIN }, { s->limits->own_rounds * 2, POINTS_OFTEN }, { 0, 0 } };
	struct span name = observation_text(s->o, TEXT_SERVICE);
	struct score c;
	int others;

	if (t->rounds < s->limits->own_rounds)
		return;
	score_begin(&c);
	score_addr(&c, "peer", s->peer, s->reach == REACH_BARE ? POINTS_BARE : 0);
	score_text(&c, "host", name, 0);
	score_number(&c, "port", s->peer_port, POINTS_PORT);
	score_number(&c, "rounds", t->rounds, score_step(rounds, t->rounds));
	score_minutes(&c, t->first_ns, t->last_ns);
	if (t->evenly)
		score_word(&c, "pace", "evenly", POINTS_EVENLY);
	if (k->addresses > s->limits->own_addresses)
		score_number(&c, "addresses", k->addresses, POINTS_MANY);
	others = sight_other_callers(s);
	if (others >= 0)
		score_number(&c, "other_callers", (uint64_t)others, others == 0 ? POINTS_ALONE : others >= VOICE_HOSTS ? POINTS_SHARED : 0);
	weigh_history(s, &c, t->first_ns);
	if (score_confidence(&c) >= s->limits->confidence && !sight_harmless(s, name, false))
		sight_ring(s, ROW_OWN, &c, t->first_ns);
}

/* Both sides spoke, from the first byte on, and nobody here knows what. */
static bool
is_own(const struct sight *s)
{
	const struct observation *o = s->o;

	return o->app == APP_UNKNOWN && o->key.protocol == PROTOCOL_TCP && o->host_side == ORIGINATOR &&
	    (o->flags & OBSERVED_MIDWAY) == 0 && o->payload_bytes[ORIGINATOR] > 0 && o->payload_bytes[RESPONDER] > 0 &&
	    o->missed_bytes[ORIGINATOR] == 0 && o->missed_bytes[RESPONDER] == 0;
}

/* A connection counts when it ends, and what follows a pause in it at once: by then its protocol was sought in vain. */
void
own_note(struct sight *s)
{
	struct service *t;
	struct own *k;

	if (!is_own(s) || (s->o->kind == OBSERVE_CONTACT && !s->o->burst) || is_somebodys(s->peer_port) ||
	    (k = sight_part(s, ROW_OWN)) == NULL)
		return;
	t = service_of(k, tag_here(s), s->o->ts_ns);
	note_address(k, sight_peer_tag(s), s->o->ts_ns);
	t->last_ns = s->o->ts_ns;
	t->rounds += t->rounds < UINT32_MAX;
	weigh(s, k, t);
}

void
own_beacon(struct sight *s)
{
	struct own *k = s->host->part[ROW_OWN];
	struct service *t = k == NULL ? NULL : find(k, tag_here(s));

	if (t == NULL || t->evenly)
		return;
	t->evenly = true;
	weigh(s, k, t);
}
