#include "alert/incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/names.h"
#include "alert/words.h"
#include "base/heap.h"
#include "base/when.h"
#include "records/alert_id.h"

enum { TEXT_SHORT = 512, TEXT_LONG = 4096 };

/* What else than kind, realm and host makes it one incident. */
static const char *
same_text(const struct finding *f, enum alert_same same)
{
	if (f->kind == FINDING_SENSOR || f->kind == FINDING_SUMMARY || f->kind == FINDING_CASE || same == SAME_SUBJECT)
		return f->subject;
	if (same == SAME_HOST)
		return "";
	return f->indicator != NULL && f->indicator->malware[0] != '\0' ? f->indicator->malware : f->subject;
}

struct incident_key
incident_key(const struct finding *f, enum alert_same same)
{
	struct {
		uint32_t kind, zero;
		struct realm realm;
		struct addr host;
		uint32_t zero2;
		int64_t opened_us;
	} named;
	const char *text = same_text(f, same);

	memset(&named, 0, sizeof named);
	named.kind = f->kind;
	named.realm = f->realm;
	/* A case goes with its machine, whatever address that has. */
	if (f->cased == NULL)
		named.host = f->host;
	else
		named.opened_us = f->cased->opened_ns / (NS_PER_SEC / 1000000);	/* as lines tell it */
	return (struct incident_key){ hash_table(text, strlen(text)), hash_table(&named, sizeof named) };
}

/* ---- copies ---- */

static size_t
bounded(const char *text, size_t most)
{
	return text == NULL ? 0 : strnlen(text, most);
}

static const char *
put(char **at, const char *text, size_t most)
{
	size_t len = bounded(text, most);
	char *here = *at;

	if (len > 0)
		memcpy(here, text, len);
	here[len] = '\0';
	*at += len + 1;
	return here;
}

static bool
copy_texts(struct incident *i, const struct finding *f)
{
	static const struct indicator none = { .value = "" };
	const struct indicator *from = f->indicator != NULL ? f->indicator : &none;
	size_t size = bounded(f->service, TEXT_SHORT) + bounded(f->subject, TEXT_LONG) +
	    bounded(f->reason, TEXT_LONG) + bounded(from->value, TEXT_LONG) +
	    bounded(from->feed, TEXT_SHORT) + bounded(from->malware, TEXT_SHORT) +
	    bounded(from->reference, TEXT_SHORT) + bounded(f->feeds, TEXT_LONG) + 8;
	char *texts = malloc(size), *at = texts;

	if (texts == NULL)
		return false;
	i->indicator = *from;
	i->finding.service = put(&at, f->service, TEXT_SHORT);
	i->finding.subject = put(&at, f->subject, TEXT_LONG);
	i->finding.reason = put(&at, f->reason, TEXT_LONG);
	i->finding.words = f->words;
	i->indicator.value = put(&at, from->value, TEXT_LONG);
	i->indicator.feed = put(&at, from->feed, TEXT_SHORT);
	i->indicator.malware = put(&at, from->malware, TEXT_SHORT);
	i->indicator.reference = put(&at, from->reference, TEXT_SHORT);
	i->finding.feeds = put(&at, f->feeds, TEXT_LONG);
	i->finding.state = f->state;
	i->finding.dated = f->dated;
	i->finding.age_days = f->age_days;
	i->finding.indicator = f->indicator != NULL ? &i->indicator : NULL;
	free(i->texts);
	i->texts = texts;
	return true;
}

/* Without memory the observation before stays. */
static void
copy_because(struct incident *i, const struct observation *o)
{
	struct observation *grown;

	if (o == NULL)
		return;
	if (o->bytes > i->because_room) {
		if ((grown = realloc(i->because, o->bytes)) == NULL)
			return;
		i->because = grown;
		i->because_room = o->bytes;
	}
	memcpy(i->because, o, o->bytes);
	i->finding.because = i->because;
}

/* Without memory the numbers before stay. */
static void
copy_behaviour(struct incident *i, const struct behaviour_numbers *from)
{
	if (from == NULL)
		return;
	if (i->behaviour == NULL && (i->behaviour = malloc(sizeof *i->behaviour)) == NULL)
		return;
	*i->behaviour = *from;
	i->finding.behaviour = i->behaviour;
}

