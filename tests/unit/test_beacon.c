#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "beacon/beacon.h"
#include "beacon/known.h"
#include "beacon/score.h"
#include "chance.h"

#define START_NS (1700000000LL * NS_PER_SEC)

static const struct beacon_limits limits = {
	.max_keys = 1000, .min_contacts = 6, .alert_score = 0.8, .record_score = 0.5, .burst_ms = 500,
};

static void
seed(uint64_t n)
{
	state_of_chance = n * 0x9e3779b97f4a7c15ULL + 1;
	while (n-- % 16 > 0)
		chance();
}

static double
exponential(double mean)
{
	return -mean * log(1 - chance());
}

static double
normal(void)
{
	return sqrt(-2 * log(1 - chance())) * cos(2 * M_PI * chance());
}

/* ---- what comes out ---- */

struct caught {
	unsigned findings, first_alert;
	struct beacon_numbers numbers;
	char subject[300], reason[700], service[300];
	int64_t ts_ns;
	struct addr peer;
	bool have_because;
};

static void
catch(void *to, const struct finding *f)
{
	struct caught *c = to;
	char words[FINDING_WORDS_MAX];

	assert_int_equal(f->kind, FINDING_BEACON);
	assert_non_null(f->beacon);
	if (c->findings++ == 0)
		c->first_alert = f->beacon->contacts;
	c->numbers = *f->beacon;
	c->ts_ns = f->ts_ns;
	c->peer = f->peer;
	c->have_because = f->because != NULL;
	snprintf(c->subject, sizeof c->subject, "%s", f->subject);
	snprintf(c->service, sizeof c->service, "%s", f->service);
	snprintf(c->reason, sizeof c->reason, "%s", finding_reason(f, LANGUAGE_EN, words));
}

static void
contact(struct beacon *b, const char *host, const char *peer, uint16_t port, uint8_t protocol,
    const char *service, double at_sec)
{
	static struct observation_buffer o;

	memset(&o.o, 0, sizeof o.o);
	o.o.kind = OBSERVE_CONTACT;
	o.o.app = service != NULL ? APP_TLS : APP_UNKNOWN;
	o.o.key.protocol = protocol;
	assert_true(addr_parse(host, strlen(host), &o.o.key.addr[ORIGINATOR]));
	assert_true(addr_parse(peer, strlen(peer), &o.o.key.addr[RESPONDER]));
	o.o.key.port[ORIGINATOR] = 50000;
	o.o.key.port[RESPONDER] = port;
	o.o.ts_ns = START_NS + (int64_t)(at_sec * 1e9);
	o.o.flow_last_ns = o.o.ts_ns;
	if (service != NULL)
		observation_add(&o, TEXT_SERVICE, span_text(service), 255);
	observation_seal(&o);
	beacon_note(b, &o.o);
}

static void
call(struct beacon *b, double at_sec)
{
	contact(b, "10.0.0.5", "192.0.2.77", 443, 6, "c2.example", at_sec);
}

/* Gap number i of a kind of traffic. */
typedef double gap_fn(unsigned i);

static double fixed(unsigned i) { (void)i; return 60; }
static double jitter10(unsigned i) { (void)i; return 60 * (0.9 + 0.2 * chance()); }
static double jitter30(unsigned i) { (void)i; return 60 * (0.7 + 0.6 * chance()); }
static double sleep50(unsigned i) { (void)i; return 300 * (1 - 0.5 * chance()); }

static double
missed20(unsigned i)
{
	double sum = jitter10(i);

	while (chance() < 0.2)
		sum += jitter10(i);
	return sum;
}

static double
missed50(unsigned i)
{
	double sum = 300 * (0.95 + 0.1 * chance());

	(void)i;
	while (chance() < 0.5)
		sum += 300 * (0.95 + 0.1 * chance());
	return sum;
}

static double office(unsigned i) { return i % 40 == 39 ? 57600 : jitter30(i); }
static double poisson60(unsigned i) { (void)i; return exponential(60); }
static double poisson3(unsigned i) { (void)i; return exponential(3); }
static double poisson1800(unsigned i) { (void)i; return exponential(1800); }

