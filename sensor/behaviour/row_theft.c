/*
 * row_theft.c - a host sends much to one service outside and gets little
 * back: at once, or hour after hour. That is what backup, clouds and large
 * attachments do, too: it weighs when the house never called the service
 * before, or when the service is a bare address. What was called for long is
 * somebody's backup.
 */
#include <stdio.h>

#include "behaviour/private.h"

enum { FOLLOWED = 6, DAY_SEC = 86400, HOUR_SEC = 3600,
	PART_OF_LARGE = 1600,		/* what one connection must at least bring to be counted ... */
	HOUR_OF_LARGE = 100,		/* ... and what makes an hour one of theft */
	MOST_BACK = 4,			/* who gets a quarter back converses */
	POINTS_BARE = 20, POINTS_NEVER = 30, POINTS_YOUNG = 15, POINTS_OLD = -60, YOUNG_DAYS = 2, OLD_DAYS = 7 };

struct upload {
	int64_t first_ns;
	uint64_t out, in;		/* payload */
	uint64_t hour_out;		/* in the hour that runs */
	uint32_t tag;			/* of the service; 0: unused */
	uint32_t hours;			/* a bit for each with enough */
	uint8_t hour;			/* that runs, from first_ns */
	bool answered;			/* packets of the other side were seen */
};

struct theft {
	struct upload upload[FOLLOWED];
};

const size_t theft_part_bytes = sizeof(struct theft);

static uint64_t
large_bytes(const struct sight *s)
{
	return (uint64_t)s->limits->theft_kib << 10;
}

static bool
is_over(const struct upload *u, int64_t now_ns)
{
	return u->tag == 0 || now_ns < u->first_ns || now_ns - u->first_ns >= DAY_SEC * NS_PER_SEC;
}

/* The one of this service; else the one with least, unless that is more than this brings. */
static struct upload *
upload_of(struct sight *s, uint32_t tag, uint64_t out)
{
	struct theft *k = sight_part(s, ROW_THEFT);
	struct upload *least, *u;

	if (k == NULL)
		return NULL;
	for (least = u = k->upload; u < k->upload + FOLLOWED; u++) {
		if (is_over(u, s->o->ts_ns))
			memset(u, 0, sizeof *u);
		if (u->tag == tag)
			return u;
		if (u->out < least->out || (u->out == least->out && u->first_ns < least->first_ns))
			least = u;
	}
	if (least->out > out || sight_harmless(s, observation_text(s->o, TEXT_SERVICE), true))
		return NULL;
	memset(least, 0, sizeof *least);
	least->tag = tag;
	least->first_ns = s->o->flow_first_ns < s->o->ts_ns ? s->o->flow_first_ns : s->o->ts_ns;
	if (s->o->ts_ns - least->first_ns >= DAY_SEC * NS_PER_SEC)
		least->first_ns = s->o->ts_ns - (DAY_SEC - 1) * NS_PER_SEC;
	return least;
}

static uint8_t
hour_of(const struct upload *u, int64_t ns)
{
	int64_t hour = ns <= u->first_ns ? 0 : (ns - u->first_ns) / (HOUR_SEC * NS_PER_SEC);

	return (uint8_t)hour;
}

/* A connection that lasted for hours brought each of them its share. */
static void
add(struct upload *u, const struct observation *o, uint64_t enough)
{
	uint64_t out = o->payload_bytes[ORIGINATOR];
	uint8_t to = hour_of(u, o->ts_ns), from = o->flow_first_ns < o->ts_ns ? hour_of(u, o->flow_first_ns) : to, h;

	u->out += out;
	u->in += o->payload_bytes[RESPONDER];
	u->answered |= o->packets[RESPONDER] > 0;
	for (h = from; h < to && out / (to - from + 1u) >= enough; h++)
		u->hours |= 1u << h;
	if (to != u->hour)
		u->hour_out = 0;
	u->hour = to;
	u->hour_out += out / (to - from + 1u);
	if (u->hour_out >= enough)
		u->hours |= 1u << to;
}

static int
points_of_ratio(const struct upload *u)
{
	static const struct step ratios[] = { { 10, 10 }, { 50, 15 }, { 0, 0 } };

	if (!u->answered)	/* of one direction nobody knows */
		return 0;
	return u->in >= u->out / MOST_BACK ? -99 : score_step(ratios, u->out / (u->in + 1));
}

