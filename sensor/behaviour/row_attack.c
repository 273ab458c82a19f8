/*
 * row_attack.c - a host that takes part in an attack on others outside: it
 * sends one of them packet after packet that nobody answers (a flood), or
 * knocks at one port of very many (a scan). A capture that has one direction
 * alone looks like that everywhere: the house knows such ones.
 */
#include "base/distinct.h"
#include "behaviour/house.h"
#include "behaviour/private.h"

enum { FLOODS = 3, SCANS = 3, REGISTERS = 64, PORT_DNS = 53, PROTO_TCP = 6, PROTO_UDP = 17,
	MANY_FLOWS = 1000, WEIGHED_EACH = 64, ANSWERED_MOST = 20,
	POINTS_BARE = 10, POINTS_EMPTY = 20, POINTS_PORTS = 15, POINTS_NEVER = 15, POINTS_OLD = -60, OLD_DAYS = 7,
	POINTS_WORM_PORT = 20, POINTS_TCP = 10 };

/* Of the flows that count: the window, by when they were told, and from when to when they were. */
struct stretch {
	int64_t first_ns, from_ns, to_ns;
};

struct barrage {
	struct stretch time;
	uint64_t packets;		/* that nobody answered */
	uint32_t tag;			/* of the target; 0: unused */
	uint32_t flows;
	uint64_t weighed;		/* packets when it was weighed last */
};

struct scan {
	struct stretch time;
	uint16_t port;
	uint8_t protocol;		/* 0: unused */
	uint8_t target[REGISTERS];	/* distinct.h */
	uint32_t dead, alive;
};

struct attack {
	struct barrage flood[FLOODS];
	struct scan scan[SCANS];
};

const size_t attack_part_bytes = sizeof(struct attack);

static bool
is_one_of(uint16_t port, const uint16_t *ports, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (port == ports[i])
			return true;
	return false;
}

/* What is sent one way by nature: logs and counters on their way to a collector. */
static bool
goes_one_way(uint16_t port)
{
	static const uint16_t ports[] = { 162, 514, 2055, 4739, 6343, 8125, 9995, 9996 };

	return is_one_of(port, ports, sizeof ports / sizeof *ports);
}

/* Ports that worms and password guessers knock at. */
static bool
is_worm_port(uint16_t port)
{
	static const uint16_t ports[] = { 21, 22, 23, 135, 139, 445, 1433, 2222, 2323, 3306, 3389, 5555, 5900, 6379, 7547, 8291, 37215,
		52869 };

	return is_one_of(port, ports, sizeof ports / sizeof *ports);
}

static bool
is_over(const struct sight *s, const struct stretch *t)
{
	return s->o->ts_ns < t->first_ns || s->o->ts_ns - t->first_ns > (int64_t)s->limits->attack_sec * NS_PER_SEC;
}

/* Flows are told when nobody waits for an answer any longer: many at once, and later. */
static void
time_add(const struct sight *s, struct stretch *t)
{
	const struct observation *o = s->o;

	if (t->first_ns == 0)
		*t = (struct stretch){ o->ts_ns, o->flow_first_ns, o->flow_last_ns };
	if (o->flow_first_ns < t->from_ns)
		t->from_ns = o->flow_first_ns;
	if (o->flow_last_ns > t->to_ns)
		t->to_ns = o->flow_last_ns;
}

static uint64_t
time_seconds(const struct stretch *t)
{
	return t->to_ns > t->from_ns ? (uint64_t)(t->to_ns - t->from_ns) / (uint64_t)NS_PER_SEC : 0;
}

/* Nobody spoke there, or would not. */
static bool
is_dead(const struct observation *o)
{
	if (o->key.protocol != PROTO_TCP)
		return o->packets[RESPONDER] == 0;
	return (o->flow_state == FLOW_NEW || o->flow_state == FLOW_RESET) && o->packets[RESPONDER] <= 1 &&
	    (o->flags & OBSERVED_MIDWAY) == 0 && o->payload_bytes[ORIGINATOR] == 0;
}

/* ---- floods ---- */

static struct barrage *
barrage_of(struct sight *s, struct attack *k, uint32_t tag)
{
	struct barrage *least = &k->flood[0], *f;

	for (f = k->flood; f < k->flood + FLOODS; f++) {
		if (f->tag != 0 && is_over(s, &f->time))
			memset(f, 0, sizeof *f);
		if (f->tag == tag)
			return f;
		if (f->packets < least->packets)
			least = f;
	}
	memset(least, 0, sizeof *least);
	least->tag = tag;
	return least;
}

/*
 * Packets of this flow that were not counted yet, as many as fall into one
 * window. While it goes on it is told at powers of two: what is above the
 * last of them comes at its end.
 */
static uint64_t
fresh_packets(const struct sight *s)
{
	const struct observation *o = s->o;
	uint64_t all = o->packets[ORIGINATOR], told = 0, window = s->limits->attack_sec * (uint64_t)NS_PER_SEC;
	uint64_t lasted = o->ts_ns > o->flow_first_ns ? (uint64_t)(o->ts_ns - o->flow_first_ns) : 0, fresh;

	if (all >= OBSERVED_UNANSWERED_PACKETS)
		told = o->kind == OBSERVE_FLOW ? UINT64_C(1) << (63 - __builtin_clzll(all)) :
		    all > OBSERVED_UNANSWERED_PACKETS ? all / 2 : 0;
	fresh = all - told;
	if (told > 0)
		lasted = (uint64_t)((double)lasted * ((double)fresh / (double)all));
	return lasted > window ? (uint64_t)((double)fresh * ((double)window / (double)lasted)) : fresh;
}

