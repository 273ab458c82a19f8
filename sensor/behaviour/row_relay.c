/*
 * row_relay.c - the house's own mail server sends outwards what looks like the
 * attack: attachments that want to be opened, other people's names, answers to
 * nothing, to many, for one who gave it in: a host here, or a user who logged
 * in from outside. What calls itself a list's or a newsletter counts only by
 * its attachments, and a mail to many servers counts once.
 */
#include <stdio.h>

#include "base/sentence.h"
#include "base/zone.h"
#include "behaviour/house.h"
#include "behaviour/mail_ids.h"
#include "behaviour/private.h"

enum {
	WAITING = 4, GIVERS = 4, IDS = 8, SENDER_MOST = 48, KIND_MOST = 12,
	POINTS_SUSPECT = 35, POINTS_OUTSIDE = 15
};

/* What a mail that is not told yet carries. */
struct carried {
	uint64_t flow_id;		/* 0: unused */
	const char *kind;
	int points;
};

/* One who gave mails in. */
struct giver {
	uint32_t tag;			/* 0: unused */
	uint32_t how;			/* MAIL_ID_ */
	int64_t first_ns, last_ns;
	uint32_t mails, lures, others, unfounded, recipients, refused;
	uint32_t id[IDS];		/* of the latest mails */
	unsigned ids, next_id;
	int points;			/* of the worst attachment */
	char kind[KIND_MOST];		/* its word; no pointer, for it outlives the process */
	struct addr addr;		/* with `how` */
	char sender[SENDER_MOST];	/* of the latest suspicious envelope */
};

struct relay {
	struct carried waiting[WAITING];
	unsigned next_waiting;
	struct giver giver[GIVERS];
};

const size_t relay_part_bytes = sizeof(struct relay);

void
relay_begin_again(void *part)
{
	struct relay *k = part;

	memset(k->waiting, 0, sizeof k->waiting);
}

/* ---- attachments ---- */

static struct carried *
carried_by(struct relay *k, uint64_t flow_id)
{
	unsigned i;

	for (i = 0; i < WAITING; i++)
		if (k->waiting[i].flow_id == flow_id)
			return &k->waiting[i];
	return NULL;
}

/* An attachment ends before its mail does. Of several the worst counts. */
static void
note_file(struct sight *s)
{
	struct carried *w;
	struct relay *k;
	const char *kind;
	int points;

	if ((kind = lure_kind(s->o, &points)) == NULL || (k = sight_part(s, ROW_RELAY)) == NULL)
		return;
	if ((w = carried_by(k, s->o->flow_id)) == NULL) {
		w = &k->waiting[k->next_waiting++ % WAITING];
		*w = (struct carried){ s->o->flow_id, NULL, 0 };
	}
	if (points > w->points) {
		w->kind = kind;
		w->points = points;
	}
}

/* ---- who gave it ---- */

static uint32_t
giver_tag(const struct sight *s, const struct mail_id *id)
{
	if (id != NULL && (id->how & (MAIL_ID_FROM_INSIDE | MAIL_ID_FROM_OUTSIDE)) != 0)
		return tag_of(&id->giver, sizeof id->giver);
	return tag_of_text(observation_text(s->o, TEXT_MAIL_FROM));
}

static struct giver *
giver_of(struct sight *s, struct relay *k, const struct mail_id *id)
{
	struct giver *g, *idlest = k->giver, *end = k->giver + GIVERS;
	uint32_t tag = giver_tag(s, id);

	for (g = k->giver; g < end && g->tag != tag; g++)
		if (g->last_ns < idlest->last_ns)
			idlest = g;
	if (g == end || s->o->ts_ns - g->first_ns > (int64_t)s->limits->relay_sec * NS_PER_SEC) {
		g = g == end ? idlest : g;
		memset(g, 0, sizeof *g);
		g->tag = tag;
		g->first_ns = s->o->ts_ns;
	}
	g->last_ns = s->o->ts_ns;
	if (id != NULL && (id->how & (MAIL_ID_FROM_INSIDE | MAIL_ID_FROM_OUTSIDE)) != 0) {
		g->how = id->how;
		g->addr = id->giver;
	}
	return g;
}

/* ---- one mail ---- */

/* Header From of another registered zone than the envelope. */
static bool
names_another(const struct sight *s)
{
	struct span envelope = mail_domain(observation_text(s->o, TEXT_MAIL_FROM));
	struct span header = mail_domain(observation_text(s->o, TEXT_MAIL_HEADER_FROM)), zone;

	if (envelope.left == 0 || header.left == 0 || span_equal_nocase(envelope, header))
		return false;
	zone = zone_of(envelope);
	return zone.left == 0 || !span_equal_nocase(zone, zone_of(header));
}

