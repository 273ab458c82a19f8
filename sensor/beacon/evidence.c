/*
 * evidence.c - what counts for and against a key, and how much.
 *
 * All weights are powers of ten. What speaks for a beacon counts in full when
 * one host alone calls the service and not at all when much of the house does:
 * shared machine-made polling is as regular as any beacon. docs/beacons.md
 * says why each number is what it is.
 */
#include <math.h>
#include <string.h>

#include "base/when.h"
#include "beacon/private.h"

/* ---- the weights ---- */

static const double TIMING_MOST = 6;	/* a clock is a clock; what kind of clock, the rest must say */
static const double SCORE_HALF = 1.125;	/* score = S / (S + SCORE_HALF): 0.8 at S = 4.5 */

/* What is odd about a service counts at most so much, less than an alert needs; and little without any regularity. */
static const double ODD_MOST = 3, ODD_ALONE = 1;

enum { SHARED_LEAST = 8 };		/* so many hosts may share a service before regularity means nothing, ... */
static const double SHARED_PART = .25;	/* ... or this part of the house */

/* The commander of a machine is not in its own house; monitoring, shares and printers are. */
static const double INTERNAL = -2;

static const double HARMLESS_MOST = 1.2;	/* what is known to be harmless is recorded, and never more */

static const double LONE_EACH = .5, LONE_MOST = 1;	/* for each power of ten of hosts that do not call it */

static const double VOICE_RARE = 1.5, VOICE_OWN = .3, VOICE_COMMON = -.5;
enum { VOICE_SERVICES_LEAST = 4 };

static const double PAGE_BEGUN = -2.5, PAGE_NOT_BEGUN = .3, PAGE_PARTS = -1.5;
enum { PAGE_LOADS_LEAST = 3 };

enum { SIZES_LEAST = 5, ALIKE_LEAST = 8 };

static const double UNATTENDED = .7, STEADY = 2, NAMELESS = .5, CERTIFICATE = 1, FAILING = .5;
static const double LABELS_NEW = 1.5, LABELS_OLD = -3, TYPES_ODD = .7;
static const double NEVER_BEFORE = .7, CALLED_BEFORE = -.3;	/* by the house, says the history */
enum { NIGHT_CALLS_LEAST = 6, STEADY_HOURS_LEAST = 12, STEADY_CALLS_LEAST = 60, FAILING_LEAST = 4, NAMES_LEAST = 4 };

/* ---- the run that is regular, and what it began with ---- */

static const double STRETCH_PERIODS = 4.5;

static bool
is_beat(const struct score_verdict *v, double gap_sec)
{
	double periods = gap_sec / v->period_sec, beats;

	if (!v->folded)
		return periods < 1.5 && fabs(periods - 1) <= v->width * 1.2 + .05;
	beats = fmax(round(periods), 1);
	return beats <= SCORE_MULTIPLES_MAX && fabs(periods - beats) <= v->width * sqrt(beats) * 1.2 + .05;
}

static bool
is_loaded_within(const struct key *k, unsigned first, unsigned last)
{
	for (; first <= last && first < k->used; first++)
		if ((k->track->marks[first] & MARK_LOADED) != 0)
			return true;
	return false;
}

/*
 * The run's first calls, or those where two beats follow each other for the
 * first time: calls of another kind may stand before the page.
 */
static bool
begins_loaded(const struct key *k, unsigned from)
{
	const uint32_t *marks = k->track->marks;
	double gap[2] = { 0, 0 };
	unsigned i, at;

	for (i = from; i + 2 < k->used; i++) {
		for (at = 0; at < 2; at++)
			gap[at] = (double)(mark_ns(k, marks[i + at + 1]) - mark_ns(k, marks[i + at])) / (double)NS_PER_SEC;
		if (is_beat(&k->track->found, gap[0]) && is_beat(&k->track->found, gap[1]))
			break;
	}
	return is_loaded_within(k, from, from + 2) || is_loaded_within(k, i > from ? i - 1 : i, i + 1);
}

