/*
 * rules.h - tables that say which member of an EVE line goes where in
 * another JSON object. For the files of this folder only.
 *
 * A row's target is a path: "source.ip"; "evidences[].url" stands in the only
 * element of a list. "{peer}" and "{host}" are "source" or "destination",
 * whichever end of the flow that is; "{PEER}" and "{HOST}" are "src" or "dst".
 * The first row with a value for a target wins.
 */
#ifndef SENSOR_SINKS_FORMAT_RULES_H
#define SENSOR_SINKS_FORMAT_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

struct word {			/* the last has no `from`: what holds for all others; without `to` nothing is written */
	const char *from, *to;
};

enum rule_how {
	RULE_TEXT,		/* the text, or a number's digits */
	RULE_LIST,		/* a list of it alone */
	RULE_NUMBER,		/* a number, or a text of digits */
	RULE_COPY,		/* whatever it is */
	RULE_FIRST,		/* a list's first element */
	RULE_TIME,		/* "2026-05-20T10:00:12.123Z" */
	RULE_MILLIS,		/* since 1970 */
	RULE_LOWER,
	RULE_HEX,		/* "ab:cd" → "ABCD" */
	RULE_MAC,		/* "ab:cd" → "AB-CD" */
	RULE_TECHNIQUE,		/* "T1071.001" → "T1071", in a list */
	RULE_SUBTECHNIQUE,	/* only what has a dot, in a list */
	RULE_WORD,		/* another word for it */
	RULE_WORDS,		/* a list of such, written with commas */
	RULE_WORD_NUMBER
};

struct rule {
	const char *to;
	const char *from;		/* path in the EVE line; NULL: always, `words` says what */
	enum rule_how how;
	const struct word *words;
	const char *when;		/* only where the EVE line has this; NULL: always */
};

#define RULE_CONSTANT(to, text, when) { to, NULL, RULE_WORD, (const struct word[]){ { NULL, text } }, when }
#define RULE_CONSTANT_NUMBER(to, text) { to, NULL, RULE_WORD_NUMBER, (const struct word[]){ { NULL, text } }, NULL }

/* The member at a path like "hansho.peer.ip", or NULL. */
const cJSON *rules_find(const cJSON *eve, const char *path);
/* The same as text in `room` or in the tree; NULL: not there, or neither text nor number. */
enum { RULES_TEXT_ROOM = 32 };
const char *rules_text(const cJSON *eve, const char *path, char room[RULES_TEXT_ROOM]);

/* The word for `text`; NULL: none. */
const char *rules_word(const struct word *words, const char *text);

/* Milliseconds since 1970 of a time in an EVE line. */
bool rules_millis(const char *text, int64_t *ms);

/* Is the host that we watch over the one that was called? */
bool rules_host_called(const cJSON *eve);

/* → an object with all that the rows give; NULL: no memory. */
cJSON *rules_apply(const struct rule *rules, size_t count, const cJSON *eve);

/* One more member at a path; takes `value`. False: no memory. */
bool rules_put(cJSON *to, const char *path, cJSON *value);
/* Which revision of which incident, "ID-REVISION": the same again when it is delivered again. */
bool rules_put_id(cJSON *to, const char *path, const cJSON *eve);

/* One each: a line from the parsed EVE line; NULL: no memory. */
char *format_ecs(const cJSON *eve, const char *line);
char *format_ocsf(const cJSON *eve, const char *line);
char *format_cef(const cJSON *eve, const char *line);

#endif
