#include "beacon/beacon.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/table.h"
#include "base/when.h"
#include "beacon/score.h"

enum {
	FEW_MARKS = 4,			/* what a key gets before it has kept coming */
	MORE_MARKS = 16,
	MOST_MARKS = SCORE_GAPS_MAX + 1,
	SETTLED_TURN = 4,		/* with all marks, and irregular: how often a key is scored */
	SERVICE_MAX = 255,
	SUBJECT_MAX = 320,
	REASON_MAX = 640,
	ROTATION_PEERS_MIN = 3,
	ROTATION_SHARE_MAX = 60		/* percent of the contacts that one address may have */
};

/* One contact: when, and a hash of whom. */
struct mark {
	int64_t at_ns;
	uint32_t who;
};

enum key_kind {
	KEY_SERVICE,		/* a name */
	KEY_ADDRESS,		/* address, port, protocol */
	KEY_ROTATION		/* port, protocol and application, whatever the address */
};

/* What is only kept of a key that keeps coming. */
struct track {
	enum key_kind kind;
	struct realm realm;
	struct addr host, peer;		/* peer: the latest */
	uint16_t port;
	uint8_t protocol;
	struct score_verdict now, best;
	uint32_t first_alert;
	unsigned peers;
	struct addr latest[BEACON_PEERS_MAX];	/* distinct, latest first */
	char service[];
};

struct entry {
	UT_hash_handle hh;
	uint64_t id[2];			/* keyed hash of all that makes the key */
	struct entry *idler, *busier;
	int64_t first_ns;
	uint32_t contacts;
	uint16_t used, room;		/* marks, by time */
	struct mark few[FEW_MARKS];
	struct mark *marks;		/* `few` at first */
	struct track *track;		/* NULL at first */
};

struct beacon {
	struct beacon_limits limits;
	int64_t burst_ns;
	finding_fn *emit;
	void *to;
	struct entry *table, *idlest, *busiest;
	struct score_table scores;
	struct beacon_counts counts;
};

/* The contact at hand, read once. */
struct contact {
	const struct observation *o;
	enum key_kind kind;
	struct addr host, peer;
	uint16_t port;
	struct span service;		/* absent for an address */
};

/* ---- which contacts count ---- */

/*
 * What every network does by itself, regularly and with its neighbours:
 * name resolution, time, address assignment, discovery. A beacon there would
 * drown in it; DNS tunnels need another measure than time. Multicast and
 * broadcast have no peer that could command. Echo requests are a monitoring
 * system's, neighbour discovery the link's.
 */