/* "12.5 MiB" */
static void
score_bytes(struct score *c, const char *what, uint64_t bytes)
{
	char text[32];

	if (bytes < 1 << 20)
		snprintf(text, sizeof text, "%u KiB", (unsigned)(bytes >> 10));
	else
		snprintf(text, sizeof text, "%.1f MiB", (double)bytes / (1 << 20));
	score_text(c, what, span_text(text), 0);
}

static void
score_novelty(struct sight *s, struct score *c, int64_t first_ns)
{
	struct novelty n;
	bool known = sight_novelty(s, first_ns, &n);

	score_number(c, "history_days", n.days, 0);
	if (!known)
		score_word(c, "novelty", "unknown", 0);
	else if (n.never)
		score_word(c, "novelty", "never_called", POINTS_NEVER);
	else if (n.since_days <= YOUNG_DAYS)
		score_word(c, "novelty", "days_old", POINTS_YOUNG);
	else
		score_word(c, "novelty", "called_before", n.since_days < OLD_DAYS ? 0 : POINTS_OLD);
}

static void
weigh(struct sight *s, const struct upload *u)
{
	const uint32_t large = s->limits->theft_kib, hours = s->limits->theft_hours;
	const struct step bytes[] = { { large, 20 }, { large * 5, 30 }, { large * 20, 40 }, { 0, 0 } };
	const struct step long_[] = { { hours, 15 }, { hours * 2, 25 }, { hours * 4, 35 }, { 0, 0 } };
	unsigned lasted = (unsigned)__builtin_popcount(u->hours);
	int much = score_step(bytes, u->out >> 10), steady = score_step(long_, lasted), ratio = points_of_ratio(u);
	int bare = s->reach == REACH_BARE ? POINTS_BARE : 0;
	struct span name = observation_text(s->o, TEXT_SERVICE);
	struct score c;

	if ((much == 0 && steady == 0) || ratio < 0 ||
	    (much > steady ? much : steady) + ratio + bare + POINTS_NEVER < (int)s->limits->confidence)
		return;
	score_begin(&c);
	score_addr(&c, "peer", s->peer, bare);
	if (s->reach == REACH_NAMED)
		score_text(&c, "host", name, 0);
	score_number(&c, "port", s->peer_port, 0);
	score_number(&c, "bytes_out", u->out, much > steady ? much : 0);
	score_bytes(&c, "sent", u->out);
	score_number(&c, "bytes_in", u->in, ratio);
	score_bytes(&c, "received", u->in);
	score_number(&c, "hours", lasted, much > steady ? 0 : steady);
	score_novelty(s, &c, u->first_ns);
	if (score_confidence(&c) >= s->limits->confidence && !sight_harmless(s, name, true))
		sight_ring(s, ROW_THEFT, &c, u->first_ns);
}

/* Is it worth a place? What came in counts, too: a speed test fetches before it sends. */
static bool
is_part(const struct sight *s)
{
	const struct observation *o = s->o;
	uint64_t least = large_bytes(s) / PART_OF_LARGE;

	if (o->host_side != ORIGINATOR || (o->key.protocol != 6 && o->packets[RESPONDER] == 0))
		return false;	/* a datagram that nobody answers is no upload */
	return o->payload_bytes[ORIGINATOR] >= least ||
	    (o->kind == OBSERVE_FLOW && o->payload_bytes[RESPONDER] >= least * 16);
}

/* A flow is counted when it ends; while it goes on, each pause is a time to look, and that it is open for long. */
void
theft_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct upload *u, now;
	struct span name;

	if ((o->kind == OBSERVE_CONTACT && !o->burst) || !is_part(s))
		return;
	name = observation_text(o, TEXT_SERVICE);
	u = upload_of(s, (name.left > 0 ? tag_of_text(name) : sight_peer_tag(s)) | 1, o->payload_bytes[ORIGINATOR]);
	if (u == NULL)
		return;
	now = *u;
	add(&now, o, large_bytes(s) / HOUR_OF_LARGE);
	if (o->kind == OBSERVE_FLOW)
		*u = now;
	weigh(s, &now);
}