/* A page loads its parts, is read, and now and then the reader goes away. */
static double
human(unsigned i)
{
	double c = chance();

	(void)i;
	if (c < 0.6)
		return exponential(1.5);
	return c < 0.95 ? exp(3.5 + 1.2 * normal()) : exponential(3000);
}

static double
human_busy(unsigned i)
{
	(void)i;
	return chance() < 0.75 ? exp(0.2 + 1.3 * normal()) : exponential(120);
}

/* Runs `n` contacts; returns the contact at which it alerted first, 0 for never. */
static unsigned
run(gap_fn *gap, unsigned n, uint64_t with_seed, struct caught *c)
{
	struct beacon *b = beacon_new(&limits, catch, c);
	double at = 0;
	unsigned i;

	assert_non_null(b);
	memset(c, 0, sizeof *c);
	seed(with_seed);
	for (i = 0; i < n; i++) {
		call(b, at);
		at += gap(i);
	}
	beacon_free(b);
	return c->findings > 0 ? c->numbers.first_alert_contact : 0;
}

static void
must_find(gap_fn *gap, unsigned within, double interval)
{
	struct caught c;
	unsigned first;
	uint64_t s;

	for (s = 1; s <= 40; s++) {
		first = run(gap, within, s, &c);
		if (first == 0)
			fail_msg("seed %u: not found within %u contacts", (unsigned)s, within);
		assert_true(first >= limits.min_contacts);
		assert_true(fabs(c.numbers.interval_sec - interval) < interval * .25);
	}
}

static void
must_not_find(gap_fn *gap, unsigned seeds)
{
	struct caught c;
	uint64_t s;

	for (s = 1; s <= seeds; s++)
		if (run(gap, 400, s, &c) != 0)
			fail_msg("seed %u: taken for a beacon at contact %u, score %f: %s", (unsigned)s,
			    c.numbers.first_alert_contact, c.numbers.score, c.reason);
}

static void
test_fixed_and_jittered(void **state)
{
	(void)state;
	must_find(fixed, 12, 60);
	must_find(jitter10, 12, 60);
	must_find(jitter30, 18, 60);
	must_find(sleep50, 20, 225);
}

static void
test_missed_beats_and_office_hours(void **state)
{
	(void)state;
	must_find(missed20, 24, 60);
	must_find(missed50, 45, 300);
	must_find(office, 60, 60);
}

static void
test_memoryless_is_silent(void **state)
{
	(void)state;
	must_not_find(poisson3, 40);
	must_not_find(poisson60, 40);
	must_not_find(poisson1800, 40);
}

static void
test_people_are_silent(void **state)
{
	(void)state;
	must_not_find(human, 40);
	must_not_find(human_busy, 40);
}

/* Twins: the same mean, one by a clock and one by chance. */
static void
test_scores_apart(void **state)
{
	struct score_table table;
	struct score_verdict clock, dice, longer;
	float gaps[SCORE_GAPS_MAX];
	unsigned i;

	(void)state;
	score_prepare(&table);
	seed(5);
	for (i = 0; i < 30; i++)
		gaps[i] = (float)jitter30(i);
	score_gaps(&table, gaps, 30, .5f, &clock);
	for (i = 0; i < 30; i++)
		gaps[i] = (float)(.5 + exponential(58));
	score_gaps(&table, gaps, 30, .5f, &dice);
	assert_true(clock.strength > 8);
	assert_true(dice.strength < 2 && dice.strength >= 0);
	assert_true(clock.inside >= 25 && fabs(clock.period_sec - 60.) < 20);
	/* more of the same is more certain */
	for (i = 0; i < 60; i++)
		gaps[i] = (float)jitter30(i);
	score_gaps(&table, gaps, 60, .5f, &longer);
	assert_true(longer.strength > clock.strength);
	score_gaps(&table, gaps, 1, .5f, &dice);
	assert_true(dice.strength <= 0);
	for (i = 0; i < 8; i++)
		gaps[i] = 0;
	score_gaps(&table, gaps, 8, 0, &dice);
	assert_true(dice.strength >= 0);
}