static void
weigh_flood(struct sight *s, const struct barrage *f)
{
	const uint32_t many = s->limits->attack_packets;
	const struct step packets[] = { { many, 25 }, { many * 4, 40 }, { many * 16, 55 }, { 0, 0 } };
	bool empty = s->o->key.protocol == PROTO_TCP || s->o->payload_bytes[ORIGINATOR] == 0;
	struct novelty n;
	struct score c;

	score_begin(&c);
	score_addr(&c, "target", s->peer, s->reach == REACH_BARE ? POINTS_BARE : 0);
	score_number(&c, "port", s->peer_port, 0);
	score_number(&c, "packets", f->packets, score_step(packets, f->packets));
	score_number(&c, "seconds", time_seconds(&f->time), 0);
	if (empty)
		score_word(&c, "empty", "yes", POINTS_EMPTY);
	if (f->flows > 0)
		score_number(&c, "connections", f->flows, f->flows >= MANY_FLOWS ? POINTS_PORTS : 0);
	if (sight_novelty(s, f->time.from_ns, &n)) {
		score_number(&c, "history_days", n.days, 0);
		score_word(&c, "novelty", n.never ? "never_called" : "called_before",
		    n.never ? POINTS_NEVER : n.since_days >= OLD_DAYS ? POINTS_OLD : 0);
	}
	if (score_confidence(&c) >= s->limits->confidence && !sight_harmless(s, observation_text(s->o, TEXT_SERVICE), false))
		sight_ring(s, ROW_ATTACK, &c, f->time.from_ns);
}

static void
note_flood(struct sight *s, struct attack *k)
{
	struct barrage *f;

	if (s->o->key.protocol == PROTO_UDP && goes_one_way(s->peer_port))
		return;
	f = barrage_of(s, k, sight_peer_tag(s));
	time_add(s, &f->time);
	f->packets += fresh_packets(s);
	f->flows += s->o->kind == OBSERVE_FLOW;
	if (f->packets < s->limits->attack_packets || f->packets - f->weighed < s->limits->attack_packets / 4)
		return;
	f->weighed = f->packets;
	weigh_flood(s, f);
}

/* ---- scans ---- */

static struct scan *
scan_of(struct sight *s, struct attack *k)
{
	uint8_t protocol = s->o->key.protocol;
	struct scan *least = &k->scan[0], *n;

	for (n = k->scan; n < k->scan + SCANS; n++) {
		if (n->protocol != 0 && is_over(s, &n->time))
			memset(n, 0, sizeof *n);
		if (n->protocol == protocol && n->port == s->peer_port)
			return n;
		if (n->dead + n->alive < least->dead + least->alive)
			least = n;
	}
	memset(least, 0, sizeof *least);
	least->protocol = protocol;
	least->port = s->peer_port;
	return least;
}

static void
weigh_scan(struct sight *s, const struct scan *n)
{
	const uint32_t many = s->limits->attack_hosts;
	const struct step targets[] = { { many, 30 }, { many * 4, 45 }, { many * 16, 60 }, { 0, 0 } };
	uint64_t found = distinct_count(n->target, REGISTERS);
	unsigned answered = (unsigned)(100 * (uint64_t)n->alive / (n->alive + (uint64_t)n->dead));
	struct score c;

	if (found < many || answered > ANSWERED_MOST)
		return;
	score_begin(&c);
	score_number(&c, "scanned_port", n->port, is_worm_port(n->port) ? POINTS_WORM_PORT : 0);
	score_word(&c, "protocol", n->protocol == PROTO_TCP ? "tcp" : "udp", n->protocol == PROTO_TCP ? POINTS_TCP : 0);
	score_number(&c, "targets", found, score_step(targets, found));
	score_number(&c, "answered_percent", answered, answered <= ANSWERED_MOST / 4 ? 15 : 5);
	score_number(&c, "seconds", time_seconds(&n->time), 0);
	if (score_confidence(&c) >= s->limits->confidence)
		score_addr(&c, "latest", s->peer, 0);
	sight_ring(s, ROW_ATTACK, &c, n->time.from_ns);
}

static void
note_scan(struct sight *s, struct attack *k, bool dead)
{
	struct scan *n = scan_of(s, k);

	time_add(s, &n->time);
	if (!dead) {
		n->alive++;
		return;
	}
	distinct_add(n->target, REGISTERS, sight_peer_hash(s));
	if (++n->dead % WEIGHED_EACH == 0)
		weigh_scan(s, n);
}

void
attack_note(struct sight *s)
{
	const struct observation *o = s->o;
	bool dead = is_dead(o);
	struct attack *k;

	if (o->host_side != ORIGINATOR || s->peer_port == PORT_DNS || house_one_sided(s->house) ||
	    in_networks(s->limits->admin_hosts, s->limits->admin_hosts_count, s->addr))
		return;
	/* Who speaks with others as people do costs nothing here. */
	if (!dead && (sight_known(s) == NULL || s->host->part[ROW_ATTACK] == NULL))
		return;
	if ((k = sight_part(s, ROW_ATTACK)) == NULL)
		return;
	if (dead)
		note_flood(s, k);
	if (o->kind == OBSERVE_FLOW && s->reach == REACH_BARE && (o->key.protocol == PROTO_TCP || o->key.protocol == PROTO_UDP))
		note_scan(s, k, dead);
}
