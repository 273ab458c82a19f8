#include "alert/alerts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/hosts.h"
#include "alert/incident.h"
#include "alert/peer_names.h"
#include "alert/rates.h"
#include "alert/words.h"
#include "base/heap.h"
#include "base/when.h"
#include "records/alert_id.h"

enum { BEATS_MISSED = 3, PATIENCE_MOST_SEC = 30 * 86400 };

#define SET_BACK_NS (86400 * NS_PER_SEC)

struct ended {
	UT_hash_handle hh;
	char id[ALERT_ID_TEXT];
	uint32_t revision;		/* its last */
};

struct alerts {
	struct alert_limits limits;
	const struct geoip *geoip;
	alert_fn *emit;
	void *to;
	struct peer_names *names;
	struct hosts *hosts;
	struct rates *rates;
	struct ended *ended;		/* by an analyst that died */
	struct incident *table;
	struct incident *idlest, *busiest;
	struct incident **due;		/* binary heap by (deadline, order of opening) */
	uint64_t opened;
	int64_t now_ns;			/* the latest that was told, unless the clock was set back */
	struct alert_counts counts;
};

/* ---- deadlines ---- */

static bool
earlier(const struct incident *x, const struct incident *y)
{
	if (x->deadline_ns != y->deadline_ns)
		return x->deadline_ns < y->deadline_ns;
	return x->order < y->order;
}

static void
due_put(struct alerts *a, size_t place, struct incident *i)
{
	a->due[place] = i;
	i->place = place;
}

