/*
 * memory.c - hosts and their evidence as tables of a state file.
 *
 * Records go as they lie in memory; what points to words of the program goes
 * as text, and comes back as the words that this program has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/state_file.h"
#include "base/when.h"
#include "cases/private.h"

enum { WORD_MAX = 32 };

struct saved_entry {
	struct realm realm;
	struct addr host;
	struct machine_key machine;
	uint8_t has_machine, open, held_back, addresses;
	uint32_t stages;		/* a bit for each that follows in its table */
	uint32_t severity, worst;
	char id[CASE_ID_TEXT], subject[ADDR_TEXT_MAX];
	struct address_key address[CASE_ADDRESSES];
	int64_t since_ns[CASE_ADDRESSES];
	int64_t opened_ns, first_ns, last_ns, told_ns;
	uint32_t families;
	char family[CASE_FAMILIES][CASE_FAMILY_MAX];
};

/* Words of one piece of evidence. */
struct saved_words {
	char what[WORD_MAX], word[WORD_MAX];
};

/* ---- saving ---- */

static void
save_entry(const struct entry *e, struct state_out *out)
{
	struct saved_entry s;
	unsigned i;

	memset(&s, 0, sizeof s);
	s.realm = e->realm;
	s.host = e->host;
	s.machine = e->machine;
	s.has_machine = e->has_machine;
	s.open = e->open;
	s.held_back = e->held_back;
	s.severity = e->severity;
	memcpy(s.id, e->id, sizeof s.id);
	memcpy(s.subject, e->subject, sizeof s.subject);
	/* What is somebody else's by now is not found by it again. */
	for (i = 0; i < e->addresses; i++) {
		if (e->bound[i]->gone)
			continue;
		s.address[s.addresses] = e->bound[i]->key;
		s.since_ns[s.addresses++] = e->bound[i]->since_ns;
	}
	s.worst = e->file.worst;
	s.opened_ns = e->file.n.opened_ns;
	s.first_ns = e->file.first_ns;
	s.last_ns = e->file.last_ns;
	s.told_ns = e->told_ns;
	s.families = e->file.n.families;
	memcpy(s.family, e->file.n.family, sizeof s.family);
	for (i = 0; i < CASE_STAGES; i++)
		if (e->file.stage[i] != NULL)
			s.stages |= 1u << i;
	state_out_put(out, &s, 1);
}

static void
save_stage(const struct case_stage_seen *of, struct state_out *out)
{
	struct case_stage_seen s;
	unsigned i;

	memcpy(&s, of, sizeof s);
	for (i = 0; i < CASE_EVIDENCE; i++)
		s.evidence[i].what = s.evidence[i].kind = s.evidence[i].word = NULL;
	state_out_put(out, &s, 1);
}

static void
save_words(const struct case_stage_seen *of, struct state_out *out)
{
	struct saved_words w;
	unsigned i;

	for (i = 0; i < CASE_EVIDENCE; i++) {
		memset(&w, 0, sizeof w);
		if (i < of->pieces) {
			snprintf(w.what, sizeof w.what, "%s", of->evidence[i].what);
			snprintf(w.word, sizeof w.word, "%s", of->evidence[i].word != NULL ? of->evidence[i].word : "");
		}
		state_out_put(out, &w, 1);
	}
}

static void
each_stage(const struct cases *c, struct state_out *out, void (*save)(const struct case_stage_seen *, struct state_out *))
{
	const struct entry *e;
	int l, s;

	for (l = 0; l < 2; l++)
		for (e = c->idle[l].idlest; e != NULL; e = e->busier)
			for (s = 0; s < CASE_STAGES; s++)
				if (e->file.stage[s] != NULL)
					save(e->file.stage[s], out);
}

void
cases_save(const struct cases *c, struct state_out *out)
{
	const struct entry *e;
	int l;

	state_out_table(out, "flood", sizeof c->flood);
	state_out_put(out, &c->flood, 1);
	state_out_table(out, "hosts", sizeof(struct saved_entry));
	for (l = 0; l < 2; l++)
		for (e = c->idle[l].idlest; e != NULL; e = e->busier)
			save_entry(e, out);
	state_out_table(out, "stages", sizeof(struct case_stage_seen));
	each_stage(c, out, save_stage);
	state_out_table(out, "words", sizeof(struct saved_words));
	each_stage(c, out, save_words);
}

/* ---- loading ---- */

/* Stages that are still to be read, with CASE_EVIDENCE words for each. */
struct rest {
	const struct case_stage_seen *stage;
	const struct saved_words *words;
	size_t stages;
};

static const char *
own_word(const char *text)
{
	const struct case_text *t;

	for (t = case_word_texts; t->what != NULL; t++)
		if (strcmp(t->what, text) == 0)
			return t->what;
	return NULL;
}

/* Evidence of what this program does not know is left out. */
static struct case_stage_seen *
load_stage(const struct case_stage_seen *of, const struct saved_words words[CASE_EVIDENCE])
{
	struct case_stage_seen *s = malloc(sizeof *s);
	const struct case_row *row;
	unsigned i, n = 0;

	if (s == NULL)
		return NULL;
	memcpy(s, of, sizeof *s);
	for (i = 0; i < of->pieces && i < CASE_EVIDENCE; i++) {
		if ((row = case_row_named(words[i].what)) == NULL)
			continue;
		s->evidence[n] = of->evidence[i];
		s->evidence[n].what = row->what;
		s->evidence[n].kind = row->kind != NULL ? row->kind : row->what;
		s->evidence[n++].word = own_word(words[i].word);
	}
	s->pieces = n;
	if (s->left_out > CASE_LEFT_OUT)
		s->left_out = CASE_LEFT_OUT;
	return s;
}

