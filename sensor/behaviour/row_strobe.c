/*
 * row_strobe.c - very many connections of one host to one service outside, at
 * an even rate: each minute as many, for long. What people cause comes in
 * bursts and pauses; name servers are asked often by nature and are left out.
 */
#include <math.h>

#include "behaviour/private.h"

enum { FOLLOWED = 4, MINUTE_SEC = 60, EVEN_PERCENT = 15, STEADY_PERCENT = 30, PORT_DNS = 53, PORT_TIME = 123,
	POINTS_EVEN = 25, POINTS_STEADY = 10, POINTS_BARE = 10,
	POINTS_ALONE = 10, POINTS_SHARED = -25 };

struct stream {
	int64_t first_ns, minute_ns;
	uint32_t tag;			/* 0: unused */
	uint32_t now;			/* in the minute that runs */
	uint32_t minutes, all;		/* whole minutes, one behind the other, and what they had */
	uint64_t squares;
};

struct strobe {
	struct stream stream[FOLLOWED];
};

const size_t strobe_part_bytes = sizeof(struct strobe);

/* The one of this service; else a new one where least was called. */
static struct stream *
stream_of(struct strobe *k, uint32_t tag, int64_t now_ns)
{
	struct stream *least = &k->stream[0], *t;

	for (t = k->stream; t < k->stream + FOLLOWED; t++) {
		if (t->tag == tag)
			return t;
		if (t->tag == 0 || now_ns - t->minute_ns > 2 * MINUTE_SEC * NS_PER_SEC)
			memset(t, 0, sizeof *t);
		if (t->all + t->now < least->all + least->now)
			least = t;
	}
	memset(least, 0, sizeof *least);
	least->tag = tag;
	least->first_ns = least->minute_ns = now_ns;
	return least;
}

static void
weigh(struct sight *s, const struct stream *t)
{
	const uint32_t many = s->limits->strobe_minutes;
	const struct step minutes[] = { { many, 35 }, { many * 2, 45 }, { many * 8, 60 }, { 0, 0 } };
	double mean = (double)t->all / t->minutes, spread = (double)t->squares / t->minutes - mean * mean;
	unsigned uneven = (unsigned)(100 * sqrt(spread > 0 ? spread : 0) / mean);
	struct span name = observation_text(s->o, TEXT_SERVICE);
	int others = sight_other_callers(s);
	struct score c;

	score_begin(&c);
	score_addr(&c, "peer", s->peer, s->reach == REACH_BARE ? POINTS_BARE : 0);
	score_text(&c, "host", name, 0);
	score_number(&c, "port", s->peer_port, 0);
	score_number(&c, "calls", t->all, 0);
	score_number(&c, "minutes", t->minutes, score_step(minutes, t->minutes));
	score_number(&c, "calls_a_minute", (uint64_t)mean, 0);
	score_number(&c, "uneven_percent", uneven, uneven <= EVEN_PERCENT ? POINTS_EVEN :
	    uneven <= STEADY_PERCENT ? POINTS_STEADY : -99);
	if (others >= 0)
		score_number(&c, "other_callers", (uint64_t)others, others == 0 ? POINTS_ALONE :
		    others >= VOICE_HOSTS ? POINTS_SHARED : 0);
	if (score_confidence(&c) >= s->limits->confidence && !sight_harmless(s, name, false))
		sight_ring(s, ROW_STROBE, &c, t->first_ns);
}

/* A minute is over. One with too few calls, or without any, begins anew. */
static void
close_minute(struct sight *s, struct stream *t)
{
	bool whole = t->now >= s->limits->strobe_calls && s->o->ts_ns - t->minute_ns < 2 * MINUTE_SEC * NS_PER_SEC;

	if (whole) {
		t->minutes++;
		t->all += t->now;
		t->squares += (uint64_t)t->now * t->now;
		t->minute_ns += MINUTE_SEC * NS_PER_SEC;
	} else {
		t->minutes = t->all = 0;
		t->squares = 0;
		t->first_ns = t->minute_ns = s->o->ts_ns;
	}
	t->now = 0;
	if (whole && t->minutes >= s->limits->strobe_minutes)
		weigh(s, t);
}

void
strobe_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct strobe *k;
	struct stream *t;

	if (o->burst || o->host_side != ORIGINATOR || o->app == APP_DNS || s->peer_port == PORT_DNS || s->peer_port == PORT_TIME ||
	    (o->flags & OBSERVED_PROXIED) != 0 || (k = sight_part(s, ROW_STROBE)) == NULL)
		return;
	t = stream_of(k, sight_service_tag(s), o->ts_ns);
	if (o->ts_ns - t->minute_ns >= MINUTE_SEC * NS_PER_SEC)
		close_minute(s, t);
	t->now++;
}