static void
due_up(struct alerts *a, struct incident *i)
{
	size_t at = i->place;

	while (at > 0 && earlier(i, a->due[(at - 1) / 2])) {
		due_put(a, at, a->due[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	due_put(a, at, i);
}

static void
due_down(struct alerts *a, struct incident *i)
{
	size_t at = i->place, child, open = a->counts.open;

	while ((child = 2 * at + 1) < open) {
		if (child + 1 < open && earlier(a->due[child + 1], a->due[child]))
			child++;
		if (!earlier(a->due[child], i))
			break;
		due_put(a, at, a->due[child]);
		at = child;
	}
	due_put(a, at, i);
}

static int64_t
later(int64_t ns, uint32_t sec)
{
	int64_t add = (int64_t)sec * NS_PER_SEC;

	return ns > INT64_MAX - add ? INT64_MAX : ns + add;
}

/* How long silence may last. A clock that ticks slower than alerts close has not stopped between two beats. */
static uint32_t
patience(const struct alerts *a, const struct incident *i)
{
	double beats = i->finding.beacon != NULL ? BEATS_MISSED * i->finding.beacon->interval_sec : 0;

	if (i->finding.kind == FINDING_CASE)
		return a->limits.case_close_sec;
	if (!(beats > a->limits.close_sec))
		return a->limits.close_sec;
	return beats < PATIENCE_MOST_SEC ? (uint32_t)beats : PATIENCE_MOST_SEC;
}

/* Of what is told late silence begins when it was told. */
static int64_t
close_time(const struct alerts *a, const struct incident *i)
{
	return later(i->heard_ns > i->alert.last_ns ? i->heard_ns : i->alert.last_ns, patience(a, i));
}

/*
 * Each revision makes the next one wait twice as long. The revision is all that an analyst needs to go on in the same rhythm when
 * the one before it died.
 */
static int64_t
update_time(const struct alerts *a, const struct incident *i)
{
	uint32_t sec = a->limits.update_sec, n;

	for (n = 1; n < i->alert.revision && sec < a->limits.update_most_sec; n++)
		sec = sec < a->limits.update_most_sec / 2 ? 2 * sec : a->limits.update_most_sec;
	return later(i->alert.ts_ns, sec);
}

static void
set_deadline(struct alerts *a, struct incident *i)
{
	int64_t update = update_time(a, i);

	i->deadline_ns = close_time(a, i);
	if (i->changed && update < i->deadline_ns)
		i->deadline_ns = update;
	due_up(a, i);
	due_down(a, i);
}

/* ---- who is idle longest ---- */

static void
idle_remove(struct alerts *a, struct incident *i)
{
	*(i->idler != NULL ? &i->idler->busier : &a->idlest) = i->busier;
	*(i->busier != NULL ? &i->busier->idler : &a->busiest) = i->idler;
}

static void
idle_append(struct alerts *a, struct incident *i)
{
	i->idler = a->busiest;
	i->busier = NULL;
	*(a->busiest != NULL ? &a->busiest->busier : &a->idlest) = i;
	a->busiest = i;
}

/* ---- revisions ---- */

static void
let_out(struct alerts *a, struct incident *i, enum alert_state state, int64_t ts_ns)
{
	i->alert.state = state;
	i->alert.revision++;
	if (i->alert.revision == 1 || ts_ns > i->alert.ts_ns)
		i->alert.ts_ns = ts_ns;
	i->changed = false;
	a->emit(a->to, &i->alert);
}

/* Out of every table; its memory is the caller's. */
static void
take_out(struct alerts *a, struct incident *i)
{
	struct incident *last = a->due[a->counts.open - 1];

	a->counts.open--;
	if (last != i) {
		due_put(a, i->place, last);
		due_up(a, last);
		due_down(a, last);
	}
	idle_remove(a, i);
	HASH_DEL(a->table, i);
}

static void
close_incident(struct alerts *a, struct incident *i, int64_t ts_ns)
{
	take_out(a, i);
	a->counts.closed++;
	incident_entitle(i);
	let_out(a, i, ALERT_CLOSE, ts_ns);
	incident_free(i);
}

static void
update_incident(struct alerts *a, struct incident *i, int64_t ts_ns, bool worse)
{
	a->counts.updated++;
	incident_entitle(i);
	i->alert.worse = worse;
	let_out(a, i, ALERT_UPDATE, ts_ns);
	i->alert.worse = false;
	set_deadline(a, i);
}

static void
advance(struct alerts *a, int64_t now_ns)
{
	struct incident *i;

	while (a->counts.open > 0 && (i = a->due[0])->deadline_ns <= now_ns) {
		if (i->deadline_ns >= close_time(a, i))
			close_incident(a, i, i->deadline_ns);
		else
			update_incident(a, i, i->deadline_ns, false);
	}
}

void
alerts_advance(struct alerts *a, int64_t now_ns)
{
	/* Of a flow that ends by its timer a contact may come that is as old as the flow. */
	if (now_ns > a->now_ns || a->now_ns - now_ns > SET_BACK_NS)
		a->now_ns = now_ns;
	advance(a, now_ns);
}

/* ---- findings ---- */

/* What is known when the finding comes: what is learnt later does not change what was told. */
static void
set_names(struct alerts *a, struct incident *i)
{
	const struct finding *f = &i->finding;
	struct host_identity identity;

	if (hosts_find(a->hosts, &f->realm, &f->host, &identity))
		incident_identify(i, &identity);
	incident_call_peer(i, peer_names_find(a->names, &f->realm, &f->host, &f->peer));
}

static struct incident *
find(const struct alerts *a, const struct finding *f)
{
	struct incident_key key = incident_key(f, a->limits.same);
	struct incident *i;

	HASH_FIND(hh, a->table, &key, sizeof key, i);
	return i;
}

static bool
is_of_a_machine(enum finding_kind kind)
{
	return kind != FINDING_CASE && kind != FINDING_SUMMARY && kind != FINDING_SENSOR;
}

/* Has another machine the address now than when `i` was told last? By hardware addresses, both known. */
static bool
is_of_another(const struct alerts *a, const struct incident *i, const struct finding *f)
{
	const char *before = i->identity.fact[HOST_MAC].text;
	struct host_identity now;

	return before != NULL && is_of_a_machine(f->kind) && hosts_find(a->hosts, &f->realm, &f->host, &now) &&
	    now.fact[HOST_MAC].text != NULL && strcmp(now.fact[HOST_MAC].text, before) != 0;
}

/* The incident that `f` belongs to. One of the machine that had the address before is over. */
static struct incident *
find_own(struct alerts *a, const struct finding *f)
{
	struct incident *i = find(a, f);

	if (i == NULL || !is_of_another(a, i, f))
		return i;
	close_incident(a, i, f->ts_ns);
	return NULL;
}

/* The summary that tells of `i` is let out, or updated, before it. */
static void
hold_back(struct alerts *a, struct incident *i, const struct summary_numbers *numbers)
{
	char reason[WORDS_MAX], subject[64];
	const struct incident *summary;
	struct finding f;

	memset(&f, 0, sizeof f);
	f.kind = FINDING_SUMMARY;
	f.ts_ns = i->alert.ts_ns;
	f.first_ns = numbers->since_ns;
	if (numbers->signature == 0) {
		f.realm = i->finding.realm;
		f.host = i->finding.host;
	}
	f.service = "";
	f.subject = words_summary_subject(numbers, subject, sizeof subject);
	f.reason = words_summary(numbers, a->limits.language, reason, sizeof reason);
	f.severity = i->finding.severity;
	f.summary = numbers;
	alerts_take(a, &f);
	if ((summary = find(a, &f)) == NULL)
		return;
	memcpy(i->held_by, summary->alert.id, sizeof i->held_by);
	a->counts.held++;
}

/* Into every table. False: no memory, and it is freed. */
static bool
put_in(struct alerts *a, struct incident *i)
{
	HASH_ADD(hh, a->table, key, sizeof i->key, i);
	if (element_not_added(i)) {
		incident_free(i);
		return false;
	}
	i->order = a->opened++;
	i->heard_ns = a->now_ns;
	idle_append(a, i);
	due_put(a, a->counts.open++, i);
	return true;
}

static void
open_incident(struct alerts *a, const struct finding *f)
{
	const struct summary_numbers *numbers;
	const struct ended *ended;
	struct incident *i;

	if ((i = incident_new(f, &a->limits)) == NULL) {
		a->counts.lost++;
		return;
	}
	i->alert.ts_ns = f->ts_ns;
	incident_fold(i, f);
	incident_entitle(i);
	if ((!i->alert.member || a->limits.members_count) && (numbers = rates_open(a->rates, &i->alert)) != NULL)
		hold_back(a, i, numbers);
	if (a->counts.open >= a->limits.max_open) {
		a->counts.evicted++;
		close_incident(a, a->idlest, f->ts_ns);
	}
	if (!put_in(a, i)) {
		a->counts.lost++;
		return;
	}
	HASH_FIND_STR(a->ended, i->alert.id, ended);
	if (ended != NULL)
		i->alert.revision = ended->revision;
	geoip_find(a->geoip, &f->peer, &i->alert.peer_place);
	set_names(a, i);
	a->counts.opened++;
	let_out(a, i, ALERT_OPEN, f->ts_ns);
	set_deadline(a, i);
}

/* Who found it says that it is over: nobody waits for silence. */
static bool
is_end(const struct finding *f)
{
	return f->over || (f->cased != NULL && f->cased->end != CASE_GOES_ON);
}

void
alerts_take(struct alerts *a, const struct finding *f)
{
	struct incident *i;
	bool worse;

	/* What was due before this finding comes before it, however the caller slices time. */
	advance(a, f->ts_ns);
	a->counts.findings++;
	if ((i = find_own(a, f)) == NULL) {
		if (!is_end(f))
			open_incident(a, f);
		return;
	}
	idle_remove(a, i);
	idle_append(a, i);
	worse = incident_fold(i, f);
	i->heard_ns = a->now_ns;
	set_names(a, i);
	if (is_end(f))
		close_incident(a, i, f->ts_ns);
	else if (worse || f->ts_ns >= update_time(a, i))
		update_incident(a, i, f->ts_ns, worse);
	else
		set_deadline(a, i);
}

static bool
remember_end(struct alerts *a, const struct former_head *head)
{
	struct ended *e;

	if (HASH_COUNT(a->ended) >= a->limits.max_open || (e = calloc(1, sizeof *e)) == NULL)
		return false;
	memcpy(e->id, head->id, sizeof e->id);
	e->revision = head->revision;
	HASH_ADD_STR(a->ended, id, e);
	if (!element_not_added(e))
		return true;
	free(e);
	return false;
}

bool
alerts_again(struct alerts *a, const char *line)
{
	struct former_head head;
	struct incident *i = NULL;
	struct former f = { .root = NULL };

	if (former_head(line, &head) && head.state == ALERT_CLOSE)
		return remember_end(a, &head);
	if (a->counts.open < a->limits.max_open && former_read(&f, line) && find(a, &f.finding) == NULL)
		i = incident_again(&f, line, &a->limits);
	former_clear(&f);
	if (i == NULL || !put_in(a, i))
		return false;
	a->counts.again++;
	/* The one that died may have heard more of it, and would have told by then. */
	i->heard_ns = update_time(a, i);
	set_deadline(a, i);
	return true;
}

void
alerts_opened_before(struct alerts *a, const char *line, int64_t opened_ns)
{
	struct former f = { .root = NULL };

	if (former_read(&f, line)) {
		f.alert.ts_ns = opened_ns;
		rates_again(a->rates, &f.alert, f.signature_id);
	}
	former_clear(&f);
}

void
alerts_save_rates(const struct alerts *a, struct state_out *out)
{
	rates_save(a->rates, out);
}

void
alerts_load_rates(struct alerts *a, const struct state_in *in)
{
	rates_load(a->rates, in);
}

const char *
alerts_id_of(struct alerts *a, const struct finding *f, char id[ALERT_ID_TEXT])
{
	struct incident *i;

	advance(a, f->ts_ns);
	if ((i = find_own(a, f)) == NULL)
		return alert_id(f, id);
	memcpy(id, i->alert.id, ALERT_ID_TEXT);
	return id;
}

bool
alerts_identity_of(const struct alerts *a, const struct realm *realm, const struct addr *host,
    struct host_identity *out)
{
	return hosts_find(a->hosts, realm, host, out);
}

void
alerts_finish(struct alerts *a, int64_t now_ns)
{
	alerts_advance(a, now_ns);
	while (a->table != NULL)
		close_incident(a, a->table, now_ns);
}

const char *
alerts_name_of(const struct alerts *a, const struct realm *realm, const struct addr *host, const struct addr *peer)
{
	return peer_names_find(a->names, realm, host, peer);
}

uint64_t
alerts_ask_name(const struct alerts *a, const struct realm *realm, const struct addr *host, const struct addr *peer)
{
	return peer_names_ask(a->names, realm, host, peer);
}

const char *
alerts_asked_name(const struct alerts *a, uint64_t asked)
{
	return peer_names_asked(a->names, asked);
}

void
alerts_name(struct alerts *a, const struct observation *o)
{
	if (o->kind != OBSERVE_NAME)
		return;
	peer_names_add(a->names, &o->key.realm, &o->key.addr[o->host_side], &o->named,
	    observation_text(o, TEXT_SERVICE));
}

bool
alerts_identity(struct alerts *a, const struct observation *o)
{
	return hosts_note(a->hosts, o);
}

const struct alert_counts *
alerts_counts(const struct alerts *a)
{
	return &a->counts;
}

struct alerts *
alerts_new(const struct alert_limits *limits, const struct geoip *geoip, alert_fn *emit, void *to)
{
	struct alerts *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->limits = *limits;
	a->now_ns = INT64_MIN / 2;
	if (a->limits.max_open == 0)
		a->limits.max_open = 1;
	a->geoip = geoip;
	a->emit = emit;
	a->to = to;
	a->due = calloc(a->limits.max_open, sizeof *a->due);
	a->names = peer_names_new(limits->max_names, &a->counts.names_evicted);
	a->hosts = hosts_new(limits->max_hosts, &a->counts.hosts_evicted);
	a->rates = rates_new(limits->host_hourly, limits->rule_hourly, limits->max_open, &a->counts.rates_evicted);
	if (a->due == NULL || a->names == NULL || a->hosts == NULL || a->rates == NULL) {
		alerts_free(a);
		return NULL;
	}
	return a;
}

void
alerts_free(struct alerts *a)
{
	struct ended *e, *next;
	struct incident *i;

	if (a == NULL)
		return;
	while ((i = a->table) != NULL) {
		HASH_DEL(a->table, i);
		incident_free(i);
	}
	peer_names_free(a->names);
	hosts_free(a->hosts);
	HASH_ITER(hh, a->ended, e, next) {
		HASH_DEL(a->ended, e);
		free(e);
	}
	rates_free(a->rates);
	free(a->due);
	free(a);
}

/* One that is open, its places in two tables and a heap, one that an analyst before had ended, a rate. */
size_t
alerts_incident_bytes(void)
{
	return incident_bytes() + sizeof(struct UT_hash_bucket) + sizeof(struct incident *) +
	    heap_bytes(sizeof(struct ended)) + sizeof(struct UT_hash_bucket) + rates_rate_bytes();
}

size_t
alerts_name_bytes(void)
{
	return peer_names_name_bytes();
}

size_t
alerts_host_bytes(void)
{
	return hosts_host_bytes();
}
