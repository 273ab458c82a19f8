/* tell.c - a case in words: one sentence for its alert, and the story for people. */
#include <inttypes.h>
#include <stdio.h>

#include "base/sentence.h"
#include "cases/private.h"

enum { LIST_MAX = 384, LISTED = 3, DNS_PORT = 53, NUMBER_MAX = 24, PEER_MAX = CASE_NAME_MAX + ADDR_TEXT_MAX + 8 };

const char *
case_text_of(const struct case_text *table, const char *what, enum language l)
{
	for (; table->what != NULL; table++)
		if (strcmp(table->what, what) == 0)
			return table->sentence[l];
	return "";
}

static const char *
phrase(const char *what, enum language l)
{
	return case_text_of(case_phrases, what, l);
}

/* ---- lists: "a, b and 3 more" ---- */

struct list {
	char text[LIST_MAX];
	enum language l;
	unsigned count, held;		/* `held` is put when it is known whether it is the last */
	char last[PEER_MAX];
};

static void
list_begin(struct list *list, enum language l)
{
	memset(list, 0, sizeof *list);
	list->l = l;
}

static void
append(char *to, size_t size, const char *text)
{
	size_t len = strlen(to), fits = sentence_whole(text, strlen(text), size - 1 - len);

	memcpy(to + len, text, fits);
	to[len + fits] = '\0';
}

static void
list_put(struct list *list, const char *joint)
{
	if (list->held > 0)
		append(list->text, sizeof list->text, joint);
	append(list->text, sizeof list->text, list->last);
	list->held++;
}

static void
list_add(struct list *list, const char *text)
{
	if (text[0] == '\0')
		return;
	if (list->count > 0 && list->count <= LISTED)
		list_put(list, phrase("comma", list->l));
	snprintf(list->last, sizeof list->last, "%s", text);
	list->count++;
}

/* NULL: there was nothing. */
static const char *
list_end(struct list *list, unsigned more)
{
	char number[NUMBER_MAX], rest[64];
	const struct piece pieces[] = { { "number", number }, { NULL, NULL } };

	if (list->count > LISTED)
		more += list->count - LISTED;
	if (list->count > 0 && list->count <= LISTED)
		list_put(list, more > 0 ? phrase("comma", list->l) : phrase("and", list->l));
	if (list->count == 0)
		return NULL;
	if (more > 0) {
		snprintf(number, sizeof number, "%u", more);
		append(list->text, sizeof list->text, sentence_fill(phrase("more", list->l), pieces, rest, sizeof rest));
	}
	return list->text;
}

/* ---- the sentence of the alert ---- */

const char *
case_reason(const struct case_file *f, enum language l, char *buf, size_t size)
{
	char stages[NUMBER_MAX], minutes[NUMBER_MAX], incidents[NUMBER_MAX], kinds[NUMBER_MAX];
	unsigned count = 0, pieces_count = 0, i;
	struct list names, families;
	int64_t span = f->last_ns - f->first_ns;
	int s;

	list_begin(&names, l);
	list_begin(&families, l);
	for (s = 0; s < CASE_STAGES; s++) {
		if (f->stage[s] == NULL)
			continue;
		count++;
		pieces_count += f->stage[s]->pieces + f->stage[s]->left_out;
		if (names.held > 0)
			append(names.text, sizeof names.text, phrase("comma", l));
		append(names.text, sizeof names.text, case_stage_titles[s][l]);
		names.held++;
	}
	for (i = 0; i < f->n.families; i++)
		list_add(&families, f->n.family[i]);
	snprintf(stages, sizeof stages, "%u", count);
	snprintf(minutes, sizeof minutes, "%lld", (long long)(span / (60 * NS_PER_SEC)));
	snprintf(incidents, sizeof incidents, "%u", pieces_count);
	snprintf(kinds, sizeof kinds, "%u", f->n.kinds);
	return sentence_fill(phrase("reason", l), (const struct piece[]){ { "stages", stages }, { "minutes", span < 60 * NS_PER_SEC ? NULL : minutes },
	    { "names", names.text }, { "incidents", incidents }, { "kinds", kinds },
	    { "families", list_end(&families, 0) }, { NULL, NULL } }, buf, size);
}

const char *
case_flood_reason(uint32_t hosts, enum language l, char *buf, size_t size)
{
	char number[NUMBER_MAX];

	snprintf(number, sizeof number, "%" PRIu32, hosts);
	return sentence_fill(phrase("flood", l), (const struct piece[]){ { "hosts", number }, { NULL, NULL } }, buf, size);
}

/* ---- the story ---- */

static const char *
peer_text(const struct case_evidence *e, enum language l, char buf[PEER_MAX])
{
	char address[ADDR_TEXT_MAX];
	const struct piece pieces[] = { { "name", e->name[0] != '\0' ? e->name : NULL }, { "address", address }, { NULL, NULL } };

	addr_text(&e->peer, address);
	/* Where a name was asked for is not where it leads. */
	if (e->name[0] != '\0' && e->peer_port == DNS_PORT) {
		snprintf(buf, PEER_MAX, "%s", e->name);
		return buf;
	}
	return sentence_fill(phrase(e->name[0] != '\0' && strcmp(e->name, address) != 0 ? "named" : "bare", l), pieces,
	    buf, PEER_MAX);
}

