/*
 * private.h - what the files of cases/ share: rows, evidence, hosts, texts.
 */
#ifndef SENSOR_CASES_PRIVATE_H
#define SENSOR_CASES_PRIVATE_H

#include <stdbool.h>

#include "base/table.h"
#include "base/when.h"
#include "cases/cases.h"

/* ---- rows.c: which finding says what ---- */

enum weight { WEIGHT_STRONG, WEIGHT_MIDDLE, WEIGHT_WEAK, WEIGHTS };

struct case_row {
	const char *what;		/* of the output's contract; NULL: the behaviour's name */
	const char *kind;		/* rows of one kind are not independent of each other; NULL: likewise */
	enum case_stage stage;
	uint8_t points[WEIGHTS];
	const char *number, *word, *name;	/* pieces of a behaviour's evidence that the story tells; NULL: none */
};

extern const char case_timing[];	/* the kind of all that keeps time */

/* NULL: it says nothing about its host. */
const struct case_row *case_row_of(const struct finding *f);
const char *case_what(const struct case_row *row, const struct finding *f);
/* By its `what`; NULL: there is none. */
const struct case_row *case_row_named(const char *what);
unsigned case_points(const struct case_row *row, const struct finding *f);
/* 0..99 */
unsigned case_confidence(const struct finding *f);

/* ---- evidence.c: what was seen of one host ---- */

enum { CASE_NO_SEVERITY = SEVERITY_LOW + 1 };

struct case_file {
	struct case_numbers n;		/* its stages are owned here */
	struct case_stage_seen *stage[CASE_STAGES];
	enum severity worst;		/* of the findings */
	int64_t first_ns, last_ns;
};

void case_file_begin(struct case_file *f);
void case_file_clear(struct case_file *f);

enum case_news { CASE_NO_MEMORY, CASE_KNOWN, CASE_NEW };

/* CASE_NEW: an incident that was not in its stage. */
enum case_news case_file_add(struct case_file *file, const struct case_row *row, const struct finding *f,
    const struct case_context *context);

/* Points of what was heard since `since_ns`. */
unsigned case_file_points(const struct case_file *f, int64_t since_ns);

/* Sums up stages, points and kinds. Returns how severe it is. */
enum severity case_file_sum(struct case_file *f);

/* ---- cases.c: hosts ---- */

/* Compared as bytes. */
struct machine_key {
	struct realm realm;
	uint8_t mac[MAC_BYTES];
	uint8_t zero[2];
};

struct address_key {
	struct realm realm;
	struct addr addr;
};

_Static_assert(sizeof(struct machine_key) == 36 && sizeof(struct address_key) == 44, "hashed as bytes");

struct entry;

/* An address that a host has. */
struct binding {
	UT_hash_handle hh;
	struct address_key key;
	struct entry *entry;
	int64_t since_ns;
	bool gone;			/* somebody else has it now: in no table */
};

struct entry {
	UT_hash_handle hh_machine, hh_open;
	struct entry *idler, *busier;	/* among those with a case, or those without */
	struct realm realm;
	struct addr host;		/* of the latest finding */
	struct machine_key machine;
	bool has_machine;
	struct binding *bound[CASE_ADDRESSES];	/* in the order of their use, the last is the present one */
	unsigned addresses;
	bool open, held_back;
	int64_t told_ns;		/* when the case was told last */
	char id[ALERT_ID_TEXT];		/* of the case's alert */
	char subject[ADDR_TEXT_MAX];	/* the host's name when it opened */
	enum severity severity;
	struct case_file file;
};

struct idle_list {
	struct entry *idlest, *busiest;
};

struct cases {
	struct case_limits limits;
	finding_fn *emit;
	void *to;
	struct entry *machines, *opens;
	struct binding *addresses;
	struct idle_list idle[2];	/* without a case, with one */
	struct {
		int64_t since_ns;
		uint32_t cases;
		bool told;
	} flood;
	struct case_counts counts;
};

/* A host that nobody knew; when it is the one too many, another gives way. NULL: no memory. */
struct entry *case_entry_new(struct cases *c, int64_t now_ns);
void case_set_machine(struct cases *c, struct entry *e, const struct machine_key *key);
/* From now on it is the present one. */
void case_bind(struct cases *c, struct entry *e, const struct realm *realm, const struct addr *addr, int64_t now_ns);
/* Its case is open, and found by its id. False: no memory. */
bool case_mark_open(struct cases *c, struct entry *e);

/* ---- tell.c, texts.c: words ---- */

struct case_text {
	const char *what;
	const char *sentence[LANGUAGES];
};

extern const struct case_text case_texts[], case_word_texts[], case_source_texts[], case_phrases[];
extern const char *const case_titles[CASE_STAGES][LANGUAGES];		/* of the alert, by the furthest stage */
extern const char *const case_stage_titles[CASE_STAGES][LANGUAGES];

/* The entry of a table that ends with NULL; "" without. */
const char *case_text_of(const struct case_text *table, const char *what, enum language l);

/* One sentence: how far, in how long, by how much. Returns `buf`. */
const char *case_reason(const struct case_file *f, enum language l, char *buf, size_t size);
const char *case_flood_reason(uint32_t hosts, enum language l, char *buf, size_t size);

#endif