/* Each beat is three connections: the pauses between them are what is regular. */
static void
test_clusters(void **state)
{
	struct score_table table;
	struct score_verdict v;
	struct score_shape shape;
	float gaps[45], copy[45];
	unsigned i;

	(void)state;
	score_prepare(&table);
	seed(9);
	for (i = 0; i < 45; i++)
		gaps[i] = i % 3 == 2 ? (float)jitter10(i) * 15 : (float)(3 + 30 * chance());
	memcpy(copy, gaps, sizeof gaps);
	score_gaps(&table, gaps, 45, .5f, &v);
	assert_true(v.clustered && v.strength > 6);
	score_describe(&v, copy, 45, &shape);
	assert_true(fabs(shape.interval_sec - 900) < 60);
}

static void
test_description(void **state)
{
	struct score_table table;
	struct score_verdict v;
	struct score_shape shape;
	float gaps[40], copy[40];
	unsigned i;

	(void)state;
	score_prepare(&table);
	seed(11);
	for (i = 0; i < 40; i++)
		gaps[i] = (float)missed50(i);
	memcpy(copy, gaps, sizeof gaps);
	score_gaps(&table, gaps, 40, .5f, &v);
	assert_true(v.folded && v.strength > 6);
	score_describe(&v, copy, 40, &shape);
	assert_true(fabs(shape.interval_sec - 300) < 6);
	assert_true(shape.missed > .3 && shape.missed < .65);
	assert_true(shape.jitter > .01 && shape.jitter < .08);
}

/* A strength is a false-alarm rate: for memoryless gaps of whatever number, and for those whose rate changes. */
static void
test_null_is_kept(void **state)
{
	struct score_table table;
	struct score_verdict v;
	float gaps[SCORE_GAPS_MAX];
	unsigned i, round, over[2] = { 0 };
	const unsigned rounds = 20000;

	(void)state;
	score_prepare(&table);
	seed(77);
	for (round = 0; round < rounds; round++) {
		unsigned n = 5 + round / 2 % (SCORE_GAPS_MAX - 4);

		for (i = 0; i < n; i++)
			gaps[i] = (float)(.5 + exponential(round % 2 != 0 && i % 3 == 0 ? 2000 : 100));
		score_gaps(&table, gaps, n, .5f, &v);
		over[round % 2] += v.strength >= 2;
	}
	assert_true(over[0] <= 1.3 * rounds / 2 / 100);
	assert_true(over[0] >= .3 * rounds / 2 / 100);
	assert_true(over[1] <= 1.3 * rounds / 2 / 100);
}

static void
test_words_and_numbers(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	unsigned i;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 34; i++)
		call(b, i * 60.0);
	assert_string_equal(c.subject, "c2.example");
	assert_string_equal(c.service, "c2.example");
	assert_string_equal(c.reason, "calls c2.example every 60 s (jitter 0 %), 34 times in 33 min");
	assert_int_equal(c.numbers.contacts, 34);
	assert_int_equal(c.numbers.first_alert_contact, c.first_alert);
	assert_true(c.first_alert >= 6 && c.first_alert <= 8);
	assert_int_equal(c.findings, 34 - c.first_alert + 1);
	assert_int_equal(c.numbers.first_ns, START_NS);
	assert_int_equal(c.numbers.last_ns, START_NS + 33 * 60 * NS_PER_SEC);
	assert_int_equal(c.numbers.peers, 1);
	assert_true(c.have_because);
	assert_int_equal(beacon_counts(b)->findings, c.findings);
	beacon_free(b);
}

static void
test_addresses_without_name(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	unsigned i;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 20; i++)
		contact(b, "10.0.0.5", "192.0.2.9", 5656, 17, NULL, i * 20.0);
	assert_string_equal(c.subject, "192.0.2.9:5656");
	assert_string_equal(c.service, "");
	/* a Host that is the address itself is no name */
	for (i = 0; i < 20; i++)
		contact(b, "2001:db8::5", "2001:db8:1::9", 80, 6, "2001:db8:1::9", i * 20.0);
	assert_string_equal(c.subject, "[2001:db8:1::9]:80");
	beacon_free(b);
}

