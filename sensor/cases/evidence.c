/* evidence.c - what was seen of one host, stage by stage, and what it is worth. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/sentence.h"
#include "cases/private.h"

enum { POINTS_MANY = 120, DNS_PORT = 53 };

void
case_file_begin(struct case_file *f)
{
	memset(f, 0, sizeof *f);
	f->worst = (enum severity)CASE_NO_SEVERITY;
	f->first_ns = f->last_ns = WHEN_UNKNOWN;
}

void
case_file_clear(struct case_file *f)
{
	int s;

	for (s = 0; s < CASE_STAGES; s++)
		free(f->stage[s]);
	case_file_begin(f);
}

/* ---- one piece ---- */

static void
copy_cut(char *to, size_t size, const char *text)
{
	size_t len = sentence_whole(text, strlen(text), size - 1);

	memcpy(to, text, len);
	to[len] = '\0';
}

static const struct evidence *
behaviour_piece(const struct finding *f, const char *what)
{
	unsigned i;

	for (i = 0; what != NULL && f->behaviour != NULL && i < f->behaviour->pieces; i++)
		if (strcmp(f->behaviour->evidence[i].what, what) == 0)
			return &f->behaviour->evidence[i];
	return NULL;
}

static void
set_name(struct case_evidence *e, const struct case_row *row, const struct finding *f, const struct case_context *context)
{
	const struct evidence *named = behaviour_piece(f, row->name);
	const char *name = f->service[0] != '\0' ? f->service : context->peer_name;

	if (named != NULL && named->text[0] != '\0')
		name = named->text;
	copy_cut(e->name, sizeof e->name, name);
}

/* A name is first seen in a question to a resolver, then where it is called. */
static void
set_peer(struct case_evidence *e, const struct finding *f)
{
	if (e->count > 1 && e->peer_port != DNS_PORT)
		return;
	e->peer = f->peer;
	e->peer_port = f->peer_port;
}

static void
heard(struct case_evidence *e, const struct case_row *row, const struct finding *f)
{
	const struct evidence *number = behaviour_piece(f, row->number), *word = behaviour_piece(f, row->word);
	unsigned points = case_points(row, f), confidence = case_confidence(f);

	e->count++;
	if (e->count == 1 || f->first_ns < e->first_ns)
		e->first_ns = f->first_ns;
	if (e->count == 1 || f->ts_ns > e->last_ns)
		e->last_ns = f->ts_ns;
	if (points > e->points)
		e->points = (uint8_t)points;
	if (confidence > e->confidence)
		e->confidence = (uint8_t)confidence;
	if (number != NULL && number->number > e->number)
		e->number = number->number;
	if (word != NULL && word->word != NULL)
		e->word = word->word;
	set_peer(e, f);
}

static struct case_evidence
new_piece(const struct case_row *row, const struct finding *f, const struct case_context *context, uint32_t subject)
{
	struct case_evidence e = { .what = case_what(row, f), .subject = subject };

	e.kind = row->kind != NULL ? row->kind : e.what;
	snprintf(e.alert_id, sizeof e.alert_id, "%s", context->alert_id);
	set_name(&e, row, f, context);
	if (f->indicator != NULL)
		copy_cut(e.family, sizeof e.family, f->indicator->malware);
	heard(&e, row, f);
	return e;
}

/* ---- what a piece is worth beside others ---- */

/* Of one row, or clocks both: a program that keeps time in two ways is one that keeps time. */
static bool
says_the_same(const struct case_evidence *o, const struct case_evidence *e)
{
	return o->what == e->what || (o->kind == case_timing && e->kind == case_timing);
}

/* Does `o` say no less than `e` in that? Of equals the first to come says it. */
static bool
is_before(const struct case_evidence *o, const struct case_evidence *e, int64_t since_ns)
{
	return o != e && says_the_same(o, e) && o->last_ns >= since_ns &&
	    (o->points > e->points || (o->points == e->points && o < e));
}

/* Nothing when another says the same of the same peer; else half for each of its row before it. */
static unsigned
worth(const struct case_evidence *all, unsigned count, const struct case_evidence *e, int64_t since_ns)
{
	struct addr met[CASE_EVIDENCE + 1];
	const struct case_evidence *o;
	unsigned before = 0, i;

	for (o = all; o < all + count; o++) {
		if (!is_before(o, e, since_ns))
			continue;
		if (addr_equal(&o->peer, &e->peer))
			return 0;
		for (i = 0; i < before && !addr_equal(&met[i], &o->peer); i++)
			continue;
		if (i == before)
			met[before++] = o->peer;
	}
	return (unsigned)e->points >> before;
}

/* ---- a stage ---- */

static uint32_t
subject_of(const struct finding *f)
{
	return (uint32_t)hash_bytes(&HASH_FIXED, f->subject, strlen(f->subject));
}

static struct case_evidence *
find_piece(struct case_stage_seen *s, const char *what, uint32_t subject)
{
	unsigned i;

	for (i = 0; i < s->pieces; i++)
		if (s->evidence[i].what == what && s->evidence[i].subject == subject)
			return &s->evidence[i];
	return NULL;
}

