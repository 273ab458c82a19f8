#include "cases/cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/heap.h"
#include "cases/private.h"
#include "message.h"
#include "records/alert_id.h"

enum { REASON_MAX = 512 };

/* A case that goes on as before is told at most so often. */
#define TOLD_AGAIN_NS (60 * NS_PER_SEC)
/* A case that goes on as before is told at most so often. */
#define TOLD_AGAIN_NS (60 * NS_PER_SEC)
#define FLOOD_NS (3600 * NS_PER_SEC)

/* ---- who is idle longest ---- */

static void
idle_remove(struct cases *c, struct entry *e)
{
	struct idle_list *l = &c->idle[e->open];

	*(e->idler != NULL ? &e->idler->busier : &l->idlest) = e->busier;
	*(e->busier != NULL ? &e->busier->idler : &l->busiest) = e->idler;
}

static void
idle_append(struct cases *c, struct entry *e)
{
	struct idle_list *l = &c->idle[e->open];

	e->idler = l->busiest;
	e->busier = NULL;
	*(l->busiest != NULL ? &l->busiest->busier : &l->idlest) = e;
	l->busiest = e;
}

static void
set_open(struct cases *c, struct entry *e, bool open)
{
	idle_remove(c, e);
	e->open = open;
	idle_append(c, e);
	c->counts.open += open ? 1 : (uint64_t)-1;
}

/* ---- findings ---- */

static void
put_addresses(struct entry *e)
{
	unsigned i;

	e->file.n.addresses = e->addresses;
	for (i = 0; i < e->addresses; i++) {
		e->file.n.address[i] = e->bound[i]->key.addr;
		e->file.n.address_since_ns[i] = e->bound[i]->since_ns;
	}
}

static void
tell(struct cases *c, struct entry *e, const struct finding *because)
{
	char reason[REASON_MAX];
	enum severity now = case_file_sum(&e->file);
	struct finding f;
	int s, furthest = 0;

	for (s = 0; s < CASE_STAGES; s++)
		if (e->file.stage[s] != NULL)
			furthest = s;
	if (!e->open || now < e->severity)
		e->severity = now;
	put_addresses(e);
	e->told_ns = because->ts_ns;
	e->file.n.title = case_titles[furthest][c->limits.language];
	memset(&f, 0, sizeof f);
	f.kind = FINDING_CASE;
	f.ts_ns = because->ts_ns;
	f.first_ns = e->file.first_ns < f.ts_ns ? e->file.first_ns : f.ts_ns;
	f.realm = because->realm;
	f.host = because->host;
	f.peer = because->peer;
	f.peer_port = because->peer_port;
	f.protocol = because->protocol;
	f.service = "";
	f.subject = e->subject;
	f.reason = case_reason(&e->file, c->limits.language, reason, sizeof reason);
	f.severity = e->severity;
	f.cased = &e->file.n;
	if (!e->open)
		alert_id(&f, e->id);
	c->emit(c->to, &f);
}

static void
tell_flood(struct cases *c, int64_t now_ns)
{
	char reason[REASON_MAX];
	struct finding f;

	memset(&f, 0, sizeof f);
	f.kind = FINDING_SENSOR;
	f.ts_ns = f.first_ns = now_ns;
	f.service = "";
	f.subject = "cases";
	f.reason = case_flood_reason(c->flood.cases, c->limits.language, reason, sizeof reason);
	f.severity = SEVERITY_MEDIUM;
	c->emit(c->to, &f);
}

/* ---- entries and their addresses ---- */

static void
unbind(struct cases *c, struct binding *b)
{
	struct entry *e = b->entry;
	unsigned i;

	for (i = 0; i < e->addresses && e->bound[i] != b; i++)
		continue;
	e->addresses--;
	memmove(&e->bound[i], &e->bound[i + 1], (e->addresses - i) * sizeof(struct binding *));
	if (!b->gone)
		HASH_DEL(c->addresses, b);
	free(b);
}

static void
entry_drop(struct cases *c, struct entry *e)
{
	while (e->addresses > 0)
		unbind(c, e->bound[e->addresses - 1]);
	if (e->has_machine)
		HASH_DELETE(hh_machine, c->machines, e);
	idle_remove(c, e);
	case_file_clear(&e->file);
	free(e);
	c->counts.hosts--;
}

