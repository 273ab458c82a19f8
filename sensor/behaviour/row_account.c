/*
 * row_account.c - one user logs in from several countries or networks within a
 * day, or from two of them faster than anybody travels. From where a user logs
 * in on three days is usual and counts as one place; countries of one and the
 * same network are one, for a phone keeps its network abroad.
 */
#include <stdio.h>

#include "base/sentence.h"
#include "behaviour/accounts.h"
#include "behaviour/house.h"
#include "behaviour/private.h"

enum {
	TOLD = 32, USER_MOST = 128, SOONER_SEC = 8 * 3600,
	POINTS_AT_ONCE = 30, AT_ONCE_SEC = 3600, POINTS_SOON = 20, SOON_SEC = 3 * 3600, POINTS_SOONER = 10
};

#define TOLD_AGAIN_NS (60 * NS_PER_SEC)

/* Of a server: whose accounts were told. */
struct logins {
	uint32_t told[TOLD];
	unsigned count, next;
};

const size_t account_part_bytes = sizeof(struct logins);

/* What the places of the latest day are together. */
struct spread {
	unsigned countries, networks;
	uint32_t apart_sec;
	uint32_t mails, recipients;	/* not from the first place */
	int64_t first_ns;
};

static struct span
user_of(const struct observation *o)
{
	return span_trim(observation_text(o, TEXT_USER));
}

static bool
is_fresh(const struct sight *s, const struct account_place *p)
{
	return p->days > 0 && sight_since(s, p->last_ns, s->limits->account_sec) >= 0;
}

static bool
is_usual(const struct account_place *p)
{
	return p->days >= ACCOUNT_USUAL_DAYS;
}

static bool
same_country(const struct account_place *p, const struct account_place *q)
{
	return memcmp(p->country, q->country, sizeof p->country) == 0 || (p->asn != 0 && p->asn == q->asn);
}

static bool
same_network(const struct account_place *p, const struct account_place *q)
{
	return p->asn == q->asn;
}

/* Usual ones stand before others. */
static bool
stands_before(const struct account_place *q, const struct account_place *p)
{
	return is_usual(q) != is_usual(p) ? is_usual(q) : q < p;
}

/* How many of the fresh places differ, if all usual ones are one? `known`: is anything known of this place? */
static unsigned
count_places(const struct sight *s, const struct account *k, bool (*known)(const struct account_place *),
    bool (*same)(const struct account_place *, const struct account_place *))
{
	const struct account_place *p, *q, *end = k->place + ACCOUNT_PLACES;
	unsigned count = 0;

	for (p = k->place; p < end; p++) {
		if (!is_fresh(s, p) || !known(p))
			continue;
		for (q = k->place; q < end; q++)
			if (is_fresh(s, q) && known(q) && stands_before(q, p) && (same(p, q) || (is_usual(p) && is_usual(q))))
				break;
		count += q == end;
	}
	return count;
}

static bool
country_known(const struct account_place *p)
{
	return p->country[0] != '\0';
}

static bool
network_known(const struct account_place *p)
{
	return p->asn != 0;
}

static struct spread
spread_of(const struct sight *s, const struct account *k)
{
	struct spread d = { 0, 0, UINT32_MAX, 0, 0, s->o->ts_ns };
	const struct account_place *p, *first = NULL;

	d.countries = count_places(s, k, country_known, same_country);
	d.networks = count_places(s, k, network_known, same_network);
	for (p = k->place; p < k->place + ACCOUNT_PLACES; p++) {
		if (!is_fresh(s, p))
			continue;
		if (first == NULL || p->first_ns < first->first_ns)
			first = p;
		if (p->apart_sec < d.apart_sec)
			d.apart_sec = p->apart_sec;
		d.mails += p->mails;
		d.recipients += p->recipients;
	}
	if (first != NULL) {
		d.first_ns = first->first_ns;
		d.mails -= first->mails;
		d.recipients -= first->recipients;
	}
	return d;
}