/* All of one row in one sentence. */
static void
put_sentence(const struct case_stage_seen *s, const struct case_evidence *first, enum language l, char *to, size_t size)
{
	const char *word = first->word == NULL ? NULL : case_text_of(case_word_texts, first->word, l);
	char number[NUMBER_MAX], text[LIST_MAX + 512], peer[PEER_MAX];
	const struct case_evidence *e;
	struct list peers, families;
	unsigned like_it = 0;
	const char *row = case_text_of(case_texts, first->what, l);

	list_begin(&peers, l);
	list_begin(&families, l);
	for (e = first; e < s->evidence + s->pieces; e++) {
		if (strcmp(e->what, first->what) != 0)
			continue;
		like_it++;
		peer_text(e, l, peer);
		if (strstr(peers.text, peer) == NULL && strcmp(peers.last, peer) != 0)
			list_add(&peers, peer);
		if (strstr(families.text, e->family) == NULL && strcmp(families.last, e->family) != 0)
			list_add(&families, e->family);
	}
	snprintf(number, sizeof number, "%" PRIu64, first->number);
	sentence_fill(row[0] != '\0' ? row : phrase("other", l), (const struct piece[]){
	    { "peers", list_end(&peers, 0) }, { "families", list_end(&families, 0) },
	    { "name", first->name[0] != '\0' ? first->name : NULL }, { "what", first->what },
	    { "number", first->number > 0 && like_it == 1 ? number : NULL },
	    { "word", word == NULL || like_it > 1 ? NULL : word[0] != '\0' ? word : first->word },
	    { NULL, NULL } }, text, sizeof text);
	if (to[0] != '\0' && text[0] != '\0')
		append(to, size, phrase("space", l));
	append(to, size, text);
}

static void
tell_stage(const struct case_stage_seen *s, enum language l, char *to, size_t size)
{
	char number[NUMBER_MAX], text[128];
	const struct case_evidence *e, *before;

	to[0] = '\0';
	for (e = s->evidence; e < s->evidence + s->pieces; e++) {
		for (before = s->evidence; before < e && strcmp(before->what, e->what) != 0; before++)
			continue;
		if (before == e)
			put_sentence(s, e, l, to, size);
	}
	if (s->left_out == 0)
		return;
	snprintf(number, sizeof number, "%u", s->left_out);
	append(to, size, phrase("space", l));
	append(to, size, sentence_fill(phrase("left_out", l),
	    (const struct piece[]){ { "number", number }, { NULL, NULL } }, text, sizeof text));
}

static void
add_fact(const struct alert *a, enum host_fact_kind kind, const char *words, enum language l, struct case_story *story)
{
	const struct host_fact *f = a->identity == NULL ? NULL : &a->identity->fact[kind];
	char text[384];

	if (f == NULL || f->text == NULL)
		return;
	sentence_fill(phrase(words, l), (const struct piece[]){ { "text", f->text },
	    { "source", case_text_of(case_source_texts, f->source, l) }, { NULL, NULL } }, text, sizeof text);
	append(story->who, sizeof story->who, phrase("space", l));
	append(story->who, sizeof story->who, text);
}

/* Which addresses it had before the present one. */
static void
add_addresses(const struct case_numbers *n, enum language l, struct case_story *story)
{
	char address[ADDR_TEXT_MAX], text[LIST_MAX + 64];
	struct list before;
	unsigned i;

	list_begin(&before, l);
	for (i = 0; i + 1 < n->addresses; i++)
		list_add(&before, addr_text(&n->address[i], address));
	if (n->addresses < 2)
		return;
	sentence_fill(phrase("addresses", l), (const struct piece[]){ { "addresses", list_end(&before, 0) },
	    { NULL, NULL } }, text, sizeof text);
	append(story->who, sizeof story->who, phrase("space", l));
	append(story->who, sizeof story->who, text);
}

void
cases_tell(const struct alert *a, enum language l, struct case_story *story)
{
	const struct case_numbers *n = a->finding->cased;
	const struct host_fact *name = a->identity == NULL ? NULL : &a->identity->fact[HOST_NAME];
	char address[ADDR_TEXT_MAX];
	int s;

	memset(story, 0, sizeof *story);
	addr_text(&a->finding->host, address);
	sentence_fill(phrase(name != NULL && name->text != NULL ? "who_named" : "who", l), (const struct piece[]){
	    { "address", address }, { "name", name != NULL ? name->text : NULL },
	    { "source", name != NULL && name->text != NULL ? case_text_of(case_source_texts, name->source, l) : NULL },
	    { NULL, NULL } }, story->who, sizeof story->who);
	add_fact(a, HOST_MAC, "who_mac", l, story);
	add_fact(a, HOST_USER, "who_user", l, story);
	add_addresses(n, l, story);
	story->next_title = phrase("next", l);
	for (s = 0; s < CASE_STAGES; s++) {
		story->title[s] = case_stage_titles[s][l];
		if (n->stage[s] != NULL)
			tell_stage(n->stage[s], l, story->text[s], sizeof story->text[s]);
	}
}