/*
 * Pauses that no missed beat explains part the contacts into stretches. The run is the one with most beats,
 * of equals the latest: who comes back to a page by hand hours later begins no new one.
 */
static unsigned
begin_of_run(const struct key *k)
{
	const uint32_t *marks = k->track->marks;
	double period = k->track->found.period_sec, gap_sec;
	unsigned i, from = 0, best = 0, beats = 0, most = 0;

	for (i = 1; i < k->used; i++) {
		gap_sec = (double)(mark_ns(k, marks[i]) - mark_ns(k, marks[i - 1])) / (double)NS_PER_SEC;
		if (gap_sec > STRETCH_PERIODS * period) {
			from = i;
			beats = 0;
		} else if (is_beat(&k->track->found, gap_sec) && ++beats >= most) {
			most = beats;
			best = from;
		}
	}
	return best;
}

/*
 * Asked each time the key is more regular than ever before: later calls of another kind change nothing.
 * Where older marks are already gone, what was found before stands.
 */
static void
find_page(struct key *k)
{
	struct track *t = k->track;
	unsigned from;

	if (t->found.period_sec <= 0 || k->used == 0)
		return;
	from = begin_of_run(k);
	if (from > 0 || k->contacts <= k->used)
		t->page = begins_loaded(k, from) ? PAGE_LOADED : PAGE_BARE;
	else if (t->page == PAGE_UNKNOWN && (k->flags & KEY_FIRST_LOADED) != 0)
		t->page = PAGE_LOADED;
}

/* ---- time ---- */

void
judge_time(struct beacon *b, struct key *k)
{
	float gaps[SCORE_GAPS_MAX], latest[SCORE_RECENT];
	float dead = (float)b->limits.burst_ms / 1000;
	double looks = score_looks(k->contacts), known;
	struct score_verdict all, recent;
	struct track *t = k->track;
	bool is_block = k->used > SCORE_RECENT + 1 && k->contacts % MOST_MARKS == 0;
	unsigned n = key_gaps(k, SCORE_GAPS_MAX, gaps);

	/* Not before somebody is judged: it takes as long as all else of a start. */
	if (!b->scores_ready)
		score_prepare(&b->scores);
	b->scores_ready = true;
	/* What is no stronger than what was found before changes nothing, but a block counts as it is. */
	known = t->found.of == 0 ? SCORE_ALL : t->strength + looks - 1e-3;
	if (n > SCORE_RECENT)
		memcpy(latest, gaps + n - SCORE_RECENT, sizeof latest);
	score_gaps_beyond(&b->scores, gaps, n, dead, is_block ? SCORE_ALL : known, &all);
	if (is_block) {
		t->blocks_strength += all.strength;
		t->blocks++;
	}
	if (n > SCORE_RECENT) {
		score_gaps_beyond(&b->scores, latest, SCORE_RECENT, dead, known, &recent);
		if (recent.strength > all.strength)
			all = recent;
	}
	if (all.strength - looks > t->strength || t->found.of == 0) {
		t->strength = fmax(all.strength - looks, 0);
		t->found = all;
		find_page(k);
	}
	if (t->blocks > 1)
		t->strength = fmax(t->strength, score_together(t->blocks_strength, t->blocks) - looks);
}

/* ---- adding up ---- */

struct sum {
	double clock, steady, odd, against;
	struct beacon_numbers *n;
};

static void
weigh(struct sum *s, enum beacon_sign_kind kind, double value, double weight)
{
	if (weight < 0)
		s->against += weight;
	else if (kind == SIGN_TIMING)
		s->clock += weight;
	else if (kind == SIGN_STEADY)
		s->steady += weight;
	else
		s->odd += weight;
	if (s->n->signs < BEACON_SIGNS_MAX)
		s->n->sign[s->n->signs++] = (struct beacon_sign){ kind, value, weight };
}