static void
test_rotating_addresses(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	char peer[32];
	unsigned i;

	(void)state;
	seed(4);
	memset(&c, 0, sizeof c);
	for (i = 0; i < 30; i++) {
		snprintf(peer, sizeof peer, "198.51.100.%u", 10 + i / 4 % 6);
		contact(b, "10.0.0.5", peer, 7080, 6, NULL, i * 900.0);
	}
	assert_string_equal(c.subject, "*:7080");
	assert_non_null(strstr(c.reason, "calls changing addresses, *:7080 every 15 min"));
	assert_int_equal(c.numbers.peers, 6);
	assert_true(addr_equal(&c.numbers.peer[0], &c.peer));
	/* two addresses in turn, or one that has nearly all calls: no rotation */
	memset(&c, 0, sizeof c);
	for (i = 0; i < 6; i++) {
		contact(b, "10.0.0.6", "198.51.100.1", 7080, 6, NULL, i * 900.0 + 400 * chance());
		contact(b, "10.0.0.6", "198.51.100.2", 7080, 6, NULL, i * 900.0 + 450 + 400 * chance());
	}
	assert_int_equal(c.findings, 0);
	beacon_free(b);
}

static void
test_realms_and_hosts_are_apart(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	char host[32];
	unsigned i;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 100; i++) {
		snprintf(host, sizeof host, "10.0.0.%u", i % 10);
		contact(b, host, "192.0.2.77", 443, 6, "c2.example", i * 6.0);
	}
	assert_int_equal(c.findings, 0);	/* ten each: too few */
	assert_int_equal(beacon_counts(b)->keys, 10);
	beacon_free(b);
}

static void
test_routine_is_not_noted(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	unsigned i;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 30; i++) {
		contact(b, "10.0.0.5", "10.0.0.1", 53, 17, NULL, i * 60.0);
		contact(b, "10.0.0.5", "10.0.0.1", 123, 17, NULL, i * 60.0);
		contact(b, "10.0.0.5", "239.255.255.250", 9999, 17, NULL, i * 60.0);
		contact(b, "10.0.0.5", "255.255.255.255", 9999, 17, NULL, i * 60.0);
		contact(b, "10.0.0.5", "10.0.0.255", 9999, 17, NULL, i * 60.0);
		contact(b, "2001:db8::5", "ff02::fb", 5353, 17, NULL, i * 60.0);
		contact(b, "10.0.0.5", "192.0.2.1", 0, 1, NULL, i * 60.0);
	}
	assert_int_equal(c.findings, 0);
	assert_int_equal(beacon_counts(b)->keys, 0);
	assert_int_equal(beacon_counts(b)->routine, 210);
	/* the twin: TCP to such a port, or UDP to another */
	for (i = 0; i < 30; i++)
		contact(b, "10.0.0.5", "192.0.2.1", 123, 6, NULL, i * 60.0);
	assert_true(c.findings > 0);
	beacon_free(b);
}

static void
test_bursts_merge(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	unsigned i, k;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 20; i++)
		for (k = 0; k < 5; k++)
			call(b, i * 60.0 + k * .1);
	assert_int_equal(c.numbers.contacts, 20);
	assert_int_equal(beacon_counts(b)->merged, 80);
	assert_true(fabs(c.numbers.interval_sec - 60) < .01);
	beacon_free(b);
}

/* Contacts that are told of late, when their connection ends, give the same verdict. */
static void
test_late_contacts_are_sorted_in(void **state)
{
	struct caught orderly, late;
	struct beacon *a = beacon_new(&limits, catch, &orderly), *b = beacon_new(&limits, catch, &late);
	unsigned i;

	(void)state;
	memset(&orderly, 0, sizeof orderly);
	memset(&late, 0, sizeof late);
	for (i = 0; i < 40; i++) {
		call(a, i * 60.0);
		call(b, (i ^ 3) * 60.0);
	}
	assert_memory_equal(&orderly.numbers.score, &late.numbers.score, sizeof late.numbers.score);
	assert_memory_equal(&orderly.numbers.interval_sec, &late.numbers.interval_sec, sizeof(double));
	assert_int_equal(orderly.numbers.contacts, late.numbers.contacts);
	assert_string_equal(orderly.reason, late.reason);
	/* with the memory full, what is older than all of it no longer counts */
	for (i = 40; i < 200; i++)
		call(b, i * 60.0);
	i = late.numbers.contacts;
	call(b, 30.0);
	call(b, 200 * 60.0);
	assert_int_equal(late.numbers.contacts, i + 1);
	beacon_free(a);
	beacon_free(b);
}

