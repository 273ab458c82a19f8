#include "analyst/docket.h"

#include <stdio.h>
#include <stdlib.h>

#include "alert/alerts.h"

struct docket {
	const struct config *config;
	struct alerts *alerts;
	struct cases *cases;
	const struct advice *advice;
	struct case_story story;
	/* Of the case that is told: it may be forgotten before its last line is written. */
	struct finding latest;
	struct case_numbers numbers;
	struct case_stage_seen stage[CASE_STAGES];
};

static void
on_case(void *to, const struct finding *f)
{
	struct docket *d = to;

	alerts_take(d->alerts, f);
}

void
docket_take(struct docket *d, const struct finding *f)
{
	struct host_identity identity;
	char id[ALERT_ID_TEXT];
	struct finding of_case = *f;

	if (f->kind != FINDING_SENSOR && f->kind != FINDING_SUMMARY) {
		const struct case_context context = {
			alerts_identity_of(d->alerts, &f->realm, &f->host, &identity) ? &identity : NULL,
			alerts_id_of(d->alerts, f, id),
			alerts_name_of(d->alerts, &f->realm, &f->host, &f->peer),
		};

		cases_take(d->cases, f, &context);
		of_case.case_id = cases_id_of(d->cases, &f->realm, &f->host);
	}
	alerts_take(d->alerts, &of_case);
}

void
docket_identity(struct docket *d, const struct observation *o)
{
	cases_identity(d->cases, o);
}

/* ---- what to do next ---- */

static void
add_steps(struct docket *d, const char *family)
{
	struct case_story *s = &d->story;

	if (s->nexts == CASE_FAMILIES)
		return;
	s->next[s->nexts].family = family;
	s->next[s->nexts].steps = advice_for(d->advice, family, d->config->behaviour.language, &s->next[s->nexts].step);
	s->nexts++;
}

/* Those of every family that was named and is known; else what helps against any. */
static void
advise(struct docket *d, const struct case_numbers *n)
{
	const char *family;
	unsigned i, k;

	if (d->advice == NULL)
		return;
	for (i = 0; i < n->families; i++) {
		if ((family = advice_family(d->advice, n->family[i])) == NULL)
			continue;
		for (k = 0; k < d->story.nexts && strcmp(d->story.next[k].family, family) != 0; k++)
			continue;
		if (k == d->story.nexts)
			add_steps(d, family);
	}
	if (d->story.nexts == 0)
		add_steps(d, "");
}

/* ---- alerts ---- */

/*
 * Who was called when it opened is told that it ended, but not of what comes
 * between: that is the case's to tell.
 */
static bool
is_quiet(const struct docket *d, const struct alert *a)
{
	return a->case_id[0] != '\0' && !d->config->cases.ring_members && (a->member || a->state == ALERT_UPDATE);
}

/* As it stands now: what came since it was told last is in it. */
static void
tell_case(struct docket *d, struct alert *told)
{
	d->latest = *told->finding;
	if (cases_numbers(d->cases, told->id, &d->numbers, d->stage))
		d->latest.cased = &d->numbers;
	told->finding = &d->latest;
	cases_tell(told, d->config->behaviour.language, &d->story);
	advise(d, d->latest.cased);
	told->story = &d->story;
}

enum record_kind
docket_alert(struct docket *d, const struct alert *a, struct alert *told)
{
	const char *id;

	*told = *a;
	if (a->finding->kind == FINDING_CASE) {
		/* Of a case that an analyst left behind there is its line, and no more. */
		if (a->finding->cased != NULL)
			tell_case(d, told);
		if (a->state == ALERT_CLOSE)
			cases_closed(d->cases, a->id);
		return RECORD_ALERT;
	}
	if (a->finding->kind != FINDING_SENSOR && a->finding->kind != FINDING_SUMMARY && a->case_id[0] == '\0' &&
	    (id = cases_id_of(d->cases, &a->finding->realm, &a->finding->host)) != NULL)
		snprintf(told->case_id, sizeof told->case_id, "%s", id);
	if (a->held_by != NULL && a->held_by[0] != '\0')
		return RECORD_HELD;
	told->quiet = is_quiet(d, told);
	return told->quiet ? RECORD_MEMBER : RECORD_ALERT;
}

struct cases *
docket_cases(const struct docket *d)
{
	return d->cases;
}

const struct case_counts *
docket_counts(const struct docket *d)
{
	return cases_counts(d->cases);
}

void
docket_set_advice(struct docket *d, const struct advice *advice)
{
	d->advice = advice;
}

struct docket *
docket_new(const struct config *config, struct alerts *alerts)
{
	struct docket *d = calloc(1, sizeof *d);
	struct case_limits limits = config->cases;

	if (d == NULL)
		return NULL;
	d->config = config;
	d->alerts = alerts;
	limits.language = config->behaviour.language;
	if ((d->cases = cases_new(&limits, on_case, d)) == NULL) {
		free(d);
		return NULL;
	}
	return d;
}

void
docket_free(struct docket *d)
{
	if (d == NULL)
		return;
	cases_free(d->cases);
	free(d);
}
