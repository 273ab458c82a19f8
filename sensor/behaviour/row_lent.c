/*
 * row_lent.c - a machine that opened a connection to somebody outside and is
 * then asked, through it, for connections of its own (SOCKS): what others do
 * comes from its address. Who asks a proxy himself is nobody of these.
 */
#include "behaviour/private.h"

enum { TARGETS = 8, HOUR_SEC = 3600, MINUTE_SEC = 60, POINTS_SERVED = 65, POINTS_ASKED = 40, POINTS_BARE = 10 };

struct lent {
	int64_t first_ns, last_ns;
	uint32_t asked, served, granted;
	uint32_t target[TARGETS];
	unsigned targets, next_target;
};

const size_t lent_part_bytes = sizeof(struct lent);

static void
weigh(struct sight *s, const struct lent *k)
{
	static const struct step served[] = { { 1, POINTS_SERVED }, { 3, POINTS_SERVED + 10 }, { 10, POINTS_SERVED + 20 }, { 0, 0 } };
	struct span name = observation_text(s->o, TEXT_SERVICE);
	struct score c;

	score_begin(&c);
	score_addr(&c, "peer", s->peer, s->reach == REACH_BARE ? POINTS_BARE : 0);
	score_number(&c, "port", s->peer_port, 0);
	score_number(&c, "requests", k->asked, k->served > 0 ? score_step(served, k->served) : POINTS_ASKED);
	score_number(&c, "targets", k->targets, 0);
	score_text(&c, "target", observation_text(s->o, TEXT_URL), 0);
	if (k->granted > 0)
		score_number(&c, "granted", k->granted, 0);
	if (k->last_ns - k->first_ns >= MINUTE_SEC * NS_PER_SEC)
		score_minutes(&c, k->first_ns, k->last_ns);
	if (score_confidence(&c) >= s->limits->confidence && !sight_harmless(s, name, false))
		sight_ring(s, ROW_LENT, &c, k->first_ns);
}

static bool
is_lent(const struct observation *o)
{
	return o->host_side == ORIGINATOR && (o->flags & OBSERVED_RESPONSE) != 0 && (o->flags & OBSERVED_MIDWAY) == 0 &&
	    (o->detail == PROXY_CONNECT || o->detail == PROXY_BIND || o->detail == PROXY_ASSOCIATE);
}

void
lent_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct lent *k;

	if (!is_lent(o) || (k = sight_part(s, ROW_LENT)) == NULL)
		return;
	if (k->asked == 0 || o->ts_ns - k->last_ns > HOUR_SEC * NS_PER_SEC || o->ts_ns < k->last_ns)
		*k = (struct lent){ .first_ns = o->ts_ns };
	k->last_ns = o->ts_ns;
	if (o->outcome == OUTCOME_UNKNOWN) {
		k->asked += k->asked < UINT32_MAX;
		tags_add(k->target, TARGETS, &k->targets, &k->next_target, tag_of_text(observation_text(o, TEXT_URL)));
	} else {
		k->served += k->served < UINT32_MAX;
		k->granted += o->outcome == OUTCOME_SUCCESS && k->granted < UINT32_MAX;
	}
	weigh(s, k);
}
