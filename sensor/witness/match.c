/*
 * match.c - indicators held against what was seen, one observation for each
 * that matched. The same value in several feeds is one indicator: it is known
 * from the earliest to the latest, and better than from each alone.
 */
#include "witness/private.h"

#include "base/when.h"

enum { FOUND_MAX = 16, FEEDS_BYTES = 1024 };

/* How much worse is one role than another? */
static unsigned
weight(enum indicator_role role)
{
	static const unsigned weights[ROLE_KINDS] = {
		[ROLE_C2] = 7, [ROLE_DOWNLOAD] = 6, [ROLE_INFECTED] = 5, [ROLE_SINKHOLE] = 4,
		[ROLE_SUSPICIOUS] = 3, [ROLE_SCANNER] = 2, [ROLE_RESOLVER] = 1,
	};

	return role < ROLE_KINDS ? weights[role] : 0;
}

static bool
same_thing(const struct indicator *a, const struct indicator *b)
{
	return a->type == b->type && (a->role == ROLE_INFECTED) == (b->role == ROLE_INFECTED) &&
	    strcmp(a->value, b->value) == 0;
}

/* Confidence 0 is silence: it neither adds nor takes away. Two independent halves leave a quarter of doubt. */
static uint8_t
joint_confidence(uint8_t a, uint8_t b)
{
	return (uint8_t)(100 - ((100 - a) * (100 - b) + 50) / 100);
}

static int64_t
earliest(int64_t a, int64_t b)
{
	return a == WHEN_UNKNOWN || (b != WHEN_UNKNOWN && b < a) ? b : a;
}

static int64_t
latest(int64_t a, int64_t b)
{
	return a == WHEN_UNKNOWN || b > a ? b : a;
}

/* Several sources of one thing; `shown` is the first with the strongest role. */
struct sources {
	struct indicator shown, next;
	char feeds[FEEDS_BYTES];
	size_t used;
};

/* A name that does not fit as a whole is left out. */
static void
add_feed(struct sources *s, const char *feed)
{
	size_t len = strlen(feed);

	if (len == 0 || len + 1 > sizeof s->feeds - s->used)
		return;
	if (s->used > 0)
		s->feeds[s->used++] = '\n';
	memcpy(s->feeds + s->used, feed, len);
	s->used += len;
}

/* What `next` knows more than `shown`; texts lie in the image. */
static void
join(struct sources *s)
{
	struct indicator *a = &s->shown, *b = &s->next;

	add_feed(s, b->feed);
	if (weight(b->role) > weight(a->role)) {
		a->role = b->role;
		a->feed = b->feed;
		a->line = b->line;
		a->reference = b->reference;
		a->malware = b->malware[0] != '\0' ? b->malware : a->malware;
	}
	if (a->malware[0] == '\0')
		a->malware = b->malware;
	a->confidence = joint_confidence(a->confidence, b->confidence);
	a->first_seen_ns = earliest(a->first_seen_ns, b->first_seen_ns);
	a->last_seen_ns = latest(a->last_seen_ns, b->last_seen_ns);
	/* Who says no end says that it holds. */
	a->valid_until_ns = a->valid_until_ns == WHEN_UNKNOWN || b->valid_until_ns == WHEN_UNKNOWN ?
	    WHEN_UNKNOWN : latest(a->valid_until_ns, b->valid_until_ns);
}