/* `e` NULL: nobody takes them. */
static void
load_stages(struct entry *e, uint32_t which, struct rest *rest)
{
	int s;

	for (s = 0; s < CASE_STAGES; s++) {
		if ((which & 1u << s) == 0 || rest->stages == 0)
			continue;
		if (e != NULL)
			e->file.n.stage[s] = e->file.stage[s] = load_stage(rest->stage, rest->words);
		rest->stage++;
		rest->words += CASE_EVIDENCE;
		rest->stages--;
	}
}

static struct entry *
load_entry(struct cases *c, const struct saved_entry *s)
{
	struct entry *e;
	unsigned i;

	if (c->counts.hosts >= c->limits.hosts || (e = case_entry_new(c, s->last_ns)) == NULL)
		return NULL;
	e->realm = s->realm;
	e->host = s->host;
	if (s->has_machine)
		case_set_machine(c, e, &s->machine);
	for (i = 0; i < s->addresses && i < CASE_ADDRESSES; i++)
		case_bind(c, e, &s->address[i].realm, &s->address[i].addr, s->since_ns[i]);
	e->held_back = s->held_back;
	e->severity = s->severity;
	memcpy(e->id, s->id, sizeof e->id);
	memcpy(e->subject, s->subject, sizeof e->subject);
	e->file.worst = s->worst;
	e->file.n.opened_ns = s->opened_ns;
	e->file.first_ns = s->first_ns;
	e->file.last_ns = s->last_ns;
	e->told_ns = s->told_ns;
	e->file.n.families = s->families <= CASE_FAMILIES ? s->families : CASE_FAMILIES;
	memcpy(e->file.n.family, s->family, sizeof s->family);
	return e;
}

void
cases_load(struct cases *c, const struct state_in *in)
{
	size_t hosts, words, floods, i;
	const struct saved_entry *s = state_in_records(in, "hosts", sizeof *s, &hosts);
	const void *flood = state_in_records(in, "flood", sizeof c->flood, &floods);
	struct rest rest;
	struct entry *e;

	rest.stage = state_in_records(in, "stages", sizeof *rest.stage, &rest.stages);
	rest.words = state_in_records(in, "words", sizeof *rest.words, &words);
	if (c->counts.hosts > 0 || words != rest.stages * CASE_EVIDENCE)
		return;
	if (floods == 1)
		memcpy(&c->flood, flood, sizeof c->flood);
	for (i = 0; i < hosts; i++) {
		e = load_entry(c, &s[i]);
		load_stages(e, s[i].stages, &rest);
		if (e != NULL && s[i].open)
			case_mark_open(c, e);
	}
}

/* ---- by the journal ---- */

/* A case is named by its host's hardware address where that is known. */
static bool
read_machine(const struct case_again *a, struct machine_key *key)
{
	unsigned byte[MAC_BYTES];
	int i;

	if (sscanf(a->subject, "%2x:%2x:%2x:%2x:%2x:%2x", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4], &byte[5]) != MAC_BYTES ||
	    strlen(a->subject) != 3 * MAC_BYTES - 1)
		return false;
	memset(key, 0, sizeof *key);
	key->realm = a->realm;
	for (i = 0; i < MAC_BYTES; i++)
		key->mac[i] = (uint8_t)byte[i];
	return true;
}

/* NULL: it has a case, or there is no room. */
static struct entry *
entry_again(struct cases *c, const struct case_again *a)
{
	const struct address_key address = { a->realm, a->host };
	struct machine_key machine;
	bool named = read_machine(a, &machine);
	struct entry *e = NULL;
	struct binding *b;

	if (named)
		HASH_FIND(hh_machine, c->machines, &machine, sizeof machine, e);
	HASH_FIND(hh, c->addresses, &address, sizeof address, b);
	if (e == NULL && b != NULL && !(named && b->entry->has_machine))
		e = b->entry;
	if (e == NULL && (b != NULL || c->counts.hosts >= c->limits.hosts || (e = case_entry_new(c, a->last_ns)) == NULL))
		return NULL;
	if (e->open)
		return NULL;
	if (named && !e->has_machine)
		case_set_machine(c, e, &machine);
	if (b == NULL)
		case_bind(c, e, &a->realm, &a->host, a->last_ns);
	return e;
}

void
cases_again(struct cases *c, const struct case_again *a)
{
	struct entry *e;

	HASH_FIND(hh_open, c->opens, a->id, ALERT_ID_TEXT, e);
	if (e != NULL || c->limits.hosts == 0 || (e = entry_again(c, a)) == NULL)
		return;
	e->realm = a->realm;
	e->host = a->host;
	e->severity = a->severity;
	memcpy(e->id, a->id, sizeof e->id);
	snprintf(e->subject, sizeof e->subject, "%s", a->subject);
	e->file.n.opened_ns = a->opened_ns;
	if (e->file.first_ns == WHEN_UNKNOWN || a->first_ns < e->file.first_ns)
		e->file.first_ns = a->first_ns;
	if (e->file.last_ns == WHEN_UNKNOWN || a->last_ns > e->file.last_ns)
		e->file.last_ns = a->last_ns;
	e->told_ns = a->last_ns;
	case_mark_open(c, e);
}
