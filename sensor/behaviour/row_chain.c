/*
 * row_chain.c - a download that looked like one of an infection, and within
 * minutes the same host calls a bare address it never called, or begins to
 * call somebody regularly.
 */
#include "behaviour/private.h"

enum {
	KNOWN = 32, POINTS_BARE = 30, POINTS_BEACON = 40, POINTS_SOON = 10, POINTS_ODD_PORT = 10,
	POINTS_CHECKS_IN = 15, SOON_SEC = 120, PROTOCOL_TCP = 6
};

struct chain {
	uint32_t known[KNOWN];		/* bare addresses that were called */
	unsigned count, next;
};

const size_t chain_part_bytes = sizeof(struct chain);

/* False: no such download lately. */
static bool
weigh(struct sight *s, struct score *c, int64_t began_ns)
{
	struct host *h = s->host;
	int64_t sec;

	if (h->download.at_ns == WHEN_UNKNOWN || began_ns < h->download.at_ns ||
	    addr_equal(s->peer, &h->download.peer))
		return false;
	sec = (began_ns - h->download.at_ns) / NS_PER_SEC;
	if (sec > s->limits->chain_sec)
		return false;
	score_begin(c);
	score_word(c, "kind", h->download.kind, (int)h->download.confidence / 2);
	score_number(c, "download_confidence", h->download.confidence, 0);
	score_addr(c, "download_peer", &h->download.peer, 0);
	score_number(c, "after_sec", (uint64_t)sec, sec <= SOON_SEC ? POINTS_SOON : 0);
	score_addr(c, "peer", s->peer, 0);
	return true;
}

void
chain_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct chain *k;
	struct score c;

	if (o->host_side != ORIGINATOR || o->key.protocol != PROTOCOL_TCP || (k = sight_part(s, ROW_CHAIN)) == NULL ||
	    !tags_add(k->known, KNOWN, &k->count, &k->next, sight_peer_tag(s)) ||
	    !weigh(s, &c, o->ts_ns))
		return;
	score_word(&c, "then", "bare_address", POINTS_BARE);
	if (s->peer_port != 80 && s->peer_port != 443)
		score_number(&c, "port", s->peer_port, POINTS_ODD_PORT);
	if (s->host->rung[ROW_CHECK_IN].confidence > 0)
		score_word(&c, "checks_in", "yes", POINTS_CHECKS_IN);
	sight_ring(s, ROW_CHAIN, &c, s->host->download.at_ns);
}

/* A beacon counts from its first call: it was recognised later. */
void
chain_beacon(struct sight *s, const struct finding *f)
{
	struct score c;

	if (!weigh(s, &c, f->first_ns))
		return;
	score_word(&c, "then", "beacon", POINTS_BEACON);
	score_text(&c, "service", span_text(f->subject), 0);
	sight_ring(s, ROW_CHAIN, &c, s->host->download.at_ns);
}
