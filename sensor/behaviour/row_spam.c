/*
 * row_spam.c - a host that begins to send mail itself: to many exchangers and
 * recipients, under changing senders, its mails signed by others than their
 * envelope. Mail servers, printers and newsletter hosts are named in the
 * configuration; who takes mail from outside is a mail server, too, and what
 * that sends is row_relay.c's affair.
 */
#include "behaviour/private.h"

enum { EXCHANGERS = 48, SENDERS = 16, DOMAINS = 32, PORT_SMTP = 25, POINTS_SERVES = -99, SERVED_SEC = 30 * 86400 };

struct spam {
	int64_t first_ns, last_ns;
	uint32_t exchanger[EXCHANGERS], sender[SENDERS], domain[DOMAINS];
	unsigned exchangers, next_exchanger, senders, next_sender, domains, next_domain;
	uint32_t mails, recipients, refused, others;	/* others: header From of another domain */
};

const size_t spam_part_bytes = sizeof(struct spam);

static struct spam *
part_of(struct sight *s)
{
	struct spam *k = sight_part(s, ROW_SPAM);
	int64_t now = s->o->ts_ns;

	if (k == NULL)
		return NULL;
	if (k->exchangers == 0 || now - k->first_ns > (int64_t)s->limits->mail_sec * NS_PER_SEC) {
		memset(k, 0, sizeof *k);
		k->first_ns = now;
	}
	k->last_ns = now;
	return k;
}

static void
weigh(struct sight *s, const struct spam *k)
{
	const uint32_t many = s->limits->mail_exchangers, crowd = s->limits->mail_recipients;
	const struct step exchangers[] = { { many, 30 }, { many * 2, 45 }, { many * 4, 60 }, { 0, 0 } };
	const struct step recipients[] = { { crowd, 15 }, { crowd * 5, 25 }, { 0, 0 } };
	static const struct step senders[] = { { 2, 10 }, { 3, 20 }, { 5, 30 }, { 0, 0 } };
	static const struct step others[] = { { 1, 10 }, { 3, 30 }, { 0, 0 } };
	static const struct step refused[] = { { 3, 10 }, { 0, 0 } };
	struct score c;

	score_begin(&c);
	score_number(&c, "exchangers", k->exchangers, score_step(exchangers, k->exchangers));
	score_number(&c, "mails", k->mails, 0);
	if (k->mails > 0) {
		score_number(&c, "recipients", k->recipients, score_step(recipients, k->recipients));
		score_number(&c, "senders", k->senders, score_step(senders, k->senders));
		score_number(&c, "domains", k->domains, 0);
	}
	if (k->others > 0)
		score_number(&c, "other_names", k->others, score_step(others, k->others));
	if (k->refused > 0)
		score_number(&c, "refused", k->refused, score_step(refused, k->refused));
	if (sight_since(s, s->host->mail_served_ns, SERVED_SEC) >= 0)
		score_word(&c, "takes_mail", "yes", POINTS_SERVES);
	score_minutes(&c, k->first_ns, k->last_ns);
	sight_ring(s, ROW_SPAM, &c, k->first_ns);
}

static void
note_mail(struct sight *s, struct spam *k)
{
	const struct observation *o = s->o;
	struct span from = observation_text(o, TEXT_MAIL_FROM), all = observation_text(o, TEXT_MAIL_RECIPIENTS), one;
	struct span header = mail_domain(observation_text(o, TEXT_MAIL_HEADER_FROM));
	bool more = all.left > 0;

	k->mails++;
	k->recipients += o->count;
	k->refused += o->refused;
	if (from.left > 0)
		tags_add(k->sender, SENDERS, &k->senders, &k->next_sender, tag_of_text(from));
	if ((o->flags & OBSERVED_LIST) == 0 && header.left > 0 && from.left > 0 && !span_equal_nocase(header, mail_domain(from)))
		k->others++;
	while (more) {
		more = span_until(&all, ',', &one);
		one = mail_domain(more ? one : all);
		if (one.left > 0)
			tags_add(k->domain, DOMAINS, &k->domains, &k->next_domain, tag_of_text(one));
	}
}

void
spam_note(struct sight *s)
{
	const struct observation *o = s->o;
	bool is_mail = o->kind == OBSERVE_MAIL, is_new;
	struct host *h;
	struct spam *k;

	if (is_mail && o->host_side == RESPONDER) {
		if (o->status / 100 == 2 && (h = sight_host(s)) != NULL)
			h->mail_served_ns = o->ts_ns;
		return;
	}
	if (o->host_side != ORIGINATOR || (!is_mail && s->peer_port != PORT_SMTP) ||
	    in_networks(s->limits->mail_hosts, s->limits->mail_hosts_count, s->addr) || (k = part_of(s)) == NULL)
		return;
	is_new = tags_add(k->exchanger, EXCHANGERS, &k->exchangers, &k->next_exchanger,
	    sight_peer_tag(s));
	if (is_mail)
		note_mail(s, k);
	if (is_mail || is_new)
		weigh(s, k);
}