static unsigned
stages_of(const struct case_numbers *n)
{
	unsigned count = 0;
	int s;

	for (s = 0; s < CASE_STAGES; s++)
		count += n->stage[s] != NULL;
	return count;
}

/* Without memory the numbers before stay: their stages are the incident's own. True: it came to a further stage. */
static bool
copy_case(struct incident *i, const struct case_numbers *from)
{
	struct incident_case *c;
	bool further;
	int s;

	if (from == NULL)
		return false;
	if (i->cased == NULL && (i->cased = calloc(1, sizeof *i->cased)) == NULL)
		return false;
	c = i->cased;
	further = stages_of(from) > stages_of(&c->numbers);
	c->numbers = *from;
	for (s = 0; s < CASE_STAGES; s++) {
		if (from->stage[s] == NULL)
			continue;
		c->stage[s] = *from->stage[s];
		c->numbers.stage[s] = &c->stage[s];
	}
	i->finding.cased = &c->numbers;
	return further;
}

/* Likewise. */
static void
copy_summary(struct incident *i, const struct summary_numbers *from)
{
	if (from == NULL)
		return;
	if (i->summary == NULL && (i->summary = malloc(sizeof *i->summary)) == NULL)
		return;
	*i->summary = *from;
	i->finding.summary = i->summary;
}

/* ---- counting ---- */

static void
count_flow(struct incident *i, const struct observation *o)
{
	struct counted_flow now, *f;
	unsigned n;

	if (o == NULL)
		return;
	now = (struct counted_flow){ o->flow_id, o->flow_bytes[o->host_side],
		o->flow_bytes[!o->host_side] };
	for (n = 0; n < INCIDENT_FLOWS; n++)
		if (i->flow[n].id == now.id)
			break;
	if (n == INCIDENT_FLOWS) {
		n = i->next_flow;
		i->next_flow = (n + 1) % INCIDENT_FLOWS;
		i->flow[n] = (struct counted_flow){ now.id, 0, 0 };
	}
	f = &i->flow[n];
	if (now.out > f->out) {
		i->alert.bytes_out += now.out - f->out;
		f->out = now.out;
	}
	if (now.in > f->in) {
		i->alert.bytes_in += now.in - f->in;
		f->in = now.in;
	}
}

static void
copy_ends(struct finding *to, const struct finding *from)
{
	to->ts_ns = from->ts_ns;
	to->host = from->host;
	to->peer = from->peer;
	to->host_port = from->host_port;
	to->peer_port = from->peer_port;
	to->protocol = from->protocol;
}

/*
 * Whose words stand? A beacon's numbers grow with every call, so its latest;
 * an indicator that several feeds hold keeps the worst verdict, the first on a
 * tie, so that the text does not change with every packet.
 */
static bool
words_change(const struct incident *i, const struct finding *f)
{
	return i->former != NULL || f->kind != FINDING_INDICATOR || f->severity < i->finding.severity;
}

bool
incident_fold(struct incident *i, const struct finding *f)
{
	bool worse = f->severity < i->finding.severity, further;

	i->alert.count++;
	if (f->ts_ns > i->alert.last_ns)
		i->alert.last_ns = f->ts_ns;
	if (f->first_ns < i->alert.first_ns)
		i->alert.first_ns = f->first_ns;
	count_flow(i, f->because);
	copy_because(i, f->because);
	copy_ends(&i->finding, f);
	if (f->beacon != NULL) {
		i->beacon = *f->beacon;
		i->finding.beacon = &i->beacon;
	}
	copy_behaviour(i, f->behaviour);
	further = copy_case(i, f->cased);
	if (f->case_id != NULL)
		snprintf(i->alert.case_id, sizeof i->alert.case_id, "%s", f->case_id);
	copy_summary(i, f->summary);
	if (words_change(i, f) && copy_texts(i, f) && worse)
		i->finding.severity = f->severity;
	free(i->former);
	i->former = NULL;
	i->alert.former = NULL;
	i->changed = true;
	return worse || further;
}