static void
test_ceiling_pushes_out_the_idle(void **state)
{
	struct beacon_limits few = limits;
	struct beacon *b;
	struct caught c;
	char name[32];
	unsigned i, k;

	(void)state;
	few.max_keys = 10;
	memset(&c, 0, sizeof c);
	b = beacon_new(&few, catch, &c);
	for (i = 0; i < 20; i++) {
		call(b, i * 60.0);
		for (k = 0; k < 8; k++) {
			snprintf(name, sizeof name, "n%u-%u.example", i, k);
			contact(b, "10.0.0.6", "192.0.2.1", 443, 6, name, i * 60.0 + k);
		}
		assert_true(beacon_counts(b)->keys <= 10);
	}
	/* the one that keeps coming stays */
	assert_true(c.findings > 0);
	assert_string_equal(c.subject, "c2.example");
	assert_int_equal(beacon_counts(b)->evicted, 20 * 8 + 1 - 10);
	beacon_free(b);
}

struct order {
	unsigned n;
	char subject[8][64];
	double score[8];
};

static void
collect(void *to, const struct finding *f)
{
	struct order *o = to;

	assert_true(o->n < 8);
	assert_null(f->because);
	o->score[o->n] = f->beacon->score;
	snprintf(o->subject[o->n++], 64, "%.63s", f->subject);
}

static void
test_each_in_order(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	struct order o = { 0 };
	unsigned i;

	(void)state;
	for (i = 0; i < 30; i++) {
		contact(b, "10.0.0.5", "192.0.2.1", 443, 6, "b.example", 5 + i * 30.0);
		contact(b, "10.0.0.5", "192.0.2.1", 443, 6, "a.example", 5 + i * 40.0);
		contact(b, "10.0.0.5", "192.0.2.1", 443, 6, "z.example", i * 50.0);
	}
	seed(3);
	for (i = 0; i < 60; i++)
		contact(b, "10.0.0.5", "192.0.2.1", 443, 6, "chance.example", (double)i * i * chance() * 9);
	beacon_each(b, collect, &o);
	assert_int_equal(o.n, 3);
	assert_string_equal(o.subject[0], "z.example");
	assert_string_equal(o.subject[1], "a.example");
	assert_string_equal(o.subject[2], "b.example");
	assert_true(o.score[0] > .8);
	beacon_free(b);
}

/*
 * Connections without any pause become one contact each half second: a clock of
 * the merging's own. What calls twice a second is one.
 */
static void
test_floods_are_no_clocks(void **state)
{
	struct order o = { 0 };
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	unsigned i;

	(void)state;
	memset(&c, 0, sizeof c);
	seed(7);
	for (i = 0; i < 60000; i++)
		contact(b, "10.0.0.5", "192.0.2.99", 80, 17, NULL, i * .002);
	beacon_each(b, collect, &o);
	assert_int_equal(c.findings, 0);
	assert_int_equal(o.n, 0);
	for (i = 0; i < 200; i++)
		contact(b, "10.0.0.6", "192.0.2.97", 80, 17, NULL, i * .6);
	assert_true(c.findings > 0);
	memset(&c, 0, sizeof c);
	for (i = 0; i < 3000; i++)	/* a beacon whose beats are a hundred connections */
		contact(b, "10.0.0.7", "192.0.2.98", 80, 17, NULL, i / 100 * 60 + i % 100 * .002);
	assert_true(c.findings > 0);
	beacon_free(b);
}

/* What is known to be harmless is recorded, low, and never rings; unless DNS says that the name lies. */
static const char *dns_name = "";

static const char *
name_of(void *to, const struct realm *realm, const struct addr *host, const struct addr *peer)
{
	(void)to;
	(void)realm;
	(void)host;
	(void)peer;
	return dns_name;
}