/* The alert closes because of what is told here; nobody is to look for the case then. */
static void
close_case(struct cases *c, struct entry *e)
{
	HASH_DELETE(hh_open, c->opens, e);
	set_open(c, e, false);
	c->counts.ended++;
}

static void
end_entry(struct cases *c, struct entry *e, enum case_end why, int64_t now_ns)
{
	struct finding because;

	if (e->open) {
		memset(&because, 0, sizeof because);
		because.ts_ns = now_ns;
		because.realm = e->realm;
		because.host = e->host;
		e->file.n.end = why;
		tell(c, e, &because);
		close_case(c, e);
	}
	entry_drop(c, e);
}

static struct binding *
find_address(const struct cases *c, const struct realm *realm, const struct addr *addr)
{
	const struct address_key key = { *realm, *addr };
	struct binding *b;

	HASH_FIND(hh, c->addresses, &key, sizeof key, b);
	return b;
}

static struct entry *
find_machine(const struct cases *c, const struct machine_key *key)
{
	struct entry *e;

	HASH_FIND(hh_machine, c->machines, key, sizeof *key, e);
	return e;
}

struct entry *
case_entry_new(struct cases *c, int64_t now_ns)
{
	struct entry *e;

	if (c->counts.hosts >= c->limits.hosts) {
		c->counts.evicted++;
		end_entry(c, c->idle[0].idlest != NULL ? c->idle[0].idlest : c->idle[1].idlest, CASE_EVICTED, now_ns);
	}
	if ((e = calloc(1, sizeof *e)) == NULL) {
		c->counts.lost++;
		return NULL;
	}
	case_file_begin(&e->file);
	idle_append(c, e);
	c->counts.hosts++;
	return e;
}

/* Without memory the entry is found by its machine alone, or not again. */
void
case_set_machine(struct cases *c, struct entry *e, const struct machine_key *key)
{
	e->machine = *key;
	HASH_ADD(hh_machine, c->machines, machine, sizeof e->machine, e);
	e->has_machine = e->hh_machine.tbl != NULL;
}

/* It is the present one from now on. */
void
case_bind(struct cases *c, struct entry *e, const struct realm *realm, const struct addr *addr, int64_t now_ns)
{
	struct binding *b = find_address(c, realm, addr);
	unsigned i;

	if (b != NULL) {
		for (i = 0; e->bound[i] != b; i++)
			continue;
		memmove(&e->bound[i], &e->bound[i + 1], (e->addresses - i - 1) * sizeof(struct binding *));
		e->bound[e->addresses - 1] = b;
		return;
	}
	if (e->addresses == CASE_ADDRESSES)
		unbind(c, e->bound[0]);
	if ((b = calloc(1, sizeof *b)) == NULL) {
		c->counts.lost++;
		return;
	}
	b->key = (struct address_key){ *realm, *addr };
	b->entry = e;
	b->since_ns = now_ns;
	HASH_ADD(hh, c->addresses, key, sizeof b->key, b);
	if (element_not_added(b)) {
		free(b);
		c->counts.lost++;
		return;
	}
	e->bound[e->addresses++] = b;
}

/* Somebody else has the address now, or nobody: who had it as the present one is gone. */
static void
take_away(struct cases *c, struct binding *b, enum case_end why, int64_t now_ns)
{
	struct entry *e = b->entry;

	if (e->bound[e->addresses - 1] == b) {
		end_entry(c, e, why, now_ns);
		return;
	}
	/* The case goes on under another, and tells that it had this one. */
	HASH_DEL(c->addresses, b);
	b->gone = true;
}

/* ---- whose finding is it? ---- */

/* A hardware address counts where a DHCP server or the lease's asker said it. */
static bool
leased_machine(const struct realm *realm, const struct host_identity *identity, struct machine_key *key)
{
	const struct host_fact *mac = identity == NULL ? NULL : &identity->fact[HOST_MAC];
	unsigned byte[MAC_BYTES];
	int i;

	if (mac == NULL || mac->text == NULL || (strcmp(mac->source, "dhcp") != 0 && strcmp(mac->source, "dhcpv6") != 0))
		return false;
	if (sscanf(mac->text, "%2x:%2x:%2x:%2x:%2x:%2x", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4], &byte[5]) != MAC_BYTES)
		return false;
	memset(key, 0, sizeof *key);
	key->realm = *realm;
	for (i = 0; i < MAC_BYTES; i++)
		key->mac[i] = (uint8_t)byte[i];
	return true;
}