static void
observe_match(struct witness *w, struct flow *f, const struct sighting *s, const struct sources *from)
{
	const struct indicator *i = &from->shown;
	struct observation_buffer *b = witness_begin(w, OBSERVE_MATCH, f, s->ts_ns);

	b->o.indicator_type = (uint8_t)i->type;
	b->o.indicator_role = (uint8_t)i->role;
	b->o.indicator_confidence = i->confidence;
	b->o.indicator_line = i->line;
	b->o.indicator_first_ns = i->first_seen_ns;
	b->o.indicator_last_ns = i->last_seen_ns;
	b->o.indicator_until_ns = i->valid_until_ns;
	observation_add(b, TEXT_INDICATOR_VALUE, span_text(i->value), 2048);
	observation_add(b, TEXT_INDICATOR_FEED, span_text(i->feed), 256);
	observation_add(b, TEXT_INDICATOR_FEEDS, span_of(from->feeds, from->used), FEEDS_BYTES);
	observation_add(b, TEXT_INDICATOR_MALWARE, span_text(i->malware), 256);
	observation_add(b, TEXT_INDICATOR_REFERENCE, span_text(i->reference), 512);
	if (s->describe != NULL)
		s->describe(b, s->what);
	w->counts.matches++;
	witness_end(w);
}

/* Equal ones lie side by side. */
static void
observe_matches(struct witness *w, struct flow *f, const struct sighting *s, const uint32_t *found,
    unsigned count)
{
	struct sources from;
	unsigned i = 0;

	while (i < count) {
		from.used = 0;
		w->options.lookup->get(w->set, found[i++], &from.shown);
		add_feed(&from, from.shown.feed);
		for (; i < count; i++) {
			w->options.lookup->get(w->set, found[i], &from.next);
			if (!same_thing(&from.shown, &from.next))
				break;
			join(&from);
		}
		observe_match(w, f, s, &from);
	}
}

void
match_peer(struct witness *w, struct flow *f, const struct sighting *s, const struct addr *a,
    uint16_t port)
{
	uint32_t found[FOUND_MAX];

	if (w->set != NULL)
		observe_matches(w, f, s, found,
		    w->options.lookup->by_peer(w->set, a, port, found, FOUND_MAX));
}

void
match_domain(struct witness *w, struct flow *f, const struct sighting *s, struct span name)
{
	uint32_t found[FOUND_MAX];

	if (w->set != NULL)
		observe_matches(w, f, s, found,
		    w->options.lookup->by_domain(w->set, name, found, FOUND_MAX));
}

void
match_url(struct witness *w, struct flow *f, const struct sighting *s, struct span host,
    struct span path)
{
	uint32_t found[FOUND_MAX];

	if (w->set != NULL)
		observe_matches(w, f, s, found,
		    w->options.lookup->by_url(w->set, host, path, found, FOUND_MAX));
}

void
match_text(struct witness *w, struct flow *f, const struct sighting *s, enum indicator_type type,
    struct span text)
{
	uint32_t found[FOUND_MAX];

	if (w->set != NULL)
		observe_matches(w, f, s, found,
		    w->options.lookup->by_text(w->set, type, text, found, FOUND_MAX));
}

void
match_addresses(struct witness *w, struct flow *f, int64_t ts_ns)
{
	const struct sighting s = { ts_ns, NULL, NULL };
	uint32_t found[FOUND_MAX];
	unsigned count;

	if (w->set == NULL)
		return;
	match_peer(w, f, &s, &f->key.addr[RESPONDER], f->key.port[RESPONDER]);
	/* Without its SYN, who asked is a guess: the other end may be the server. */
	if (f->midway)
		match_peer(w, f, &s, &f->key.addr[ORIGINATOR], f->key.port[ORIGINATOR]);
	/* Who carries the packets may be the one: what is inside can be anything. No port is that of a service there. */
	if (f->tunnel != NULL && f->tunnel->depth > 0) {
		match_peer(w, f, &s, &f->tunnel->outer[RESPONDER], 0);
		match_peer(w, f, &s, &f->tunnel->outer[ORIGINATOR], 0);
	}
	/* An infected machine elsewhere that asks one of ours says nothing about ours. */
	count = w->options.lookup->by_source(w->set, &f->key.addr[ORIGINATOR], found, FOUND_MAX);
	if (count > 0 && witness_host_side(w, f) == ORIGINATOR)
		observe_matches(w, f, &s, found, count);
}