static void
test_known_services(void **state)
{
	const struct beacon_lookup lookup = { name_of, NULL, NULL };
	struct known *known = known_new();
	struct order o = { 0 };
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	struct fault fault;
	unsigned i;

	(void)state;
	assert_int_equal(known_add_shipped(known, &fault), 0);
	beacon_set_known(b, known, &lookup);
	memset(&c, 0, sizeof c);
	for (i = 0; i < 30; i++)
		contact(b, "10.0.0.5", "192.0.2.1", 443, 6, "v10.events.data.microsoft.com", i * 60.0);
	assert_int_equal(c.findings, 0);
	beacon_each(b, collect, &o);
	assert_int_equal(o.n, 1);
	assert_true(o.score[0] < .6);
	dns_name = "panel.c2.example";
	contact(b, "10.0.0.5", "192.0.2.1", 443, 6, "v10.events.data.microsoft.com", i * 60.0);
	assert_int_equal(c.findings, 1);
	dns_name = "";
	beacon_free(b);
	known_free(known);
}

/* Servers of one vendor in turn, whose names only DNS said; and the same of others. */
static void
test_known_addresses_in_turn(void **state)
{
	static const char *const names[2] = { "array504.prod.do.dsp.mp.microsoft.com", "node.c2.example" };
	const struct beacon_lookup lookup = { name_of, NULL, NULL };
	struct known *known = known_new();
	struct fault fault;
	struct beacon *b;
	struct caught c;
	char peer[32];
	unsigned i, k;

	(void)state;
	assert_int_equal(known_add_shipped(known, &fault), 0);
	for (k = 0; k < 2; k++) {
		b = beacon_new(&limits, catch, &c);
		beacon_set_known(b, known, &lookup);
		memset(&c, 0, sizeof c);
		dns_name = names[k];
		for (i = 0; i < 60; i++) {
			snprintf(peer, sizeof peer, "192.0.2.%u", i % 5 + 1);
			contact(b, "10.0.0.5", peer, 443, 6, NULL, i * 100.0);
		}
		assert_int_equal(c.findings > 0, k == 1);
		beacon_free(b);
	}
	dns_name = "";
	known_free(known);
}

/* ---- the history ---- */

struct asked {
	struct novelty answer;
	struct novelty_question question;
	char name[64];
	unsigned times;
};

static void
answer(void *to, const struct novelty_question *q, struct novelty *out)
{
	struct asked *a = to;

	a->question = *q;
	snprintf(a->name, sizeof a->name, "%.*s", (int)q->name.left, (const char *)q->name.at);
	a->times++;
	*out = a->answer;
}

static double
score_with(struct asked *a, struct caught *c, const char *service)
{
	struct beacon *b = beacon_new(&limits, catch, c);
	unsigned i;

	memset(c, 0, sizeof *c);
	if (a != NULL)
		beacon_set_novelty(b, answer, a);
	for (i = 0; i < 30; i++)
		contact(b, "10.0.0.5", "192.0.2.77", 443, 6, service, i * 60.0);
	assert_true(c->findings > 0);
	if (a != NULL) {
		beacon_set_novelty(b, answer, a);
		contact(b, "10.0.0.5", "192.0.2.77", 443, 6, service, i++ * 60.0);
		contact(b, "10.0.0.5", "192.0.2.77", 443, 6, service, i++ * 60.0);
		assert_int_equal(a->times, 2);		/* once a snapshot */
	}
	beacon_free(b);
	return c->numbers.score;
}

