/*
 * behaviour.h - what do infected machines do besides calling home?
 *
 * Observations in, findings out. A table of rows (rows.c) says which kinds of
 * observation each behaviour looks at; each weighs what it sees in points,
 * and rings when the sum reaches `confidence`. docs/behaviours.md has the
 * rows, their points, their twins, and what they cannot see.
 *
 * Per host a fixed part, and one more for each behaviour that has seen
 * anything of it; behaviour_host_bytes() is the most that one host costs.
 * Beyond `hosts` the one idle longest is forgotten (counted). One finding of a
 * behaviour and host at most a minute, unless it grew surer. When more than
 * `flood_hosts` hosts show one behaviour within an hour, the configuration is
 * wrong or the house is on fire: that is one finding about the sensor, and
 * further hosts are held back (counted) until the hour is over.
 *
 * Packet time only; what comes depends on the order of observations alone.
 * No I/O, no clock. One thread only.
 */
#ifndef SENSOR_BEHAVIOUR_H
#define SENSOR_BEHAVIOUR_H

#include <stddef.h>
#include <stdint.h>

#include "alert.h"
#include "base/language.h"
#include "finding.h"
#include "novelty.h"
#include "observation.h"

struct behaviour_limits {
	uint32_t hosts;			/* 0: no behaviour is looked for */
	uint32_t confidence;		/* a finding at or above */
	uint32_t flood_hosts;
	enum language language;		/* of titles and reasons */
	uint32_t lure_sec;		/* a download so soon after mail or Office is theirs */
	uint32_t chain_sec;		/* a new contact so soon after such a download is its */
	uint32_t check_in_sec;		/* check-ins that belong together */
	uint32_t check_in_body_bytes;	/* a longer body is an upload, no check-in */
	uint32_t young_days;		/* a certificate younger than this is new */
	uint32_t mail_sec, mail_exchangers, mail_recipients;	/* a spam module: within so long, so many */
	uint32_t spread_sec, spread_hosts;	/* spreading: within so long, so many machines */
	uint32_t stranger_days;		/* a sender not heard for so long is a stranger */
	uint32_t tunnel_sec, tunnel_names;	/* a DNS tunnel: within so long, so many names under one zone */
	uint32_t generated_sec, generated_names;	/* generated names: within so long, so many zones that do not exist */
	uint32_t strobe_minutes, strobe_calls;	/* a strobe: for so many minutes, so many connections in each */
	uint32_t account_sec, account_countries, account_networks;	/* a stolen account: within so long, from so many */
	uint32_t destroy_sec, destroy_files;	/* destruction: within so long, so many files of others */
	uint32_t attack_sec, attack_packets, attack_hosts;	/* an attack: within so long, so many packets to one, or so many knocked at */
	uint32_t theft_kib, theft_hours;	/* theft: so much within a day to one service, or a hundredth of it in so many hours */
	uint32_t own_rounds, own_addresses;	/* an own protocol: so many rounds with one of at most so many addresses at a time */
	uint32_t relay_sec, relay_mails;	/* a stepping stone: within so long, so many mails of one giver */
	struct cidr *mail_hosts;	/* may send mail themselves */
	unsigned mail_hosts_count;
	struct cidr *admin_hosts;	/* may reach for many machines */
	unsigned admin_hosts_count;
};

struct behaviour_counts {
	uint64_t observations;		/* that a row looked at */
	uint64_t hosts, evicted, findings, held_back;
	uint64_t lost;			/* no memory for a host or a part of it */
};

struct behaviour;
struct state_in;
struct state_out;

/* `limits` and what it points to are borrowed. NULL: no memory. */
struct behaviour *behaviour_new(const struct behaviour_limits *limits, finding_fn *emit, void *to);
void behaviour_free(struct behaviour *b);	/* NULL is fine */

/* Why is what this observation's host calls, or this name, harmless, or at least to put files there? NULL: it is not known to be. */
typedef const char *behaviour_harmless_fn(void *to, const struct observation *o, struct span name, bool upload);
void behaviour_set_harmless(struct behaviour *b, behaviour_harmless_fn *harmless, void *to);

/* Had the house called a service before? */
void behaviour_set_novelty(struct behaviour *b, novelty_fn *ask, void *to);

/* Where is this address? What is not known stays empty. */
typedef void behaviour_place_fn(void *to, const struct addr *a, struct place *out);
void behaviour_set_place(struct behaviour *b, behaviour_place_fn *place, void *to);

/* One observation, of any kind. */
void behaviour_note(struct behaviour *b, const struct observation *o);

/*
 * This one is noted next, after something else was done: what it will touch is fetched into the processor's cache
 * meanwhile. Need not be called.
 */
void behaviour_expect(struct behaviour *b, const struct observation *o);

/* Another machine has this address now: what was seen of the one before is not its. */
void behaviour_forget(struct behaviour *b, const struct realm *realm, const struct addr *addr);

/* What another detector found: a beacon may be the end of a chain, and an indicator names a malware. */
void behaviour_finding(struct behaviour *b, const struct finding *f);

/* What the house knows, as tables of a state file: correspondents, senders, from where users log in. */
enum { BEHAVIOUR_STATE_VERSION = 2 };
void behaviour_save(const struct behaviour *b, struct state_out *out);
void behaviour_load(struct behaviour *b, const struct state_in *in);

/* The same of its hosts. */
enum { BEHAVIOUR_HOSTS_VERSION = 4 };
void behaviour_save_hosts(const struct behaviour *b, struct state_out *out);
void behaviour_load_hosts(struct behaviour *b, const struct state_in *in);

/* The malware that a feed's name stands for: without spellings, aliases, what stands before the last dot. Static, or in `buf`. */
enum { BEHAVIOUR_FAMILY_MAX = 48 };
const char *behaviour_family(const char *name, char buf[BEHAVIOUR_FAMILY_MAX]);

const struct behaviour_counts *behaviour_counts(const struct behaviour *b);
size_t behaviour_host_bytes(void);
/* What is kept of the house, whatever its hosts. */
size_t behaviour_house_bytes(void);

#endif