static void
weigh_hosts(const struct beacon *b, const struct track *t, struct sum *s)
{
	double house = fmax(b->hosts.count, 1), callers = fmin(fmax(sketch_count(&b->sets, t->service_set), 1), house);
	/* What all machines of a small house call is a product, too. */
	double most = fmin(fmax(SHARED_LEAST, house * SHARED_PART), house);

	if (callers < 1.5) {
		s->n->shared = 1;
		weigh(s, SIGN_HOSTS, 1, fmin(LONE_EACH * log10(house), LONE_MOST));
		return;
	}
	s->n->shared = fmax(1 - log2(callers) / log2(most), 0);
	weigh(s, SIGN_HOSTS, round(callers), 0);
}

static void
weigh_voice(const struct beacon *b, const struct key *k, struct sum *s)
{
	const struct track *t = k->track;
	double here, hosts, all;

	if (k->voice == 0)
		return;
	here = sketch_count(&b->sets, set_id(SET_SERVICES_OF_VOICE, k->voice, t->host_id));
	hosts = sketch_count(&b->sets, set_id(SET_HOSTS_OF_VOICE, k->voice, 0));
	all = sketch_count(&b->sets, set_id(SET_SERVICES_OF_HOST, t->host_id, 0));
	if (here >= VOICE_SERVICES_LEAST)
		weigh(s, SIGN_VOICE, round(here), VOICE_COMMON);
	else if (here < 1.5 && all >= VOICE_SERVICES_LEAST)
		weigh(s, SIGN_VOICE, 1, hosts < 2.5 ? VOICE_RARE : VOICE_OWN);
	else
		weigh(s, SIGN_VOICE, round(here), 0);
}

static void
weigh_pages(struct key *k, const struct host *h, struct sum *s)
{
	const struct track *t = k->track;
	double by_chance;

	if (t->page == PAGE_LOADED)
		weigh(s, SIGN_PAGE, 1, PAGE_BEGUN);
	if (h == NULL || h->loads < PAGE_LOADS_LEAST)
		return;
	if (t->page == PAGE_BARE)
		weigh(s, SIGN_PAGE, 0, PAGE_NOT_BEGUN);
	by_chance = host_cover(h, t->last_ns) * k->contacts;
	if (k->loads > 3 * by_chance + 3)
		weigh(s, SIGN_BROWSING, (double)k->loads / k->contacts, PAGE_PARTS);
}

static void
weigh_sizes(const struct track *t, struct sum *s)
{
	unsigned n = t->sizes < SIZES ? t->sizes : SIZES;
	double answers, questions;

	if (n < SIZES_LEAST)
		return;
	answers = track_alike(t, RESPONDER);
	questions = track_alike(t, ORIGINATOR);
	weigh(s, SIGN_ANSWERS, answers, n < ALIKE_LEAST && answers >= .45 ? 0 : answers >= .8 ? 1 : answers >= .6 ? .3 : answers >= .45 ? -.5 : -1.5);
	weigh(s, SIGN_QUESTIONS, questions, questions >= .8 ? .3 : questions >= .45 ? 0 : -.5);
}

static void
weigh_hours(const struct key *k, struct sum *s)
{
	const struct track *t = k->track;
	double hours = (double)(t->last_ns - t->first_ns) / (3600. * (double)NS_PER_SEC) + 1;
	uint32_t known = t->attended + t->unattended;
	float gaps[SCORE_GAPS_MAX];
	double sum = 0, squares = 0, even;
	unsigned i, n;

	/* A page left open polls on when people leave. */
	if (t->unattended >= NIGHT_CALLS_LEAST && t->unattended * 4 >= known && t->page != PAGE_LOADED)
		weigh(s, SIGN_UNATTENDED, (double)t->unattended / known, UNATTENDED);
	if (hours < STEADY_HOURS_LEAST || k->contacts < STEADY_CALLS_LEAST || t->hours < hours * .85)
		return;
	n = key_gaps(k, SCORE_GAPS_MAX, gaps);
	for (i = 0; i < n; i++) {
		sum += gaps[i];
		squares += (double)gaps[i] * gaps[i];
	}
	even = squares * n / (sum * sum) - 1;	/* square of the gaps' coefficient of variation: 1 for memoryless ones */
	if (even < 1.7)
		weigh(s, SIGN_STEADY, fmin(t->hours / hours, 1), STEADY);
}

