/*
 * How many contacts can the analyst's side take in a second: beacons scored,
 * findings turned into alerts. Every host calls its services again and again,
 * at random or like clockwork, and never twice within a burst: each contact
 * counts, and from the twelfth on each may be scored. What looking at
 * behaviours adds must stay below a fifth.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alert/alerts.h"
#include "base/when.h"
#include "beacon/beacon.h"
#include "behaviour/behaviour.h"

enum { HOSTS = 200, SERVICES = 20, KEYS = HOSTS * SERVICES, ROUNDS = 200 };

static uint64_t state = 88172645463325252ULL, revisions;

static uint32_t
random_below(uint32_t most)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % most;
}

/* Memoryless, 58 seconds in the mean, behind the two of a burst. */
static int64_t
random_gap_ns(void)
{
	double share = (random_below(1 << 24) + 1.0) / (1 << 24);

	return (int64_t)((2.1 - 58 * log(share)) * 1e9);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
on_alert(void *to, const struct alert *a)
{
	(void)to;
	(void)a;
	revisions++;
}

static void
on_finding(void *to, const struct finding *f)
{
	alerts_take(to, f);
}

static void
fill(struct observation_buffer *b, uint32_t key, int64_t at_ns, bool named)
{
	const uint8_t host[4] = { 10, 0, (uint8_t)(key / SERVICES >> 8), (uint8_t)(key / SERVICES) };
	const uint8_t peer[4] = { 203, 0, 113, (uint8_t)(1 + key % SERVICES) };
	char name[32];

	memset(&b->o, 0, sizeof b->o);
	b->o.kind = OBSERVE_CONTACT;
	b->o.home = 1;
	b->o.app = APP_TLS;
	b->o.number = 1 + key % SERVICES;
	b->o.ts_ns = b->o.flow_first_ns = b->o.flow_last_ns = at_ns;
	b->o.key.protocol = 6;
	b->o.key.addr[0] = addr_v4(host);
	b->o.key.addr[1] = addr_v4(peer);
	b->o.key.port[0] = (uint16_t)(1024 + random_below(60000));
	b->o.key.port[1] = 443;
	snprintf(name, sizeof name, "www%u.example.com", key % SERVICES);
	if (named)
		observation_add(b, TEXT_SERVICE, span_text(name), 255);
	observation_seal(b);
}

static void
measure(const char *what, bool named, unsigned regular_percent)
{
	const struct beacon_limits limits = { .max_keys = 500000, .min_contacts = 6, .alert_score = .8,
	    .record_score = .5, .burst_ms = 500 };
	const struct alert_limits alert_limits = { .max_open = 100000, .max_names = 200000, .max_hosts = 100000, .update_sec = 300,
	    .close_sec = 3600 };
	const struct behaviour_limits behaviour_limits = { .hosts = 50000, .confidence = 60, .flood_hosts = 100,
	    .lure_sec = 600, .chain_sec = 600, .check_in_sec = 7200, .check_in_body_bytes = 65536, .young_days = 7,
	    .mail_sec = 3600, .mail_exchangers = 3, .mail_recipients = 10, .spread_sec = 1800, .spread_hosts = 5 };
	struct alerts *alerts = alerts_new(&alert_limits, NULL, on_alert, NULL);
	struct beacon *beacon = beacon_new(&limits, on_finding, alerts);
	struct behaviour *behaviour = behaviour_new(&behaviour_limits, on_finding, alerts);
	struct observation_buffer *b = malloc(KEYS * sizeof *b);
	static int64_t next_ns[KEYS];
	double spent = 0, added = 0, began, middle;
	uint32_t round, key;

	if (alerts == NULL || beacon == NULL || behaviour == NULL || b == NULL)
		exit(1);
	for (key = 0; key < KEYS; key++)
		next_ns[key] = 1790000000 * NS_PER_SEC + random_below(60000) * INT64_C(1000000);
	for (round = 0; round < ROUNDS; round++) {
		for (key = 0; key < KEYS; key++) {
			fill(&b[key], key, next_ns[key], named);
			next_ns[key] += key % 100 < regular_percent ? 60 * NS_PER_SEC : random_gap_ns();
		}
		began = now();
		for (key = 0; key < KEYS; key++)
			beacon_note(beacon, &b[key].o);
		middle = now();
		for (key = 0; key < KEYS; key++)
			behaviour_note(behaviour, &b[key].o);
		spent += middle - began;
		added += now() - middle;
	}
	printf("    %-44s %8.0f contacts/s, behaviours add %.1f %% (%llu findings, %llu revisions)\n", what,
	    ROUNDS * KEYS / spent, 100 * added / spent, (unsigned long long)beacon_counts(beacon)->findings, (unsigned long long)revisions);
	revisions = 0;
	free(b);
	beacon_free(beacon);
	behaviour_free(behaviour);
	alerts_free(alerts);
}

int
main(void)
{
	measure("with a name, none of them regular", true, 0);
	measure("with a name, a tenth like clockwork", true, 10);
	measure("without a name, a tenth like clockwork", false, 10);
	return 0;
}