/* "JP, NL": those of the fresh places. */
static struct span
list_countries(const struct sight *s, const struct account *k, char *buf, size_t size)
{
	const struct account_place *p, *q;
	size_t len = 0;

	buf[0] = '\0';
	for (p = k->place; p < k->place + ACCOUNT_PLACES; p++) {
		for (q = k->place; q < p && !(is_fresh(s, q) && memcmp(p->country, q->country, sizeof p->country) == 0); q++)
			;
		if (q == p && is_fresh(s, p) && country_known(p) && len + 5 < size)
			len += (size_t)snprintf(buf + len, size - len, "%s%.2s", len > 0 ? ", " : "", p->country);
	}
	return span_of(buf, len);
}

static void
weigh_time(struct score *c, const struct spread *d)
{
	int points = d->apart_sec < AT_ONCE_SEC ? POINTS_AT_ONCE : d->apart_sec < SOON_SEC ? POINTS_SOON :
	    d->apart_sec < SOONER_SEC ? POINTS_SOONER : 0;

	if (points > 0 && d->countries > 1)
		score_number(c, "minutes_between", d->apart_sec / 60, points);
}

static const char *
protocol_of(const struct observation *o)
{
	static const char *const names[APP_KINDS] = {
		[APP_SMTP] = "SMTP", [APP_IMAP] = "IMAP", [APP_POP3] = "POP3", [APP_HTTP] = "HTTP", [APP_FTP] = "FTP",
		[APP_LDAP] = "LDAP", [APP_SSH] = "SSH", [APP_SMB] = "SMB", [APP_RDP] = "RDP", [APP_WINRM] = "WinRM",
		[APP_KERBEROS] = "Kerberos",
	};

	return names[o->app];
}

static void
score(const struct sight *s, struct score *c, const struct account *k, const struct spread *d, const struct place *where)
{
	const uint32_t lands = s->limits->account_countries, nets = s->limits->account_networks;
	const struct step countries[] = { { lands, 35 }, { lands + 1, 55 }, { lands + 2, 65 }, { 0, 0 } };
	const struct step networks[] = { { nets, 10 }, { nets * 2, 35 }, { nets * 4, 60 }, { 0, 0 } };
	static const struct step failures[] = { { 3, 15 }, { 10, 25 }, { 0, 0 } };
	static const struct step recipients[] = { { 10, 10 }, { 50, 20 }, { 200, 30 }, { 0, 0 } };
	char text[EVIDENCE_TEXT_MAX];

	score_begin(c);
	score_text(c, "user", user_of(s->o), 0);
	score_word(c, "protocol", protocol_of(s->o), 0);
	if (d->networks > 0)
		score_number(c, "networks", d->networks, score_step(networks, d->networks));
	if (d->countries > 0)
		score_number(c, "countries", d->countries, score_step(countries, d->countries));
	score_text(c, "places", list_countries(s, k, text, sizeof text), 0);
	weigh_time(c, d);
	if (k->failures > 0 && sight_since(s, k->failures_ns, s->limits->account_sec) >= 0)
		score_number(c, "failures", k->failures, score_step(failures, k->failures));
	if (d->mails > 0) {
		score_number(c, "mails", d->mails, 0);
		score_number(c, "recipients", d->recipients, score_step(recipients, d->recipients));
	}
	score_minutes(c, d->first_ns, s->o->ts_ns);
	score_addr(c, "peer", s->peer, 0);
	score_text(c, "network", span_text(where->organisation), 0);
	score_text(c, "country", span_text(where->country), 0);
}

/* Each account is an incident of its own, as long as a server has not too many of them. */
static void
tell(struct sight *s, struct account *k, struct score *c, int64_t first_ns)
{
	struct logins *l = sight_part(s, ROW_ACCOUNT);
	struct span user = user_of(s->o);
	char subject[SUBJECT_MAX];
	size_t len = sentence_whole((const char *)user.at, user.left, sizeof subject - 1);
	unsigned i;

	if (l == NULL)
		return;
	for (i = 0; i < l->count && l->told[i] != k->seat.tag; i++)
		;
	if (i == l->count && l->count == TOLD) {
		sight_ring(s, ROW_ACCOUNT, c, first_ns);
		return;
	}
	tags_add(l->told, TOLD, &l->count, &l->next, k->seat.tag);
	memcpy(subject, user.at, len);
	subject[len] = '\0';
	sight_tell(s, ROW_ACCOUNT, c, first_ns, subject);
}

