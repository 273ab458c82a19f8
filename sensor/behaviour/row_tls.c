/*
 * row_tls.c - a server outside, bare or unnamed, whose certificate nobody
 * vouches for, is days old or is another's; spoken with by a program that no
 * other host here uses.
 */
#include "behaviour/private.h"

enum {
	POINTS_BARE = 35, POINTS_SELF_SIGNED = 25, POINTS_YOUNG = 25, POINTS_OTHERS_NAME = 25, POINTS_EXPIRED = 10,
	POINTS_RARE = 15, POINTS_ODD_PORT = 5, POINTS_VOUCHED = -30, DAY_SEC = 86400
};

/* "*.example.com" stands for one label (RFC 6125, 6.4.3). */
static bool
name_fits(struct span pattern, struct span name)
{
	struct span label;

	pattern = span_trim(pattern);
	if (pattern.left > 2 && pattern.at[0] == '*' && pattern.at[1] == '.' && span_until(&name, '.', &label))
		span_skip(&pattern, 2);
	return span_equal_nocase(pattern, name);
}

static bool
any_fits(struct span names, struct span name)
{
	struct span one;

	while (span_until(&names, ',', &one))
		if (name_fits(one, name))
			return true;
	return name_fits(names, name);
}

/* The common name, as far as the subject shows it: "C=JP, CN=host.example". */
static struct span
common_name(struct span subject)
{
	struct span one;
	bool more = subject.left > 0;

	while (more) {
		more = span_until(&subject, ',', &one);
		if (!more)
			one = subject;
		one = span_trim(one);
		if (one.left > 3 && memcmp(one.at, "CN=", 3) == 0)
			return span_of(one.at + 3, one.left - 3);
	}
	return span_of(NULL, 0);
}

static bool
names_it(const struct observation *o, struct span name)
{
	struct span names = observation_text(o, TEXT_CERT_NAMES);

	return names.left > 0 ? any_fits(names, name) :
	    name_fits(common_name(observation_text(o, TEXT_CERT_SUBJECT)), name);
}

static void
weigh_times(struct sight *s, struct score *c)
{
	const struct observation *o = s->o;
	int64_t age_sec;

	if (o->not_before_ns != WHEN_UNKNOWN && o->not_before_ns <= o->ts_ns) {
		age_sec = o->ts_ns / NS_PER_SEC - o->not_before_ns / NS_PER_SEC;
		score_number(c, "age_days", (uint64_t)age_sec / DAY_SEC,
		    age_sec < (int64_t)s->limits->young_days * DAY_SEC ? POINTS_YOUNG : 0);
	}
	if (o->not_after_ns != WHEN_UNKNOWN && o->not_after_ns < o->ts_ns)
		score_word(c, "validity", "expired", POINTS_EXPIRED);
}

static void
weigh_name(struct sight *s, struct score *c)
{
	struct span name = observation_text(s->o, TEXT_SERVICE);
	char address[ADDR_TEXT_MAX];

	if (s->reach == REACH_BARE) {
		/* Without a voice the client's hello was not seen: it may have named somebody. */
		score_word(c, "server", "bare_address", s->o->count != 0 ? POINTS_BARE : 0);
		if (names_it(s->o, span_text(addr_text(s->peer, address))) && (s->o->flags & OBSERVED_SELF_SIGNED) == 0)
			score_word(c, "certificate_names", "the_address", POINTS_VOUCHED);
		return;
	}
	score_text(c, "host", name, 0);
	if (name.left > 0 && !names_it(s->o, name))
		score_word(c, "certificate_names", "another", POINTS_OTHERS_NAME);
}

void
tls_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct score c;
	int others;

	if (observation_text(o, TEXT_CERT_SHA1).at == NULL || o->host_side != ORIGINATOR ||
	    (s->reach == REACH_NAMED && observation_text(o, TEXT_SERVICE).at == NULL && (o->flags & OBSERVED_SELF_SIGNED) == 0))
		return;
	score_begin(&c);
	score_addr(&c, "peer", s->peer, 0);
	score_number(&c, "port", s->peer_port, s->peer_port != 443 && s->peer_port != 8443 ? POINTS_ODD_PORT : 0);
	weigh_name(s, &c);
	if (o->flags & OBSERVED_SELF_SIGNED)
		score_word(&c, "signed_by", "itself", POINTS_SELF_SIGNED);
	weigh_times(s, &c);
	others = voice_others(s->b, o->count, s->addr);
	if (others >= 0)
		score_number(&c, "others_like_it", (uint64_t)others, others == 0 ? POINTS_RARE : 0);
	score_text(&c, "subject", observation_text(o, TEXT_CERT_SUBJECT), 0);
	score_text(&c, "sha1", observation_text(o, TEXT_CERT_SHA1), 0);
	if (score_confidence(&c) >= s->limits->confidence && sight_host(s) != NULL)
		sight_ring(s, ROW_TLS, &c, o->ts_ns);
}
