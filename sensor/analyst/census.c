#include "analyst/census.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/distinct.h"
#include "base/hash.h"
#include "base/state_file.h"
#include "base/when.h"

enum { REGISTERS = 1024, PLACES = 1024, WAYS = 4, PROTO_TCP = 6, NO_DAY = INT32_MIN };

/* Different things: one by one, and all of them in registers. */
struct crowd {
	uint64_t one[CENSUS_EXACT];
	uint32_t ones;			/* CENSUS_EXACT + 1: there were more */
	uint32_t zero;
	uint8_t registers[REGISTERS];
};

struct entry {
	struct crowd servers, hosts;
	int32_t day;			/* NO_DAY: unused */
	uint8_t changed;		/* a bit for each reader that has not had it yet as it is */
	char family[BEHAVIOUR_FAMILY_MAX];
};

/* A flow that an indicator matched and in which nobody answered yet. */
struct awaited {
	uint64_t flow;			/* 0: unused */
	char family[BEHAVIOUR_FAMILY_MAX];
};

struct census {
	struct entry entry[CENSUS_ENTRIES];
	struct awaited awaited[PLACES][WAYS];
	uint8_t next[PLACES];
	unsigned awaiting;		/* places in use */
	struct {			/* is handed what gives way, too */
		census_fn *take;
		void *to;
	} reader[CENSUS_READERS];
	struct census_now now;
	bool stale;			/* `now` is */
};

struct census *
census_new(void)
{
	struct census *c = calloc(1, sizeof *c);
	unsigned i;

	for (i = 0; c != NULL && i < CENSUS_ENTRIES; i++)
		c->entry[i].day = NO_DAY;
	return c;
}

void
census_free(struct census *c)
{
	free(c);
}

/* ---- counting ---- */

/* True: the count may be another. */
static bool
crowd_add(struct crowd *w, uint64_t hash)
{
	uint32_t i;

	bool risen = distinct_add(w->registers, REGISTERS, hash);

	if (w->ones > CENSUS_EXACT)
		return risen;
	for (i = 0; i < w->ones; i++)
		if (w->one[i] == hash)
			return false;
	if (w->ones < CENSUS_EXACT)
		w->one[w->ones] = hash;
	w->ones++;
	return true;
}

static uint64_t
crowd_count(const struct crowd *w)
{
	uint64_t estimate;

	if (w->ones <= CENSUS_EXACT)
		return w->ones;
	estimate = distinct_count(w->registers, REGISTERS);
	return estimate > CENSUS_EXACT ? estimate : CENSUS_EXACT + 1;
}

static void
row_of(const struct entry *e, struct census_row *row)
{
	memset(row, 0, sizeof *row);
	row->day = e->day;
	row->estimated = e->servers.ones > CENSUS_EXACT || e->hosts.ones > CENSUS_EXACT;
	memcpy(row->family, e->family, sizeof row->family);
	row->servers = crowd_count(&e->servers);
	row->hosts = crowd_count(&e->hosts);
}

static void
hand_on(struct census *c, struct entry *e, enum census_reader who)
{
	struct census_row row;

	if ((e->changed & 1u << who) == 0 || c->reader[who].take == NULL)
		return;
	row_of(e, &row);
	e->changed = (uint8_t)(e->changed & ~(1u << who));
	c->reader[who].take(c->reader[who].to, &row);
}

static struct entry *
entry_of(struct census *c, int32_t day, const char *family)
{
	struct entry *e, *oldest = &c->entry[0];
	unsigned who;

	for (e = c->entry; e < c->entry + CENSUS_ENTRIES; e++) {
		if (e->day == day && strcmp(e->family, family) == 0)
			return e;
		if (e->day < oldest->day)
			oldest = e;
	}
	for (who = 0; who < CENSUS_READERS && oldest->day != NO_DAY; who++)
		hand_on(c, oldest, who);
	memset(oldest, 0, sizeof *oldest);
	oldest->day = day;
	memcpy(oldest->family, family, strlen(family) + 1);
	return oldest;
}

/* Behind a proxy, or where it has a name inside, the server is who is asked for. */
static uint64_t
server_of(const struct observation *o)
{
	struct span name = observation_text(o, TEXT_SERVICE);
	const struct addr *a = &o->key.addr[!o->host_side];

	if (o->home == 3 && name.left > 0)
		return hash_bytes(&HASH_FIXED, name.at, name.left);
	return hash_bytes(&HASH_FIXED, a->b, sizeof a->b);
}

static void
count(struct census *c, const struct observation *o, const char *family)
{
	struct entry *e = entry_of(c, (int32_t)(o->ts_ns / NS_PER_SEC / 86400), family);
	struct {
		struct realm realm;
		struct addr addr;
	} host;
	bool new;

	memset(&host, 0, sizeof host);
	host.realm = o->key.realm;
	host.addr = o->key.addr[o->host_side];
	new = crowd_add(&e->servers, server_of(o));
	if (crowd_add(&e->hosts, hash_bytes(&HASH_FIXED, &host, sizeof host)) || new) {
		e->changed = (1u << CENSUS_READERS) - 1;
		c->stale = true;
	}
}

/* ---- who awaits an answer ---- */

static bool
has_answered(const struct observation *o)
{
	return o->key.protocol == PROTO_TCP ? o->payload_bytes[!o->host_side] > 0 : o->packets[!o->host_side] > 0;
}

static unsigned
place_of(uint64_t flow)
{
	return (unsigned)(hash_bytes(&HASH_FIXED, &flow, sizeof flow) % PLACES);
}