static bool
is_local_routine(const struct contact *c)
{
	static const uint16_t quiet[] = { 53, 67, 68, 123, 137, 138, 546, 547, 1900, 3702, 5353, 5355 };
	const uint8_t *b = c->peer.b;
	size_t i;

	if (c->o->key.protocol != 6 && c->o->key.protocol != 17)
		return true;
	for (i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
		if (c->port == quiet[i] && (c->o->key.protocol == 17 || c->port == 53))
			return true;
	if (!addr_is_v4(&c->peer))
		return b[0] == 0xff;
	/* Its netmask is not known: .255 is a broadcast in nearly every network that has one. */
	return b[12] == 0 || b[12] >= 224 || (c->o->key.protocol == 17 && b[15] == 255);
}

/*
 * Who calls home is the one who asks: a host that is asked from outside
 * regularly is being watched, or scanned.
 */
static bool
read_contact(const struct observation *o, struct contact *c)
{
	struct addr literal;

	if (o->kind != OBSERVE_CONTACT || o->host_side != ORIGINATOR)
		return false;
	c->o = o;
	c->host = o->key.addr[ORIGINATOR];
	c->peer = o->key.addr[RESPONDER];
	c->port = o->key.port[RESPONDER];
	c->service = observation_text(o, TEXT_SERVICE);
	if (c->service.left > SERVICE_MAX)
		c->service.left = SERVICE_MAX;
	/* "Host: 192.0.2.7" names nobody, unless a proxy is the peer. */
	if (c->service.left == 0 || ((o->flags & OBSERVED_PROXIED) == 0 &&
	    addr_parse((const char *)c->service.at, c->service.left, &literal)))
		c->service = span_of(NULL, 0);
	c->kind = c->service.at != NULL ? KEY_SERVICE : KEY_ADDRESS;
	return !is_local_routine(c);
}

/* ---- keys ---- */

static void
key_id(const struct contact *c, uint64_t id[2])
{
	struct {
		struct realm realm;
		struct addr host, peer;
		uint8_t kind, protocol, app, zero;
		uint16_t port;
		uint8_t zero2[6];
		uint64_t service[2];
	} named;
	const struct hash_key *seed = hash_seed();
	struct hash_key other = { ~seed->k0, seed->k1 };

	memset(&named, 0, sizeof named);
	named.realm = c->o->key.realm;
	named.host = c->host;
	named.kind = (uint8_t)c->kind;
	if (c->kind == KEY_SERVICE) {
		named.service[0] = hash_bytes(seed, c->service.at, c->service.left);
		named.service[1] = hash_bytes(&other, c->service.at, c->service.left);
	} else {
		named.port = c->port;
		named.protocol = c->o->key.protocol;
	}
	if (c->kind == KEY_ADDRESS)
		named.peer = c->peer;
	if (c->kind == KEY_ROTATION)
		named.app = c->o->app;
	id[0] = hash_bytes(seed, &named, sizeof named);
	id[1] = hash_bytes(&other, &named, sizeof named);
}

static void
idle_remove(struct beacon *b, struct entry *e)
{
	*(e->idler != NULL ? &e->idler->busier : &b->idlest) = e->busier;
	*(e->busier != NULL ? &e->busier->idler : &b->busiest) = e->idler;
}

static void
idle_append(struct beacon *b, struct entry *e)
{
	e->idler = b->busiest;
	e->busier = NULL;
	*(b->busiest != NULL ? &b->busiest->busier : &b->idlest) = e;
	b->busiest = e;
}

static void
entry_free(struct entry *e)
{
	if (e->marks != e->few)
		free(e->marks);
	free(e->track);
	free(e);
}

static void
forget(struct beacon *b, struct entry *e)
{
	idle_remove(b, e);
	HASH_DEL(b->table, e);
	entry_free(e);
	b->counts.keys--;
}

static struct entry *
find_or_make(struct beacon *b, const struct contact *c)
{
	struct entry *e;
	uint64_t id[2];

	key_id(c, id);
	HASH_FIND(hh, b->table, id, sizeof id, e);
	if (e != NULL) {
		idle_remove(b, e);
		idle_append(b, e);
		return e;
	}
	if (b->counts.keys >= b->limits.max_keys) {
		forget(b, b->idlest);
		b->counts.evicted++;
	}
	if ((e = calloc(1, sizeof *e)) == NULL)
		return NULL;
	memcpy(e->id, id, sizeof id);
	e->marks = e->few;
	e->room = FEW_MARKS;
	e->first_ns = c->o->ts_ns;
	HASH_ADD(hh, b->table, id, sizeof e->id, e);
	if (element_not_added(e)) {
		free(e);
		return NULL;
	}
	idle_append(b, e);
	b->counts.keys++;
	return e;
}

/* ---- growing with use ---- */

static bool
more_marks(struct entry *e)
{
	uint16_t room = e->room < MORE_MARKS ? MORE_MARKS : MOST_MARKS;
	struct mark *grown = realloc(e->marks == e->few ? NULL : e->marks, room * sizeof *grown);

	if (grown == NULL)
		return false;
	if (e->marks == e->few)
		memcpy(grown, e->few, sizeof e->few);
	e->marks = grown;
	e->room = room;
	return true;
}

static bool
begin_track(struct entry *e, const struct contact *c)
{
	size_t len = c->kind == KEY_SERVICE ? c->service.left : 0;
	struct track *t;

	if (e->track != NULL)
		return true;
	if ((t = calloc(1, sizeof *t + len + 1)) == NULL)
		return false;
	t->kind = c->kind;
	t->realm = c->o->key.realm;
	t->host = c->host;
	t->port = c->port;
	t->protocol = c->o->key.protocol;
	if (len > 0)
		memcpy(t->service, c->service.at, len);
	e->track = t;
	return true;
}

static void
note_peer(struct track *t, const struct contact *c)
{
	unsigned i = 0;

	t->peer = c->peer;
	t->port = c->port;
	t->protocol = c->o->key.protocol;
	while (i < t->peers && !addr_equal(&t->latest[i], &c->peer))
		i++;
	if (i == t->peers && t->peers < BEACON_PEERS_MAX)
		t->peers++;
	if (i == BEACON_PEERS_MAX)
		i--;
	memmove(t->latest + 1, t->latest, i * sizeof t->latest[0]);
	t->latest[0] = c->peer;
}

/* ---- marks ---- */

static bool
closer(int64_t early_ns, int64_t late_ns, int64_t than_ns)
{
	return (uint64_t)late_ns - (uint64_t)early_ns < (uint64_t)than_ns;
}

/*
 * Insert by time: a connection that never said whom it wants is only told of
 * when it ends. False: it is one with its neighbour, or older than all
 * that is kept.
 */
static bool
add_mark(struct beacon *b, struct entry *e, const struct contact *c)
{
	int64_t at_ns = c->o->ts_ns;
	uint16_t at = e->used;

	while (at > 0 && e->marks[at - 1].at_ns > at_ns)
		at--;
	if ((at > 0 && closer(e->marks[at - 1].at_ns, at_ns, b->burst_ns)) ||
	    (at < e->used && closer(at_ns, e->marks[at].at_ns, b->burst_ns)))
		return false;
	if (e->used == e->room && e->room < MOST_MARKS)
		more_marks(e);
	if (e->used == e->room) {
		if (at == 0)
			return false;
		memmove(e->marks, e->marks + 1, (size_t)(at - 1) * sizeof *e->marks);
		at--;
	} else {
		memmove(e->marks + at + 1, e->marks + at, (size_t)(e->used - at) * sizeof *e->marks);
		e->used++;
	}
	e->marks[at] = (struct mark){ at_ns, (uint32_t)hash_bytes(&HASH_FIXED, c->peer.b, sizeof c->peer.b) };
	if (at_ns < e->first_ns)
		e->first_ns = at_ns;
	e->contacts++;
	return true;
}

static int
compare_who(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Are several addresses called in turn, none of them mostly? */
static bool
rotates(const struct entry *e)
{
	uint32_t who[MOST_MARKS];
	unsigned i, run = 0, longest = 0, distinct = 0;

	for (i = 0; i < e->used; i++)
		who[i] = e->marks[i].who;
	qsort(who, e->used, sizeof who[0], compare_who);
	for (i = 0; i < e->used; i++) {
		run = i > 0 && who[i] == who[i - 1] ? run + 1 : 1;
		distinct += run == 1;
		if (run > longest)
			longest = run;
	}
	return distinct >= ROTATION_PEERS_MIN && longest * 100 <= e->used * ROTATION_SHARE_MAX;
}

static void
judge(const struct beacon *b, const struct entry *e, struct score_verdict *v)
{
	double gaps[SCORE_GAPS_MAX];
	unsigned i;

	memset(v, 0, sizeof *v);
	if (e->track->kind == KEY_ROTATION && !rotates(e))
		return;
	for (i = 0; i + 1 < e->used; i++)
		gaps[i] = (double)((uint64_t)e->marks[i + 1].at_ns - (uint64_t)e->marks[i].at_ns) / 1e9;
	score_gaps(&b->scores, gaps, e->used - 1u, (double)b->limits.burst_sec, v);
}

/* ---- findings ---- */

static const char *
duration(double sec, char buf[32])
{
	if (sec < 10)
		snprintf(buf, 32, "%.1f s", sec);
	else if (sec < 120)
		snprintf(buf, 32, "%.0f s", sec);
	else if (sec < 7200)
		snprintf(buf, 32, "%.0f min", sec / 60);
	else if (sec < 172800)
		snprintf(buf, 32, "%.1f h", sec / 3600);
	else
		snprintf(buf, 32, "%.1f days", sec / 86400);
	return buf;
}

static void
subject_of(const struct track *t, char buf[SUBJECT_MAX])
{
	char addr[ADDR_TEXT_MAX];

	if (t->kind == KEY_SERVICE)
		snprintf(buf, SUBJECT_MAX, "%s", t->service);
	else if (t->kind == KEY_ROTATION)
		snprintf(buf, SUBJECT_MAX, "*:%u", t->port);
	else
		snprintf(buf, SUBJECT_MAX, addr_is_v4(&t->peer) ? "%s:%u" : "[%s]:%u",
		    addr_text(&t->peer, addr), t->port);
}

static void
reason_of(const struct entry *e, const struct score_verdict *v, const char *subject,
    char buf[REASON_MAX])
{
	const struct track *t = e->track;
	char interval[32], since[32];
	double span = (double)((uint64_t)e->marks[e->used - 1].at_ns - (uint64_t)e->first_ns) / 1e9;

	snprintf(buf, REASON_MAX, "calls %s%s every %s (spread %.0f %%)%s, %u times in %s",
	    t->kind == KEY_ROTATION ? "changing addresses, " : "", subject,
	    duration(v->interval_sec, interval), v->spread * 100,
	    v->folded ? ", some calls missed" : "", e->contacts, duration(span, since));
}

static void
tell(const struct entry *e, const struct score_verdict *v, const struct contact *c, finding_fn *emit,
    void *to)
{
	const struct track *t = e->track;
	char subject[SUBJECT_MAX], reason[REASON_MAX];
	struct beacon_numbers numbers = {
		.score = v->score, .interval_sec = v->interval_sec, .spread = v->spread,
		.contacts = e->contacts, .first_alert_contact = t->first_alert,
		.first_ns = e->first_ns, .last_ns = e->marks[e->used - 1].at_ns, .peers = t->peers,
	};
	struct finding f;

	memcpy(numbers.peer, t->latest, sizeof numbers.peer);
	subject_of(t, subject);
	reason_of(e, v, subject, reason);
	memset(&f, 0, sizeof f);
	f.kind = FINDING_BEACON;
	f.ts_ns = numbers.last_ns;
	f.first_ns = numbers.first_ns;
	f.realm = t->realm;
	f.host = t->host;
	f.peer = t->peer;
	f.peer_port = t->port;
	f.protocol = t->protocol;
	f.service = t->service;
	f.subject = subject;
	f.reason = reason;
	f.severity = SEVERITY_MEDIUM;
	f.beacon = &numbers;
	if (c != NULL) {
		f.because = c->o;
		f.host_port = c->o->key.port[ORIGINATOR];
		/* An old contact may be told of late; what comes of it happens now. */
		f.ts_ns = c->o->flow_last_ns > c->o->ts_ns ? c->o->flow_last_ns : c->o->ts_ns;
	}
	emit(to, &f);
}

/*
 * Scoring is what a contact costs most. One gap of 63 changes little, so a key
 * that was far from regular need not be asked at each.
 */
static bool
is_due(const struct beacon *b, const struct entry *e)
{
	return e->used < MOST_MARKS || e->track->now.score >= b->limits.record_score ||
	    e->contacts % SETTLED_TURN == 0;
}

static void
note_key(struct beacon *b, const struct contact *c)
{
	struct entry *e = find_or_make(b, c);
	struct score_verdict *v;

	if (e == NULL) {
		b->counts.lost++;
		return;
	}
	if (!add_mark(b, e, c)) {
		b->counts.merged++;
		return;
	}
	if (e->contacts <= FEW_MARKS)
		return;
	if (!begin_track(e, c)) {
		b->counts.lost++;
		return;
	}
	note_peer(e->track, c);
	if (e->used < b->limits.min_contacts)
		return;
	v = &e->track->now;
	if (is_due(b, e))
		judge(b, e, v);
	if (v->score > e->track->best.score)
		e->track->best = *v;
	if (v->score < b->limits.alert_score)
		return;
	if (e->track->first_alert == 0)
		e->track->first_alert = e->contacts;
	b->counts.findings++;
	tell(e, v, c, b->emit, b->to);
}

void
beacon_note(struct beacon *b, const struct observation *contact)
{
	struct contact c;

	b->counts.contacts++;
	if (!read_contact(contact, &c)) {
		b->counts.routine++;
		return;
	}
	note_key(b, &c);
	if (c.kind != KEY_ADDRESS)
		return;
	c.kind = KEY_ROTATION;
	note_key(b, &c);
}

/* ---- the records at the end ---- */

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
	char sx[SUBJECT_MAX], sy[SUBJECT_MAX];
	int c = (x->first_ns > y->first_ns) - (x->first_ns < y->first_ns);

	if (c == 0)
		c = realm_compare(&x->track->realm, &y->track->realm);
	if (c == 0)
		c = addr_compare(&x->track->host, &y->track->host);
	if (c != 0)
		return c;
	subject_of(x->track, sx);
	subject_of(y->track, sy);
	c = strcmp(sx, sy);
	return c != 0 ? c : x->track->protocol - y->track->protocol;
}

void
beacon_each(struct beacon *b, finding_fn *take, void *to)
{
	struct entry **chosen = calloc(b->counts.keys + 1, sizeof *chosen), *e;
	size_t n = 0, i;

	if (chosen == NULL) {
		b->counts.lost++;
		return;
	}
	for (e = b->idlest; e != NULL; e = e->busier)
		if (e->track != NULL && e->track->best.score > 0 &&
		    e->track->best.score >= b->limits.record_score)
			chosen[n++] = e;
	if (n > 1)
		qsort(chosen, n, sizeof *chosen, compare_entries);
	for (i = 0; i < n; i++)
		tell(chosen[i], &chosen[i]->track->best, NULL, take, to);
	free(chosen);
}

const struct beacon_counts *
beacon_counts(const struct beacon *b)
{
	return &b->counts;
}

struct beacon *
beacon_new(const struct beacon_limits *limits, finding_fn *emit, void *to)
{
	struct beacon *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->limits = *limits;
	if (b->limits.max_keys == 0)
		b->limits.max_keys = 1;
	if (b->limits.min_contacts <= FEW_MARKS)
		b->limits.min_contacts = FEW_MARKS + 1;
	if (b->limits.min_contacts > MOST_MARKS)
		b->limits.min_contacts = MOST_MARKS;
	b->burst_ns = (int64_t)b->limits.burst_sec * NS_PER_SEC;
	b->emit = emit;
	b->to = to;
	score_prepare(&b->scores);
	return b;
}

void
beacon_free(struct beacon *b)
{
	if (b == NULL)
		return;
	while (b->idlest != NULL)
		forget(b, b->idlest);
	free(b);
}
