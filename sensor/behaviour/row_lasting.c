/*
 * row_lasting.c - a connection to somebody outside that has been open for
 * hours, told while it still is. That alone is little: push services and
 * mail boxes do so, too. A bare address, a service that nobody here knew, a
 * program that nobody else has make it more.
 */
#include "behaviour/private.h"

enum { POINTS_OPEN = 60, POINTS_BARE = 15, POINTS_NEVER = 15, POINTS_KNOWN = -30, POINTS_SELF_SIGNED = 10,
	POINTS_OWN_PROGRAM = 10, POINTS_COMMON_PROGRAM = -15, POINTS_ALONE = 5, POINTS_SHARED = -25, POINTS_WAITS = -30,
	PORT_DNS = 53, PORT_TIME = 123 };

/* Where clients wait for news by the protocol: IMAP, XMPP, push services of Apple and Google. */
static bool
waits_for_news(uint16_t port)
{
	static const uint16_t ports[] = { 143, 993, 5222, 5223, 5228 };
	size_t i;

	for (i = 0; i < sizeof ports / sizeof *ports; i++)
		if (port == ports[i])
			return true;
	return false;
}

static void
weigh_others(struct score *c, const char *what, int others, int alone, int many)
{
	if (others >= 0)
		score_number(c, what, (uint64_t)others, others == 0 ? alone : others >= VOICE_HOSTS ? many : 0);
}

static void
weigh_history(struct sight *s, struct score *c)
{
	struct novelty n;

	if (!sight_novelty(s, s->o->flow_first_ns, &n))
		return;
	if (n.never)
		score_number(c, "history_days", n.days, POINTS_NEVER);
	else
		score_number(c, "known_days", n.since_days, POINTS_KNOWN);
}

void
lasting_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct span name = observation_text(o, TEXT_SERVICE);
	uint64_t hours = (uint64_t)(o->ts_ns - o->flow_first_ns) / (3600 * (uint64_t)NS_PER_SEC);
	struct score c;

	if (o->host_side != ORIGINATOR || o->packets[RESPONDER] == 0 || s->peer_port == PORT_DNS || s->peer_port == PORT_TIME)
		return;
	score_begin(&c);
	score_addr(&c, "peer", s->peer, s->reach == REACH_BARE ? POINTS_BARE : 0);
	score_text(&c, "host", name, 0);
	score_number(&c, "port", s->peer_port, waits_for_news(s->peer_port) ? POINTS_WAITS : 0);
	score_number(&c, "hours", hours, POINTS_OPEN);
	score_number(&c, "bytes_out", o->flow_bytes[ORIGINATOR], 0);
	score_number(&c, "bytes_in", o->flow_bytes[RESPONDER], 0);
	if ((o->flags & OBSERVED_SELF_SIGNED) != 0)
		score_word(&c, "certificate", "itself", POINTS_SELF_SIGNED);
	weigh_history(s, &c);
	weigh_others(&c, "other_callers", sight_other_callers(s), POINTS_ALONE, POINTS_SHARED);
	if (o->app == APP_TLS)
		weigh_others(&c, "others_like_it", voice_others(s->b, o->number, s->addr), POINTS_OWN_PROGRAM,
		    POINTS_COMMON_PROGRAM);
	if (score_confidence(&c) >= s->limits->confidence && !sight_harmless(s, name, false) && sight_host(s) != NULL)
		sight_ring(s, ROW_LASTING, &c, o->flow_first_ns);
}