static void
leave_out(struct case_stage_seen *s, const struct case_evidence *e)
{
	uint32_t tag = e->subject ^ (uint32_t)hash_bytes(&HASH_FIXED, e->what, strlen(e->what));
	unsigned i;

	for (i = 0; i < s->left_out; i++)
		if (s->left_out_tag[i] == tag)
			return;
	if (s->left_out < CASE_LEFT_OUT)
		s->left_out_tag[s->left_out++] = tag;
}

/*
 * When there is no room, what adds least gives way: so that each row that
 * says something keeps its place. Of equals the latest to come.
 */
static void
add_piece(struct case_stage_seen *s, const struct case_evidence *e)
{
	struct case_evidence all[CASE_EVIDENCE + 1];
	unsigned i, least = 0, adds, adds_least = UINT_MAX;

	if (s->pieces < CASE_EVIDENCE) {
		s->evidence[s->pieces++] = *e;
		return;
	}
	memcpy(all, s->evidence, sizeof s->evidence);
	all[CASE_EVIDENCE] = *e;
	for (i = 0; i <= CASE_EVIDENCE; i++)
		if ((adds = worth(all, CASE_EVIDENCE + 1, &all[i], INT64_MIN)) <= adds_least) {
			adds_least = adds;
			least = i;
		}
	leave_out(s, &all[least]);
	memmove(&all[least], &all[least + 1], (CASE_EVIDENCE - least) * sizeof *all);
	memcpy(s->evidence, all, sizeof s->evidence);
}

static void
add_family(struct case_numbers *n, const char *family)
{
	unsigned i;

	for (i = 0; i < n->families; i++)
		if (strcasecmp(n->family[i], family) == 0)
			return;
	if (family[0] != '\0' && n->families < CASE_FAMILIES)
		copy_cut(n->family[n->families++], CASE_FAMILY_MAX, family);
}

enum case_news
case_file_add(struct case_file *file, const struct case_row *row, const struct finding *f,
    const struct case_context *context)
{
	struct case_stage_seen *s = file->stage[row->stage];
	uint32_t subject = subject_of(f);
	struct case_evidence *known, fresh;

	if (s == NULL) {
		if ((s = calloc(1, sizeof *s)) == NULL)
			return CASE_NO_MEMORY;
		s->first_ns = f->first_ns;
		s->last_ns = f->ts_ns;
		file->n.stage[row->stage] = file->stage[row->stage] = s;
	}
	if ((known = find_piece(s, case_what(row, f), subject)) != NULL) {
		heard(known, row, f);
	} else {
		fresh = new_piece(row, f, context, subject);
		add_piece(s, &fresh);
		add_family(&file->n, fresh.family);
	}
	s->count++;
	if (f->first_ns < s->first_ns)
		s->first_ns = f->first_ns;
	if (f->ts_ns > s->last_ns)
		s->last_ns = f->ts_ns;
	if (file->first_ns == WHEN_UNKNOWN || f->first_ns < file->first_ns)
		file->first_ns = f->first_ns;
	if (file->last_ns == WHEN_UNKNOWN || f->ts_ns > file->last_ns)
		file->last_ns = f->ts_ns;
	if (f->severity < file->worst)
		file->worst = f->severity;
	return known != NULL ? CASE_KNOWN : CASE_NEW;
}

/* ---- the sum ---- */

static unsigned
stage_points(const struct case_stage_seen *s, int64_t since_ns)
{
	const struct case_evidence *e;
	unsigned sum = 0;

	for (e = s->evidence; e < s->evidence + s->pieces; e++)
		if (e->last_ns >= since_ns)
			sum += worth(s->evidence, s->pieces, e, since_ns);
	return sum;
}

unsigned
case_file_points(const struct case_file *f, int64_t since_ns)
{
	unsigned sum = 0;
	int s;

	for (s = 0; s < CASE_STAGES; s++)
		if (f->stage[s] != NULL)
			sum += stage_points(f->stage[s], since_ns);
	return sum;
}

static void
add_kind(struct case_numbers *n, const char *kind)
{
	unsigned i;

	for (i = 0; i < n->kinds; i++)
		if (n->kind[i] == kind || strcmp(n->kind[i], kind) == 0)
			return;
	if (n->kinds < CASE_KINDS)
		n->kind[n->kinds++] = kind;
}

static enum severity
severity_of(unsigned stages, const struct case_file *f)
{
	if (stages > 3 || (stages > 1 && f->stage[STAGE_DESTRUCTION] != NULL))
		return SEVERITY_CRITICAL;
	if (stages == 3)
		return f->n.kinds > 2 ? SEVERITY_CRITICAL : SEVERITY_HIGH;
	if (stages == 2 || (f->n.kinds > 1 && f->n.points >= POINTS_MANY))
		return SEVERITY_HIGH;
	return f->worst < SEVERITY_MEDIUM ? f->worst : SEVERITY_MEDIUM;
}

enum severity
case_file_sum(struct case_file *f)
{
	unsigned stages = 0, i;
	int s;

	f->n.kinds = 0;
	f->n.points = case_file_points(f, INT64_MIN);
	for (s = 0; s < CASE_STAGES; s++) {
		if (f->stage[s] == NULL)
			continue;
		stages++;
		for (i = 0; i < f->stage[s]->pieces; i++)
			add_kind(&f->n, f->stage[s]->evidence[i].kind);
	}
	return severity_of(stages, f);
}
