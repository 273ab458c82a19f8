/*
 * private.h - what the parts of beacon/ share: contact.c reads contacts,
 * beacon.c keeps keys, track.c what is known of a key that keeps coming, evidence.c
 * weighs it, tell.c puts it into words, memory.c keeps it over a restart.
 */
#ifndef SENSOR_BEACON_PRIVATE_H
#define SENSOR_BEACON_PRIVATE_H

#include "base/hash.h"
#include "base/zone.h"
#include "beacon/beacon.h"
#include "beacon/host.h"
#include "beacon/known.h"
#include "beacon/pool.h"
#include "beacon/score.h"
#include "beacon/sketch.h"

enum {
	FEW_MARKS = 4,			/* what a key has before it has kept coming */
	MOST_MARKS = SCORE_GAPS_MAX + 1,
	SIZES = 16,
	NAMES = 8,
	TIMES_MAX = 512,
	SERVICE_TEXT_MAX = 255,
	SUBJECT_MAX = ADDR_TEXT_MAX + 16	/* where it is no name */
};

enum key_kind {
	KEY_SERVICE,		/* a name */
	KEY_ADDRESS,		/* address, port, protocol */
	KEY_BEHAVIOUR,		/* port, protocol, application and voice, whatever the address */
	KEY_ZONE		/* DNS: a registered domain */
};

enum {	/* key.flags */
	KEY_FIRST_LOADED = 1	/* its first contact was part of a page load */
};

/*
 * A mark is a contact's time in units behind the key's base, and one bit: was
 * it part of a page load? 31 bits of 2^23 ns are 208 days; then the base moves.
 */
enum { MARK_SHIFT_NS = 23, MARK_LOADED = 1 };

struct key {
	struct pool_node node;
	int64_t base_ns;
	uint32_t contacts;
	uint32_t voice;			/* the latest */
	uint32_t few[FEW_MARKS];
	struct track *track;		/* NULL at first */
	uint8_t used;			/* marks, of `few` or the track's */
	uint8_t kind;			/* enum key_kind */
	uint8_t period;			/* of the sketch, when it was last entered there */
	uint8_t flags;
	uint16_t loads;			/* contacts within page loads */
};

_Static_assert(sizeof(struct key) == 64, "a million keys must be small");

enum page_load { PAGE_UNKNOWN, PAGE_BARE, PAGE_LOADED };

struct peers {
	struct addr latest[BEACON_PEERS_MAX];	/* distinct, latest first */
	uint32_t calls[BEACON_PEERS_MAX];
};

struct times {
	uint32_t used, stride, until_next;
	int64_t at_ns[TIMES_MAX];
};

/* Of a key that keeps coming. */
struct track {
	uint32_t place;			/* in beacon.tracked */
	uint64_t service_set;		/* hash of whom it calls, whoever calls */
	uint64_t host_id;
	struct realm realm;
	struct addr host, peer;		/* peer: the latest */
	int64_t first_ns, last_ns;
	uint16_t port;
	uint8_t protocol, app;
	bool claimed, self_signed, proxied, internal;
	const char *known_cert;		/* why its certificate is harmless, or NULL */
	uint8_t page;			/* enum page_load, of the run that is regular */
	uint8_t support;		/* enum app of the remote support tool that the latest connection spoke; 0: none */
	uint32_t merged;		/* contacts that were one with a neighbour */
	uint32_t marks[MOST_MARKS];

	struct score_verdict found;	/* behind `strength` */
	double strength;		/* best so far, corrected for looking often */
	double blocks_strength;		/* Fisher's sum over windows that share no gap */
	uint32_t blocks;
	double sum;			/* of all evidence, at the latest look */
	uint32_t first_alert;

	uint64_t flow_id, flow_bytes[2];	/* of the latest contact */
	uint32_t size[2][SIZES];	/* of the latest exchanges, by side */
	uint32_t sizes;
	uint16_t windows, alike[2];	/* full ones of sizes, and how many sizes in them were like most */
	uint32_t answered, failed;	/* connections */
	uint32_t attended, unattended;	/* contacts while pages are loaded on the host within the hour, and not */
	uint32_t hours;			/* in which there was a contact */
	int64_t last_hour;

	struct novelty novelty;		/* of the days before the first contact */
	uint32_t novelty_turn;		/* when that was asked; 0: never */

	uint32_t name[NAMES];		/* DNS: hashes of the latest names */
	uint32_t names, names_new, types_odd;

	unsigned peers_count;
	struct peers *peers;		/* NULL while there is but one */
	struct times *times;		/* NULL while nobody would plot it */
	char service[];
};

enum { PROXIES = 4096 };

