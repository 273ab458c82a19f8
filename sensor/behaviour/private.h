/*
 * private.h - what the rows share: the host, the sight, the score.
 */
#ifndef SENSOR_BEHAVIOUR_PRIVATE_H
#define SENSOR_BEHAVIOUR_PRIVATE_H

#include <stdbool.h>

#include "alert.h"
#include "base/hash.h"
#include "base/roster.h"
#include "base/when.h"
#include "behaviour/behaviour.h"
#include "behaviour/texts.h"
#include "message.h"

/* In the order of their signature numbers: rows may be added at the end, never moved. */
enum row_number { ROW_DOWNLOAD, ROW_CHECK_IN, ROW_CHAIN, ROW_TLS, ROW_SPAM, ROW_SPREADING,
	ROW_LURE, ROW_IMPERSONATED, ROW_FAMILY,
	ROW_TUNNEL, ROW_GENERATED, ROW_STROBE,
	ROW_ACCOUNT, ROW_LASTING, ROW_THEFT, ROW_DESTRUCTION, ROW_RELAY, ROW_ATTACK, ROW_OWN, ROW_LENT, ROWS };

struct host_key {
	struct realm realm;
	struct addr addr;
};

struct rung {
	int64_t at_ns;
	unsigned confidence;		/* 0: never */
};

struct host {
	struct host_key key;
	/* Heard last; WHEN_UNKNOWN: never. */
	int64_t mail_ns;		/* a mail server was spoken with */
	int64_t office_ns;		/* an Office program fetched something */
	int64_t mail_served_ns;		/* it took mail from others */
	int64_t suspect_ns;		/* it was told of, as an infected one might be */
	struct {			/* the latest download that looked like one of an infection */
		int64_t at_ns;
		struct addr peer;
		unsigned confidence;
		const char *kind;
	} download;
	struct rung rung[ROWS];
	void *part[ROWS];
};

/* Who is at the other end, seen from a host inside. */
enum reach {
	REACH_INSIDE,			/* both are of the house */
	REACH_NAMED,			/* outside, under a name */
	REACH_BARE,			/* outside, by its address alone */
	REACHES
};

/* How many hosts began to show a behaviour within an hour. */
struct flood {
	int64_t since_ns;
	uint32_t hosts;
	bool told;
};

struct behaviour {
	struct behaviour_limits limits;
	finding_fn *emit;
	void *to;
	struct roster roster;		/* of hosts; the one idle longest first */
	struct host *host;		/* at its places */
	size_t taken;			/* bytes of that; see pages_grow() */
	struct house *house;
	behaviour_harmless_fn *harmless;
	void *harmless_to;
	novelty_fn *novelty;
	void *novelty_to;
	behaviour_place_fn *place;
	void *place_to;
	struct flood flood[ROWS];
	struct expected {
		const struct observation *o;	/* NULL: none */
		uint64_t host_hash, peer_hash;
	} expected;
	uint32_t rows[REACHES][OBSERVATION_KINDS];	/* which look at it, by bits */
	struct behaviour_counts counts;
};

/* One observation being looked at. */
struct sight {
	struct behaviour *b;
	struct house *house;
	const struct behaviour_limits *limits;
	const struct observation *o;
	const struct addr *addr, *peer;	/* of host and other */
	uint16_t peer_port;
	struct span name;		/* its TEXT_SERVICE */
	enum reach reach;
	uint64_t host_hash;		/* of realm and addr; 0: not calculated yet */
	uint64_t peer_hash;		/* of realm and peer, HASH_FIXED; likewise */
	uint32_t service_tag;		/* likewise */
	struct host *host;		/* NULL: not looked up yet, or not there */
	bool host_sought;
};

enum { SUBJECT_MAX = 256 };

typedef void note_fn(struct sight *s);

struct row {
	const char *technique, *tactic;	/* ATT&CK */
	enum severity severity;		/* when it is sure: from 80 points; below, one less */
	unsigned kinds[REACHES];	/* bits 1 << observation_kind */
	const size_t *part_bytes;	/* what it keeps of a host; NULL: nothing */
	note_fn *note;			/* NULL: it looks at findings alone */
};

extern const struct row rows[ROWS];

/* ---- hosts.c ---- */

bool hosts_begin(struct behaviour *b);	/* false: no memory */
void hosts_end(struct behaviour *b);

uint64_t hosts_hash(const struct realm *realm, const struct addr *addr);

/* The host of this sight, made if need be; NULL: no memory. */
struct host *sight_host(struct sight *s);
/* The same if it is known already. */
struct host *sight_known(struct sight *s);
/* What `row` keeps of the host; zeroed when new. NULL: no memory. */
void *sight_part(struct sight *s, enum row_number row);

/* Of realm and the other end; the same in every run. */
uint64_t sight_peer_hash(struct sight *s);
/* tag_of() the other end. */
uint32_t sight_peer_tag(struct sight *s);

/* Of the service: its name or address, and port; never 0. */
uint32_t sight_service_tag(struct sight *s);
/* Which other hosts call it, at most VOICE_HOSTS; -1 while too few hosts are known to tell. */
int sight_other_callers(struct sight *s);

