/*
 * finding.h - what a detector concluded from observations.
 *
 * Borrowed: all pointers die when the call that carries it returns.
 */
#ifndef HANSHO_FINDING_H
#define HANSHO_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/language.h"
#include "indicator.h"
#include "realm.h"

struct observation;
struct case_numbers;

enum finding_kind {
	FINDING_INDICATOR,	/* a feed knows the other side (or this host, for ROLE_INFECTED) */
	FINDING_BEACON,		/* regular calls home */
	FINDING_SENSOR,		/* the sensor itself is impaired */
	FINDING_EVASION,	/* bytes of a stream were sent again, and others */
	FINDING_RETRO,		/* a feed knows now whom this host called before */
	FINDING_BEHAVIOUR,	/* a host does what infected machines do besides calling home */
	FINDING_CASE,		/* what the findings of one host come to */
	FINDING_SUMMARY,	/* more alerts of a host or rule than are told one by one */
	FINDING_KINDS
};

/* What the age of a feed's knowledge makes of it. */
enum indicator_state { INDICATOR_ACTIVE, INDICATOR_FADING, INDICATOR_EXPIRED };

enum severity { SEVERITY_CRITICAL = 1, SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW };

enum { BEACON_PEERS_MAX = 16, BEACON_SIGNS_MAX = 16, BEACON_BINS = 40 };

/* What else was looked at besides time. Names are part of the output: rows may be added, never renamed. */
enum beacon_sign_kind {
	SIGN_TIMING,		/* value: -log10 of the chance that memoryless calls are so regular; weight: what counts of it */
	SIGN_HOSTS,		/* hosts of the house that call the service */
	SIGN_VOICE,		/* services that this program (fingerprint) calls on this host */
	SIGN_PAGE,		/* 1: began with a page load; 0: it did not */
	SIGN_BROWSING,		/* share of the calls that fall into page loads */
	SIGN_ANSWERS,		/* share of the answers that are about as long as most */
	SIGN_QUESTIONS,		/* the same of what was sent */
	SIGN_UNATTENDED,	/* share of the calls while nobody loads pages on the host */
	SIGN_STEADY,		/* share of the hours since the first call that had one */
	SIGN_NAMELESS,		/* an address without a name */
	SIGN_CERTIFICATE,	/* self-signed */
	SIGN_FAILING,		/* share of the connections without an answer */
	SIGN_LABELS,		/* DNS: share of the names never asked before */
	SIGN_TYPES,		/* DNS: share of the questions for other than addresses */
	SIGN_INTERNAL,		/* the peer is in the home networks, too */
	SIGN_NOVELTY,		/* days between the house's first call and this host's, 0: nobody had called it; only with history_days */
	BEACON_SIGN_KINDS
};

struct beacon_sign {
	enum beacon_sign_kind kind;
	double value;
	double weight;			/* what it adds to the significance, in powers of ten */
};

enum beacon_called { BEACON_CALLS_SERVICE, BEACON_CALLS_CHANGING, BEACON_ASKS_ZONE };

/* What a beacon finding rests on. */
struct beacon_numbers {
	enum beacon_called called;	/* what the subject is */
	double score;			/* 0..1, grows as p_value falls */
	double p_value;			/* 10 to the -(sum of weights), at most 1 */
	double shared;			/* 1: lone; 0: so many hosts call the service that neither clock nor oddity counts */
	double interval_sec;		/* median gap, missed beats counted out */
	double jitter;			/* nine of ten gaps lie within this share of the interval */
	double missed;			/* share of the beats that did not come */
	uint32_t contacts;		/* since the first */
	uint32_t first_alert_contact;	/* count at which the score crossed the line; 0: never */
	int64_t first_ns, last_ns;
	bool clustered;			/* each beat is several contacts */
	bool claimed;			/* the host is whom a proxy says it asks for */
	const char *known;		/* why it is harmless, or NULL; outlives the finding */
	const char *tool;		/* known as a tool of remote support: which; outlives the finding */
	uint32_t history_days;		/* of contacts of this network before: what SIGN_NOVELTY rests on; 0: too few to tell */
	unsigned peers;			/* used of `peer`: distinct addresses, latest first */
	struct addr peer[BEACON_PEERS_MAX];
	unsigned signs;
	struct beacon_sign sign[BEACON_SIGNS_MAX];
};

