/*
 * office.h - an invented working day, as contacts: people who load pages, programs that everybody has and that
 * poll, pages left open, and beacons. For the unit test and the bench of beacons; needs nothing but beacon.h.
 */
#ifndef TESTS_OFFICE_H
#define TESTS_OFFICE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "beacon/beacon.h"

enum { OFFICE_SITES = 400, OFFICE_BEACONS = 10, OFFICE_EVENTS_MAX = 400000, OFFICE_RANKED_MAX = 4096 };
enum { OFFICE_TELEMETRY = 1000, OFFICE_MAIL, OFFICE_UPDATE, OFFICE_C2 = 2000 };

struct office_event {
	double at_sec;
	uint32_t host, service, voice, up, down, flow;
	uint8_t kind;			/* enum observation_kind */
};

struct office {
	uint64_t state;
	unsigned hosts, tabs;
	struct office_event *event;
	size_t count;
	uint32_t flows;
	/* what came out */
	unsigned alerts_true, alerts_false, first_alert[OFFICE_BEACONS];
	struct office_ranked {
		double score;
		bool is_beacon;
	} ranked[OFFICE_RANKED_MAX];
	unsigned records;
	char wrong[900];		/* the latest false alert's reason */
};

static inline double
office_chance(struct office *o)
{
	o->state ^= o->state >> 12;
	o->state ^= o->state << 25;
	o->state ^= o->state >> 27;
	return ((double)((o->state * 2685821657736338717ULL) >> 11) + .5) / 9007199254740992.0;
}

static inline double
office_normal(struct office *o)
{
	return sqrt(-2 * log(office_chance(o))) * cos(2 * M_PI * office_chance(o));
}

static inline unsigned
office_below(struct office *o, unsigned most)
{
	return (unsigned)(office_chance(o) * most) % most;
}

/* One connection: its start, and its end a second later. */
static inline void
office_call(struct office *o, double at_sec, uint32_t host, uint32_t service, uint32_t voice, double up, double down)
{
	struct office_event e = { at_sec, host, service, voice, (uint32_t)up + 900, (uint32_t)down + 1500, ++o->flows,
		OBSERVE_CONTACT };

	if (o->count + 2 > OFFICE_EVENTS_MAX || at_sec < 0 || at_sec > 86400)
		return;
	o->event[o->count++] = e;
	e.kind = OBSERVE_FLOW;
	e.at_sec += 1;
	o->event[o->count++] = e;
}

static inline uint32_t
office_browser(uint32_t host)
{
	return 1 + host % 3;
}

/* Few sites are popular (Zipf), each host has favourites. */
static inline uint32_t
office_site(struct office *o, uint32_t host)
{
	uint32_t site = (uint32_t)fmin(pow(office_chance(o), -1.1) * 2, OFFICE_SITES - 1);

	return office_chance(o) < .5 ? site : (host * 37 + office_below(o, 25) * 11) % OFFICE_SITES;
}

static inline void
office_page(struct office *o, double at_sec, uint32_t host, uint32_t site)
{
	unsigned parts = 3 + office_below(o, 5), i;

	for (i = 0; i < parts; i++)
		office_call(o, at_sec + i * .15, host, i % 2 == 0 ? site : office_below(o, 60), office_browser(host),
		    exp(6 + .6 * office_normal(o)), exp(9 + office_normal(o)));
}

static inline void
office_browse(struct office *o, uint32_t host)
{
	double at = 0, hour;

	while (at < 86400) {
		hour = at / 3600;
		at += -log(office_chance(o)) * 3600 / (hour >= 8 && hour < 19 ? 8 : .6);
		if (office_chance(o) < .6)
			office_page(o, at, host, office_site(o, host));
		else
			office_call(o, at, host, office_site(o, host), office_browser(host),
			    exp(6 + .8 * office_normal(o)), exp(8 + 1.4 * office_normal(o)));
	}
}