/* An OBSERVE_MAIL: its id is noted when somebody here gave it to a server, and when it leaves. */
void sight_note_mail(struct sight *s);

/* Is the host named as a mail server, or did it take mail from outside lately? */
bool sight_serves_mail(struct sight *s);

/* What is known of the mail whose id this text is; NULL: nothing. */
struct mail_id;
const struct mail_id *sight_mail_id(const struct sight *s, enum observation_text which);

/* What an OBSERVE_FILE of a mail is as a lure, and its points; NULL: nothing of interest. */
const char *lure_kind(const struct observation *o, int *points);
const char *lure_word(const char *text);	/* the same word, static; NULL: it has none */

/* Of the user in this observation, in its realm; accounts.h. */
uint32_t sight_account_tag(const struct sight *s);

/* Is the other end, or this name, known to be harmless? `upload`: also as a place where people put their files. */
bool sight_harmless(const struct sight *s, struct span name, bool upload);

/*
 * What the history knows of the service of this sight's observation from the days before `before_ns`. False: nothing
 * that could be said of it (out->known).
 */
bool sight_novelty(const struct sight *s, int64_t before_ns, struct novelty *out);

/* Where is the other end? False: nothing is known of it. */
bool sight_place(const struct sight *s, struct place *out);

/* Seconds since `ns`, when that was within the last `most`; else -1. */
int64_t sight_since(const struct sight *s, int64_t ns, uint32_t most);

bool in_networks(const struct cidr *list, unsigned count, const struct addr *a);
bool span_has(struct span text, const char *word);	/* ASCII case is ignored */

struct span mail_domain(struct span address);	/* behind the @; absent without */
bool mail_is_answer(struct span subject);	/* by its own word: Re:, Fwd: */

/* A short name for what hashes long; equal ones are equal in every run. Never 0. */
uint32_t tag_of(const void *bytes, size_t len);
uint32_t tag_of_text(struct span text);		/* ASCII case is ignored; of its first 256 bytes */

/* ---- sets of tags that forget the oldest ---- */

/* Puts `tag` into tags[most], of which *count are used. True: it was not there. When full, the one at *next gives way. */
bool tags_add(uint32_t *tags, unsigned most, unsigned *count, unsigned *next, uint32_t tag);

/* ---- scores ---- */

struct score {
	int points;
	struct behaviour_numbers n;
};

void score_begin(struct score *c);	/* anew */
void score_number(struct score *c, const char *what, uint64_t number, int points);
void score_minutes(struct score *c, int64_t from_ns, int64_t to_ns);	/* none when the clock went back */
void score_word(struct score *c, const char *what, const char *word, int points);	/* NULL: nothing */
void score_text(struct score *c, const char *what, struct span text, int points);	/* absent, "": nothing */
void score_addr(struct score *c, const char *what, const struct addr *a, int points);

/* What of `steps` (ascending, ended by 0) does `number` reach? Its points; 0 below the first. */
struct step {
	uint32_t from;
	int points;
};
int score_step(const struct step *steps, uint64_t number);

/* The sum as a confidence, 0..99. */
unsigned score_confidence(const struct score *c);

/* Rings when it is sure enough. True: it is, whether it was told now or not. `first_ns`: of what it rests on. */
bool sight_ring(struct sight *s, enum row_number row, struct score *c, int64_t first_ns);

/* The same of a score that is sure enough, each time, as an incident of its own. */
void sight_tell(struct sight *s, enum row_number row, struct score *c, int64_t first_ns, const char *subject);

/* ---- what the house knows ---- */

/* TLS: how many other hosts speak like this (JA4), at most VOICE_HOSTS; -1 while too few are known to tell. */
enum { VOICE_HOSTS = 3 };
int voice_others(const struct behaviour *b, uint32_t voice, const struct addr *host);

/* ---- rows, each in a file of its own ---- */

note_fn download_note, check_in_note, chain_note, tls_note, spam_note, spreading_note, lure_note, impersonated_note,
    dns_tunnel_note, generated_note, strobe_note, account_note, lasting_note,
    theft_note, destruction_note, relay_note, attack_note, own_note, lent_note;
void chain_beacon(struct sight *s, const struct finding *f);
void own_beacon(struct sight *s);		/* of a host that is known */
void family_finding(struct sight *s, const struct finding *f);
const char *download_kind(const char *text);	/* the word as row_download.c has it; NULL: it has none */
void lure_begin_again(void *part);		/* it outlived its process: what held for that alone goes */
void relay_begin_again(void *part);		/* likewise */
extern const size_t check_in_part_bytes, chain_part_bytes, spam_part_bytes, spreading_part_bytes,
    lure_part_bytes, impersonated_part_bytes, family_part_bytes, tunnel_part_bytes, generated_part_bytes, strobe_part_bytes,
    account_part_bytes, theft_part_bytes, destruction_part_bytes, relay_part_bytes,
    attack_part_bytes, own_part_bytes, lent_part_bytes;

#endif
