/*
 * behaviour_rig.h - observations to order for the tests of behaviour/, and the
 * findings that come of them.
 */
#ifndef TESTS_BEHAVIOUR_RIG_H
#define TESTS_BEHAVIOUR_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alert_rig.h"
#include "base/state_file.h"
#include "behaviour/behaviour.h"
#include "behaviour/texts.h"
#include "message.h"

enum { KEPT = 64 };

struct kept {
	unsigned count;
	struct {
		enum finding_kind kind;
		enum severity severity;
		struct behaviour_numbers n;
		struct addr host;
		char reason[1024], subject[64];
	} f[KEPT];
};

static struct behaviour_limits limits;
static struct kept kept;
static struct behaviour *behaviour;
static struct observation_buffer b;

static inline void
keep(void *to, const struct finding *f)
{
	struct kept *k = to;

	assert_true(k->count < KEPT);
	k->f[k->count].kind = f->kind;
	k->f[k->count].severity = f->severity;
	k->f[k->count].host = f->host;
	if (f->behaviour != NULL)
		k->f[k->count].n = *f->behaviour;
	snprintf(k->f[k->count].reason, sizeof k->f[k->count].reason, "%s", f->reason);
	snprintf(k->f[k->count].subject, sizeof k->f[k->count].subject, "%s", f->subject);
	k->count++;
}

static inline int
setup(void **state)
{
	(void)state;
	limits = (struct behaviour_limits){ .hosts = 100, .confidence = 60, .flood_hosts = 100, .lure_sec = 600,
		.chain_sec = 600, .check_in_sec = 7200, .check_in_body_bytes = 65536, .young_days = 7, .mail_sec = 3600,
		.mail_exchangers = 3, .mail_recipients = 10, .spread_sec = 1800, .spread_hosts = 5,
		.stranger_days = 90, .tunnel_sec = 3600, .tunnel_names = 40, .generated_sec = 3600,
		.generated_names = 10, .strobe_minutes = 30, .strobe_calls = 30,
		.account_sec = 86400, .account_countries = 2, .account_networks = 3,
		.theft_kib = 102400, .theft_hours = 4,
		.destroy_sec = 1800, .destroy_files = 256, .relay_sec = 3600, .relay_mails = 5,
		.attack_sec = 300, .attack_packets = 10000, .attack_hosts = 200,
		.own_rounds = 3, .own_addresses = 4 };
	kept.count = 0;
	behaviour = NULL;
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	behaviour_free(behaviour);
	return 0;
}

/* With the limits as they are now. */
static inline void
begin(void)
{
	behaviour_free(behaviour);
	kept.count = 0;
	behaviour = behaviour_new(&limits, keep, &kept);
	assert_non_null(behaviour);
}

static inline void
note(void)
{
	observation_seal(&b);
	assert_true(observation_valid(&b.o, b.o.bytes));
	behaviour_note(behaviour, &b.o);
}

static inline unsigned
rang(const char *name)
{
	unsigned i, n = 0;

	for (i = 0; i < kept.count; i++)
		n += kept.f[i].kind == FINDING_BEHAVIOUR && strcmp(kept.f[i].subject, name) == 0;
	return n;
}

static inline void
to(const char *peer, uint16_t port)
{
	b.o.key.addr[RESPONDER] = rig_addr(peer);
	b.o.key.port[RESPONDER] = port;
}

static inline void
contact(double sec, const char *peer, uint16_t port)
{
	rig_observation(&b, OBSERVE_CONTACT, sec);
	to(peer, port);
	note();
}

/* A new process that has read what this one knew of the house. */
static inline void
house_restarts(void)
{
	struct behaviour *next = behaviour_new(&limits, keep, &kept);
	char path[] = "/tmp/hansho-house-XXXXXX";
	struct state_out *out = state_out_new();
	struct state_in *in = NULL;
	struct fault fault;
	int fd = mkstemp(path);

	assert_true(fd >= 0 && out != NULL && next != NULL);
	close(fd);
	behaviour_save(behaviour, out);
	assert_int_equal(state_out_write(out, path, BEHAVIOUR_STATE_VERSION, false, &fault), 0);
	state_out_free(out);
	assert_int_equal(state_in_open(path, BEHAVIOUR_STATE_VERSION, 1 << 24, &in, &fault), 0);
	behaviour_load(next, in);
	state_in_close(in);
	unlink(path);
	behaviour_free(behaviour);
	behaviour = next;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