static void
test_history_weighs(void **state)
{
	struct asked a = { .answer = { true, true, 31, 0 } };
	struct caught c;
	double without = score_with(NULL, &c, "c2.example");

	(void)state;
	assert_int_equal(c.numbers.history_days, 0);
	assert_null(strstr(c.reason, "history"));
	assert_true(score_with(&a, &c, "c2.example") > without);
	assert_int_equal(c.numbers.history_days, 31);
	assert_non_null(strstr(c.reason, "nobody here called it on the 31 days of history before"));
	assert_string_equal(a.name, "c2.example");
	assert_int_equal(a.question.before_ns, START_NS);
	assert_int_equal(a.question.port, 443);
	a = (struct asked){ .answer = { true, false, 31, 12 } };
	assert_true(score_with(&a, &c, NULL) > 0);
	assert_string_equal(a.name, "");
	assert_non_null(strstr(c.reason, "called from here for 12 days already"));
	/* too few days: unknown, weight 0 */
	a = (struct asked){ .answer = { false, true, 13, 0 } };
	assert_true(fabs(score_with(&a, &c, "c2.example") - score_with(NULL, &c, "c2.example")) < .02);
	a.times = 0;
	score_with(&a, &c, "c2.example");
	assert_int_equal(c.numbers.history_days, 0);
	assert_null(strstr(c.reason, "history"));
}

static void
dns(struct beacon *b, const char *host, const char *name, unsigned type, double at_sec)
{
	static struct observation_buffer o;

	memset(&o.o, 0, sizeof o.o);
	o.o.kind = OBSERVE_DNS;
	o.o.app = APP_DNS;
	o.o.key.protocol = 17;
	assert_true(addr_parse(host, strlen(host), &o.o.key.addr[ORIGINATOR]));
	assert_true(addr_parse("10.0.0.1", 8, &o.o.key.addr[RESPONDER]));
	o.o.key.port[RESPONDER] = 53;
	o.o.version = (uint16_t)type;
	o.o.ts_ns = START_NS + (int64_t)(at_sec * 1e9);
	observation_add(&o, TEXT_SERVICE, span_text(name), 255);
	observation_seal(&o);
	beacon_dns(b, &o.o);
}

/* Names never asked before under one zone, like clockwork: told by the zone that they have in common. */
static void
test_dns_beacons(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	char name[64];
	unsigned i;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "%x7e.t.evil.example", i * 7919);
		dns(b, "10.0.0.5", name, 16, i * 45.0);
		dns(b, "10.0.0.6", "www.cdn.example", 1, i * 45.0);	/* the same name again: a cache expired */
		dns(b, "10.0.0.6", "5.2.0.192.in-addr.arpa", 12, i * 45.0);
		dns(b, "10.0.0.6", "wpad.home", 1, i * 45.0);
	}
	assert_true(c.findings > 0);
	assert_string_equal(c.subject, "t.evil.example");
	assert_string_equal(c.service, "t.evil.example");
	assert_non_null(strstr(c.reason, "asks for names in t.evil.example every 45 s"));
	/* a twin: the same name each time, from the first on */
	memset(&c, 0, sizeof c);
	for (i = 0; i < 30; i++)
		dns(b, "10.0.0.8", "www.news.example", 1, i * 3600.0);
	assert_int_equal(c.findings, 0);
	/* another: names of a zone that is called, too, are no tunnel */
	memset(&c, 0, sizeof c);
	contact(b, "10.0.0.7", "192.0.2.9", 443, 6, "www.shop.example", 0);
	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "i%x.shop.example", i * 7919);
		dns(b, "10.0.0.7", name, 16, i * 45.0);
	}
	assert_int_equal(c.findings, 0);
	beacon_free(b);
}

/* A service that many hosts call is as regular as any beacon, and none. */
static void
test_shared_services(void **state)
{
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	struct order o = { 0 };
	char host[32];
	unsigned i, k;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 30; i++)
		for (k = 0; k < 40; k++) {
			snprintf(host, sizeof host, "10.0.1.%u", k);
			contact(b, host, "192.0.2.9", 443, 6, "mail.example", i * 300.0 + k);
		}
	assert_int_equal(c.findings, 0);
	beacon_each(b, collect, &o);
	assert_int_equal(o.n, 0);
	for (i = 0; i < 30; i++)
		contact(b, "10.0.1.7", "192.0.2.10", 443, 6, "c2.example", i * 300.0);
	assert_true(c.findings > 0);
	assert_non_null(strstr(c.reason, "no other host calls it"));
	beacon_free(b);
}