static struct entry *
entry_of(struct cases *c, const struct finding *f, const struct host_identity *identity)
{
	struct binding *b = find_address(c, &f->realm, &f->host);
	struct machine_key key;
	bool leased = leased_machine(&f->realm, identity, &key);
	struct entry *e = leased ? find_machine(c, &key) : NULL;

	if (b != NULL && leased && b->entry != e && (e != NULL || b->entry->has_machine)) {
		take_away(c, b, CASE_ADDRESS_TAKEN, f->ts_ns);
		b = NULL;
	}
	if (e == NULL && b != NULL)
		e = b->entry;
	if (e == NULL && (e = case_entry_new(c, f->ts_ns)) == NULL)
		return NULL;
	if (leased && !e->has_machine)
		case_set_machine(c, e, &key);
	e->realm = f->realm;
	e->host = f->host;
	case_bind(c, e, &f->realm, &f->host, f->ts_ns);
	return e;
}

static bool
is_lease(const struct observation *o)
{
	return o->kind == OBSERVE_IDENTITY && (o->detail == IDENTITY_DHCP || o->detail == IDENTITY_DHCPV6) &&
	    observation_text(o, TEXT_MAC).left == MAC_BYTES && ((o->flags & OBSERVED_RELEASED) != 0 || o->code > 0);
}

/* Was the host without a known machine heard within the lease? Then no server would have given its address away. */
static bool
is_renewal(const struct entry *e, const struct observation *o)
{
	return !e->has_machine && e->file.last_ns != WHEN_UNKNOWN && (o->ts_ns < e->file.last_ns || (o->ts_ns - e->file.last_ns) / NS_PER_SEC < o->code);
}

void
cases_identity(struct cases *c, const struct observation *o)
{
	struct machine_key key;
	struct binding *b;
	struct entry *e;

	if (c->counts.hosts == 0 || !is_lease(o))
		return;
	memset(&key, 0, sizeof key);
	key.realm = o->key.realm;
	memcpy(key.mac, observation_text(o, TEXT_MAC).at, MAC_BYTES);
	b = find_address(c, &o->key.realm, &o->named);
	e = find_machine(c, &key);
	if ((o->flags & OBSERVED_RELEASED) != 0) {
		/* A machine that is known will have another address. */
		if (b != NULL && !b->entry->has_machine)
			take_away(c, b, CASE_ADDRESS_RELEASED, o->ts_ns);
		return;
	}
	if (b != NULL && b->entry != e) {
		if (e == NULL && is_renewal(b->entry, o)) {
			case_set_machine(c, b->entry, &key);
			return;
		}
		take_away(c, b, CASE_ADDRESS_TAKEN, o->ts_ns);
	}
	if (e != NULL)
		case_bind(c, e, &o->key.realm, &o->named, o->ts_ns);
}

/* ---- a case opens ---- */

/* One more. False: there are too many to be true. */
static bool
flood_admits(struct cases *c, struct entry *e, int64_t now_ns)
{
	if (c->flood.cases == 0 || now_ns - c->flood.since_ns >= FLOOD_NS || now_ns < c->flood.since_ns) {
		c->flood.since_ns = now_ns;
		c->flood.cases = 0;
		c->flood.told = false;
	}
	if (c->flood.cases < c->limits.flood_hosts) {
		c->flood.cases++;
		return true;
	}
	if (!c->flood.told)
		tell_flood(c, now_ns);
	c->flood.told = true;
	if (!e->held_back)
		c->counts.held_back++;
	e->held_back = true;
	return false;
}

static void
name_subject(struct entry *e)
{
	if (e->has_machine)
		mac_text(e->machine.mac, e->subject);
	else
		addr_text(&e->host, e->subject);
}

