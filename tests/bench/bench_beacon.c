/*
 * Is the stated false-alarm rate the real one, how soon does a beacon ring, what do keys cost?
 *
 *     bench_beacon [KEYS [SEED]]
 *
 * Contacts of invented keys go through beacon.h, as the analyst's do. Nothing outside the project is needed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "beacon/beacon.h"
#include "beacon/score.h"
#include "../unit/office.h"

enum { CALLS = 200, BATCH = 2000, POLLERS = 100, LINES = 4 };

#define START_NS (1790000000LL * NS_PER_SEC)

/* ---- chance (xorshift64*) ---- */

static uint64_t state = 88172645463325252ULL;

static double
chance(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return ((double)((state * 2685821657736338717ULL) >> 11) + .5) / 9007199254740992.0;
}

static double
exponential(double mean)
{
	return -mean * log(chance());
}

static double
normal(void)
{
	return sqrt(-2 * log(chance())) * cos(2 * M_PI * chance());
}

/* ---- gaps ---- */

/* `scale`: drawn once for each key. */
typedef double gap_fn(double scale, unsigned i);

static double memoryless(double scale, unsigned i) { (void)i; return exponential(60 * scale); }

/* Parts of a page, pages read, the reader away: each with a heavy tail. */
static double
human(double scale, unsigned i)
{
	double c = chance();

	(void)i;
	if (c < .6)
		return exponential(1.5);
	return scale * (c < .93 ? exp(3.3 + 1.3 * normal()) : exponential(3000));
}

/* Pareto's second law: as heavy a tail, without a least value that would be a clock. */
static double
lomax(double scale, double alpha)
{
	return scale * (pow(chance(), -1 / alpha) - 1);
}

/* Sessions of Pareto length, think times with Pareto tails (after Barford and Crovella, 1998). */
static double
sessions(double scale, unsigned i)
{
	static unsigned left;

	if (i == 0 || left == 0) {
		left = (unsigned)fmin(2 * pow(chance(), -1 / 1.3), 100);
		return lomax(scale * 600, 1.5);
	}
	left--;
	return chance() < .5 ? exponential(.8) : fmin(lomax(scale * 6, 1.4), 7200);
}

static double around(double jitter) { return 1 + jitter * (2 * chance() - 1); }
static double fixed(double scale, unsigned i) { (void)i; (void)scale; return 60; }
static double jitter20(double scale, unsigned i) { (void)i; (void)scale; return 60 * around(.2); }
static double jitter50(double scale, unsigned i) { (void)i; (void)scale; return 60 * around(.5); }
static double jitter60(double scale, unsigned i) { (void)i; (void)scale; return 60 * around(.6); }
static double shorter50(double scale, unsigned i) { (void)i; (void)scale; return 60 * (1 - .5 * chance()); }
static double gauss25(double scale, unsigned i) { (void)i; (void)scale; return 180 * fmax(.2, 1 + .25 * normal()); }

static double
clock_locked(double scale, unsigned i)
{
	static double before;
	double now = 60 * .1 * (2 * chance() - 1), gap = 60 + now - (i == 0 ? 0 : before);

	(void)scale;
	before = now;
	return gap;
}

static double
half_missed(double scale, unsigned i)
{
	double sum = jitter20(scale, i) / 60 * 120;

	while (chance() < .5)
		sum += 120 * around(.2);
	return sum;
}

static double
changing(double scale, unsigned i)
{
	static const double periods[] = { 60, 300, 5 };

	(void)scale;
	return periods[i / 60 % 3] * around(.1);
}

static double office(double scale, unsigned i) { return i % 120 == 119 ? 57600 : jitter20(scale, i); }

/* ---- contacts ---- */

static const struct beacon_limits limits = {
	.max_keys = 200000, .min_contacts = 6, .alert_score = .8, .record_score = 1e-12, .burst_ms = 500,
};

static void
call(struct beacon *b, uint32_t host, uint32_t service, double at_sec)
{
	static struct observation_buffer o;
	const uint8_t from[4] = { 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host };
	const uint8_t to[4] = { 203, 0, 113, 7 };
	char name[32];

	memset(&o.o, 0, sizeof o.o);
	o.o.kind = OBSERVE_CONTACT;
	o.o.home = 1;
	o.o.ts_ns = o.o.flow_first_ns = o.o.flow_last_ns = START_NS + (int64_t)(at_sec * 1e9);
	o.o.key.protocol = 6;
	o.o.key.addr[0] = addr_v4(from);
	o.o.key.addr[1] = addr_v4(to);
	o.o.key.port[1] = 443;
	snprintf(name, sizeof name, "s%u.example", service);
	observation_add(&o, TEXT_SERVICE, span_text(name), 255);
	observation_seal(&o);
	beacon_note(b, &o.o);
}

