/* eve_case.c - hansho.case: an infection's stages with their evidence, and the same told for people. */
#include "alert/eve_case.h"

#include "base/when.h"
#include "case.h"

static void
put_evidence(struct json *j, unsigned array, const struct case_evidence *e)
{
	unsigned o = json_array_object(j, array);

	json_text(j, o, "what", e->what);
	json_addr(j, o, "peer", &e->peer);
	if (e->peer_port != 0)
		json_number(j, o, "peer_port", e->peer_port);
	json_text_if(j, o, "name", e->name);
	json_text_if(j, o, "malware", e->family);
	json_when(j, o, "first_seen", e->first_ns);
	json_when(j, o, "last_seen", e->last_ns);
	json_number(j, o, "count", e->count);
	json_number(j, o, "confidence", e->confidence);
	json_number(j, o, "points", e->points);
	json_text(j, o, "alert_id", e->alert_id);
}

static void
put_stage(struct json *j, unsigned array, enum case_stage stage, const struct case_stage_seen *s, const struct case_story *story)
{
	unsigned o = json_array_object(j, array), evidence;
	unsigned i;

	json_text(j, o, "name", case_stage_text(stage));
	json_when(j, o, "first_seen", s->first_ns);
	json_when(j, o, "last_seen", s->last_ns);
	json_number(j, o, "count", s->count);
	evidence = json_array(j, o, "evidence");
	for (i = 0; i < s->pieces; i++)
		put_evidence(j, evidence, &s->evidence[i]);
	if (s->left_out > 0)
		json_number(j, o, "left_out", s->left_out);
	if (story == NULL)
		return;
	json_text(j, o, "title", story->title[stage]);
	json_text(j, o, "text", story->text[stage]);
}

static void
put_addresses(struct json *j, unsigned in, const struct case_numbers *n)
{
	unsigned array = json_array(j, in, "addresses"), o;
	unsigned i;

	for (i = 0; i < n->addresses; i++) {
		o = json_array_object(j, array);
		json_addr(j, o, "ip", &n->address[i]);
		json_when(j, o, "since", n->address_since_ns[i]);
	}
}

static void
put_story(struct json *j, unsigned in, const struct case_story *story)
{
	unsigned nexts, o, steps;
	unsigned i, k;

	json_text(j, in, "who", story->who);
	nexts = json_array(j, in, "next");
	for (i = 0; i < story->nexts; i++) {
		o = json_array_object(j, nexts);
		json_text(j, o, "title", story->next_title);
		json_text_if(j, o, "malware", story->next[i].family);
		steps = json_array(j, o, "steps");
		for (k = 0; k < story->next[i].steps; k++)
			json_array_span(j, steps, span_text(story->next[i].step[k]));
	}
}

void
eve_case(struct json *j, unsigned hansho, const struct alert *a)
{
	const struct case_numbers *n = a->finding->cased;
	unsigned o = json_object(j, hansho, "case"), array;
	unsigned i;

	json_when(j, o, "opened", n->opened_ns);
	json_text_if(j, o, "end", case_end_text(n->end));
	if (a->worse)
		json_bool(j, o, "worse", true);
	json_number(j, o, "points", n->points);
	array = json_array(j, o, "kinds");
	for (i = 0; i < n->kinds; i++)
		json_array_span(j, array, span_text(n->kind[i]));
	array = json_array(j, o, "families");
	for (i = 0; i < n->families; i++)
		json_array_span(j, array, span_text(n->family[i]));
	put_addresses(j, o, n);
	array = json_array(j, o, "stages");
	for (i = 0; i < CASE_STAGES; i++)
		if (n->stage[i] != NULL)
			put_stage(j, array, (enum case_stage)i, n->stage[i], a->story);
	if (a->story != NULL)
		put_story(j, o, a->story);
}