static inline void
office_poll(struct office *o, uint32_t host, uint32_t service, double every, double jitter)
{
	double at;

	for (at = every * office_chance(o); at < 86400; at += every * (1 + jitter * (2 * office_chance(o) - 1)))
		office_call(o, at, host, service, 100 + service, 420 + 60 * office_normal(o), 600 + 120 * office_normal(o));
}

/* A page left open: loaded like any other, then it asks again and again, in the browser's own voice. */
static inline void
office_tab(struct office *o)
{
	static const double periods[] = { 10, 15, 30, 60, 120, 300 };
	uint32_t host = office_below(o, o->hosts), site = office_site(o, host);
	double every = periods[office_below(o, 6)], jitter = .1 * office_below(o, 4);
	double at = 3600 * (8.2 + 7 * office_chance(o)), end = fmin(at + 3600 * (.5 + 5 * office_chance(o)), 70000);

	office_page(o, at, host, site);
	for (at += every; at < end; at += every * (1 + jitter * (2 * office_chance(o) - 1)))
		office_call(o, at, host, site, office_browser(host), 380 + 30 * office_normal(o),
		    exp(6.5 + .9 * office_normal(o)));
}

static inline double
office_sleep(struct office *o, unsigned shape)
{
	double u = 2 * office_chance(o) - 1, sum;

	switch (shape) {
	case 0: return 60;
	case 1: return 60 * (1 + .2 * u);
	case 2: return 120 * (1 - .25 * (1 + u));		/* jitter that only shortens, 50 % */
	case 3: return 300 * (1 + .5 * u);
	case 4: return 180 * fmax(.2, 1 + .25 * office_normal(o));
	case 5:							/* two of five missing */
		for (sum = 120 * (1 + .1 * u); office_chance(o) < .4; )
			sum += 120 * (1 + .1 * (2 * office_chance(o) - 1));
		return sum;
	case 6: return 3600 * (1 + .1 * u);
	case 7: return 90 * (1 + .6 * u);
	case 8: return -120 * log(office_chance(o));		/* no clock at all */
	default: return 30 * (1 + .3 * u);			/* an hour only */
	}
}

static inline void
office_beacon(struct office *o, unsigned shape)
{
	double at = 700 + 300 * shape, end = 86400;
	uint32_t host = (2 * shape + 1) % o->hosts;
	/* Every other one speaks as the browser does. */
	uint32_t voice = shape % 2 != 0 && shape != 8 ? office_browser(host) : 5000 + shape;

	if (shape == 9) {
		at = 50000;
		end = at + 3600;
	}
	for (; at < end; at += office_sleep(o, shape))
		office_call(o, at, host, OFFICE_C2 + shape, voice, 180 * (1 + .05 * office_chance(o)),
		    office_chance(o) < .03 ? 20000 : 60 * (1 + .05 * office_chance(o)));
}

static inline int
office_compare(const void *a, const void *b)
{
	const struct office_event *x = a, *y = b;

	if (x->at_sec < y->at_sec || x->at_sec > y->at_sec)
		return x->at_sec < y->at_sec ? -1 : 1;
	return (x->flow > y->flow) - (x->flow < y->flow);
}

static inline void
office_feed(struct beacon *b, const struct office_event *e)
{
	static struct observation_buffer o;
	const uint8_t from[4] = { 10, 20, (uint8_t)(e->host >> 8), (uint8_t)e->host };
	const uint8_t to[4] = { 198, 51, (uint8_t)(e->service >> 8), (uint8_t)e->service };
	char name[32];

	memset(&o.o, 0, sizeof o.o);
	o.o.kind = e->kind;
	o.o.app = APP_TLS;
	o.o.home = 1;
	o.o.key.protocol = 6;
	o.o.key.addr[0] = addr_v4(from);
	o.o.key.addr[1] = addr_v4(to);
	o.o.key.port[1] = 443;
	o.o.number = e->voice;
	o.o.count = e->kind == OBSERVE_FLOW;
	o.o.flow_id = e->flow;
	o.o.ts_ns = o.o.flow_first_ns = o.o.flow_last_ns = 1789948800 * NS_PER_SEC + (int64_t)(e->at_sec * 1e9);
	o.o.packets[0] = o.o.packets[1] = 6;
	o.o.flow_bytes[0] = e->kind == OBSERVE_FLOW ? e->up : 700;
	o.o.flow_bytes[1] = e->kind == OBSERVE_FLOW ? e->down : 0;
	snprintf(name, sizeof name, "s%u.example", e->service);
	observation_add(&o, TEXT_SERVICE, span_text(name), 255);
	observation_seal(&o);
	if (e->kind == OBSERVE_CONTACT)
		beacon_note(b, &o.o);
	else
		beacon_flow(b, &o.o);
}

