/*
 * match.c - indicators held against what was seen, one observation for each
 * that matched.
 */
#include "witness/private.h"

#include "witness/sources.h"

enum { FOUND_MAX = 16 };

static void
observe_match(struct witness *w, struct flow *f, const struct sighting *s, const struct sources *from)
{
	struct observation_buffer *b = witness_begin(w, OBSERVE_MATCH, f, s->ts_ns);

	sources_put(from, b);
	if (s->describe != NULL)
		s->describe(b, s->what);
	witness_add_claimed(b, f);
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
		w->options.lookup->get(w->set, found[i++], &from.shown);
		sources_begin(&from);
		for (; i < count; i++) {
			w->options.lookup->get(w->set, found[i], &from.next);
			if (!sources_join(&from))
				break;
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
	const struct addr ends[2] = { flow_addr(f, ORIGINATOR), flow_addr(f, RESPONDER) };
	const struct flow_tunnel *tunnel = flow_talk(f)->tunnel;
	const struct sighting s = { ts_ns, NULL, NULL };
	uint32_t found[FOUND_MAX];
	unsigned count;

	if (w->set == NULL)
		return;
	match_peer(w, f, &s, &ends[RESPONDER], f->port[RESPONDER]);
	/* Without its SYN, who asked is a guess: the other end may be the server. */
	if (f->midway)
		match_peer(w, f, &s, &ends[ORIGINATOR], f->port[ORIGINATOR]);
	/* Who carries the packets may be the one: what is inside can be anything. No port is that of a service there. */
	if (tunnel != NULL && tunnel->depth > 0) {
		match_peer(w, f, &s, &tunnel->outer[RESPONDER], 0);
		match_peer(w, f, &s, &tunnel->outer[ORIGINATOR], 0);
	}
	/* An infected machine elsewhere that asks one of ours says nothing about ours. */
	count = w->options.lookup->by_source(w->set, &ends[ORIGINATOR], found, FOUND_MAX);
	if (count > 0 && witness_host_side(w, f) == ORIGINATOR)
		observe_matches(w, f, &s, found, count);
}
