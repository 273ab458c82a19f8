/*
 * house.h - what all hosts together tell: which addresses DNS named, and which
 * programs (TLS fingerprints) how many hosts use.
 *
 * Two tables of a fixed size; where two things want one place the latter has
 * it. So an address may be taken for one that nobody asked for by name, and a
 * program for a rarer one than it is; never the other way but by a chance of
 * one in 2^32. Places come from HASH_FIXED: a replay gives the same ones.
 */
#ifndef SENSOR_BEHAVIOUR_HOUSE_H
#define SENSOR_BEHAVIOUR_HOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/span.h"
#include "realm.h"

struct accounts;
struct mail_ids;
struct house;

/* Over a restart: what is known of correspondents, senders and accounts. */
struct state_in;
struct state_out;
void house_save(const struct house *h, struct state_out *out);
void house_load(struct house *h, const struct state_in *in);

struct accounts *house_accounts(struct house *h);	/* accounts.h */
struct mail_ids *house_mail_ids(struct house *h);	/* mail_ids.h */

struct house *house_new(void);		/* NULL: no memory */
void house_free(struct house *h);	/* NULL is fine */

size_t house_bytes(void);

/* An address for the two below, hashed once. */
uint64_t house_hash(const struct realm *realm, const struct addr *a);

void house_name(struct house *h, uint64_t named);
bool house_named(const struct house *h, uint64_t a);

/* Was this address called, or did it call, lately? 65,536 places. */
void house_called(struct house *h, uint64_t a);
bool house_was_called(const struct house *h, uint64_t a);

/* Both will be asked of, or noted, soon. */
void house_fetch(const struct house *h, uint64_t a);

/* Does this host answer the DNS questions of others? 1,024 places. */
void house_resolver(struct house *h, uint64_t a);
bool house_is_resolver(const struct house *h, uint64_t a);

/* A TCP connection with payload was seen both ways, or not. One-sided: of the latest ones at least half were not. */
void house_ways(struct house *h, bool both);
bool house_one_sided(const struct house *h);

void house_voice(struct house *h, uint32_t voice, const struct addr *host);
/* See voice_others(). */
int house_others(const struct house *h, uint32_t voice, const struct addr *host);

/* The same of who calls a service (sight_service_tag()). 16,384 places. */
void house_caller(struct house *h, uint32_t service, const struct addr *host);
int house_callers(const struct house *h, uint32_t service, const struct addr *host);

/*
 * ---- mail ----
 *
 * Names of correspondents with the address that each has here, 8,192 places;
 * when a sender was heard last, 16,384 places; what was sent outwards within
 * the latest one to two days.
 */

enum acquaintance { ACQUAINTANCE_NONE, ACQUAINTANCE_SAME, ACQUAINTANCE_OTHER_ADDRESS };

/* Tags of the display name and the address of a mail that came in: were they met, and together? */
enum acquaintance house_correspondent(struct house *h, uint32_t name, uint32_t address);

/* Not heard for `days`, or never; false while mail was watched for less than 14 days. Heard from now on. */
bool house_stranger(struct house *h, uint32_t address, int64_t now_ns, uint32_t days);

void house_sends(struct house *h, int64_t now_ns, uint32_t mails);
uint32_t house_sent(struct house *h, int64_t now_ns);

/* Of those the id of one was seen. Where four of five are, ids tell what was sent and what was not. */
void house_shows(struct house *h, int64_t now_ns);
bool house_ids_tell(struct house *h, int64_t now_ns);

#endif
