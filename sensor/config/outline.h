/*
 * outline.h - what stands on which line of a YAML file.
 *
 * libcyaml loads the configuration, but cannot say all that its writer needs
 * to hear (1.3.1, measured): for an unknown key its log has the line of the
 * value before it; it tells no position of a value that it took, which a
 * range check comes to; "1_000" is taken as 1, "0.8x" as 0.8, 010 as 8 and
 * any word as true. So libyaml's events, which libcyaml too is built on, are
 * read first and kept as a list with lines, and checked against the options.
 *
 * One document, no anchors, aliases and tags (nothing can multiply), a few
 * levels deep, bounded in number and length.
 */
#ifndef SENSOR_OUTLINE_H
#define SENSOR_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { OUTLINE_PATH_MAX = 128 };

enum outline_kind { OUTLINE_TEXT, OUTLINE_MAPPING, OUTLINE_LIST };

struct outline_entry {
	char path[OUTLINE_PATH_MAX];	/* "capture.snaplen", "feeds", "feeds[]", "feeds[].path" */
	enum outline_kind kind;
	unsigned line;			/* from 1 */
	unsigned entry;			/* of the outermost list it stands in, from 0 */
	bool empty;			/* TEXT without quotes that is nothing, ~ or null */
	char *value;			/* TEXT: one line, without control characters; else NULL */
};

struct outline {
	struct outline_entry *entry;	/* in the order of the file; a mapping before what it holds */
	size_t count, room;
};

/* `name` is for the fault: "NAME:LINE: what, what was expected". SE_USAGE or SE_NOMEM. */
int outline_read(const char *name, const void *bytes, size_t len, struct outline **out,
    struct fault *fault);
void outline_free(struct outline *o);	/* NULL is fine */

/* The `entry`th list entry's, or NULL. */
const struct outline_entry *outline_find(const struct outline *o, const char *path, unsigned entry);

#endif