struct beacon {
	struct beacon_limits limits;
	uint64_t secret;		/* in the ids of keys: nobody outside can choose colliding ones */
	int64_t burst_ns;
	finding_fn *emit;
	void *to;
	struct pool keys, hosts;
	struct sketch sets;
	struct key_ref {
		uint32_t key;
	} *tracked;			/* keys that have a track */
	uint32_t tracked_count, tracked_most, tracked_hand;
	uint32_t plotted_count, plotted_most;
	const struct known *known;
	struct beacon_lookup lookup;
	novelty_fn *novelty;
	void *novelty_to;
	uint32_t novelty_turn;		/* how often it was set */
	struct sleeper *sleepers;
	uint32_t sleepers_noted;	/* up to a few */
	uint64_t *proxies;		/* hashes of address and port: a small table without chains */
	struct score_table scores;
	bool scores_ready;
	struct beacon_counts counts;
};

/* The contact at hand, read once. */
struct contact {
	const struct observation *o;
	enum key_kind kind;
	struct addr host, peer;
	uint16_t port;
	struct span service;		/* absent for an address */
	int64_t at_ns;
	uint32_t voice;			/* 0: not known */
	bool burst, proxied, claimed;
	uint64_t host_id, service_id;
	uint64_t key_id;		/* of the three above, and secret */
	const struct host *at_host;	/* NULL: no memory */
};

/* ---- hashes.c ---- */

/* One hash of two. */
uint64_t hash_pair(uint64_t a, uint64_t b);
uint64_t host_hash(const struct realm *realm, const struct addr *host);
uint64_t address_hash(const struct addr *peer, uint16_t port, uint8_t protocol);

/* Sets of the sketch: a purpose and what it is about. */
enum set_kind { SET_HOSTS_OF_SERVICE, SET_HOSTS_OF_VOICE, SET_SERVICES_OF_VOICE, SET_SERVICES_OF_HOST, SET_ZONES_CALLED };
uint64_t set_id(enum set_kind kind, uint64_t a, uint64_t b);

/* ---- contact.c ---- */

/* False: it does not count. */
bool contact_read(const struct beacon *b, const struct observation *o, struct contact *c);

/* All is known that its key is made of. */
void contact_key(const struct beacon *b, struct contact *c);

/* Its keys, one contact each: the service's, and of what is called by address alone the program's. How many. */
unsigned contact_keys(const struct beacon *b, struct contact c[2]);

uint64_t behaviour_id(uint8_t protocol, uint8_t app, uint16_t port, uint32_t voice);
bool is_proxy(const struct beacon *b, uint64_t address);

/* ---- track.c ---- */

uint32_t *key_marks(struct key *k);
int64_t mark_ns(const struct key *k, uint32_t mark);

/* Insert by time. False: it is one with its neighbour, or older than all that is kept. */
bool key_mark(struct key *k, int64_t at_ns, int64_t burst_ns);

/* The latest contact turns out to be part of a page load. */
void key_loaded(struct key *k, int64_t at_ns);

/* What a contact will touch of it comes into the processor's cache together. */
void track_fetch(const struct key *k);

bool track_begin(struct beacon *b, uint32_t index, struct key *k, const struct contact *c);
void track_end(struct beacon *b, struct key *k);
void track_contact(const struct beacon *b, struct key *k, const struct contact *c);
void track_flow(const struct beacon *b, struct track *t, const struct observation *o);
void track_size(struct track *t, uint64_t sent, uint64_t answered);

/* Share of the sizes of a side that are about as large as most. `t->sizes` is not 0. */
double track_alike(const struct track *t, int side);
void track_name(struct track *t, struct span name, bool odd_type);

/* Are several addresses called in turn, none of them mostly? */
bool track_rotates(const struct track *t);

/* Gaps between the latest `most` + 1 marks, in seconds; how many. */
unsigned key_gaps(const struct key *k, unsigned most, float *gaps);

/* ---- sleeper.c ---- */

struct sleeper *sleepers_new(void);	/* NULL: no memory */
void sleepers_free(struct sleeper *all);	/* NULL is fine */
size_t sleepers_bytes(void);

/* A flow ended, of a connection that may go on. */
void sleeper_note(struct beacon *b, const struct observation *flow, struct span name);

/* What a flow that was joined midway called before, or an absent span. Valid until the next sleeper_note(). */
struct span sleeper_name(const struct beacon *b, const struct observation *o);

/* ---- evidence.c ---- */

/* Looks at the gaps again, when that is due. */
void judge_time(struct beacon *b, struct key *k);

/* Everything known now: fills the numbers' signs, p_value and score. */
void judge(struct beacon *b, struct key *k, struct beacon_numbers *out);

/* ---- tell.c ---- */

/* Perhaps in `buf`. */
const char *subject_of(const struct key *k, char buf[SUBJECT_MAX]);

/* `c` NULL: a record. */
void tell(const struct key *k, struct beacon_numbers *n, const struct contact *c, finding_fn *emit, void *to);

#endif
