/*
 * row_lure.c - mail from outside that wants to be opened: an archive that no
 * scanner can look into, a document with macros, a program; by somebody who
 * has a correspondent's name and another address, answers what was never
 * written, or was never heard of.
 */
#include "base/sentence.h"
#include "behaviour/house.h"
#include "behaviour/private.h"

enum {
	WAITING = 4, TOLD = 32, POINTS_PROGRAM = 60, POINTS_MACROS = 35, POINTS_ENCRYPTED = 30, POINTS_DENIED = 20,
	POINTS_NAME = 30, POINTS_NO_REFERENCES = 20, POINTS_STRANGER = 15, POINTS_OTHER_DOMAIN = 15, POINTS_SECOND = 10,
	SECOND_SEC = 1800, NAME_MOST = 128
};

/* What a mail that is not told yet brings. */
struct brought {
	uint64_t flow_id;
	const char *kind;		/* word; NULL: nothing of interest */
	int points;
	bool denied;
	char file[EVIDENCE_TEXT_MAX];
};

struct lure {
	struct brought waiting[WAITING];
	unsigned next_waiting;
	uint32_t told[TOLD];		/* senders */
	unsigned count, next;
	uint32_t archive_sender;	/* who sent the latest encrypted archive */
	int64_t archive_ns;
};

const size_t lure_part_bytes = sizeof(struct lure);

void
lure_begin_again(void *part)
{
	struct lure *k = part;

	memset(k->waiting, 0, sizeof k->waiting);
}

const char *
lure_word(const char *text)
{
	return strcmp(text, "encrypted") == 0 ? "encrypted" : download_kind(text);
}

static struct brought *
brought_by(struct lure *k, uint64_t flow_id)
{
	unsigned i;

	for (i = 0; i < WAITING; i++)
		if (k->waiting[i].flow_id == flow_id)
			return &k->waiting[i];
	return NULL;
}

const char *
lure_kind(const struct observation *o, int *points)
{
	enum file_kind kind = o->detail == FILE_GZIP ? o->inner : o->detail;

	*points = POINTS_PROGRAM;
	if (kind == FILE_PE || kind == FILE_ELF || kind == FILE_MACHO || kind == FILE_SCRIPT || kind == FILE_LNK ||
	    kind == FILE_ISO)
		return file_kind_text(kind);
	*points = POINTS_MACROS;
	if (o->flags & OBSERVED_MACROS)
		return "macros";
	*points = POINTS_ENCRYPTED;
	return o->flags & OBSERVED_ENCRYPTED ? "encrypted" : NULL;
}

/* An attachment ends before its mail does. Of several the worst counts. */
static void
note_file(struct sight *s)
{
	const struct observation *o = s->o;
	struct span name = observation_text(o, TEXT_FILE_NAME);
	struct lure *k;
	struct brought *w;
	const char *kind;
	int points;
	size_t len;

	if ((kind = lure_kind(o, &points)) == NULL || (k = sight_part(s, ROW_LURE)) == NULL)
		return;
	if ((w = brought_by(k, o->flow_id)) == NULL) {
		w = &k->waiting[k->next_waiting++ % WAITING];
		memset(w, 0, sizeof *w);
		w->flow_id = o->flow_id;
	}
	if (points <= w->points)
		return;
	w->kind = kind;
	w->points = points;
	w->denied = (o->flags & OBSERVED_MISMATCHED) != 0;
	len = name.left > 0 ? sentence_whole((const char *)name.at, name.left, sizeof w->file - 1) : 0;
	if (len > 0)
		memcpy(w->file, name.at, len);
	w->file[len] = '\0';
}

/* "Re:", "Fwd:", "AW:" and the like: it says that there was mail before. */
bool
mail_is_answer(struct span subject)
{
	static const char *const words[] = { "re:", "fw:", "fwd:", "aw:", "wg:", NULL };
	const char *const *word;

	for (word = words; *word != NULL; word++)
		if (subject.left > strlen(*word) && span_equal_nocase(span_of(subject.at, strlen(*word)), span_text(*word)))
			return true;
	return false;
}