struct reached {
	unsigned long keys, at[LINES], alerts;
	unsigned first_alert, service;
};

static void
on_finding(void *to, const struct finding *f)
{
	struct reached *r = to;

	r->alerts++;
	if (r->first_alert == 0)
		r->first_alert = f->beacon->contacts;
}

static void
on_record(void *to, const struct finding *f)
{
	struct reached *r = to;
	unsigned i;

	for (i = 0; i < LINES; i++)
		r->at[i] += f->beacon->p_value <= pow(10, -(double)(i + 1));
}

static struct beacon *
begin(struct reached *r)
{
	struct beacon *b = beacon_new(&limits, on_finding, r);

	if (b == NULL)
		exit(1);
	return b;
}

/* ---- is the error rate what is said? ---- */

/* One host, so that nothing but time can count. */
static void
run_alone(gap_fn *gap, unsigned long keys, unsigned calls, struct reached *r)
{
	unsigned long done, k;
	struct beacon *b;
	double at, scale;
	unsigned i;

	for (done = 0; done < keys; done += BATCH) {
		b = begin(r);
		for (k = 0; k < BATCH; k++) {
			scale = exp(3 * chance() - 1.5);
			for (at = exponential(60), i = 0; i < calls; i++) {
				call(b, 1, (uint32_t)k, at);
				at += gap(scale, i);
			}
		}
		beacon_each(b, on_record, r);
		beacon_free(b);
		r->keys += BATCH;
	}
}

/* Each service is polled by many hosts, which are switched on within half an hour: as regular as any beacon. */
static void
run_shared(unsigned long keys, struct reached *r)
{
	static double next[POLLERS * (BATCH / POLLERS)];
	unsigned long done, k;
	struct beacon *b;
	unsigned i;

	for (done = 0; done < keys; done += BATCH) {
		b = begin(r);
		for (k = 0; k < BATCH; k++)
			next[k] = 1800 * chance();
		for (i = 0; i < CALLS; i++)
			for (k = 0; k < BATCH; k++) {
				call(b, (uint32_t)(k % POLLERS), (uint32_t)(k / POLLERS), next[k]);
				next[k] += 300 * around(.05);
			}
		beacon_each(b, on_record, r);
		beacon_free(b);
		r->keys += BATCH;
	}
}

static void
print_rates(const char *what, const struct reached *r)
{
	unsigned i;

	printf("    %-36s", what);
	for (i = 1; i < LINES; i++)
		printf("  %8.2e (x %.2f)", (double)r->at[i] / (double)r->keys,
		    (double)r->at[i] / (double)r->keys / pow(10, -(double)(i + 1)));
	printf("  alerts in %lu keys: %s%lu\n", r->keys, r->alerts > 0 ? "findings " : "", r->alerts);
	fflush(stdout);
}

static void
calibrate(unsigned long keys)
{
	static const unsigned lengths[] = { 12, 25, 50, 100, 400 };
	struct reached r;
	char what[64];
	unsigned i;

	printf("false alarms: keys at or below p_value 1e-2, 1e-3, 1e-4 (observed / stated)\n");
	memset(&r, 0, sizeof r);
	run_alone(memoryless, keys, CALLS, &r);
	print_rates("memoryless, 200 calls", &r);
	memset(&r, 0, sizeof r);
	run_alone(human, keys, CALLS, &r);
	print_rates("human bursts, log-normal, 200 calls", &r);
	memset(&r, 0, sizeof r);
	run_alone(sessions, keys, CALLS, &r);
	print_rates("human bursts, Pareto, 200 calls", &r);
	memset(&r, 0, sizeof r);
	run_shared(keys, &r);
	print_rates("shared polling, 200 calls", &r);
	for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		memset(&r, 0, sizeof r);
		run_alone(memoryless, keys / 4, lengths[i], &r);
		snprintf(what, sizeof what, "memoryless, %u calls", lengths[i]);
		print_rates(what, &r);
	}
}