static void
await(struct census *c, uint64_t flow, const char *family)
{
	unsigned place = place_of(flow), i;
	struct awaited *a;

	for (i = 0; i < WAYS; i++)
		if (c->awaited[place][i].flow == flow && strcmp(c->awaited[place][i].family, family) == 0)
			return;
	for (i = 0; i < WAYS && c->awaited[place][i].flow != 0; i++)
		;
	if (i == WAYS)
		i = c->next[place]++ % WAYS;
	a = &c->awaited[place][i];
	c->awaiting += a->flow == 0;
	a->flow = flow;
	memcpy(a->family, family, strlen(family) + 1);
}

static void
look(struct census *c, const struct observation *o)
{
	struct awaited *a = c->awaited[place_of(o->flow_id)], *end = a + WAYS;
	bool answered = has_answered(o);

	for (; a < end; a++) {
		if (a->flow != o->flow_id || a->flow == 0)
			continue;
		if (answered)
			count(c, o, a->family);
		if (answered || o->kind == OBSERVE_FLOW) {
			a->flow = 0;
			c->awaiting--;
		}
	}
}

/* Who only asks for a name spoke with a resolver. */
static bool
is_question(const struct observation *o)
{
	return o->app == APP_DNS || o->app == APP_MDNS || o->app == APP_LLMNR || o->app == APP_NBNS;
}

/* Many programs share a fingerprint, and many servers a network. */
static bool
names_a_server(uint8_t type)
{
	return type != INDICATOR_CIDR && type != INDICATOR_JA3 && type != INDICATOR_JA4 && type != INDICATOR_JA3S &&
	    type != INDICATOR_USER_AGENT && type != INDICATOR_FILE_SHA256;
}

static void
take_match(struct census *c, const struct observation *o)
{
	struct span malware = observation_text(o, TEXT_INDICATOR_MALWARE);
	char text[BEHAVIOUR_FAMILY_MAX * 2], buf[BEHAVIOUR_FAMILY_MAX];
	const char *family;

	if (o->indicator_role != ROLE_C2 || !names_a_server(o->indicator_type) || (o->flags & OBSERVED_RETRO) != 0 || is_question(o) || o->flow_id == 0)
		return;
	snprintf(text, sizeof text, "%.*s", (int)(malware.left < sizeof text ? malware.left : sizeof text - 1),
	    malware.left > 0 ? (const char *)malware.at : "");
	family = behaviour_family(text, buf);
	if (family[0] == '\0')
		family = "unnamed";
	if (has_answered(o))
		count(c, o, family);
	else
		await(c, o->flow_id, family);
}

void
census_take(struct census *c, const struct observation *o)
{
	if (o->kind == OBSERVE_MATCH)
		take_match(c, o);
	else if (c->awaiting == 0)
		return;
	else if (o->kind == OBSERVE_FLOW || o->kind == OBSERVE_LASTING || (o->kind == OBSERVE_CONTACT && o->burst))
		look(c, o);
}

/* ---- telling ---- */

/* The oldest that `who` has not had, of days before this; NULL: none. A few entries, seldom. */
static struct entry *
next_for(struct census *c, enum census_reader who, int32_t before)
{
	struct entry *e, *next = NULL;

	for (e = c->entry; e < c->entry + CENSUS_ENTRIES; e++)
		if ((e->changed & 1u << who) != 0 && e->day < before && (next == NULL || e->day < next->day))
			next = e;
	return next;
}

void
census_hand_on(struct census *c, enum census_reader who, int32_t before, census_fn *take, void *to)
{
	struct entry *e;

	c->reader[who].take = take;
	c->reader[who].to = to;
	while ((e = next_for(c, who, before)) != NULL)
		hand_on(c, e, who);
}

static int
by_servers(const void *left, const void *right)
{
	const struct census_row *a = left, *b = right;

	if (a->servers != b->servers)
		return a->servers > b->servers ? -1 : 1;
	return strcmp(a->family, b->family);
}

static void
renew(struct census *c)
{
	struct census_row row[CENSUS_ENTRIES];
	const struct entry *e;
	int32_t day = NO_DAY;
	unsigned rows = 0;

	for (e = c->entry; e < c->entry + CENSUS_ENTRIES; e++)
		if (e->day > day)
			day = e->day;
	for (e = c->entry; e < c->entry + CENSUS_ENTRIES && day != NO_DAY; e++)
		if (e->day == day)
			row_of(e, &row[rows++]);
	qsort(row, rows, sizeof *row, by_servers);
	memset(&c->now, 0, sizeof c->now);
	c->now.rows = rows < CENSUS_SHOWN ? rows : CENSUS_SHOWN;
	memcpy(c->now.row, row, c->now.rows * sizeof *row);
}

void
census_latest(struct census *c, struct census_now *out)
{
	if (c->stale)
		renew(c);
	c->stale = false;
	*out = c->now;
}

/* ---- after a restart ---- */

void
census_save(const struct census *c, struct state_out *out)
{
	const struct entry *e;

	state_out_table(out, "census", sizeof *e);
	for (e = c->entry; e < c->entry + CENSUS_ENTRIES; e++)
		if (e->day != NO_DAY)
			state_out_put(out, e, 1);
}

void
census_load(struct census *c, const struct state_in *in)
{
	size_t count_of = 0, i;
	const struct entry *e = state_in_records(in, "census", sizeof *e, &count_of);

	for (i = 0; i < count_of && i < CENSUS_ENTRIES; i++) {
		c->entry[i] = e[i];
		c->entry[i].family[sizeof e->family - 1] = '\0';
		if (e[i].servers.ones > CENSUS_EXACT + 1)
			c->entry[i].servers.ones = CENSUS_EXACT + 1;
		if (e[i].hosts.ones > CENSUS_EXACT + 1)
			c->entry[i].hosts.ones = CENSUS_EXACT + 1;
	}
	c->stale = true;
}
