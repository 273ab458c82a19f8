/* sight_mail.c - what several rows want to know of a mail: who gave it to a server here, and whether it left. */
#include "behaviour/accounts.h"
#include "behaviour/house.h"
#include "behaviour/mail_ids.h"
#include "behaviour/private.h"

enum { SUSPECT_SEC = 86400, SERVED_SEC = 30 * 86400 };

bool
sight_serves_mail(struct sight *s)
{
	const struct host *h = sight_known(s);

	return in_networks(s->limits->mail_hosts, s->limits->mail_hosts_count, s->addr) ||
	    (h != NULL && sight_since(s, h->mail_served_ns, SERVED_SEC) >= 0);
}

static bool
giver_is_suspect(struct sight *s)
{
	const struct host *h;
	const struct account *k;

	if (s->o->host_side == RESPONDER) {
		k = accounts_find(house_accounts(s->house), sight_account_tag(s), false);
		return k != NULL && k->confidence > 0 && sight_since(s, k->told_ns, SUSPECT_SEC) >= 0;
	}
	h = sight_known(s);
	return h != NULL && sight_since(s, h->suspect_ns, SUSPECT_SEC) >= 0;
}

void
sight_note_mail(struct sight *s)
{
	const struct observation *o = s->o;
	bool leaves = o->host_side == ORIGINATOR && s->reach != REACH_INSIDE;
	struct mail_id *id;

	if (o->status / 100 > 3 || (o->host_side == RESPONDER && (o->flags & OBSERVED_AUTHENTICATED) == 0) ||
	    (id = mail_ids_find(house_mail_ids(s->house), observation_text(o, TEXT_MAIL_ID), true, o->ts_ns)) == NULL)
		return;
	if (leaves) {
		id->how |= MAIL_ID_LEFT;
		house_shows(s->house, o->ts_ns);
		return;
	}
	/* Servers hand it on to one another: the first who gave it counts, and no server gives it. */
	if ((id->how & (MAIL_ID_FROM_INSIDE | MAIL_ID_FROM_OUTSIDE)) != 0 ||
	    (o->host_side == ORIGINATOR && sight_serves_mail(s)))
		return;
	id->how |= o->host_side == RESPONDER ? MAIL_ID_FROM_OUTSIDE : MAIL_ID_FROM_INSIDE;
	id->how |= giver_is_suspect(s) ? MAIL_ID_FROM_SUSPECT : 0;
	id->giver = o->key.addr[ORIGINATOR];
}

const struct mail_id *
sight_mail_id(const struct sight *s, enum observation_text which)
{
	return mail_ids_find(house_mail_ids(s->house), observation_text(s->o, which), false, s->o->ts_ns);
}