static void
weigh_peer(const struct key *k, struct sum *s)
{
	const struct track *t = k->track;
	uint32_t ended = t->answered + t->failed;

	if (k->kind == KEY_ADDRESS || k->kind == KEY_BEHAVIOUR)
		weigh(s, SIGN_NAMELESS, 1, NAMELESS);
	if (t->failed >= FAILING_LEAST && t->failed * 3 >= ended)
		weigh(s, SIGN_FAILING, (double)t->failed / ended, FAILING);
	if (t->internal && !t->proxied && k->kind != KEY_ZONE) {
		weigh(s, SIGN_INTERNAL, 1, INTERNAL);
		s->odd = 0;	/* such services have no name, a certificate of their own, and few clients */
	} else if (t->self_signed)
		weigh(s, SIGN_CERTIFICATE, 1, CERTIFICATE);
}

/* Of changing addresses the best known one counts. */
static void
ask_novelty(struct beacon *b, const struct key *k, struct novelty *out)
{
	struct track *t = k->track;
	struct novelty_question q = { &t->realm, &t->host, &t->peer, span_text(k->kind == KEY_SERVICE ? t->service : ""),
		t->port, t->protocol, t->first_ns };
	struct novelty one;
	unsigned i;

	b->novelty(b->novelty_to, &q, out);
	for (i = 0; k->kind == KEY_BEHAVIOUR && t->peers != NULL && i < t->peers_count && i < BEACON_PEERS_MAX; i++) {
		q.peer = &t->peers->latest[i];
		b->novelty(b->novelty_to, &q, &one);
		if (!one.never)
			*out = one;
	}
}

/* The history has contacts, not questions: of a zone it says nothing. Without enough days it says nothing of anything. */
static void
weigh_novelty(struct beacon *b, const struct key *k, struct sum *s)
{
	struct track *t = k->track;

	if (b->novelty == NULL || k->kind == KEY_ZONE)
		return;
	if (t->novelty_turn != b->novelty_turn) {
		t->novelty_turn = b->novelty_turn;
		ask_novelty(b, k, &t->novelty);
	}
	if (!t->novelty.known)
		return;
	s->n->history_days = t->novelty.days;
	weigh(s, SIGN_NOVELTY, t->novelty.since_days, t->novelty.never ? NEVER_BEFORE : CALLED_BEFORE);
}

static void
weigh_names(const struct track *t, struct sum *s)
{
	double fresh = t->names > 0 ? (double)t->names_new / t->names : 0;
	double odd = t->names > 0 ? (double)t->types_odd / t->names : 0;

	if (t->names == 0)
		return;
	/* A few names say only whether one came again. */
	if (t->names < NAMES_LEAST)
		weigh(s, SIGN_LABELS, fresh, fresh < 1 ? LABELS_OLD : 0);
	else
		weigh(s, SIGN_LABELS, fresh, fresh >= .7 ? LABELS_NEW : fresh >= .4 ? 0 : LABELS_OLD);
	if (odd >= .5)
		weigh(s, SIGN_TYPES, odd, TYPES_ODD);
}

/* ---- what is known to be harmless ---- */

static const char *
name_of(const struct beacon *b, const struct track *t, const struct addr *peer)
{
	return b->lookup.name == NULL ? "" : b->lookup.name(b->lookup.to, &t->realm, &t->host, peer);
}

static const char *
name_of_peer(const struct beacon *b, const struct track *t)
{
	return name_of(b, t, &t->peer);
}

/*
 * A name in a TLS hello is what the client says. Where DNS gave this address
 * another name, it is not believed.
 */
static bool
is_contradicted(const struct beacon *b, const struct track *t)
{
	struct span said = zone_of(span_text(t->service)), given = zone_of(span_text(name_of_peer(b, t)));

	return !t->proxied && given.left > 0 &&
	    (said.left != given.left || memcmp(said.at, given.at, given.left) != 0);
}