static inline unsigned
office_service(const struct finding *f)
{
	return (unsigned)strtoul(f->service + 1, NULL, 10);
}

static inline void
office_on_finding(void *to, const struct finding *f)
{
	struct office *o = to;
	unsigned service = office_service(f);

	if (service < OFFICE_C2) {
		o->alerts_false++;
		snprintf(o->wrong, sizeof o->wrong, "%s", f->reason);
		return;
	}
	o->alerts_true++;
	if (o->first_alert[service - OFFICE_C2] == 0)
		o->first_alert[service - OFFICE_C2] = f->beacon->contacts;
}

static inline void
office_on_record(void *to, const struct finding *f)
{
	struct office *o = to;

	if (o->records < OFFICE_RANKED_MAX)
		o->ranked[o->records++] = (struct office_ranked){ f->beacon->score, office_service(f) >= OFFICE_C2 };
}

/* Average precision: of the beacons in order of score, how pure is the list down to each? */
static inline double
office_precision(const struct office *o)
{
	unsigned i, k, above, good;
	double sum = 0;

	for (i = 0; i < o->records; i++) {
		if (!o->ranked[i].is_beacon)
			continue;
		for (above = good = 0, k = 0; k < o->records; k++) {
			if (o->ranked[k].score < o->ranked[i].score)
				continue;
			above++;
			good += o->ranked[k].is_beacon;
		}
		sum += (double)good / above;
	}
	return sum / OFFICE_BEACONS;
}

/* Nothing has happened yet; false: no memory. */
static inline bool
office_begin(struct office *o, uint64_t seed, unsigned hosts)
{
	unsigned i;

	memset(o, 0, sizeof *o);
	o->state = seed * 0x9e3779b97f4a7c15ULL + 1;
	o->hosts = hosts;
	for (i = 0; i < 8; i++)
		office_chance(o);
	return (o->event = malloc(OFFICE_EVENTS_MAX * sizeof *o->event)) != NULL;
}

static inline void
office_people(struct office *o)
{
	uint32_t host;

	for (host = 0; host < o->hosts; host++) {
		office_browse(o, host);
		office_poll(o, host, OFFICE_TELEMETRY, 300, .05);
		office_poll(o, host, OFFICE_MAIL, 300, .02);
		office_poll(o, host, OFFICE_UPDATE, 3600, .1);
	}
}

/* All that happened, in its order, is judged; false: no memory. */
static inline bool
office_run(struct office *o, const struct beacon_limits *limits)
{
	struct beacon *b = beacon_new(limits, office_on_finding, o);
	size_t n;

	qsort(o->event, o->count, sizeof *o->event, office_compare);
	for (n = 0; b != NULL && n < o->count; n++)
		office_feed(b, &o->event[n]);
	if (b != NULL)
		beacon_each(b, office_on_record, o);
	beacon_free(b);
	free(o->event);
	return b != NULL;
}

/* A day; false: no memory. */
static inline bool
office_day(struct office *o, const struct beacon_limits *limits, uint64_t seed, unsigned hosts, unsigned tabs)
{
	unsigned i;

	if (!office_begin(o, seed, hosts))
		return false;
	office_people(o);
	for (i = 0; i < tabs; i++)
		office_tab(o);
	for (i = 0; i < OFFICE_BEACONS; i++)
		office_beacon(o, i);
	return office_run(o, limits);
}

#endif