/* The same mail to another server is no other mail. */
static bool
is_another(struct giver *g, struct span id)
{
	return id.left == 0 || tags_add(g->id, IDS, &g->ids, &g->next_id, tag_of_text(id));
}

static void
count_mail(struct sight *s, struct giver *g, const struct carried *w)
{
	const struct observation *o = s->o;
	bool listed = (o->flags & OBSERVED_LIST) != 0, other = !listed && names_another(s);
	bool unfounded = !listed && (o->flags & OBSERVED_REFERENCES) == 0 && mail_is_answer(observation_text(o, TEXT_MAIL_SUBJECT));
	struct span from = observation_text(o, TEXT_MAIL_FROM);
	size_t len = sentence_whole((const char *)from.at, from.left, sizeof g->sender - 1);

	if (!listed) {
		g->recipients += o->count;
		g->refused += o->refused;
	}
	if (!is_another(g, observation_text(o, TEXT_MAIL_ID)))
		return;
	g->mails++;
	g->lures += w != NULL;
	g->others += other;
	g->unfounded += unfounded;
	if (w != NULL && w->points > g->points) {
		g->points = w->points;
		snprintf(g->kind, sizeof g->kind, "%s", w->kind);
	}
	if (w != NULL || other || unfounded || g->sender[0] == '\0') {
		memcpy(g->sender, from.at, len);
		g->sender[len] = '\0';
	}
}

static void
weigh(struct sight *s, const struct giver *g)
{
	const uint32_t n = s->limits->relay_mails;
	const struct step lures[] = { { n, 25 }, { n * 4, 40 }, { n * 16, 50 }, { 0, 0 } };
	const struct step others[] = { { n, 20 }, { n * 4, 30 }, { 0, 0 } };
	const struct step unfounded[] = { { n, 15 }, { n * 4, 20 }, { 0, 0 } };
	static const struct step recipients[] = { { 50, 10 }, { 250, 20 }, { 0, 0 } };
	static const struct step refused[] = { { 5, 10 }, { 20, 20 }, { 0, 0 } };
	bool outside = (g->how & MAIL_ID_FROM_OUTSIDE) != 0, suspect = (g->how & MAIL_ID_FROM_SUSPECT) != 0;
	struct score c;

	if (g->lures < n && g->others < n && g->unfounded < n)
		return;
	score_begin(&c);
	score_text(&c, "sender", span_text(g->sender), 0);
	score_number(&c, "mails", g->mails, 0);
	if (g->how != 0) {
		score_word(&c, "given_by", outside ? "outside" : "inside", outside ? POINTS_OUTSIDE : 0);
		score_addr(&c, "giver", &g->addr, 0);
		score_word(&c, "suspect", suspect ? "told_of" : NULL, POINTS_SUSPECT);
	}
	if (g->lures > 0) {
		score_number(&c, "lures", g->lures, score_step(lures, g->lures));
		score_word(&c, "kind", lure_word(g->kind), 0);
	}
	if (g->others > 0)
		score_number(&c, "other_names", g->others, score_step(others, g->others));
	if (g->unfounded > 0)
		score_number(&c, "unfounded_answers", g->unfounded, score_step(unfounded, g->unfounded));
	score_number(&c, "recipients", g->recipients, score_step(recipients, g->recipients));
	if (g->refused > 0)
		score_number(&c, "refused", g->refused, score_step(refused, g->refused));
	score_minutes(&c, g->first_ns, g->last_ns);
	sight_ring(s, ROW_RELAY, &c, g->first_ns);
}

/* It is named as one, takes mail from outside, or others here gave it this mail. */
static bool
is_mail_server(struct sight *s, const struct mail_id *id)
{
	return sight_serves_mail(s) || (id != NULL && (id->how & (MAIL_ID_FROM_INSIDE | MAIL_ID_FROM_OUTSIDE)) != 0 &&
	    memcmp(&id->giver, s->addr, sizeof id->giver) != 0);
}

static void
note_mail(struct sight *s)
{
	const struct mail_id *id = sight_mail_id(s, TEXT_MAIL_ID);
	struct carried *w;
	struct giver *g;
	struct relay *k;

	if (!is_mail_server(s, id) || observation_text(s->o, TEXT_MAIL_FROM).left == 0 || (k = sight_part(s, ROW_RELAY)) == NULL)
		return;
	w = carried_by(k, s->o->flow_id);
	g = giver_of(s, k, id);
	count_mail(s, g, w);
	if (w != NULL)
		w->flow_id = 0;
	weigh(s, g);
}

void
relay_note(struct sight *s)
{
	if (s->o->host_side != ORIGINATOR || s->o->app != APP_SMTP)
		return;
	if (s->o->kind == OBSERVE_FILE)
		note_file(s);
	else
		note_mail(s);
}