/* ---- how soon? ---- */

static int
compare(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static void
beats(const char *what, gap_fn *gap, unsigned calls)
{
	enum { TRIES = 400 };
	static unsigned first[TRIES];
	struct reached r;
	struct beacon *b;
	unsigned i, k, found = 0;
	double at;

	for (k = 0; k < TRIES; k++) {
		memset(&r, 0, sizeof r);
		b = begin(&r);
		for (at = 0, i = 0; i < calls; i++) {
			call(b, 1, k, at);
			at += gap(1, i);
		}
		beacon_free(b);
		first[k] = r.first_alert > 0 ? r.first_alert : UINT32_MAX;
		found += r.first_alert > 0;
	}
	qsort(first, TRIES, sizeof *first, compare);
	printf("    %-36s found %5.1f %%  median %u, nine of ten by %u\n", what, 100. * found / TRIES,
	    first[TRIES / 2], first[TRIES * 9 / 10]);
}

static void
all_beats(void)
{
	printf("calls until the alert, by time alone (no other evidence), within 200\n");
	beats("fixed", fixed, CALLS);
	beats("+-20 %", jitter20, CALLS);
	beats("+-20 %, 20 calls only", jitter20, 20);
	beats("+-50 %", jitter50, CALLS);
	beats("+-60 %", jitter60, CALLS);
	beats("0 to 50 % shorter", shorter50, CALLS);
	beats("Gaussian, 25 %", gauss25, CALLS);
	beats("clock-locked, 10 % noise", clock_locked, CALLS);
	beats("+-20 %, half of them missing", half_missed, CALLS);
	beats("60 s, 300 s, 5 s in turn, +-10 %", changing, CALLS);
	beats("+-20 %, eight hours a day", office, CALLS);
}

/* ---- what do they cost? ---- */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
resident_mib(void)
{
	unsigned long pages = 0, all = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &all, &pages) != 2)
		pages = 0;
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void
fill_up(void)
{
	struct beacon_limits million = limits;
	struct reached r;
	struct beacon *b;
	double before = resident_mib(), began;
	uint32_t round, k;

	million.max_keys = 1000000;
	memset(&r, 0, sizeof r);
	if ((b = beacon_new(&million, on_finding, &r)) == NULL)
		exit(1);
	began = now();
	for (round = 0; round < 4; round++)
		for (k = 0; k < million.max_keys; k++)
			call(b, k / 50, k, round * 4000 + k * .004);
	printf("a million keys: %.1f MiB at 4 contacts each, %.2f us a contact", resident_mib() - before,
	    (now() - began) * 1e6 / (4. * million.max_keys));
	began = now();
	for (; round < 12; round++)
		for (k = 0; k < million.max_keys; k++)
			call(b, k / 50, k, round * 4000 + k * .004);
	printf("; %.1f MiB at 12, %.2f us (%lu keys, %lu tracks)\n", resident_mib() - before,
	    (now() - began) * 1e6 / (8. * million.max_keys), (unsigned long)beacon_counts(b)->keys,
	    (unsigned long)beacon_counts(b)->tracks);
	beacon_free(b);
}

/* ---- working days ---- */

static void
days(unsigned hosts, unsigned tabs, unsigned count)
{
	static struct office o;
	unsigned seed, i, missed = 0, wrong = 0;
	struct beacon_limits ranked = limits;
	double precision = 0;

	ranked.record_score = .5;
	for (seed = 1; seed <= count; seed++) {
		if (!office_day(&o, &ranked, state + seed, hosts, tabs))
			exit(1);
		precision += office_precision(&o);
		wrong += o.alerts_false > 0;
		for (i = 0; i < OFFICE_BEACONS; i++)
			missed += o.first_alert[i] == 0;
	}
	printf("%u invented days, %u hosts, %u open pages, %d beacons each: average precision %.4f, %u beacons missed, "
	    "%u days with a false alert\n", count, hosts, tabs, OFFICE_BEACONS, precision / count, missed, wrong);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	unsigned long keys = argc > 1 ? strtoul(argv[1], NULL, 10) : 200000;

	if (argc > 2)
		state ^= strtoull(argv[2], NULL, 10) * 0xbf58476d1ce4e5b9ULL;
	if (keys > 0)
		calibrate(keys);
	all_beats();
	days(40, 20, 40);
	days(15, 15, 20);
	fill_up();
	return 0;
}