/* Monitoring and shares are in the house; who commands is not. */
static void
test_internal_peers(void **state)
{
	static struct observation_buffer o;
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	struct order seen = { 0 };
	unsigned i;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 30; i++) {
		memset(&o.o, 0, sizeof o.o);
		o.o.kind = OBSERVE_CONTACT;
		o.o.home = 3;
		o.o.key.protocol = 6;
		assert_true(addr_parse("10.0.0.9", 8, &o.o.key.addr[ORIGINATOR]));
		assert_true(addr_parse("10.0.0.2", 8, &o.o.key.addr[RESPONDER]));
		o.o.key.port[RESPONDER] = 445;
		o.o.ts_ns = START_NS + i * 30 * NS_PER_SEC;
		observation_seal(&o);
		beacon_note(b, &o.o);
		o.o.kind = OBSERVE_FLOW;	/* and nobody answers, which is odd outside alone */
		o.o.count = 1;
		o.o.flow_last_ns = o.o.ts_ns;
		beacon_flow(b, &o.o);
	}
	assert_int_equal(c.findings, 0);
	beacon_each(b, collect, &seen);
	assert_int_equal(seen.n, 1);
	assert_true(seen.score[0] < .79);
	beacon_free(b);
}

/* The service behind a proxy is what the request names; the proxy itself is none. */
static void
test_proxies(void **state)
{
	static struct observation_buffer o;
	struct caught c;
	struct beacon *b = beacon_new(&limits, catch, &c);
	struct order seen = { 0 };
	unsigned i;

	(void)state;
	memset(&c, 0, sizeof c);
	for (i = 0; i < 30; i++) {
		memset(&o.o, 0, sizeof o.o);
		o.o.kind = OBSERVE_CONTACT;
		o.o.app = APP_HTTP;
		o.o.flags = OBSERVED_PROXIED;
		o.o.key.protocol = 6;
		assert_true(addr_parse("10.0.0.9", 8, &o.o.key.addr[ORIGINATOR]));
		assert_true(addr_parse("10.0.0.2", 8, &o.o.key.addr[RESPONDER]));
		o.o.key.port[RESPONDER] = 3128;
		o.o.ts_ns = START_NS + i * 60 * NS_PER_SEC;
		observation_add(&o, TEXT_SERVICE, span_text(i % 2 != 0 ? "c2.example" : "198.51.100.7"), 255);
		observation_add(&o, TEXT_FORWARDED_FOR, span_text("10.0.7.7, 10.0.0.9"), 255);
		observation_seal(&o);
		beacon_note(b, &o.o);
		contact(b, "10.0.0.9", "10.0.0.2", 3128, 6, NULL, i * 60.0 + 5);
	}
	beacon_each(b, collect, &seen);
	assert_int_equal(seen.n, 2);
	assert_string_equal(seen.subject[0], "198.51.100.7");
	assert_string_equal(seen.subject[1], "c2.example");
	assert_true(c.numbers.claimed);
	beacon_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_and_jittered),
		cmocka_unit_test(test_missed_beats_and_office_hours),
		cmocka_unit_test(test_memoryless_is_silent), cmocka_unit_test(test_people_are_silent),
		cmocka_unit_test(test_scores_apart), cmocka_unit_test(test_clusters),
		cmocka_unit_test(test_description), cmocka_unit_test(test_null_is_kept),
		cmocka_unit_test(test_words_and_numbers), cmocka_unit_test(test_addresses_without_name),
		cmocka_unit_test(test_rotating_addresses),
		cmocka_unit_test(test_realms_and_hosts_are_apart),
		cmocka_unit_test(test_routine_is_not_noted), cmocka_unit_test(test_bursts_merge), cmocka_unit_test(test_floods_are_no_clocks),
		cmocka_unit_test(test_late_contacts_are_sorted_in),
		cmocka_unit_test(test_ceiling_pushes_out_the_idle), cmocka_unit_test(test_each_in_order),
		cmocka_unit_test(test_known_services), cmocka_unit_test(test_known_addresses_in_turn), cmocka_unit_test(test_history_weighs),
		cmocka_unit_test(test_dns_beacons),
		cmocka_unit_test(test_shared_services), cmocka_unit_test(test_proxies), cmocka_unit_test(test_internal_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
