/*
 * json_cut.h - a JSON array of any size, cut into its elements.
 *
 * Bytes come in any slicing; each element is handed out as its text, which
 * the caller parses. Only brackets and strings are understood here (RFC 8259),
 * no more than it takes to find where an element ends. An element is at most
 * JSON_ELEMENT_BYTES long: of a longer one only the beginning is handed out,
 * with `too_long` set, and the rest is skipped.
 */
#ifndef SENSOR_INDICATORS_JSON_CUT_H
#define SENSOR_INDICATORS_JSON_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { JSON_ELEMENT_BYTES = 65536 };

/* `line`: on which the element begins, from 1. False stops the cutting. */
typedef bool json_element_fn(void *to, struct span element, uint32_t line, bool too_long);

enum json_state { JSON_BEFORE, JSON_INSIDE, JSON_AFTER, JSON_BROKEN, JSON_STOPPED };

struct json_cut {
	json_element_fn *take;
	void *to;
	enum json_state state;
	bool in_string, escaped, too_long, comma;
	uint64_t depth;			/* inside the element */
	uint32_t line, element_line;
	const char *why;		/* JSON_BROKEN: what was expected */
	size_t used;
	uint8_t element[JSON_ELEMENT_BYTES];
};

void json_cut_init(struct json_cut *c, json_element_fn *take, void *to);

/* False once it is broken or stopped: more bytes change nothing. */
bool json_cut_push(struct json_cut *c, struct span bytes);

/* After the last byte: was it one whole array? `why` says what was expected. */
bool json_cut_whole(struct json_cut *c);

#endif
