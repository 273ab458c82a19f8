/*
 * row_impersonated.c - notes of undeliverable mail come in, and nobody here
 * sent that mail, or that much: somebody uses the house's names elsewhere.
 * There is nothing to clean here, but correspondents to be warned. A note with
 * the Message-ID of a mail that somebody here sent is nobody's affair.
 */
#include "behaviour/house.h"
#include "behaviour/mail_ids.h"
#include "behaviour/private.h"

enum { PORT_SMTP = 25, SERVERS = 32, NAMES = 16, WINDOW_SEC = 86400, POINTS_FEW_NAMES = 15, POINTS_NOTHING_SENT = 20, POINTS_OWN = -60,
	POINTS_STRANGE_IDS = 20, STRANGE_TO_TELL = 3, IDS_SEC = 2 * 86400 };

struct bounces {
	int64_t first_ns, last_ns;
	uint32_t server[SERVERS], name[NAMES];
	unsigned servers, next_server, names, next_name;
	uint32_t count, own;		/* own: of mails sent here, which are not in `count` */
	uint32_t strange;		/* with the id of a mail that nobody here sent, while ids of mails here were seen */
};

const size_t impersonated_part_bytes = sizeof(struct bounces);

static void
weigh(struct sight *s, const struct bounces *k)
{
	static const struct step counts[] = { { 5, 25 }, { 20, 40 }, { 100, 50 }, { 0, 0 } };
	static const struct step servers[] = { { 3, 20 }, { 10, 30 }, { 0, 0 } };
	uint32_t sent = house_sent(s->house, s->o->ts_ns);
	bool ids_tell = k->strange >= STRANGE_TO_TELL && k->strange * 2 >= k->count && house_ids_tell(s->house, s->o->ts_ns);
	struct score c;

	score_begin(&c);
	score_number(&c, "bounces", k->count, score_step(counts, k->count));
	score_number(&c, "servers", k->servers, score_step(servers, k->servers));
	score_number(&c, "names", k->names, k->names * 4 <= k->count ? POINTS_FEW_NAMES : 0);
	if (k->strange > 0)
		score_number(&c, "strange_ids", k->strange, ids_tell ? POINTS_STRANGE_IDS : 0);
	if (k->own > 0)
		score_number(&c, "own", k->own, 0);
	score_number(&c, "sent", sent, ids_tell ? 0 : sent == 0 ? POINTS_NOTHING_SENT : sent >= k->count ? POINTS_OWN : 0);
	score_minutes(&c, k->first_ns, k->last_ns);
	if (score_confidence(&c) < s->limits->confidence)
		return;
	score_text(&c, "name", observation_text(s->o, TEXT_MAIL_RECIPIENTS), 0);
	score_addr(&c, "peer", s->peer, 0);
	sight_ring(s, ROW_IMPERSONATED, &c, k->first_ns);
}

/* MAIL FROM:<> (RFC 5321, 4.5.5), or a report by its own word (RFC 3464). */
static bool
is_bounce(const struct observation *o)
{
	struct span from = observation_text(o, TEXT_MAIL_FROM);

	return (o->flags & OBSERVED_REPORT) != 0 || (from.at != NULL && from.left == 0);
}

/* Which mail is it about? True: about one that was sent here. */
static bool
note_original(const struct sight *s, struct bounces *k)
{
	int64_t latest = mail_ids_latest(house_mail_ids(s->house));

	if (observation_text(s->o, TEXT_MAIL_ORIGINAL_ID).left == 0)
		return false;
	if (sight_mail_id(s, TEXT_MAIL_ORIGINAL_ID) != NULL) {
		k->own++;
		return true;
	}
	k->strange += latest != 0 && sight_since(s, latest, IDS_SEC) >= 0;
	return false;
}

void
impersonated_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct bounces *k;

	if (o->host_side == ORIGINATOR) {
		/* A connection stands for its first mail, which TLS may hide. */
		if (o->kind == OBSERVE_MAIL ? s->peer_port != PORT_SMTP || o->number != 1 : s->peer_port == PORT_SMTP)
			house_sends(s->house, o->ts_ns, 1);
		return;
	}
	if (o->kind != OBSERVE_MAIL || !is_bounce(o) || (k = sight_part(s, ROW_IMPERSONATED)) == NULL)
		return;
	if ((k->count == 0 && k->own == 0) || o->ts_ns - k->first_ns > WINDOW_SEC * NS_PER_SEC) {
		memset(k, 0, sizeof *k);
		k->first_ns = o->ts_ns;
	}
	k->last_ns = o->ts_ns;
	if (note_original(s, k))
		return;
	k->count++;
	tags_add(k->server, SERVERS, &k->servers, &k->next_server, sight_peer_tag(s));
	tags_add(k->name, NAMES, &k->names, &k->next_name, tag_of_text(observation_text(o, TEXT_MAIL_RECIPIENTS)));
	weigh(s, k);
}