static void
weigh_sender(struct sight *s, struct score *c, uint32_t sender)
{
	const struct observation *o = s->o;
	struct span name = span_trim(observation_text(o, TEXT_MAIL_HEADER_NAME));
	struct span envelope = mail_domain(observation_text(o, TEXT_MAIL_FROM));
	struct span header = mail_domain(observation_text(o, TEXT_MAIL_HEADER_FROM));
	enum acquaintance known;

	if (name.left > NAME_MOST)
		name.left = NAME_MOST;
	known = name.left > 0 ? house_correspondent(s->house, tag_of_text(name), sender) : ACQUAINTANCE_NONE;
	score_text(c, "name", name, 0);
	if (known == ACQUAINTANCE_OTHER_ADDRESS)
		score_word(c, "name_known_at", "other_address", POINTS_NAME);
	if (house_stranger(s->house, sender, o->ts_ns, s->limits->stranger_days))
		score_word(c, "sender", "stranger", POINTS_STRANGER);
	if (mail_is_answer(observation_text(o, TEXT_MAIL_SUBJECT)) && (o->flags & OBSERVED_REFERENCES) == 0)
		score_word(c, "answers", "nothing", POINTS_NO_REFERENCES);
	if (envelope.left > 0 && header.left > 0 && !span_equal_nocase(envelope, header))
		score_text(c, "envelope", observation_text(o, TEXT_MAIL_FROM), POINTS_OTHER_DOMAIN);
}

static void
weigh_attachment(struct sight *s, struct score *c, struct lure *k, const struct brought *w, uint32_t sender)
{
	if (w != NULL) {
		score_word(c, "kind", w->kind, w->points);
		score_text(c, "file", span_text(w->file), 0);
		if (w->denied)
			score_word(c, "denied_by", "type_or_name", POINTS_DENIED);
	} else if (k->archive_sender == sender && sight_since(s, k->archive_ns, SECOND_SEC) >= 0 && s->o->attachments == 0) {
		score_word(c, "kind", "encrypted", POINTS_ENCRYPTED);
		score_word(c, "second", "yes", POINTS_SECOND);
	}
}

/* Each sender is an incident of its own, as long as there are not too many. */
static void
tell(struct sight *s, struct lure *k, struct score *c, struct span from)
{
	char subject[SUBJECT_MAX];
	size_t len = sentence_whole((const char *)from.at, from.left, sizeof subject - 1);
	uint32_t tag = tag_of_text(from);
	unsigned i;

	for (i = 0; i < k->count && k->told[i] != tag; i++)
		;
	if (i == k->count && k->count == TOLD) {
		sight_ring(s, ROW_LURE, c, s->o->ts_ns);
		return;
	}
	tags_add(k->told, TOLD, &k->count, &k->next, tag);
	memcpy(subject, from.at, len);
	subject[len] = '\0';
	sight_tell(s, ROW_LURE, c, s->o->ts_ns, subject);
}

static void
note_mail(struct sight *s)
{
	const struct observation *o = s->o;
	struct span from = observation_text(o, TEXT_MAIL_HEADER_FROM);
	struct lure *k;
	struct brought *w;
	struct score c;
	uint32_t sender;

	if (from.left == 0)
		from = observation_text(o, TEXT_MAIL_FROM);
	if (from.left == 0 || o->status / 100 > 3 || (o->flags & (OBSERVED_AUTHENTICATED | OBSERVED_REPORT)) != 0 ||
	    (k = sight_part(s, ROW_LURE)) == NULL)
		return;
	sender = tag_of_text(from);
	w = brought_by(k, o->flow_id);
	score_begin(&c);
	score_text(&c, "from", from, 0);
	score_text(&c, "to", observation_text(o, TEXT_MAIL_RECIPIENTS), 0);
	score_text(&c, "mail_subject", observation_text(o, TEXT_MAIL_SUBJECT), 0);
	score_addr(&c, "peer", s->peer, 0);
	weigh_attachment(s, &c, k, w, sender);
	weigh_sender(s, &c, sender);
	if (w != NULL && w->kind != NULL && strcmp(w->kind, "encrypted") == 0) {
		k->archive_sender = sender;
		k->archive_ns = o->ts_ns;
	}
	if (w != NULL)
		w->flow_id = 0;
	if (score_confidence(&c) >= s->limits->confidence)
		tell(s, k, &c, from);
}

void
lure_note(struct sight *s)
{
	if (s->o->host_side != RESPONDER || s->o->app != APP_SMTP)
		return;
	if (s->o->kind == OBSERVE_FILE)
		note_file(s);
	else
		note_mail(s);
}