static void
weigh(struct sight *s, struct account *k, const struct place *where)
{
	struct spread d = spread_of(s, k);
	unsigned confidence;
	struct score c;

	if (d.countries < s->limits->account_countries && d.networks < s->limits->account_networks)
		return;
	score(s, &c, k, &d, where);
	confidence = score_confidence(&c);
	if (confidence < s->limits->confidence)
		return;
	if (sight_since(s, k->told_ns, s->limits->account_sec) < 0)
		k->confidence = 0;
	if (confidence <= k->confidence && s->o->ts_ns - k->told_ns < TOLD_AGAIN_NS)
		return;
	k->confidence = confidence;
	k->told_ns = s->o->ts_ns;
	tell(s, k, &c, d.first_ns);
}

uint32_t
sight_account_tag(const struct sight *s)
{
	struct {
		struct realm realm;
		uint32_t user;
	} key;

	memset(&key, 0, sizeof key);
	key.realm = s->o->key.realm;
	key.user = tag_of_text(user_of(s->o));
	return tag_of(&key, sizeof key);
}

/* How long before was the account used in another country? */
static void
note_apart(const struct sight *s, struct account *k, struct account_place *here)
{
	struct account_place *p;
	int64_t since;

	for (p = k->place; p < k->place + ACCOUNT_PLACES; p++) {
		if (p == here || !is_fresh(s, p) || !country_known(p) || !country_known(here) || same_country(p, here) ||
		    (is_usual(p) && is_usual(here)))
			continue;
		since = sight_since(s, p->last_ns, s->limits->account_sec);
		if (since >= 0 && since < here->apart_sec)
			here->apart_sec = (uint32_t)since;
	}
}

static void
note_login(struct sight *s, uint32_t tag, const struct place *where)
{
	struct accounts *all = house_accounts(s->house);
	int64_t now = s->o->ts_ns, fresh = (int64_t)s->limits->account_sec * NS_PER_SEC;
	struct account_place *here;
	struct account *k;
	uint32_t failures;

	if (s->o->outcome == OUTCOME_FAILURE)
		accounts_failed(all, tag, sight_peer_tag(s), now);
	if (s->o->outcome != OUTCOME_SUCCESS)
		return;
	k = accounts_find(all, tag, true);
	here = account_place(k, where, now, fresh);
	note_apart(s, k, here);
	failures = accounts_failures(all, tag, sight_peer_tag(s), now, fresh);
	if (failures > 0 && !is_usual(here)) {
		k->failures = failures;
		k->failures_ns = now;
	}
	weigh(s, k, where);
}

static void
note_mail(struct sight *s, uint32_t tag, const struct place *where)
{
	struct account *k = accounts_find(house_accounts(s->house), tag, false);
	struct account_place *here;

	if (k == NULL)
		return;
	here = account_place(k, where, s->o->ts_ns, (int64_t)s->limits->account_sec * NS_PER_SEC);
	here->mails++;
	here->recipients += s->o->count;
	weigh(s, k, where);
}

void
account_note(struct sight *s)
{
	const struct observation *o = s->o;
	struct span user = user_of(o);
	struct place where;

	if (o->host_side != RESPONDER || user.left == 0 || user.left > USER_MOST || !sight_place(s, &where))
		return;
	if (o->kind == OBSERVE_MAIL && (o->flags & OBSERVED_AUTHENTICATED) != 0)
		note_mail(s, sight_account_tag(s), &where);
	else if (o->kind == OBSERVE_LOGIN && o->detail != LOGIN_ANONYMOUS)
		note_login(s, sight_account_tag(s), &where);
}