void
incident_entitle(struct incident *i)
{
	if (i->former != NULL)
		return;
	i->alert.technique = names_of(&i->finding).technique;
	words_title(&i->finding, i->limits->language, i->signature, sizeof i->signature);
}

void
incident_call_peer(struct incident *i, const char *name)
{
	size_t len = strnlen(name, sizeof i->peer_name - 1);

	memcpy(i->peer_name, name, len);
	i->peer_name[len] = '\0';
}

void
incident_identify(struct incident *i, const struct host_identity *identity)
{
	size_t size = 0;
	char *texts, *at;
	int n;

	for (n = 0; n < HOST_FACTS; n++)
		size += bounded(identity->fact[n].text, TEXT_SHORT) + 1;
	if ((texts = at = malloc(size)) == NULL)
		return;
	i->identity = *identity;
	for (n = 0; n < HOST_FACTS; n++)
		if (identity->fact[n].text != NULL)
			i->identity.fact[n].text = put(&at, identity->fact[n].text, TEXT_SHORT);
	free(i->identity_texts);
	i->identity_texts = texts;
	i->alert.identity = &i->identity;
}

struct incident *
incident_new(const struct finding *f, const struct alert_limits *limits)
{
	struct incident *i = calloc(1, sizeof *i);

	if (i == NULL)
		return NULL;
	i->limits = limits;
	i->key = incident_key(f, limits->same);
	i->finding.kind = f->kind;
	i->finding.first_ns = f->first_ns;
	i->finding.realm = f->realm;
	i->finding.host = f->host;
	i->finding.severity = f->severity;
	if (!copy_texts(i, f)) {
		free(i);
		return NULL;
	}
	alert_id(f, i->alert.id);
	i->alert.first_ns = f->first_ns;
	i->alert.last_ns = f->ts_ns;
	i->alert.member = f->case_id != NULL;
	i->alert.finding = &i->finding;
	i->alert.signature = i->signature;
	i->alert.peer_name = i->peer_name;
	i->alert.held_by = i->held_by;
	i->alert.language = limits->language;
	return i;
}

void
incident_free(struct incident *i)
{
	if (i == NULL)
		return;
	free(i->texts);
	free(i->former);
	free(i->because);
	free(i->behaviour);
	free(i->cased);
	free(i->summary);
	free(i->identity_texts);
	free(i);
}

struct incident *
incident_again(const struct former *f, const char *line, const struct alert_limits *limits)
{
	struct incident *i = incident_new(&f->finding, limits);

	if (i == NULL)
		return NULL;
	if ((i->former = strdup(line)) == NULL) {
		incident_free(i);
		return NULL;
	}
	if (f->finding.kind == FINDING_CASE) {
		const struct case_numbers opened = { .opened_ns = f->case_opened_ns };
		struct finding keyed = f->finding;

		keyed.cased = &opened;
		i->key = incident_key(&keyed, limits->same);
	}
	memcpy(i->alert.id, f->alert.id, sizeof i->alert.id);
	i->alert.revision = f->alert.revision;
	i->alert.ts_ns = f->alert.ts_ns;
	i->alert.first_ns = f->alert.first_ns;
	i->alert.last_ns = f->alert.last_ns;
	i->alert.count = f->alert.count;
	i->alert.bytes_out = f->alert.bytes_out;
	i->alert.bytes_in = f->alert.bytes_in;
	i->alert.former = i->former;
	memcpy(i->alert.case_id, f->alert.case_id, sizeof i->alert.case_id);
	i->alert.member = f->alert.member;
	i->alert.technique = "";
	copy_ends(&i->finding, &f->finding);
	snprintf(i->signature, sizeof i->signature, "%s", f->alert.signature);
	snprintf(i->held_by, sizeof i->held_by, "%s", f->alert.held_by);
	return i;
}

/* `former` aside: only after an analyst died. */
size_t
incident_bytes(void)
{
	return heap_bytes(sizeof(struct incident)) + heap_bytes(4 * (TEXT_SHORT + 1) + 4 * (TEXT_LONG + 1)) +
	    heap_bytes(OBSERVATION_BYTES_MAX) + heap_bytes(sizeof(struct behaviour_numbers)) +
	    heap_bytes(HOST_FACTS * (TEXT_SHORT + 1));
}