/* By what DNS or the client calls it. */
static struct span
believed_name(const struct beacon *b, const struct key *k)
{
	const struct track *t = k->track;

	if (k->kind == KEY_ZONE || (k->kind == KEY_SERVICE && !is_contradicted(b, t)))
		return span_text(t->service);
	return span_text(k->kind == KEY_ADDRESS ? name_of_peer(b, t) : "");
}

/* Of changing addresses each must be known: why the latest is. */
static const char *
why_all_known(const struct beacon *b, const struct track *t)
{
	const char *why, *latest = NULL;
	unsigned i;

	for (i = 0; t->peers != NULL && i < t->peers_count && i < BEACON_PEERS_MAX; i++) {
		const struct addr *peer = &t->peers->latest[i];

		if ((why = known_domain(b->known, span_text(name_of(b, t, peer)), &t->host, t->last_ns)) == NULL &&
		    (why = known_address(b->known, peer, &t->host, t->last_ns)) == NULL)
			return NULL;
		if (i == 0)
			latest = why;
	}
	return latest;
}

static const char *
why_known(const struct beacon *b, const struct key *k, struct span name)
{
	const struct track *t = k->track;
	const char *why = t->known_cert;
	int64_t now_ns = t->last_ns;

	if (why == NULL)
		why = known_domain(b->known, name, &t->host, now_ns);
	if (why == NULL && k->kind == KEY_BEHAVIOUR)
		return why_all_known(b, t);
	if (k->kind == KEY_BEHAVIOUR || k->kind == KEY_ZONE || t->proxied)
		return why;
	if (why == NULL)
		why = known_address(b->known, &t->peer, &t->host, now_ns);
	if (why == NULL && b->lookup.asn != NULL)
		why = known_asn(b->known, b->lookup.asn(b->lookup.to, &t->peer), &t->host, now_ns);
	return why;
}

/* The name of the tool with which others work on the host, or NULL. */
static const char *
which_tool(const struct beacon *b, const struct track *t, struct span name)
{
	const char *tool = known_support(b->known, name, &t->host, t->last_ns);

	return tool != NULL ? tool : known_protocol(b->known, (enum app)t->support, &t->host, t->last_ns);
}

static void
ask_known(const struct beacon *b, const struct key *k, struct beacon_numbers *out)
{
	struct span name;

	if (b->known == NULL)
		return;
	name = believed_name(b, k);
	out->known = why_known(b, k, name);
	if (out->known == NULL && (out->tool = which_tool(b, k->track, name)) != NULL)
		out->known = "remote support tool";
}

void
judge(struct beacon *b, struct key *k, struct beacon_numbers *out)
{
	struct track *t = k->track;
	struct sum s = { 0, 0, 0, 0, out };
	uint32_t at = pool_find(&b->hosts, t->host_id);

	memset(out, 0, sizeof *out);
	out->shared = 1;
	weigh(&s, SIGN_TIMING, t->strength, fmin(t->strength, TIMING_MOST));
	weigh_hosts(b, t, &s);
	weigh_voice(b, k, &s);
	if (k->kind != KEY_ZONE)
		weigh_pages(k, at != 0 ? pool_at(&b->hosts, at) : NULL, &s);
	weigh_sizes(t, &s);
	weigh_hours(k, &s);
	weigh_novelty(b, k, &s);
	weigh_names(t, &s);
	weigh_peer(k, &s);
	/* Calls all day without a clock mean something of an odd service only: so do memoryless sleeps show. */
	s.clock += fmin(s.steady, s.odd);
	t->sum = fmax(out->shared * (s.clock + fmin(s.odd, fmin(ODD_MOST, ODD_ALONE + s.clock))) + s.against, 0);
	/* Asked for only where it matters. */
	if (t->sum > HARMLESS_MOST)
		ask_known(b, k, out);
	if (out->known != NULL)
		t->sum = HARMLESS_MOST;
	out->p_value = pow(10, -t->sum);
	out->score = t->sum / (t->sum + SCORE_HALF);
}