/* For a plot. */
struct beacon_plot {
	uint32_t bin[BEACON_BINS];	/* of the latest gaps, each a tenth of the interval wide */
	const int64_t *time_ns;		/* contacts, evenly thinned */
	unsigned times;
};

enum { EVIDENCE_MAX = 16, EVIDENCE_TEXT_MAX = 128 };

/* One thing that was seen, under a name of the output's contract. */
struct evidence {
	const char *what;		/* static */
	const char *word;		/* static: one of a few; NULL: the text, or without it the number */
	char text[EVIDENCE_TEXT_MAX];	/* bytes from the wire, cut; "" without */
	uint64_t number;
	int points;			/* what it adds to the confidence */
};

/* What a behaviour finding rests on. Pointers are static. */
struct behaviour_numbers {
	const char *name;		/* "false-type-download" */
	const char *title;		/* in the configured language */
	const char *technique, *tactic;	/* ATT&CK */
	unsigned signature;		/* from 0: its place among the behaviours' signature numbers */
	unsigned confidence;		/* 1..99: the sum of the points */
	unsigned pieces;		/* used of `evidence` */
	struct evidence evidence[EVIDENCE_MAX];
};

enum { SUMMARY_EXAMPLES = 8, SUMMARY_SUBJECT_MAX = 128, SUMMARY_TITLE_MAX = 192 };

struct summary_example {		/* an incident that is held back */
	char id[17];			/* of its alert */
	struct addr host;
	char subject[SUMMARY_SUBJECT_MAX];
};

struct summary_numbers {
	unsigned signature;		/* of the rule; 0: of the host */
	uint32_t limit;			/* alerts an hour */
	uint64_t further;		/* incidents held back */
	int64_t since_ns;
	char title[SUMMARY_TITLE_MAX];	/* of the latest */
	unsigned examples;		/* used of `example`, latest first */
	struct summary_example example[SUMMARY_EXAMPLES];
};

/* One sentence → buf, of what the finding has; its reason is not looked at. Returns `buf`. */
struct finding;
enum { FINDING_WORDS_MAX = 1400 };
typedef const char *finding_words_fn(const struct finding *f, enum language l, char buf[FINDING_WORDS_MAX]);

struct finding {
	enum finding_kind kind;
	int64_t ts_ns;			/* of the observation that caused it */
	int64_t first_ns;		/* of the first observation that it rests on */
	struct realm realm;
	struct addr host;		/* whom we watch over */
	struct addr peer;
	uint16_t host_port, peer_port;
	uint8_t protocol;
	const char *service;		/* name of the peer; "" when there is none */
	const char *subject;		/* what makes it one incident: the indicator's value, the service */
	const char *reason;		/* one sentence; "" where `words` writes it */
	finding_words_fn *words;	/* a finding that comes with every call is put into words when it is told; NULL: it is already */
	enum severity severity;
	bool over;			/* FINDING_SENSOR: it is not so any more: closes its incident, opens none */
	const struct indicator *indicator;	/* FINDING_INDICATOR; of several feeds what they know together */
	const char *feeds;			/* of it: the names of all feeds that list it, a line each */
	enum indicator_state state;
	bool dated;				/* then `age_days` says how old the knowledge was */
	uint32_t age_days;
	const struct beacon_numbers *beacon;	/* FINDING_BEACON */
	const struct behaviour_numbers *behaviour;	/* FINDING_BEHAVIOUR */
	const struct case_numbers *cased;	/* FINDING_CASE */
	const char *case_id;			/* of the alert of the case that it belongs to; NULL: of none */
	const struct summary_numbers *summary;	/* FINDING_SUMMARY; of a rule: without host */
	const struct beacon_plot *plot;		/* for its record; NULL in an alert */
	const struct observation *because;	/* the last observation; NULL for FINDING_SENSOR, FINDING_CASE */
};

typedef void finding_fn(void *to, const struct finding *f);

static inline const char *
finding_reason(const struct finding *f, enum language l, char buf[FINDING_WORDS_MAX])
{
	return f->words != NULL ? f->words(f, l, buf) : f->reason;
}

#endif
