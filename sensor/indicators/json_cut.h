/*
 * json_cut.h - JSON of any size, cut into the parts that are wanted.
 *
 * Bytes come in any slicing. A path says where a wanted value lies: keys and
 * "[]" for the elements of an array, joined by "."; "*" is any key; "" is the
 * whole value. Each value at a path is handed out as its text, which the
 * caller parses; all else is passed over, however large it is. Outside of what
 * is wanted the grammar of RFC 8259 is held to, inside only brackets and
 * strings are counted. A part is at most JSON_ELEMENT_BYTES long: of a longer
 * one only the beginning is handed out, with `too_long` set.
 *
 * Several values behind each other (JSON lines) are cut one after the other.
 */
#ifndef SENSOR_INDICATORS_JSON_CUT_H
#define SENSOR_INDICATORS_JSON_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { JSON_ELEMENT_BYTES = 65536, JSON_PATHS_MAX = 16, JSON_DEPTH_MAX = 32, JSON_KEY_BYTES = 64 };

struct json_part {
	unsigned path;		/* number of the path that it lies at */
	struct span text;
	uint32_t line;		/* on which it begins, from 1 */
	bool too_long;
};

/* False stops the cutting. */
typedef bool json_part_fn(void *to, const struct json_part *part);

enum json_state {
	JSON_VALUE,		/* a value begins here */
	JSON_FIRST_VALUE,	/* the same, or the array ends */
	JSON_FIRST_KEY, JSON_KEY, JSON_IN_KEY, JSON_COLON,
	JSON_IN_STRING, JSON_IN_SCALAR,	/* passed over */
	JSON_IN_PART,
	JSON_BEHIND_VALUE,
	JSON_BETWEEN,		/* before, between, behind whole values */
	JSON_BROKEN, JSON_STOPPED
};

struct json_level {
	bool array;
	uint16_t alive;		/* paths that lead here */
};

struct json_cut {
	const char *const *paths;
	unsigned paths_count;
	json_part_fn *take;
	void *to;
	enum json_state state;
	bool escaped, in_string, scalar, too_long;
	bool reached;		/* there was a container in which a path ends */
	unsigned values;	/* whole ones so far, at most counted to 2 */
	unsigned depth;		/* of `level` */
	uint64_t inner;		/* brackets open inside the part */
	uint16_t wanted;	/* paths that lead to the value at hand */
	uint32_t line, part_line;
	unsigned part_path;
	const char *why;	/* JSON_BROKEN: what was expected */
	size_t key_bytes, used;
	struct json_level level[JSON_DEPTH_MAX];
	char key[JSON_KEY_BYTES];
	uint8_t part[JSON_ELEMENT_BYTES];
};

/* `paths` is borrowed. */
void json_cut_init(struct json_cut *c, const char *const *paths, unsigned count, json_part_fn *take,
    void *to);

/* False once it is broken or stopped: more bytes change nothing. */
bool json_cut_push(struct json_cut *c, struct span bytes);

/* After the last byte: was it all whole, and anything at all? `why` says what was expected. */
bool json_cut_whole(struct json_cut *c);

#endif