bool
case_mark_open(struct cases *c, struct entry *e)
{
	HASH_ADD(hh_open, c->opens, id, ALERT_ID_TEXT, e);
	if (e->hh_open.tbl == NULL) {
		c->counts.lost++;
		return false;
	}
	set_open(c, e, true);
	return true;
}

static void
open_case(struct cases *c, struct entry *e, const struct finding *f)
{
	e->file.n.opened_ns = f->ts_ns;
	name_subject(e);
	tell(c, e, f);
	if (case_mark_open(c, e))
		c->counts.opened++;
}

static int64_t
window_start(const struct cases *c, int64_t now_ns)
{
	int64_t sec = (int64_t)c->limits.close_sec * NS_PER_SEC;

	return now_ns < INT64_MIN + sec ? INT64_MIN : now_ns - sec;
}

void
cases_take(struct cases *c, const struct finding *f, const struct case_context *context)
{
	const struct case_row *row = case_row_of(f);
	enum case_news news;
	struct entry *e;

	if (c->limits.hosts == 0 || row == NULL || case_points(row, f) == 0 ||
	    (e = entry_of(c, f, context->identity)) == NULL)
		return;
	idle_remove(c, e);
	idle_append(c, e);
	/* What is long past is another story. */
	if (!e->open && e->file.last_ns != WHEN_UNKNOWN && e->file.last_ns < window_start(c, f->ts_ns))
		case_file_clear(&e->file);
	if ((news = case_file_add(&e->file, row, f, context)) == CASE_NO_MEMORY)
		c->counts.lost++;
	else if (e->open && (news == CASE_NEW || f->ts_ns < e->told_ns || f->ts_ns - e->told_ns >= TOLD_AGAIN_NS))
		tell(c, e, f);
	else if (!e->open && case_file_points(&e->file, window_start(c, f->ts_ns)) >= c->limits.threshold &&
	    flood_admits(c, e, f->ts_ns))
		open_case(c, e, f);
}

const char *
cases_id_of(const struct cases *c, const struct realm *realm, const struct addr *host)
{
	const struct binding *b = find_address(c, realm, host);

	return b != NULL && b->entry->open ? b->entry->id : NULL;
}

bool
cases_numbers(struct cases *c, const char *id, struct case_numbers *n, struct case_stage_seen stage[CASE_STAGES])
{
	struct entry *e;
	int s;

	HASH_FIND(hh_open, c->opens, id, ALERT_ID_TEXT, e);
	if (e == NULL)
		return false;
	case_file_sum(&e->file);
	put_addresses(e);
	*n = e->file.n;
	for (s = 0; s < CASE_STAGES; s++) {
		if (n->stage[s] == NULL)
			continue;
		stage[s] = *n->stage[s];
		n->stage[s] = &stage[s];
	}
	return true;
}

void
cases_closed(struct cases *c, const char *id)
{
	struct entry *e;

	HASH_FIND(hh_open, c->opens, id, ALERT_ID_TEXT, e);
	/* One that ends by itself is on its way out already. */
	if (e == NULL || e->file.n.end != CASE_GOES_ON)
		return;
	close_case(c, e);
	entry_drop(c, e);
}

/* ---- making it ---- */

const struct case_counts *
cases_counts(const struct cases *c)
{
	return &c->counts;
}

size_t
cases_host_bytes(void)
{
	/* Each stage once more in the alert's incident. */
	return heap_bytes(sizeof(struct entry)) + CASE_ADDRESSES * heap_bytes(sizeof(struct binding)) +
	    2 * CASE_STAGES * heap_bytes(sizeof(struct case_stage_seen)) + heap_bytes(sizeof(struct case_numbers)) +
	    (1 + CASE_ADDRESSES) * sizeof(struct UT_hash_bucket);
}

struct cases *
cases_new(const struct case_limits *limits, finding_fn *emit, void *to)
{
	struct cases *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->limits = *limits;
	c->emit = emit;
	c->to = to;
	return c;
}

void
cases_free(struct cases *c)
{
	int i;

	if (c == NULL)
		return;
	HASH_CLEAR(hh_open, c->opens);
	for (i = 0; i < 2; i++)
		while (c->idle[i].idlest != NULL)
			entry_drop(c, c->idle[i].idlest);
	free(c);
}
