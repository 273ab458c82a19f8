/*
 * private.h - what the files of cases/ share: rows, evidence, texts.
 */
#ifndef SENSOR_CASES_PRIVATE_H
#define SENSOR_CASES_PRIVATE_H

#include <stdbool.h>

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

/* NULL: it says nothing about its host. */
const struct case_row *case_row_of(const struct finding *f);
const char *case_what(const struct case_row *row, const struct finding *f);
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

/* False: no memory for a stage. */
bool case_file_add(struct case_file *file, const struct case_row *row, const struct finding *f,
    const struct case_context *context);

/* Points of what was heard since `since_ns`. */
unsigned case_file_points(const struct case_file *f, int64_t since_ns);

/* Sums up stages, points and kinds. Returns how severe it is. */
enum severity case_file_sum(struct case_file *f);

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
